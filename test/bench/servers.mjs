// The servers that the bench compares: how each is started, in a home of its own, and how it is ended.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const TOKEN = 'bench-token-bench-token-bench-token';

/** What a client of any of them sends. */
export const HEADERS = { Authorization: `token ${TOKEN}`, 'Content-Type': 'application/json' };

/** Jupyter's two servers take the same flags under other names. Their rate limits would drop what a flood measures. */
const jupyter = (app, folderFlag) => (port, folder) => [
  `--${folderFlag}=${folder}`,
  `--port=${port}`,
  '--no-browser',
  `--${app}.token=${TOKEN}`,
  '--ip=127.0.0.1',
  '--allow-root',
  `--${app}.iopub_msg_rate_limit=0`,
  `--${app}.iopub_data_rate_limit=0`,
];

const nbserver = join(root, 'bin/nbserver');
const nbserverArgs = (port, folder) => [
  folder,
  `--port=${port}`,
  '--no-browser',
  `--token=${TOKEN}`,
  '--ip=127.0.0.1',
  '--allow-root',
];

/** name → the program, and its arguments for a port, a folder and the home that is the server's own */
const SERVERS = {
  nbserver: { program: nbserver, args: nbserverArgs },
  'nbserver over https': {
    program: nbserver,
    scheme: 'https',
    args(port, folder, home) {
      const certificate = join(home, 'certificate.pem');
      execFileSync(nbserver, ['certificate', `--out=${certificate}`], { stdio: 'ignore' });
      return [...nbserverArgs(port, folder), `--certfile=${certificate}`];
    },
  },
  'jupyter-server': {
    program: '/usr/bin/jupyter-server',
    args: jupyter('ServerApp', 'ServerApp.root_dir'),
  },
  'jupyter-notebook': {
    program: '/usr/bin/jupyter-notebook',
    args: jupyter('NotebookApp', 'notebook-dir'),
  },
  'bare node:http': {
    program: process.execPath,
    args: (port) => [join(root, 'test/bench/bare-http.mjs'), String(port)],
  },
};

/** The peers: what people use today. */
export const PEERS = ['jupyter-server', 'jupyter-notebook'];

export function installed(name) {
  return existsSync(SERVERS[name].program);
}

const running = new Set();
/** Ctrl-C ends the bench, and nothing that it started stays. */
process.once('SIGINT', () => {
  for (const child of running) child.kill('SIGKILL');
  process.exit(130);
});

/**
 * Starts a server in a fresh home and resolves at its first 200.
 *
 * @param {string} name  a key of SERVERS
 * @param {{ prepare?: (folder: string, home: string) => unknown, args?: string[], env?: Record<string, string> }} options
 *   `prepare` fills the folder of notebooks before the start; `args` are added to the command line of this server
 */
export async function startServer(name, { prepare, args = [], env = {} } = {}) {
  const home = mkdtempSync(join(tmpdir(), 'nbserver-bench-'));
  const folder = join(home, 'notebooks');
  mkdirSync(folder);
  await prepare?.(folder, home);
  const port = await freePort();
  const runtime = join(home, 'runtime');
  const { program, scheme = 'http', args: ownArgs } = SERVERS[name];
  const all = [...ownArgs(port, folder, home), ...args];
  const started = performance.now();
  const child = spawn(program, all, {
    env: {
      ...process.env,
      HOME: home,
      JUPYTER_CONFIG_DIR: join(home, 'config'),
      JUPYTER_DATA_DIR: join(home, 'data'),
      JUPYTER_RUNTIME_DIR: runtime,
      IPYTHONDIR: join(home, 'ipython'),
      ...env,
    },
    stdio: 'ignore',
    cwd: folder,
  });
  running.add(child);
  const ended = new Promise((resolve) => child.once('exit', resolve)).then(() => running.delete(child));
  const stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 8_000);
    await ended;
    clearTimeout(late);
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  };
  const url = `${scheme}://127.0.0.1:${port}/`;
  const answers = async () =>
    (scheme === 'https'
      ? await statusOverTls(`${url}api`)
      : (await fetch(`${url}api`).catch(() => undefined))?.status) === 200;
  while (!(await answers())) {
    if (performance.now() - started > 30_000 || child.exitCode !== null) {
      await stop();
      throw new Error(`${name} did not start`);
    }
    await wait(5);
  }
  return {
    name,
    url,
    port,
    home,
    folder,
    pid: child.pid,
    headers: HEADERS,
    /** from the spawn to the first 200 */
    startMs: performance.now() - started,
    /** `request('api/contents/a.ipynb', { method: 'PUT', body })`: with the credential; a path is relative to the server */
    request: (path, init = {}) => fetch(url + path, { ...init, headers: { ...HEADERS, ...init.headers } }),
    /** where the server wrote the connection file of a kernel that it started */
    connectionFile(kernelId) {
      const file = readdirSync(runtime).find((each) => each.includes(kernelId));
      return JSON.parse(readFileSync(join(runtime, file), 'utf8'));
    },
    stop,
  };
}

/** Starts a server, hands it to `work`, and ends it whatever happens. */
export async function withServer(name, options, work) {
  const server = await startServer(name, options);
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

/** Of a server whose certificate nobody has signed; undefined: it does not answer yet. */
function statusOverTls(url) {
  return new Promise((resolve) => {
    get(url, { rejectUnauthorized: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on('error', () => resolve(undefined));
  });
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
