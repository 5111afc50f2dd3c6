/** How a server lives and ends: what others see of it, signals, kills, and that nothing is left behind. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { root } from '../../scripts/setup.mjs';
import {
  binary,
  freePort,
  makeHome,
  onTerminal,
  run,
  serve,
  type Home,
  type RunningCommand,
} from '../command-line.js';
import { hasPython } from '../parts.js';
import { PATIENCE } from '../patience.js';

const TOKEN = 'life-token-0123456789abcdef';
const headers = { Authorization: `token ${TOKEN}` };

let home: Home;
let server: RunningCommand | undefined;
beforeEach(() => {
  home = makeHome();
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  home.remove();
});

async function start(...args: string[]): Promise<number> {
  const port = await freePort();
  server = await serve([home.notebooks, `--port=${port}`, `--token=${TOKEN}`, ...args], home);
  return port;
}

async function startKernel(port: number, token = TOKEN): Promise<number> {
  const body = '{"name":"javascript"}';
  const headers = { Authorization: `token ${token}` };
  const answer = await fetch(`http://127.0.0.1:${port}/api/kernels`, { method: 'POST', headers, body });
  expect(answer.status).toBe(201);
  const { id } = (await answer.json()) as { id: string };
  // The process that was given this kernel's connection file.
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((pid) => commandLine(Number(pid)).includes(`kernel-${id}.json`));
  return Number(found);
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it ended between the listing and the look
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + PATIENCE; !holds(); await wait(100)) {
    if (Date.now() > end) throw new Error(`not within ${PATIENCE / 1000} s: ${what}`);
  }
}

const runtimeFiles = () =>
  existsSync(home.env.JUPYTER_RUNTIME_DIR ?? '') ? readdirSync(home.env.JUPYTER_RUNTIME_DIR ?? '') : [];

it('prints the link of the notebook that it is given', async () => {
  writeFileSync(join(home.notebooks, 'a b.ipynb'), '{}');
  server = await serve([join(home.notebooks, 'a b.ipynb'), '--port=0', `--token=${TOKEN}`], home);
  expect(server.stdout).toMatch(/http:\/\/localhost:\d+\/notebooks\/a%20b\.ipynb/);
});

describe('a running server', () => {
  it('tells of itself in a runtime file with Jupyter’s fields, which only its user can read', async () => {
    const port = await start();
    const path = join(home.env.JUPYTER_RUNTIME_DIR ?? '', `jpserver-${server?.pid}.json`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      base_url: '/',
      password: false,
      pid: server?.pid,
      port,
      root_dir: home.notebooks,
      secure: false,
      sock: '',
      token: TOKEN,
      url: `http://localhost:${port}/`,
    });
    const list = await run(['list', '--json'], home);
    expect(JSON.parse(list.stdout)).toMatchObject({ port, pid: server?.pid });
    expect((await run(['list'], home)).stdout).toMatch(/^Currently running servers:\nhttp:\/\/localhost:/);
  });

  it('is ended by nbserver stop, and by POST api/shutdown', async () => {
    const port = await start();
    const wrong = await run(['stop', '1'], home);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining(String(port))]);
    expect((await run(['stop', String(port)], home)).code).toBe(0);
    expect(await server?.exited).toBe(0);
    expect((await run(['stop'], home)).stderr).toContain('There are no running servers');

    const again = await start();
    const answer = await fetch(`http://127.0.0.1:${again}/api/shutdown`, { method: 'POST', headers });
    expect(answer.status).toBe(200);
    expect(await server?.exited).toBe(0);
  });

  it('ends with 0 on SIGTERM, and takes its kernels and files along', async () => {
    const port = await start();
    const kernel = await startKernel(port);
    expect(alive(kernel)).toBe(true);
    expect(await server?.stop()).toBe(0);
    expect(alive(kernel)).toBe(false);
    expect(runtimeFiles()).toEqual([]);
  });

  it.skipIf(!hasPython)('asks on Control-C at a terminal, and goes on or ends as it is told', async () => {
    const args = [home.notebooks, '--no-browser', `--port=${await freePort()}`];
    const answers: [string, string][] = [
      ['Stop it with', '\x03'],
      ['(y/[n])?', 'n\r'],
      ['resuming operation', '\x03'],
      ['(y/[n])?', 'y\r'],
    ];
    const { code, stdout } = await onTerminal(args, answers, home);
    expect(stdout).toMatch(
      /Shut down this notebook server.*resuming operation.*Shut down.*Shutdown confirmed/s,
    );
    expect(code).toBe(0);
  });

  it.skipIf(!hasPython)('ends with its terminal, also while it asks, and leaves nothing behind', async () => {
    const args = [home.notebooks, '--no-browser', `--port=${await freePort()}`];
    const closed: [string, string] = ['Stop it with', 'close the terminal'];
    const asked: [string, string] = ['(y/[n])?', 'close the terminal'];
    for (const answers of [[closed], [['Stop it with', '\x03'] as [string, string], asked]]) {
      const { code } = await onTerminal(args, answers, home);
      expect(code).toBe(128 + constants.signals.SIGHUP);
      expect(runtimeFiles()).toEqual([]);
    }
  });

  it.skipIf(!hasPython)(
    'outlives a terminal that nobody types on, and still ends with 0 on SIGTERM',
    async () => {
      const args = [home.notebooks, '--no-browser', `--port=${await freePort()}`];
      const closing: [string, string][] = [['Stop it with', 'close the terminal']];
      const ended = onTerminal(args, closing, { ...home, noInput: true });
      await until('it is up', () => runtimeFiles().length === 1);
      const pid = Number(/\d+/.exec(runtimeFiles()[0] ?? '')?.[0]);
      await until('the terminal is gone', () => readlinkSync(`/proc/${pid}/fd/1`).endsWith('(deleted)'));
      process.kill(pid, 'SIGTERM');
      expect((await ended).code).toBe(0);
    },
  );

  it('keeps its token out of the log, of process lists, of kernels and of files that others can read', async () => {
    // A token of its own: other tests have theirs on their command lines.
    const token = randomBytes(24).toString('hex');
    home.env.JUPYTER_TOKEN = token;
    home.env.HARMLESS = 'passed on';
    const port = await freePort();
    server = await serve([home.notebooks, `--port=${port}`, '--log-level=debug'], home);
    const environment = readFileSync(`/proc/${await startKernel(port, token)}/environ`, 'utf8');
    expect(environment).toContain('HARMLESS=passed on');
    const asked = [
      `tree?token=${token}`,
      `tree/none?token=${token}&x=1`,
      `api/contents/none?token=${token}`,
      `files/none?token=${token}`,
      `login?next=${encodeURIComponent(`/tree?token=${token}`)}`,
      `api/kernels/none/channels?token=${token}`,
    ];
    for (const path of asked) {
      const answer = await fetch(`http://localhost:${port}/${path}`, { redirect: 'manual' });
      const told = JSON.stringify([...answer.headers]) + (await answer.text());
      expect(told, path).not.toContain(token);
    }
    const socket = new WebSocket(`ws://localhost:${port}/api/kernels/none/channels?token=${token}`);
    await new Promise((resolve) => socket.once('error', resolve));
    await until('the log tells of all that', () => (server?.stderr ?? '').includes('api/contents/none'));

    const processes = readdirSync('/proc').map((pid) => commandLine(Number(pid) || 0));
    const readable = readdirSync(home.path, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map((each) => join(each.parentPath, each.name))
      .filter((path) => statSync(path).mode & 0o077)
      .map((path) => readFileSync(path, 'utf8'));
    for (const place of [environment, server.stdout, server.stderr, ...processes, ...readable])
      expect(place).not.toContain(token);
  });

  it('runs and ends as ever when neither log nor runtime file can be written', async () => {
    const port = await freePort();
    // directories stand where its files belong, and its log goes to a full disk
    const script = `
      mkdir -p "$JUPYTER_RUNTIME_DIR/jpserver-$$.json" "$JUPYTER_RUNTIME_DIR/jpserver-$$-open.html"
      exec "$@" 2> /dev/full`;
    const args = [binary, home.notebooks, `--port=${port}`, `--token=${TOKEN}`, '--browser=true'];
    server = await serve(['-c', script, 'sh', ...args], home, '/bin/sh');
    for (const path of ['api/nothing', 'nothing', 'api/kernels']) {
      const answer = await fetch(`http://127.0.0.1:${port}/${path}`, { headers });
      expect([path, answer.status]).toEqual([path, path === 'api/kernels' ? 200 : 404]);
    }
    const kernel = await startKernel(port);
    expect(await server.stop()).toBe(0);
    expect(alive(kernel)).toBe(false);
  });

  it('ends at once on SIGINT where nobody can be asked', async () => {
    await start();
    server?.child.kill('SIGINT');
    expect(await server?.exited).toBe(0);
  });

  it('after kill -9 its kernels end by themselves, and the next start removes what it left', async () => {
    const port = await start();
    const kernel = await startKernel(port);
    server?.child.kill('SIGKILL');
    await server?.exited;
    expect(runtimeFiles()).not.toEqual([]);
    await until('the kernel ended', () => !alive(kernel));
    await start();
    expect(runtimeFiles().filter((name) => !name.includes(String(server?.pid)))).toEqual([]);
  });

  it('a changed password ends its sessions at once', async () => {
    const write = (password: string) => run(['passwd', '--write'], { ...home, input: `${password}\n` });
    await write('first');
    const port = await freePort();
    server = await serve([home.notebooks, `--port=${port}`], home);
    const cookie = await logIn(port, 'first');
    const ask = () => fetch(`http://localhost:${port}/api/contents`, { headers: { Cookie: cookie } });
    expect((await ask()).status).toBe(200);
    await write('second');
    let status = 200;
    for (let tries = 0; status === 200 && tries < 600; tries++) {
      await wait(100);
      ({ status } = await ask());
    }
    expect(status).toBe(403);
    await expect(logIn(port, 'first')).rejects.toThrow('401');
    // A configuration without a password must not open the server: the last one stays.
    const config = join(
      home.env.JUPYTER_CONFIG_DIR ?? '',
      'nbserver',
      'profile_default',
      'notebook_config.json',
    );
    writeFileSync(config, '{}');
    await until('the server said so', () => (server?.stderr ?? '').includes('names no password any more'));
    expect((await fetch(`http://localhost:${port}/api/contents`)).status).toBe(403);
    expect(await logIn(port, 'second')).not.toBe('');
  });

  it('keeps a password that was changed on a page where "passwd --write" puts it', async () => {
    await run(['passwd', '--write'], { ...home, input: 'first\n' });
    const port = await freePort();
    server = await serve([home.notebooks, `--port=${port}`], home);
    const cookie = await logIn(port, 'first');
    const answer = await fetch(`http://localhost:${port}/api/server/password`, {
      method: 'PUT',
      headers: {
        Cookie: cookie,
        'X-XSRFToken': /_xsrf=([^;]+)/.exec(cookie)?.[1] ?? '',
        Origin: `http://localhost:${port}`,
      },
      body: JSON.stringify({ current_password: 'first', new_password: 'second' }),
    });
    expect(answer.status).toBe(204);
    await server.stop();
    server = await serve([home.notebooks, `--port=${port}`], home);
    await expect(logIn(port, 'first')).rejects.toThrow('401');
    expect(await logIn(port, 'second')).not.toBe('');
  });
});

/** The Cookie header of a browser that logged in. */
async function logIn(port: number, password: string): Promise<string> {
  const origin = `http://localhost:${port}`;
  const page = await fetch(`${origin}/login`);
  const xsrf = /name="_xsrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? '';
  const jar = (answer: Response) => answer.headers.getSetCookie().map((each) => each.split(';')[0] ?? '');
  const answer = await fetch(`${origin}/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin: origin, Cookie: jar(page).join('; ') },
    body: new URLSearchParams({ _xsrf: xsrf, password }),
  });
  if (answer.status !== 302) throw new Error(`login: ${answer.status}`);
  return jar(answer).join('; ');
}

describe('createServer from the package', () => {
  it('close() leaves no process, socket, timer or file: the program that called it ends by itself', async () => {
    const program = join(home.path, 'program.mjs');
    writeFileSync(
      program,
      `import { createServer } from ${JSON.stringify(join(root, 'dist', 'index.js'))};
       const server = await createServer({ notebook_dir: ${JSON.stringify(home.notebooks)}, port: 0, token: '${TOKEN}', log_level: 'error' });
       const headers = { Authorization: 'token ${TOKEN}' };
       const at = server.origins[0];
       const ask = (path, body) => fetch(at + path, { method: 'POST', headers, body: JSON.stringify(body) }).then((each) => each.json());
       await ask('/api/contents', { type: 'notebook' });
       await ask('/api/documents', { path: 'Untitled.ipynb', start_kernel: true });
       await ask('/api/sessions', { path: 'other.ipynb', name: '', type: 'notebook', kernel: { name: 'javascript' } });
       await new Promise((resolve) => setTimeout(resolve, 1000));
       await server.close();
       console.log('closed');`,
    );
    mkdirSync(home.env.JUPYTER_RUNTIME_DIR ?? '', { recursive: true });
    const child = spawn(process.execPath, [program], { env: home.env, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    const timer = setTimeout(() => child.kill('SIGKILL'), 90_000);
    const code = await new Promise((resolve) => child.once('exit', resolve));
    clearTimeout(timer);
    expect([code, output]).toEqual([0, 'closed\n']);
    expect(runtimeFiles()).toEqual([]);
    const left = readdirSync('/proc').filter((pid) => commandLine(Number(pid) || 0).includes(home.path));
    expect(left).toEqual([]);
  });
});
