// The other limit: the same kernel straight on ZeroMQ, with nothing in between.
import { spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Dealer, Subscriber } from 'zeromq';

/** Starts a kernel by its argv and connects; ready when a reply and an idle came. */
export async function startKernel(argv) {
  const home = mkdtempSync(join(tmpdir(), 'nbserver-bench-'));
  const file = join(home, 'kernel.json');
  const names = ['shell_port', 'iopub_port', 'stdin_port', 'control_port', 'hb_port'];
  const ports = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await freePort()])));
  const facts = { ip: '127.0.0.1', transport: 'tcp', key: randomUUID(), signature_scheme: 'hmac-sha256' };
  const connection = { ...ports, ...facts };
  writeFileSync(file, JSON.stringify(connection), { mode: 0o600 });
  const started = performance.now();
  const [command, ...args] = argv.map((word) => word.replace('{connection_file}', file));
  const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, IPYTHONDIR: home } });
  const kernel = new DirectKernel(connection);
  while (!(await Promise.race([kernel.request('kernel_info_request', {}), wait(100)])));
  return Object.assign(kernel, {
    file,
    startMs: performance.now() - started,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      kernel.close();
      rmSync(home, { recursive: true, force: true });
    },
  });
}

class DirectKernel {
  /** called for every message on iopub with its content and its bytes */
  onMessage = () => {};
  #key;
  #shell = new Dealer({ linger: 0 });
  #iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0, reconnectInterval: 20 });
  #waiting = new Map();

  constructor(connection) {
    this.#key = connection.key;
    this.#iopub.subscribe();
    this.#iopub.connect(`tcp://127.0.0.1:${connection.iopub_port}`);
    this.#shell.connect(`tcp://127.0.0.1:${connection.shell_port}`);
    for (const socket of [this.#shell, this.#iopub]) this.#pump(socket).catch(() => undefined); // closing ends it
  }

  /** Resolves with true when reply and idle have come. */
  request(msg_type, content) {
    const header = { msg_id: randomUUID(), msg_type, session: 'bench', username: 'bench', version: '5.3' };
    const parts = [header, {}, {}, content].map((part) => Buffer.from(JSON.stringify(part)));
    const hmac = createHmac('sha256', this.#key);
    for (const part of parts) hmac.update(part);
    void this.#shell.send(['<IDS|MSG>', hmac.digest('hex'), ...parts]);
    return new Promise((done) => this.#waiting.set(header.msg_id, { done, reply: false, idle: false }));
  }

  execute(code) {
    const content = { code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false };
    return this.request('execute_request', { ...content, stop_on_error: true });
  }

  close() {
    this.#shell.close();
    this.#iopub.close();
  }

  async #pump(socket) {
    for await (const frames of socket) {
      const isShell = socket === this.#shell;
      const content = frames[isShell ? 5 : 6];
      if (!isShell) {
        let bytes = 0;
        for (const frame of frames) bytes += frame.length;
        this.onMessage(content, bytes);
        if (content.length > 40 || !content.includes('idle')) continue;
      }
      const parent = JSON.parse(frames[isShell ? 3 : 4].toString()).msg_id;
      const request = this.#waiting.get(parent);
      if (!request) continue;
      request[isShell ? 'reply' : 'idle'] = true;
      if (!request.reply || !request.idle) continue;
      this.#waiting.delete(parent);
      request.done(true);
    }
  }
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
