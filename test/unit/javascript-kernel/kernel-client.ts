/** A real kernel process and a small client for it over real ZeroMQ sockets. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { Dealer, Request, Subscriber } from 'zeromq';
import { packageFile } from '../../../src/package-files.js';
import type { WireMessage } from '../../../src/protocol/wire-frames.js';
import { WireSignature } from '../../../src/wire-signature.js';

export type Content = Record<string, unknown>;
export interface Message {
  channel: 'shell' | 'control' | 'stdin' | 'iopub';
  type: string;
  /** msg_id of the request that it answers */
  parent: string | undefined;
  content: Content;
  metadata: Content;
  buffers: Buffer[];
}
/** What became of one execute request. */
export interface Execution {
  id: string;
  reply: Content;
  /** iopub messages of this request without status and execute_input */
  outputs: { type: string; content: Content }[];
  stdout: string;
  stderr: string;
  error: { ename: string; evalue: string; traceback: string[] } | undefined;
  /** `text/plain` of the result */
  result: string | undefined;
  data: Content | undefined;
}

let bundle: Promise<string> | undefined;
// The test files that one process runs share it; unit-setup.ts takes it away.
const outdir = packageFile('node_modules', '.cache', `unit-tests-${process.ppid}`, String(process.pid));

/** Bundles the kernel as it is shipped; inside node_modules, so that it finds zeromq and our package.json. */
export function bundledKernel(): Promise<string> {
  bundle ??= (async () => {
    mkdirSync(outdir, { recursive: true });
    const source = (name: string) => packageFile('src', 'javascript-kernel', name);
    const options: BuildOptions = {
      outdir,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      external: ['zeromq'],
      logLevel: 'error',
    };
    await build({ ...options, entryPoints: [source('worker.ts')] });
    await build({ ...options, entryPoints: [source('main.ts')], inject: [source('captured-globals.ts')] });
    return join(outdir, 'main.js');
  })();
  return bundle;
}

export interface KernelOptions {
  env?: Record<string, string>;
  /** arguments before the connection file; the bundled kernel when absent */
  argv?: string[];
  key?: string;
}

export class KernelClient {
  readonly process: ChildProcess;
  /** the folder that the kernel was started in */
  readonly folder: string;
  readonly messages: Message[] = [];
  /** what the process itself wrote to stdout and stderr */
  raw = '';
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  /** answers input requests in order */
  answers: string[] = [];
  readonly #signature: WireSignature;
  readonly #receiving: WireSignature;
  readonly #sockets: { shell: Dealer; control: Dealer; stdin: Dealer; iopub: Subscriber; hb: Request };
  readonly #session = randomUUID();
  #waiters: (() => void)[] = [];

  static async start(options: KernelOptions = {}): Promise<KernelClient> {
    const main = await bundledKernel();
    const argv = options.argv ?? [process.execPath, '--no-force-async-hooks-checks', main];
    const folder = mkdtempSync(join(tmpdir(), 'nbserver-kernel-'));
    const ports = await freePorts(5);
    const key = options.key ?? randomUUID();
    const [shell, control, stdin, iopub, hb] = ports;
    const file = join(folder, 'connection.json');
    const connection = {
      transport: 'tcp',
      ip: '127.0.0.1',
      key,
      signature_scheme: 'hmac-sha256',
      shell_port: shell,
      control_port: control,
      stdin_port: stdin,
      iopub_port: iopub,
      hb_port: hb,
    };
    writeFileSync(file, JSON.stringify(connection), { mode: 0o600 });
    const client = new KernelClient(argv, file, folder, ports, key, options.env ?? {});
    await client.#ready();
    return client;
  }

