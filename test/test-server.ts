/** A server in this process, in a home of its own, for tests that ask it over HTTP and websockets. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jupyterDirectories } from '../src/config/index.js';
import { silentLog } from '../src/log.js';
import { createServer, type Server, type ServerOptions } from '../src/server/create-server.js';

export const TOKEN = 'test-token-0123456789abcdef';

export interface TestServer {
  server: Server;
  /** `http://127.0.0.1:PORT` + base_url, with a slash at its end */
  url: string;
  /** the folder whose notebooks are served */
  notebooks: string;
  /** the private home: state, runtime files, configuration */
  home: string;
  /** a request with the token */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

/** @param options  settings; `onlyOwnKernel` hides every kernelspec but the package's own */
export async function startTestServer(
  options: ServerOptions & { onlyOwnKernel?: boolean } = {},
): Promise<TestServer> {
  const { onlyOwnKernel = false, ...settings } = options;
  const home = mkdtempSync(join(tmpdir(), 'nbserver-test-'));
  const notebooks = join(home, 'notebooks');
  mkdirSync(notebooks);
  const env = {
    ...process.env,
    HOME: home,
    JUPYTER_CONFIG_DIR: join(home, 'config'),
    JUPYTER_DATA_DIR: join(home, 'data'),
    JUPYTER_RUNTIME_DIR: join(home, 'runtime'),
    IPYTHONDIR: join(home, 'ipython'),
    MPLCONFIGDIR: join(home, 'matplotlib'),
  };
  const found = jupyterDirectories({ env, home, platform: process.platform });
  // No other kernelspec, and no Python that is found without one.
  const onlyOurs = { directories: { ...found, dataPath: [found.data] }, allowed_kernelspecs: ['javascript'] };
  const server = await createServer({
    notebook_dir: notebooks,
    ip: '127.0.0.1',
    port: 0,
    token: TOKEN,
    open_browser: false,
    directories: found,
    environment: env,
    log: { ...silentLog, requests: (_req, _res, next) => next() },
    ...(onlyOwnKernel ? onlyOurs : {}),
    ...settings,
  });
  const url = `${server.origins[0] ?? ''}${server.settings.base_url}`;
  return {
    server,
    url,
    notebooks,
    home,
    fetch(path, init = {}) {
      const headers = new Headers(init.headers);
      headers.set('Authorization', `token ${TOKEN}`);
      return fetch(new URL(path, url), { redirect: 'manual', ...init, headers });
    },
    async close() {
      await server.close();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
