/** What a person is told when a kernel dies or does not start: real processes that end in each of the ways. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { jupyterDirectories } from '../../src/config/index.js';
import { KernelCuller } from '../../src/kernels/index.js';
import type { Kernel } from '../../src/kernels/index.js';
import { silentLog } from '../../src/log.js';
import type { KernelModel } from '../../src/protocol/rest-models.js';
import { createServer } from '../../src/server/create-server.js';
import { ChannelClient } from '../fake-kernel/channel-client.js';
import { startKernelServer } from '../fake-kernel/kernel-server.js';
import type { KernelServer } from '../fake-kernel/kernel-server.js';
import { isRunning } from '../is-running.js';
import { hasPython, hasPythonKernel } from '../parts.js';
import { everything, rounds } from '../tier.js';

let server: KernelServer;
/** a /proc and a /sys/fs/cgroup of the test's own: it cannot make the system run out of memory */
let memory: { proc: string; cgroup: string };
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nbserver-deaths-'));
  memory = { proc: '/proc', cgroup: folder };
  countKills(0);
  server = await startKernelServer({
    limits: { restartDelays: [0], shutdownWait: 1000 },
    kernels: { memory },
  });
  server.writeSpec('no-ipykernel', {
    argv: ['/usr/bin/python3', '-S', '-I', '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
  });
  server.writeSpec('no-command', { argv: ['no-such-command-anywhere', '{connection_file}'] });
  server.writeSpec('no-permission', { argv: [join(server.home, 'notebooks'), '{connection_file}'] });
});
afterAll(async () => {
  await server.close();
  rmSync(memory.cgroup, { recursive: true });
});

afterEach(async () => {
  // One that fails must not take the next ones along.
  for (const { id } of server.kernels.list()) await server.kernels.shutdown(id);
});

function countKills(count: number): void {
  writeFileSync(join(memory.cgroup, 'memory.events'), `oom 1\noom_kill ${count}\n`);
}
async function start(name: string): Promise<KernelModel> {
  return (await server.api('POST', 'api/kernels', { name })).body as KernelModel;
}
async function model(id: string): Promise<KernelModel> {
  return (await server.api('GET', `api/kernels/${id}?resources=1`)).body as KernelModel;
}
describe('a kernel that does not start', () => {
  it.each([
    ['no-command', /^The command no-such-command-anywhere was not found\./],
    ['no-permission', /may not be executed/],
  ])('%s: the answer to its start says why', async (name, sentence) => {
    const { status, body } = await server.api('POST', 'api/kernels', { name });
    expect(status).toBe(501);
    expect(body).toMatchObject({ message: expect.stringMatching(sentence) as string });
    expect(server.runtimeFiles()).toEqual([]);
  });

  it.each([
    ['no-ipykernel', /has no ipykernel.*Install it with: \/usr\/bin\/python3 -m pip install ipykernel/],
    ['fake-crash', /^The kernel ended with exit code 7\. Its last words: boom$/],
  ])('%s: the model and the log say why', async (name, sentence) => {
    if (name === 'no-ipykernel' && !hasPython) return;
    const { id } = await start(name);
    await expect(server.kernels.require(id).ready).rejects.toThrow(sentence);
    const { execution_state, reason, exit } = await model(id);
    expect(execution_state).toBe('dead');
    expect(reason).toMatch(sentence);
    expect(exit).toMatchObject({ was_busy: false, out_of_memory: false });
    // It is there, and does not run.
    expect(server.kernels.countByName().has(name)).toBe(false);
    const log = server.log.lines.join('\n');
    expect(log).toContain(reason);
    for (const line of exit?.stderr ?? ['no exit']) expect(log).toContain(line);
    if (name === 'fake-crash') {
      expect(exit).toMatchObject({ code: 7, signal: null, stderr: ['boom'] });
      expect(readFileSync(join(server.home, 'runtime', `kernel-${id}.log`), 'utf8')).toBe('boom\n');
    }
    await server.api('DELETE', `api/kernels/${id}`);
    expect(server.runtimeFiles()).toEqual([]);
  });
});

