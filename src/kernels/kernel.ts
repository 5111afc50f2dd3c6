/**
 * One kernel as people see it: a state, a way to send requests and to hear messages, over any number of runs of its
 * process. A run that ends unasked is followed by another one, within Jupyter's limits.
 *
 * It is longer than most modules because every way from one state to another is here, to be read side by side.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import type { KernelInfoContent, MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelEvent } from '../protocol/events.js';
import type { KernelExit, KernelModel, KernelResources } from '../protocol/rest-models.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import { KernelActivity } from './activity.js';
import type { KernelState } from './activity.js';
import { releaseConnection, removeRuntimeFile, writeConnectionFile } from './connection-file.js';
import type { ConnectionInfo } from './connection-file.js';
import { defaultLimits } from './kernel-limits.js';
import type { KernelLimits } from './kernel-limits.js';
import { KernelRun } from './kernel-run.js';
import type { RunEnd } from './kernel-run.js';
import type { KernelSpec } from './kernelspecs.js';
import { ListenerSet } from './listeners.js';
import type { Subscription } from './listeners.js';
import type { MemorySources } from './memory-watch.js';
import { makeMessage } from './message-factory.js';
import { PendingMessages } from './pending-messages.js';
import type { Command } from './process.js';
import { Readiness } from './readiness.js';
import type { KernelTraffic } from './traffic.js';

/** Gets every message from the kernel, in the order of its channel. The header is parsed already; the rest are bytes. */
export type MessageListener = (channel: KernelChannel, message: WireMessage, header: MessageHeader) => void;

/** @param session  id of the websocket's session */
export type ClientListener = (session: string, message: WireMessage, header: MessageHeader) => void;

export interface RequestOptions {
  metadata?: Record<string, unknown>;
  /** `header.subshell_id`, for kernels that have `kernel subshells` */
  subshellId?: string;
}

export interface KernelSetup {
  id: string;
  spec: KernelSpec;
  connectionFile: string;
  /** holds the last of what the process itself writes */
  outputFile: string;
  limits: KernelLimits;
  memory?: MemorySources;
  /** fresh ports and a fresh key */
  newConnection(): Promise<ConnectionInfo>;
  /** the command to run, made anew for each run */
  command(): Promise<Command>;
  /** called with the process id of each run, and with undefined when the kernel is dead */
  onProcess(pid: number | undefined): void;
  /** what somebody did with it, and how that went */
  onEvent(event: KernelEvent): void;
  traffic: KernelTraffic;
  log: Log;
}

export class Kernel {
  readonly id: string;
  readonly spec: KernelSpec;
  /** number of open channel websockets; kept by the bridge */
  connections = 0;
  /** session ids of the open channel websockets; kept by the bridge */
  clientSessions: ReadonlySet<string> = new Set();
  /** While it gives a promise, iopub is not read; set by the bridge, for websockets that all fall behind. */
  holdReading: (() => Promise<void> | undefined) | undefined;
  readonly #setup: KernelSetup;
  /** our id as a sender of messages */
  readonly #session = randomUUID();
  readonly #activity = new KernelActivity();
  readonly #messageListeners = new ListenerSet<Parameters<MessageListener>>();
  readonly #clientListeners = new ListenerSet<Parameters<ClientListener>>();
  readonly #stateListeners = new ListenerSet<[]>();
  #run: KernelRun | undefined;
  #launching: Promise<unknown> = Promise.resolve();
  #connection: ConnectionInfo | undefined;
  #reason: string | undefined;
  #exit: KernelExit | undefined;
  #info: KernelInfoContent | undefined;
  #ready = new Readiness();
  /** what was sent while the kernel started */
  readonly #pending = new PendingMessages();
  /** it answered since someone last started it, so that a death is worth another try */
  #proven = false;
  #deaths = 0;
  /** Aborted when somebody decides anew what is to become of this kernel: restart, shutdown. */
  #intent = new AbortController();
  #restarting: Promise<void> | undefined;
  #isShutDown = false;

  constructor(setup: KernelSetup) {
    this.#setup = setup;
    this.id = setup.id;
    this.spec = setup.spec;
  }

  get name(): string {
    return this.spec.name;
  }

  get state(): KernelState {
    return this.#activity.state;
  }

