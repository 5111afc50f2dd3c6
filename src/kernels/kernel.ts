/**
 * One kernel as people see it: a state, a way to send requests and to hear messages, over any number of runs of its
 * process.
 */
import { randomUUID } from 'node:crypto';
import { HttpError } from '../http-error.js';
import { messageOf } from '../message-of.js';
import { ListenerSet } from '../listeners.js';
import type { Subscription } from '../listeners.js';
import type { KernelEvent } from '../protocol/events.js';
import type { KernelInfoContent, MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelExit, KernelModel, ProcessUse } from '../protocol/rest-models.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import type { KernelState } from './activity.js';
import { KernelLife } from './kernel-life.js';
import type { KernelSetup } from './kernel-setup.js';
import type { KernelSpec } from './kernelspecs.js';
import { makeMessage } from './message-factory.js';

/** Gets every message from the kernel, in the order of its channel. The header is parsed already; the rest are bytes. */
export type MessageListener = (channel: KernelChannel, message: WireMessage, header: MessageHeader) => void;

export interface ListenOptions {
  /** It takes everything as it comes, however much that is: nothing may wait for slow websockets meanwhile. */
  impatient?: boolean;
}

/** @param session  id of the websocket's session */
export type ClientListener = (session: string, message: WireMessage, header: MessageHeader) => void;

export interface RequestOptions {
  metadata?: Record<string, unknown>;
  /** `header.subshell_id`, for kernels that have `kernel subshells` */
  subshellId?: string;
}

export class Kernel {
  readonly id: string;
  readonly spec: KernelSpec;
  /** number of open channel websockets; kept by the bridge */
  connections = 0;
  /** session ids of the open channel websockets; kept by the bridge */
  clientSessions: ReadonlySet<string> = new Set();
  /**
   * While it gives a promise, messages of iopub wait, unless its signal is aborted; set by the bridge, for websockets that all
   * fall behind.
   */
  holdReading: ((over: AbortSignal) => Promise<void> | undefined) | undefined;
  readonly #setup: KernelSetup;
  /** our id as a sender of messages */
  readonly #session = randomUUID();
  readonly #messageListeners = new ListenerSet<Parameters<MessageListener>>();
  /** one for each listener that is not to wait for anybody */
  readonly #impatient = new Set<Subscription>();
  readonly #clientListeners = new ListenerSet<Parameters<ClientListener>>();
  readonly #stateListeners = new ListenerSet<[]>();
  readonly #life: KernelLife;
  #restarting: Promise<void> | undefined;
  #isShutDown = false;