describe('a kernel that never answers', () => {
  it('is ended, and says why', async () => {
    const other = await startKernelServer({ limits: { startTimeout: 2000, shutdownWait: 500 } });
    const kernel = await other.kernels.start({ name: 'fake-mute' });
    const { pid = 0 } = kernel;
    const sentence = 'The kernel did not answer within 2 seconds of its start (kernel_info_timeout).';
    await expect(kernel.ready).rejects.toThrow(sentence);
    expect(isRunning(pid)).toBe(false);
    expect(kernel.model()).toMatchObject({ execution_state: 'dead', reason: sentence });
    expect(other.log.lines.join('\n')).toContain(sentence);
    await other.close();
  });
});

describe('a kernel that dies while a cell runs', () => {
  it.each([
    ['exit(3)', { exit: 3 }, /ended with exit code 3\. Its last words: last words A cell was running/, false],
    [
      'a segmentation fault',
      { kill: 'SIGSEGV' },
      /segmentation fault \(SIGSEGV\).*A cell was running/,
      false,
    ],
    ['SIGKILL', { kill: 'SIGKILL' }, /was killed \(SIGKILL\).*A cell was running/, false],
    ['no memory', { kill: 'SIGKILL' }, /killed because there was no memory left.*A cell was running/, true],
  ])('%s: status, log and model tell it', async (_name, end, sentence, outOfMemory) => {
    const { id } = await start('fake');
    const client = await ChannelClient.open(server.wsUrl, id);
    await client.done(client.execute({ text: 'ready' }));
    countKills(0);
    client.execute({ stderr: 'first words\nlast words\n' }, { input: 'The end? ' }, end);
    const asked = await client.until(({ channel }) => channel === 'stdin');
    if (outOfMemory) countKills(1);
    client.send('stdin', 'input_reply', { status: 'ok', value: 'yes' }, { parent: asked.header });
    const { content } = await client.status('restarting');
    expect(content.reason).toMatch(sentence);
    expect(content.exit).toMatchObject({
      was_busy: true,
      out_of_memory: outOfMemory,
      stderr: ['first words', 'last words'],
    });
    expect(server.log.lines.join('\n')).toMatch(/ended unasked: .*\n {2}\| first words\n {2}\| last words/);
    // It goes on, and what was wrong is over.
    await client.done(client.execute({ text: 'again' }));
    expect(await model(id)).not.toHaveProperty('reason');
    await client.close();
    await server.api('DELETE', `api/kernels/${id}`);
  });

  it('because it was interrupted by a message: that it cannot stop only its cell is said', async () => {
    const { argv } = (await server.kernels.specs.get('fake')) ?? { argv: [] };
    server.writeSpec('fragile', { argv: [...argv, 'fragile'], interrupt_mode: 'message' });
    const { id } = await start('fragile');
    const client = await ChannelClient.open(server.wsUrl, id);
    await client.done(client.execute({ text: 'ready' }));
    await server.api('POST', `api/kernels/${id}/interrupt`);
    expect((await client.status('restarting')).content.reason).toMatch(
      /^The kernel ended when it was interrupted/,
    );
    await client.close();
  });

  it('and cannot start any more: that no cell ran is said of the run that did not start', async () => {
    const marker = join(server.home, 'broken');
    const { argv } = (await server.kernels.specs.get('fake')) ?? { argv: [] };
    server.writeSpec('breaks', {
      argv: ['/bin/sh', '-c', `[ -e "${marker}" ] && exit 7; exec "$@"`, 'sh', ...argv],
    });
    const { id } = await start('breaks');
    const client = await ChannelClient.open(server.wsUrl, id);
    client.execute({ input: 'The end? ' }, { exit: 3 });
    const asked = await client.until(({ channel }) => channel === 'stdin');
    writeFileSync(marker, '');
    client.send('stdin', 'input_reply', { status: 'ok', value: 'yes' }, { parent: asked.header });
    expect((await client.status('restarting')).content).toMatchObject({ exit: { was_busy: true, code: 3 } });
    const { content } = await client.status('dead');
    expect(content).toMatchObject({
      reason: expect.stringMatching(/exit code 7\.$/) as string,
      exit: { was_busy: false, code: 7 },
    });
  });

  it('is not started again where autorestart is off', async () => {
    const other = await startKernelServer({ limits: { restarts: 0 } });
    const kernel = await other.kernels.start({ name: 'fake' });
    const client = await ChannelClient.open(other.wsUrl, kernel.id);
    client.execute({ exit: 3 });
    const { content } = await client.status('dead');
    expect(content.reason).toBe('The kernel ended with exit code 3. A cell was running.');
    expect(kernel.state).toBe('dead');
    await other.close();
  });

  it('is restarted by whoever asks for it in the moment of its end', async () => {
    const other = await startKernelServer({ limits: { restarts: 0 } });
    const kernel = await other.kernels.start({ name: 'fake' });
    await kernel.ready;
    const restarted = new Promise<void>((resolve, reject) => {
      const warn = other.log.warn;
      other.log.warn = (line) => {
        warn(line);
        // When what goes on in this turn is over, and before anything that it waits for.
        if (line.includes('ended unasked')) queueMicrotask(() => void kernel.restart().then(resolve, reject));
      };
    });
    process.kill(kernel.pid ?? 0, 'SIGKILL');
    await restarted;
    expect(kernel.state).toBe('idle');
    await other.close();
  });
});