  private constructor(
    argv: string[],
    file: string,
    folder: string,
    ports: number[],
    key: string,
    env: Record<string, string>,
  ) {
    this.folder = folder;
    this.#signature = new WireSignature(key);
    this.#receiving = new WireSignature(key);
    const [program = '', ...rest] = argv;
    const clean = { ...process.env, HOME: folder, JPY_PARENT_PID: String(process.pid), ...env };
    this.process = spawn(program, [...rest, file], {
      cwd: folder,
      env: clean,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout?.on('data', (chunk: Buffer) => (this.raw += chunk.toString()));
    this.process.stderr?.on('data', (chunk: Buffer) => (this.raw += chunk.toString()));
    this.exited = new Promise((resolve) => {
      this.process.once('exit', (code, signal) => {
        resolve({ code, signal });
        this.#wake();
      });
    });
    const routingId = randomUUID();
    const dealer = (id: string) => new Dealer({ linger: 0, routingId: id });
    this.#sockets = {
      shell: dealer(routingId),
      control: dealer(`${routingId}-control`),
      stdin: dealer(routingId),
      iopub: new Subscriber({ linger: 0, receiveHighWaterMark: 0 }),
      hb: new Request({ linger: 0, relaxed: true, correlate: true, receiveTimeout: 10_000 }),
    };
    const names = ['shell', 'control', 'stdin', 'iopub', 'hb'] as const;
    names.forEach((name, i) => this.#sockets[name].connect(`tcp://127.0.0.1:${ports[i]}`));
    this.#sockets.iopub.subscribe();
    for (const channel of ['shell', 'control', 'stdin', 'iopub'] as const) void this.#listen(channel);
  }

  /** Sends a request; returns its msg_id. */
  send(
    channel: 'shell' | 'control' | 'stdin',
    type: string,
    content: Content,
    extras: { parent?: Content; metadata?: Content; buffers?: Buffer[] } = {},
  ): string {
    const id = randomUUID();
    const header = {
      msg_id: id,
      msg_type: type,
      session: this.#session,
      username: 'test',
      date: new Date().toISOString(),
      version: '5.3',
    };
    const json = (value: unknown) => Buffer.from(JSON.stringify(value));
    const message: WireMessage = {
      identities: [],
      header: json(header),
      parentHeader: json(extras.parent ?? {}),
      metadata: json(extras.metadata ?? {}),
      content: json(content),
      buffers: extras.buffers ?? [],
    };
    this.sendFrames(channel, this.#signature.encode(message));
    return id;
  }

  sendFrames(channel: 'shell' | 'control' | 'stdin', frames: Uint8Array[]): void {
    void this.#sockets[channel].send(frames.map((frame) => Buffer.from(frame)));
  }

  /** Waits until a message fits, also among those that came already. */
  async find(test: (message: Message) => boolean, what = 'a message'): Promise<Message> {
    for (;;) {
      const found = this.messages.find(test);
      if (found) return found;
      if (this.process.exitCode !== null || this.process.signalCode !== null) {
        throw new Error(`the kernel ended while the test waited for ${what}:\n${this.raw}`);
      }
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  async request(channel: 'shell' | 'control', type: string, content: Content = {}): Promise<Content> {
    const id = this.send(channel, type, content);
    await this.idle(id);
    return (await this.find((one) => one.channel === channel && one.parent === id, `the reply to ${type}`))
      .content;
  }

  async idle(id: string): Promise<void> {
    const isIdle = (one: Message) => one.type === 'status' && one.content.execution_state === 'idle';
    await this.find((one) => one.parent === id && isIdle(one), 'idle');
  }

  executeNow(code: string, options: Content = {}): string {
    return this.send('shell', 'execute_request', {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: true,
      stop_on_error: true,
      ...options,
    });
  }

  async execute(code: string, options: Content = {}): Promise<Execution> {
    return this.done(this.executeNow(code, options));
  }

  /** Everything that belongs to request `id`, once it is idle. */
  async done(id: string): Promise<Execution> {
    await this.idle(id);
    const reply = await this.find((one) => one.channel === 'shell' && one.parent === id, 'the execute_reply');
    return { ...this.soFar(id), reply: reply.content };
  }

  /** What has come of request `id` until now; the reply is missing. */
  soFar(id: string): Execution {
    const outputs = this.messages
      .filter((one) => one.parent === id && one.channel === 'iopub')
      .filter((one) => one.type !== 'status' && one.type !== 'execute_input')
      .map(({ type, content }) => ({ type, content }));
    const text = (name: string) =>
      outputs
        .filter((one) => one.type === 'stream' && one.content.name === name)
        .map((one) => one.content.text as string)
        .join('');
    const data = outputs.find((one) => one.type === 'execute_result')?.content.data as Content | undefined;
    return {
      id,
      reply: {},
      outputs,
      stdout: text('stdout'),
      stderr: text('stderr'),
      error: outputs.find((one) => one.type === 'error')?.content as Execution['error'],
      result: data?.['text/plain'] as string | undefined,
      data,
    };
  }

  /** Echoes bytes over the heartbeat. */
  async beat(text: string): Promise<string> {
    await this.#sockets.hb.send(text);
    const [answer] = await this.#sockets.hb.receive();
    return String(answer);
  }

  async close(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
    await this.exited;
    for (const socket of Object.values(this.#sockets)) socket.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A subscription may be late: asks until a reply and an idle of the same request were seen. */
  async #ready(): Promise<void> {
    for (;;) {
      const id = this.send('shell', 'kernel_info_request', {});
      const both = Promise.all([
        this.idle(id),
        this.find((one) => one.channel === 'shell' && one.parent === id, 'kernel_info_reply'),
      ]);
      const seen = await Promise.race([
        both.then(() => true),
        new Promise<boolean>((resolve) => setTimeout(resolve, 200, false)),
      ]);
      if (seen) return;
      both.catch(() => undefined);
    }
  }

  async #listen(channel: Message['channel']): Promise<void> {
    try {
      for await (const frames of this.#sockets[channel]) {
        const message = this.#receiving.decode(frames);
        const parse = (bytes: Buffer) => JSON.parse(bytes.toString()) as Content;
        const header = parse(message.header);
        const received: Message = {
          channel,
          type: header.msg_type as string,
          parent: parse(message.parentHeader).msg_id as string | undefined,
          content: parse(message.content),
          metadata: parse(message.metadata),
          buffers: message.buffers,
        };
        this.messages.push(received);
        if (received.type === 'input_request') {
          const answer = this.answers.shift();
          if (answer !== undefined)
            this.send('stdin', 'input_reply', { status: 'ok', value: answer }, { parent: header });
        }
        this.#wake();
      }
    } catch (error) {
      // Closing a socket ends its iteration with EAGAIN.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
