/** The protocol of the kernel: what each Jupyter message means, and the busy and idle around it (messaging 5.3). */
import type { MessagePort } from 'node:worker_threads';
import type { Connection } from './connection-file.js';
import { helpQuery, type HelpQuery } from './help-query.js';
import { InputHistory } from './history.js';
import { kernelInfo } from './kernel-info.js';
import { KernelSockets, type ClientMessage, type Parent } from './kernel-sockets.js';
import { MainThread } from './main-thread.js';
import { OpenComms } from './open-comms.js';
import {
  commRequest,
  completeRequest,
  executeRequest,
  inspectRequest,
  isCompleteRequest,
  type ExecuteRequest,
} from './requests.js';
import { RequestQueue } from './request-queue.js';
import { watchServer } from './server-watch.js';
import type { WorkerStart } from './thread-messages.js';

type Content = Record<string, unknown>;
const noExtras = { payload: [], user_expressions: {} };

/** What the main thread answers: also on control it waits for its turn there. */
const mainThreadTypes = new Set(['complete_request', 'inspect_request', 'is_complete_request']);

/** Cells whose parent header is kept for output that comes late. */
const rememberedCells = 10_000;

export class Kernel {
  readonly #sockets: KernelSockets;
  readonly #main: MainThread;
  readonly #start: WorkerStart;
  readonly #flags: Int32Array;
  readonly #history = new InputHistory();
  readonly #comms = new OpenComms();
  readonly #parents = new Map<number, Parent>();
  readonly #queue = new RequestQueue<ClientMessage>((message) => this.#serveShell(message));
  #cells = 0;
  #nextCount = 1;
  #stopWatching: (() => void) | undefined;

  constructor(connection: Connection, port: MessagePort, start: WorkerStart) {
    this.#start = start;
    this.#flags = new Int32Array(start.flags);
    this.#sockets = new KernelSockets(connection);
    this.#main = new MainThread(port, start.ring, {
      ready: () => this.#sockets.publish(undefined, 'status', { execution_state: 'starting' }),
      publish: (cell, type, content, extras) => {
        this.#comms.observe(type, content);
        this.#sockets.publish(this.#parents.get(cell), type, content, extras);
      },
      input: (cell, prompt, password) => this.#ask(cell, prompt, password),
      exiting: async () => {
        await this.#sockets.close();
        Atomics.store(this.#flags, 1, 1);
        Atomics.notify(this.#flags, 1);
      },
    });
  }

  async open(): Promise<void> {
    await this.#sockets.open((message) => this.#receive(message));
    this.#stopWatching = watchServer(process.env.JPY_PARENT_PID, () => void this.#exit());
  }