it('a kernel that is shut down while its process is being ended for a restart is gone when that process is', async () => {
  const kernel = await server.kernels.start({ name: 'fake-stubborn' });
  await kernel.ready;
  const { pid = 0 } = kernel;
  const restarting = expect(kernel.restart()).rejects.toThrow('was shut down while it restarted');
  await server.kernels.shutdown(kernel.id);
  expect(isRunning(pid)).toBe(false);
  await restarting;
});

it('a kernel whose connections are lost goes on: who waits for a cell is told, and the next one runs', async () => {
  const sockets: Socket[] = [];
  const taken = (message: unknown) => void sockets.push((message as { socket: Socket }).socket);
  subscribe('net.client.socket', taken);
  const kernel = await server.kernels.start({ name: 'fake' });
  await kernel.ready;
  unsubscribe('net.client.socket', taken);
  const client = await ChannelClient.open(server.wsUrl, kernel.id);
  const id = client.execute({ text: 'before' }, { sleep: 300 }, { text: 'after' });
  await client.until(({ content }) => content.text === 'before');
  for (const socket of sockets) socket.destroy();

  const reply = await client.done(id);
  expect(reply.content).toMatchObject({ status: 'error', ename: 'ConnectionLost' });
  expect(client.output(id)).toContain('[The connection to the kernel was lost for a moment.');
  await expect.poll(() => kernel.state).toBe('idle');
  expect(server.log.lines.join('\n')).toContain('was lost, and is there again');
  const next = client.execute({ text: 'again' }, { input: 'Sure? ' });
  const asked = await client.until(({ channel }) => channel === 'stdin');
  client.send('stdin', 'input_reply', { status: 'ok', value: 'yes' }, { parent: asked.header });
  expect((await client.done(next)).content.status).toBe('ok');
  expect(client.output(next)).toBe('againgot yes');
  await client.close();
});

