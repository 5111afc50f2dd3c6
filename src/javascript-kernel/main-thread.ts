/** The main thread as the worker sees it: takes a request, answers with a reply; in between it publishes and prints. */
import type { MessagePort } from 'node:worker_threads';
import { Interrupter } from './interrupter.js';
import type { KernelRequest } from './requests.js';
import { RingReader, type StreamRun } from './text-ring.js';
import type { MainToWorker, MessageExtras, WorkerToMain } from './thread-messages.js';

export interface MainThreadEvents {
  ready(): void;
  publish(cell: number, type: string, content: Record<string, unknown>, extras?: MessageExtras): void;
  input(cell: number, prompt: string, password: boolean): void;
  /** user code called `process.exit()`: close the sockets, then resolve */
  exiting(): Promise<void>;
}

/** How long printed text is gathered before it is sent, in ms: short enough to look immediate. */
const gatherTime = 40;

export class MainThread {
  readonly #port: MessagePort;
  readonly #events: MainThreadEvents;
  readonly #ring: RingReader;
  readonly #interrupter: Interrupter;
  readonly #replies = new Map<number, (content: Record<string, unknown>) => void>();
  #running: { id: number; cell: number } | undefined;
  #count = 0;
  #gathering: NodeJS.Timeout | undefined;

  constructor(port: MessagePort, ring: SharedArrayBuffer, events: MainThreadEvents) {
    this.#port = port;
    this.#events = events;
    this.#ring = new RingReader(ring);
    const post = (message: WorkerToMain) => port.postMessage(message);
    this.#interrupter = new Interrupter(post);
    port.on('message', (message: MainToWorker) => this.#receive(message));
  }

  /** Hands a request over. Everything that it printed was published when the promise resolves. */
  request(cell: number, request: KernelRequest): Promise<Record<string, unknown>> {
    const id = ++this.#count;
    this.#running = { id, cell };
    this.#port.postMessage({ kind: 'request', id, cell, request } satisfies WorkerToMain);
    return new Promise((resolve) => this.#replies.set(id, resolve));
  }

  /** Interrupts the running request, or what spins without one. False: the main thread cannot be reached. */
  interrupt(): Promise<boolean> {
    return this.#interrupter.interrupt(this.#running?.id ?? null, this.#running?.cell ?? 0);
  }

  /** Asks the process to end; a main thread that does not listen is ended hard. */
  async exit(): Promise<void> {
    this.#interrupter.close();
    this.#port.postMessage({ kind: 'exit' } satisfies WorkerToMain);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    process.kill(process.pid, 'SIGKILL');
  }

  #receive(message: MainToWorker): void {
    if ('position' in message) this.#drain(message.position);
    switch (message.kind) {
      case 'ready':
        return this.#events.ready();
      case 'output':
        if (message.now) return this.#drain();
        this.#gathering ??= setTimeout(() => this.#drain(), gatherTime);
        return;
      case 'publish':
        return this.#events.publish(message.cell, message.type, message.content, message.extras);
      case 'reply':
        if (this.#running?.id === message.id) this.#running = undefined;
        this.#replies.get(message.id)?.(message.content);
        this.#replies.delete(message.id);
        return;
      case 'input':
        return this.#events.input(message.cell, message.prompt, message.password);
      case 'interrupt-seen':
        return this.#interrupter.seen(message.attempt);
      case 'exiting':
        void this.#events.exiting();
    }
  }

  #drain(position?: number): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    const runs: StreamRun[] = this.#ring.drain(position);
    for (const { cell, name, text } of runs) this.#events.publish(cell, 'stream', { name, text });
    // Text that came after `position` still waits, and its writer thinks that we were told.
    if (position !== undefined) this.#gathering = setTimeout(() => this.#drain(), gatherTime);
  }
}