  #receive(message: ClientMessage): void {
    const { channel, header } = message;
    if (channel === 'shell' || (channel === 'control' && mainThreadTypes.has(header.msg_type))) {
      this.#queue.push(message);
    } else if (channel === 'control') void this.#serveControl(message);
    else this.#answerInput(message.content);
  }

  async #serveShell(message: ClientMessage): Promise<void> {
    let aborted: ClientMessage[] = [];
    await this.#busy(message, async () => {
      if (message.header.msg_type === 'execute_request') aborted = await this.#execute(message);
      else await this.#serve(message);
    });
    for (const other of aborted) {
      const execution_count = this.#nextCount;
      await this.#busy(other, () => this.#reply(other, { status: 'aborted', execution_count, ...noExtras }));
    }
  }

  /** Control is never queued: it answers while a cell runs. */
  async #serveControl(message: ClientMessage): Promise<void> {
    await this.#busy(message, async () => {
      switch (message.header.msg_type) {
        case 'interrupt_request':
          // Answered at once; a cell that waits or spins gets its own error reply.
          void this.#main.interrupt();
          return this.#reply(message, { status: 'ok' });
        case 'shutdown_request': {
          const content = { status: 'ok', restart: message.content.restart === true };
          this.#reply(message, content);
          return this.#sockets.publish(message.parent, 'shutdown_reply', content);
        }
        default:
          return this.#serve(message);
      }
    });
    if (message.header.msg_type === 'shutdown_request') await this.#exit();
  }

  async #serve(message: ClientMessage): Promise<void> {
    const { header, content } = message;
    switch (header.msg_type) {
      case 'kernel_info_request':
        return this.#reply(message, kernelInfo(this.#start.version));
      case 'complete_request':
        return this.#reply(message, await this.#main.request(0, completeRequest(content)));
      case 'inspect_request':
        return this.#reply(message, await this.#main.request(0, inspectRequest(content)));
      case 'is_complete_request':
        return this.#reply(message, await this.#main.request(0, isCompleteRequest(content)));
      case 'history_request':
        return this.#reply(message, this.#history.reply(content));
      case 'comm_info_request':
        return this.#reply(message, this.#comms.reply(content));
      case 'comm_open':
      case 'comm_msg':
      case 'comm_close': {
        const request = commRequest(header.msg_type, content, message.extras);
        this.#comms.observe(header.msg_type, content);
        if (request) await this.#main.request(this.#newCell(message.parent), request);
        return;
      }
      case 'shutdown_request':
        // Clients of protocol 5.0 ask on the shell channel.
        return this.#serveControl(message);
      default:
        if (!header.msg_type.endsWith('_request')) return;
        return this.#reply(message, {
          status: 'error',
          ename: 'NotImplementedError',
          evalue: `The JavaScript kernel does not know ${header.msg_type}.`,
          traceback: [],
        });
    }
  }

  /** @returns the requests that its error takes along */
  async #execute(message: ClientMessage): Promise<ClientMessage[]> {
    const request = executeRequest(message.content, this.#nextCount);
    if (request.storeHistory) this.#history.add(this.#nextCount++, request.code);
    const cell = this.#newCell(message.parent);
    if (!request.silent) {
      const input = { code: request.code, execution_count: request.count };
      this.#sockets.publish(message.parent, 'execute_input', input);
    }
    const help = helpQuery(request.code);
    const content = help ? await this.#help(cell, request, help) : await this.#main.request(cell, request);
    const aborted = content.status === 'error' && request.stopOnError ? await this.#takeQueued() : [];
    this.#reply(message, content);
    return aborted;
  }

  /** What comes from now on under this parent. */
  #newCell(parent: Parent): number {
    const cell = ++this.#cells;
    this.#parents.set(cell, parent);
    this.#parents.delete(cell - rememberedCells);
    return cell;
  }

  /** `name?` shows what Shift-Tab shows, in the client's pager. */
  async #help(
    cell: number,
    { count, silent }: ExecuteRequest,
    { expression, detail }: HelpQuery,
  ): Promise<Content> {
    const { found, data } = await this.#main.request(cell, {
      type: 'inspect',
      code: expression,
      cursor: [...expression].length,
      detail,
    });
    if (found !== true && !silent) {
      const text = `There is no ${expression}.\n`;
      this.#sockets.publish(this.#parents.get(cell), 'stream', { name: 'stdout', text });
    }
    const payload = found === true ? [{ source: 'page', data, start: 0 }] : [];
    return { status: 'ok', execution_count: count, payload, user_expressions: {} };
  }

  /**
   * The execute requests that were sent before the error was known. They leave the queue before the reply goes out:
   * what a client sends after it has seen the error is meant.
   */
  async #takeQueued(): Promise<ClientMessage[]> {
    // Lets the shell socket hand over what already lies in it.
    await new Promise((resolve) => setTimeout(resolve, 5));
    return this.#queue.take((waiting) => waiting.header.msg_type === 'execute_request');
  }

  #ask(cell: number, prompt: string, password: boolean): void {
    const parent = this.#parents.get(cell);
    if (parent) this.#sockets.reply('stdin', parent, 'input_request', { prompt, password });
    else this.#answerInput({ value: '' });
  }

  #answerInput(content: Content): void {
    this.#start.answers.postMessage(typeof content.value === 'string' ? content.value : '');
    Atomics.store(this.#flags, 0, 1);
    Atomics.notify(this.#flags, 0);
  }

  async #busy(message: ClientMessage, work: () => Promise<void> | void): Promise<void> {
    this.#sockets.publish(message.parent, 'status', { execution_state: 'busy' });
    await work();
    this.#sockets.publish(message.parent, 'status', { execution_state: 'idle' });
  }

  #reply(message: ClientMessage, content: object): void {
    const type = message.header.msg_type.replace(/_request$/, '_reply');
    this.#sockets.reply(message.channel, message.parent, type, content);
  }

  async #exit(): Promise<void> {
    this.#stopWatching?.();
    await this.#sockets.close();
    // A cell that spins would not see that it should go.
    await this.#main.interrupt();
    await this.#main.exit();
  }
}