describe('?resources=1', () => {
  it('adds what the processes of each kernel use, to kernels and to sessions', async () => {
    const session = { path: 'a.ipynb', name: 'a.ipynb', type: 'notebook', kernel: { name: 'fake' } };
    const { kernel, id } = (await server.api('POST', 'api/sessions', session)).body as {
      id: string;
      kernel: KernelModel;
    };
    const used = {
      processes: 1,
      memory: expect.any(Number) as number,
      cpu_time: expect.any(Number) as number,
    };
    for (const path of ['api/kernels', 'api/sessions', `api/kernels/${kernel.id}`, `api/sessions/${id}`]) {
      const { body } = await server.api('GET', `${path}?resources=1`);
      const first = (Array.isArray(body) ? body[0] : body) as KernelModel & { kernel?: KernelModel };
      expect((first.kernel ?? first).resources, path).toMatchObject(used);
      const plain = await server.api('GET', path);
      expect(JSON.stringify(plain.body)).not.toContain('resources');
    }
    await server.api('DELETE', `api/sessions/${id}`);
  });
});

describe('the runtime directory', () => {
  it('is made private, unless somebody has chosen it, and is no place for ipc where others can look in', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nbserver-runtime-'));
    const start = (env: Record<string, string>) => {
      const directories = jupyterDirectories({ env, home: folder, platform: process.platform });
      const log = { ...silentLog, requests: (_req: unknown, _res: unknown, next: () => void) => next() };
      mkdirSync(directories.runtime, { recursive: true });
      chmodSync(directories.runtime, 0o777);
      const options = { notebook_dir: folder, port: 0, directories, environment: env, log };
      return { runtime: directories.runtime, made: createServer({ ...options, transport: 'ipc' }) };
    };
    const usual = start({ HOME: folder });
    await (await usual.made).close();
    expect(statSync(usual.runtime).mode & 0o777).toBe(0o700);
    const chosen = start({ HOME: folder, JUPYTER_RUNTIME_DIR: join(folder, 'shared') });
    await expect(chosen.made).rejects.toThrow(`sockets in ${chosen.runtime}, which others can look into`);
    expect(statSync(chosen.runtime).mode & 0o777).toBe(0o777);
    rmSync(folder, { recursive: true });
  });
});

describe('with transport ipc', () => {
  it.each(['fake', ...(everything && hasPythonKernel ? ['python3'] : [])])(
    'kernels talk by sockets in the private runtime directory, also after a restart, and leave none (%s)',
    async (name) => {
      const other = await startKernelServer({
        kernels: { transport: 'ipc' },
        dataPath: ['/usr/share/jupyter'],
      });
      const kernel = await other.kernels.start({ name });
      const client = await ChannelClient.open(other.wsUrl, kernel.id);
      const print = (text: string) =>
        name === 'fake'
          ? client.execute({ text })
          : client.executeCode(`print(${JSON.stringify(text)}, end="")`);
      for (const text of ['by ipc', 'again']) {
        const cell = print(text);
        await client.done(cell);
        expect(client.output(cell)).toBe(text);
        expect(other.runtimeFiles().filter((file) => file.includes('-ipc-'))).toHaveLength(5);
        await kernel.restart();
      }
      await other.kernels.shutdown(kernel.id);
      expect(other.runtimeFiles()).toEqual([]);
      await other.close();
    },
  );
});