  constructor(setup: KernelSetup) {
    this.#setup = setup;
    this.id = setup.id;
    this.spec = setup.spec;
    this.#life = new KernelLife(setup, this.#session, {
      onMessage: (...received) => {
        setup.traffic.fromKernels.count(received[1]);
        this.#emitMessage(...received);
      },
      onState: () => this.#stateListeners.emit(setup.log),
      onEnd: (state) => this.#announce(state),
      holdReading: (over) => (this.#impatient.size > 0 ? undefined : this.holdReading?.(over)),
    });
  }

  get name(): string {
    return this.spec.name;
  }

  get state(): KernelState {
    return this.#life.state;
  }

  get lastActivity(): Date {
    return new Date(this.#life.lastActivity);
  }

  /** Why it died, is started again, or did not start: a sentence. */
  get reason(): string | undefined {
    return this.#life.reason;
  }

  /** What goes with a status that a kernel cannot send itself; empty when it was ended on purpose. */
  get why(): { reason?: string; exit?: KernelExit } {
    const { reason, exit } = this.#life;
    return reason === undefined ? {} : { reason, exit };
  }

  /** It is being ended for good, or was: until it is dead it may have last words. */
  get isShutDown(): boolean {
    return this.#isShutDown;
  }

  /** Process id of the present run. */
  get pid(): number | undefined {
    return this.#life.pid;
  }

  /** The kernel's own description of itself, once it is ready. */
  get info(): KernelInfoContent | undefined {
    return this.#life.info;
  }

  /** Resolves when the kernel answers; of the present run, so read it again after a restart. Rejects with an HttpError. */
  get ready(): Promise<void> {
    return this.#life.ready;
  }

  /**
   * Launches the process; it is ready later.
   *
   * @throws {HttpError} 501 when the command cannot be run
   */
  async start(): Promise<void> {
    return this.#told('start', 'started', () => this.#life.start());
  }

  /**
   * Sends a request and answers its msg_id. While the kernel starts, it is kept and sent once the kernel is ready.
   *
   * @throws {HttpError} 409 when the kernel is dead
   */
  request(
    channel: 'shell' | 'control',
    msgType: string,
    content: object,
    options: RequestOptions = {},
  ): string {
    const { message, header } = makeMessage(this.#session, msgType, { content, ...options });
    this.send(channel, message);
    return header.msg_id;
  }

  /** Answers an input_request. `parentHeader` is the header of that request, as bytes or parsed. */
  replyInput(value: string, parentHeader: Uint8Array | object): void {
    const { message } = makeMessage(this.#session, 'input_reply', {
      content: { status: 'ok', value },
      parentHeader,
    });
    this.send('stdin', message);
  }

  /**
   * Sends a message as it is. While the kernel starts, it is kept: what a kernel does before our subscription is in
   * force would be lost.
   *
   * @throws {HttpError} 409 when the kernel is dead, 429 when too much waits for its start
   */
  send(channel: Exclude<KernelChannel, 'iopub'>, message: WireMessage): void {
    if (this.state === 'dead') throw new HttpError(409, 'The kernel is dead. Restart it to go on.');
    this.#setup.traffic.toKernels.count(message);
    this.#life.send(channel, message);
  }

  onMessage(listener: MessageListener, { impatient = false }: ListenOptions = {}): Subscription {
    const heard = this.#messageListeners.add(listener);
    const subscription = {
      close: () => {
        heard.close();
        this.#impatient.delete(subscription);
      },
    };
    if (impatient) this.#impatient.add(subscription);
    return subscription;
  }

  /** Hears what clients send on their websockets, for who wants to know whose request an output answers. */
  onClient(listener: ClientListener): Subscription {
    return this.#clientListeners.add(listener);
  }

  /** A client sent this; told by the bridge. */
  heardClient(...heard: Parameters<ClientListener>): void {
    this.#clientListeners.emit(this.#setup.log, ...heard);
  }

  /** Called when the state, the reason or the run changed. */
  onState(listener: () => void): Subscription {
    return this.#stateListeners.add(listener);
  }

  /**
   * Stops what the kernel runs. A kernel that is only starting has nothing to stop.
   *
   * @throws {HttpError} 409 when the kernel is dead, 500 when its process may not be signalled
   */
  async interrupt(): Promise<void> {
    return this.#told('interrupt', 'interrupted', async () => {
      if (this.state === 'dead') throw new HttpError(409, 'The kernel is dead. Restart it to go on.');
      this.#life.interrupt();
    });
  }

  /**
   * Ends the process and starts a new one, on the same ports; a dead kernel starts again. Resolves when it is ready.
   *
   * @throws {HttpError} 500 when it does not start, 404 when it was shut down
   */
  async restart(): Promise<void> {
    if (this.#isShutDown) throw new HttpError(404, `Kernel does not exist: ${this.id}`);
    this.#restarting ??= this.#told('restart', 'restarted', () => this.#life.restart()).finally(
      () => (this.#restarting = undefined),
    );
    return this.#restarting;
  }

  /** Ends the process for good and removes the connection file. */
  async shutdown(): Promise<void> {
    this.#isShutDown = true;
    this.#life.giveUp();
    return this.#told('shutdown', 'shut down', () => this.#life.shutdown());
  }

  model(resources?: ProcessUse): KernelModel {
    const { reason, exit, lastActivity } = this.#life;
    return {
      id: this.id,
      name: this.name,
      last_activity: timestamp(lastActivity),
      execution_state: this.state,
      connections: this.connections,
      ...(reason === undefined ? {} : { reason }),
      ...(exit === undefined ? {} : { exit }),
      ...(resources === undefined ? {} : { resources }),
    };
  }

  /** Does it, and tells the event bus how it went. */
  async #told(action: KernelEvent['action'], done: string, work: () => Promise<void>): Promise<void> {
    const event = { action, kernel_id: this.id, kernel_name: this.name };
    try {
      await work();
    } catch (error) {
      const status_code = error instanceof HttpError ? error.status : 500;
      this.#setup.onEvent({ ...event, status: 'error', status_code, msg: messageOf(error) });
      throw error;
    }
    this.#setup.onEvent({ ...event, status: 'success', msg: `Kernel ${this.id} was ${done}.` });
  }

  /** A status of our own, for websockets: the kernel cannot say it. It has no parent, so it is nobody's reply. */
  #announce(state: 'restarting' | 'dead'): void {
    const { message, header } = makeMessage(this.#session, 'status', {
      content: {
        execution_state: state,
        ...this.why,
      },
    });
    this.#emitMessage('iopub', message, header);
  }

  #emitMessage(...args: Parameters<MessageListener>): void {
    this.#messageListeners.emit(this.#setup.log, ...args);
  }
}

/** ISO 8601 UTC with microseconds, as Jupyter has it. */
function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
