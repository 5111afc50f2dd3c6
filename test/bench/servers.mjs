// The servers that the bench compares: how each is started, in a home of its own.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const root = new URL('../..', import.meta.url).pathname;
export const TOKEN = 'bench-token-bench-token-bench-token';

/** name → command line for a port and a folder; peers that are not installed are left out by `installed()`. */
export const SERVERS = {
  nbserver: (port, folder) => [
    [process.execPath, join(root, 'dist/main.js')],
    [folder, `--port=${port}`, '--no-browser', `--token=${TOKEN}`, '--ip=127.0.0.1', '--allow-root'],
  ],
  'jupyter-server': (port, folder) => [
    ['/usr/bin/jupyter-server'],
    [
      `--ServerApp.root_dir=${folder}`,
      `--port=${port}`,
      '--no-browser',
      `--ServerApp.token=${TOKEN}`,
      '--ip=127.0.0.1',
      '--allow-root',
      '--ServerApp.iopub_msg_rate_limit=0',
      '--ServerApp.iopub_data_rate_limit=0',
    ],
  ],
  'jupyter-notebook': (port, folder) => [
    ['/usr/bin/jupyter-notebook'],
    [
      `--notebook-dir=${folder}`,
      `--port=${port}`,
      '--no-browser',
      `--NotebookApp.token=${TOKEN}`,
      '--ip=127.0.0.1',
      '--allow-root',
      '--NotebookApp.iopub_msg_rate_limit=0',
      '--NotebookApp.iopub_data_rate_limit=0',
    ],
  ],
  'bare node:http': (port) => [[process.execPath, join(root, 'test/bench/bare-http.mjs')], [String(port)]],
};

export function installed(name) {
  return existsSync(SERVERS[name](0, '/')[0].at(-1));
}

/** Starts a server; resolves at its first 200. `startMs` counts from the spawn. */
export async function start(name) {
  const home = mkdtempSync(join(tmpdir(), 'nbserver-bench-'));
  const folder = join(home, 'notebooks');
  mkdirSync(folder);
  const port = await freePort();
  const [command, args] = SERVERS[name](port, folder);
  const runtime = join(home, 'runtime');
  const env = {
    ...process.env,
    HOME: home,
    JUPYTER_CONFIG_DIR: join(home, 'config'),
    JUPYTER_DATA_DIR: join(home, 'data'),
    JUPYTER_RUNTIME_DIR: runtime,
    IPYTHONDIR: join(home, 'ipython'),
  };
  const started = performance.now();
  const child = spawn(command[0], [...command.slice(1), ...args], { env, stdio: 'ignore', cwd: folder });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${port}/`;
  for (const until = started + 30_000; ;) {
    if (performance.now() > until || child.exitCode !== null) throw new Error(`${name} did not start`);
    const answer = await fetch(`${url}api`).catch(() => undefined);
    if (answer?.status === 200) break;
    await wait(5);
  }
  const startMs = performance.now() - started;
  return {
    name,
    url,
    startMs,
    pid: child.pid,
    connectionFile(kernelId) {
      const file = readdirSync(runtime).find((each) => each.includes(kernelId));
      return JSON.parse(readFileSync(join(runtime, file), 'utf8'));
    },
    async stop() {
      child.kill('SIGTERM');
      await Promise.race([ended, wait(8_000).then(() => child.kill('SIGKILL'))]);
      await ended;
      rmSync(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Resident memory of the process in MB. */
export function residentMb(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