describe('KernelCuller', () => {
  const cull = (options: object, later: number) => {
    const defaults = { idleTimeout: 100, interval: 1000, connected: false, busy: false };
    const culler = new KernelCuller(server.kernels, { ...defaults, ...options }, server.log);
    culler.close();
    return culler.cull(Date.now() + later * 1000);
  };

  it('ends what was not used for long enough, unless it is connected, open or busy', async () => {
    server.writeSpec('own-time', {
      argv: [process.execPath, join(import.meta.dirname, '../fake-kernel/main.mjs'), '{connection_file}'],
      metadata: { cull_idle_timeout: 1000 },
    });
    const [idle, connected, busy, own] = await Promise.all(
      ['fake', 'fake', 'fake', 'own-time'].map((name) => server.kernels.start({ name })),
    );
    const client = await ChannelClient.open(server.wsUrl, connected?.id ?? '');
    for (const kernel of [idle, connected, busy, own]) await kernel?.ready;
    busy?.request('shell', 'execute_request', { code: '[{"sleep": 60000}]' });
    while (busy?.state !== 'busy') await new Promise((resolve) => setTimeout(resolve, 10));
    // In any order: they were started at once.
    const left = () =>
      server.kernels
        .list()
        .map(({ id }) => id)
        .sort();
    const ids = (...kernels: (Kernel | undefined)[]) => kernels.map((kernel) => kernel?.id).sort();

    await cull({}, 50);
    expect(left()).toEqual(ids(idle, connected, busy, own));
    await cull({ isOpen: () => true }, 150);
    expect(left()).toEqual(ids(idle, connected, busy, own));
    await cull({}, 150);
    expect(left()).toEqual(ids(connected, busy, own));
    expect(server.log.lines.join('\n')).toMatch(
      /Kernel \S+ \(fake\) is ended: it was not used for \d+ seconds/,
    );
    await cull({ connected: true }, 150);
    expect(left()).toEqual(ids(busy, own));
    expect(await client.closed()).toBe(1001);
    await cull({ busy: true }, 150);
    expect(left()).toEqual(ids(own));
    await cull({ idleTimeout: 0 }, 1100);
    expect(left()).toEqual([]);
  });
});

describe('whatever happens', () => {
  it('a kernel that is killed at any moment comes back on the same websocket, with the right state', async () => {
    for (let i = 0; i < rounds(2, 20); i++) {
      const { id } = await start('fake');
      const client = await ChannelClient.open(server.wsUrl, id);
      const hasAnswered = i % 3 !== 0;
      if (hasAnswered) await client.done(client.execute({ text: 'ready' }));
      client.execute({ flood: 3000, size: 100 });
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 120));
      const kernel = server.kernels.require(id);
      const { pid = 0 } = kernel;
      process.kill(pid, 'SIGKILL');
      while (kernel.pid === pid) await new Promise((resolve) => setTimeout(resolve, 10));
      await kernel.ready.catch(() => {});
      const { execution_state, reason } = await model(id);
      const isDead = !hasAnswered && execution_state === 'dead';
      expect([execution_state, reason === undefined]).toEqual(isDead ? ['dead', false] : ['idle', true]);
      if (isDead) {
        // Killed before it had answered even once: it says so, and a restart by hand brings it to life.
        expect((await server.api('POST', `api/kernels/${id}/restart`)).status).toBe(200);
      }
      const last = client.execute({ text: 'still here' });
      await client.done(last);
      expect(client.output(last)).toBe('still here');
      await client.close();
      const finalPid = kernel.pid ?? 0;
      await server.api('DELETE', `api/kernels/${id}`);
      expect(isRunning(finalPid)).toBe(false);
    }
    expect(server.kernels.list()).toEqual([]);
    expect(server.runtimeFiles()).toEqual([]);
  });

  it.runIf(everything)('50 kernels at once start, answer and stop, and leave nothing', async () => {
    const kernels = await Promise.all(
      Array.from({ length: 50 }, () => server.kernels.start({ name: 'fake' })),
    );
    await Promise.all(kernels.map((kernel) => kernel.ready));
    const ports = kernels.map(({ id }) => {
      const text = readFileSync(join(server.home, 'runtime', `kernel-${id}.json`), 'utf8');
      return Object.entries(JSON.parse(text) as Record<string, unknown>).filter(([name]) =>
        name.endsWith('_port'),
      );
    });
    expect(new Set(ports.flat().map(([, port]) => port)).size).toBe(250);
    const pids = kernels.map(({ pid = 0 }) => pid);
    expect(pids.every(isRunning)).toBe(true);
    await Promise.all(kernels.map(({ id }) => server.kernels.shutdown(id)));
    expect(pids.some(isRunning)).toBe(false);
    expect(server.runtimeFiles()).toEqual([]);
  });
});