  get lastActivity(): Date {
    return new Date(this.#activity.last);
  }

  /** Why it died, is started again, or did not start: a sentence. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** What goes with a status that a kernel cannot send itself; empty when it was ended on purpose. */
  get why(): { reason?: string; exit?: KernelExit } {
    return this.#reason === undefined ? {} : { reason: this.#reason, exit: this.#exit };
  }

  /** Process id of the present run. */
  get pid(): number | undefined {
    return this.#run?.pid;
  }

  /** The kernel's own description of itself, once it is ready. */
  get info(): KernelInfoContent | undefined {
    return this.#info;
  }

  /** Resolves when the kernel answers; of the present run, so read it again after a restart. Rejects with an HttpError. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /**
   * Launches the process; it is ready later.
   *
   * @throws {HttpError} 501 when the command cannot be run
   */
  async start(): Promise<void> {
    return this.#told('start', 'started', () => this.#start());
  }

  async #start(): Promise<void> {
    const intent = this.#renewIntent();
    try {
      await this.#launch(intent, true);
    } catch (error) {
      if (intent.aborted) throw new HttpError(503, 'The kernel was shut down while it started.');
      const reason = sentence(error);
      await this.#die(reason);
      await removeRuntimeFile(this.#setup.outputFile);
      throw new HttpError(501, reason, null, { short_message: `${this.name} did not start` });
    }
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
    if (this.#run && (this.state === 'idle' || this.state === 'busy')) {
      this.#run.send(channel, message);
      return;
    }
    this.#pending.add({ channel, message });
  }

  onMessage(listener: MessageListener): Subscription {
    return this.#messageListeners.add(listener);
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
   * @throws {HttpError} 409 when the kernel is dead
   */
  async interrupt(): Promise<void> {
    return this.#told('interrupt', 'interrupted', async () => {
      if (this.state === 'dead') throw new HttpError(409, 'The kernel is dead. Restart it to go on.');
      if (this.#run?.isReady) this.#run.interrupt();
    });
  }

  /**
   * Ends the process and starts a new one, on the same ports; a dead kernel starts again. Resolves when it is ready.
   *
   * @throws {HttpError} 500 when it does not start, 404 when it was shut down
   */
  async restart(): Promise<void> {
    if (this.#isShutDown) throw new HttpError(404, `Kernel does not exist: ${this.id}`);
    this.#restarting ??= this.#told('restart', 'restarted', () => this.#restart()).finally(
      () => (this.#restarting = undefined),
    );
    return this.#restarting;
  }

  /** Ends the process for good and removes the connection file. */
  async shutdown(): Promise<void> {
    this.#isShutDown = true;
    this.#renewIntent();
    return this.#told('shutdown', 'shut down', async () => {
      await this.#stopRun(false);
      await this.#die(undefined);
      await removeRuntimeFile(this.#setup.outputFile);
    });
  }

  model(resources?: KernelResources): KernelModel {
    return {
      id: this.id,
      name: this.name,
      last_activity: timestamp(this.#activity.last),
      execution_state: this.state,
      connections: this.connections,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...(this.#exit === undefined ? {} : { exit: this.#exit }),
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
      this.#setup.onEvent({ ...event, status: 'error', status_code, msg: sentence(error) });
      throw error;
    }
    this.#setup.onEvent({ ...event, status: 'success', msg: `Kernel ${this.id} was ${done}.` });
  }

  async #restart(): Promise<void> {
    const intent = this.#renewIntent();
    const wasDead = this.state === 'dead';
    this.#reason = undefined;
    this.#exit = undefined;
    this.#deaths = 0;
    this.#setState('restarting');
    const { ready } = this;
    try {
      await this.#stopRun(true);
      intent.throwIfAborted();
      await this.#launch(intent, wasDead);
    } catch (error) {
      if (intent.aborted) throw new HttpError(409, 'The kernel was shut down while it restarted.');
      await this.#die(sentence(error));
    }
    await ready;
  }

  /** Cancels whatever was going on, and makes a new promise to become ready. */
  #renewIntent(): AbortSignal {
    this.#intent.abort();
    this.#intent = new AbortController();
    this.#proven = false;
    this.#pending.take();
    this.#ready.renew();
    return this.#intent.signal;
  }

  async #stopRun(restart: boolean): Promise<void> {
    // A launch that was overtaken ends its own run.
    await this.#launching.catch(() => {});
    const run = this.#run;
    this.#run = undefined;
    const wait = this.#setup.limits.shutdownWait;
    await run?.stop({ wait, restart, interrupt: this.#activity.lastReported === 'busy' });
  }

  #launch(intent: AbortSignal, freshConnection: boolean): Promise<void> {
    const launch = async () => {
      const { spec, connectionFile, limits, memory, log } = this.#setup;
      if (freshConnection || !this.#connection) {
        if (this.#connection) releaseConnection(this.#connection);
        this.#connection = undefined;
        this.#connection = await this.#setup.newConnection();
        await writeConnectionFile(connectionFile, this.#connection);
      }
      const run = await KernelRun.start({
        command: await this.#setup.command(),
        connection: this.#connection,
        interruptMode: spec.interruptMode,
        session: this.#session,
        startTimeout: limits.startTimeout,
        memory,
        isBusy: () => this.#activity.lastReported === 'busy',
        log,
        onMessage: (from, channel, message, header) => this.#receive(from, channel, message, header),
        // A live document listens, too, and is not to wait for anybody.
        holdReading: () => (this.#messageListeners.size > 1 ? undefined : this.holdReading?.()),
      });
      if (intent.aborted) {
        await run.stop({ wait: 0, restart: false, interrupt: false });
        intent.throwIfAborted();
      }
      this.#run = run;
      this.#setup.onProcess(run.pid);
      void this.#watch(run);
    };
    const launched = launch();
    this.#launching = launched;
    return launched;
  }

  /** Follows a run to its end, and beyond if it ended unasked. */
  async #watch(run: KernelRun): Promise<void> {
    const isCurrent = () => this.#run === run;
    try {
      const info = await run.ready;
      if (isCurrent()) this.#becomeReady(run, info);
    } catch (error) {
      // It ended (then `ended` says so, too) or it stays silent and is ended here.
      if (isCurrent()) {
        const { shutdownWait } = this.#setup.limits;
        await run.stop({ wait: shutdownWait, restart: false, interrupt: false });
        const end = await run.ended;
        if (isCurrent()) await this.#died(run, { ...end, reason: sentence(error) });
      }
      return;
    }
    const end = await run.ended;
    if (isCurrent()) await this.#died(run, end);
  }

  #becomeReady(run: KernelRun, info: KernelInfoContent): void {
    this.#info = info;
    this.#proven = true;
    this.#reason = undefined;
    this.#exit = undefined;
    const pending = this.#pending.take();
    this.#setState('idle');
    for (const { channel, message } of pending) run.send(channel, message);
    this.#ready.resolve();
    this.#setup.log.info(`Kernel ready: ${this.id} (${this.name})`);
  }

  /** A run ended unasked: start another one, or give up. */
  async #died(run: KernelRun, { reason, portClash, exit }: RunEnd): Promise<void> {
    const { limits, log } = this.#setup;
    this.#run = undefined;
    const lasted = Date.now() - run.startedAt;
    const wasStable = lasted >= limits.stableAfter;
    this.#deaths = (wasStable ? 0 : this.#deaths) + 1;
    const said = exit.stderr.length === 0 ? '' : ['', ...exit.stderr].join('\n  | ');
    log.warn(`Kernel ${this.id} (${this.name}) ended unasked: ${reason}${said}`);
    this.#exit = exit;
    // Other ports are tried even where a kernel that dies is not to be started again.
    if (this.#proven ? limits.restarts === 0 : !portClash) return this.#die(reason);
    if (this.#deaths > (this.#proven ? limits.restarts : defaultLimits.restarts)) {
      const times = `${this.#deaths} times one after the other`;
      return this.#die(`The kernel died ${times}, so it is not started again by itself. ${reason}`);
    }
    const wasInUse = this.state === 'idle' || this.state === 'busy';
    this.#reason = reason;
    if (wasInUse) {
      this.#ready.renew();
      this.#setState('restarting');
      this.#announce('restarting');
    } else if (this.state === 'restarting') {
      this.#announce('restarting');
    }
    const intent = this.#intent.signal;
    const delays = limits.restartDelays;
    try {
      await sleep(delays[Math.min(this.#deaths, delays.length) - 1] ?? 0, undefined, { signal: intent });
      // A young kernel may have died of its ports.
      await this.#launch(intent, !wasStable);
    } catch (error) {
      if (!intent.aborted) await this.#die(sentence(error));
    }
  }

  /** @param reason  undefined: it was ended on purpose */
  async #die(reason: string | undefined): Promise<void> {
    this.#run = undefined;
    this.#reason = reason;
    if (reason === undefined) this.#exit = undefined;
    this.#pending.take();
    if (this.#connection) releaseConnection(this.#connection);
    this.#connection = undefined;
    await removeRuntimeFile(this.#setup.connectionFile);
    this.#setup.onProcess(undefined);
    this.#ready.reject(new HttpError(500, reason ?? 'The kernel was shut down.'));
    this.#setState('dead');
    this.#announce('dead');
    if (reason !== undefined) this.#setup.log.error(`Kernel dead: ${this.id} (${this.name}). ${reason}`);
  }

  #receive(run: KernelRun, channel: KernelChannel, message: WireMessage, header: MessageHeader): void {
    this.#setup.traffic.fromKernels.count(message);
    if (channel === 'iopub') {
      const before = this.state;
      this.#activity.observe(header, message, this.#run === run && run.isReady);
      if (this.state !== before) this.#emitState();
    }
    this.#emitMessage(channel, message, header);
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

  #setState(state: KernelState): void {
    this.#activity.set(state);
    this.#emitState();
  }

  #emitState(): void {
    this.#stateListeners.emit(this.#setup.log);
  }

  #emitMessage(...args: Parameters<MessageListener>): void {
    this.#messageListeners.emit(this.#setup.log, ...args);
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** ISO 8601 UTC with microseconds, as Jupyter has it. */
function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
