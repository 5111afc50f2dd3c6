/**
 * The life of one kernel over any number of runs of its process: a run that ends unasked is followed by another one, within
 * Jupyter's limits. The file is long because every way from one state to another is here: each of them may be overtaken by
 * any other, which can only be judged where they stand side by side.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpError } from '../http-error.js';
import { messageOf } from '../message-of.js';
import type { KernelInfoContent, MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelExit } from '../protocol/rest-models.js';
import { wireLength } from '../protocol/wire-frames.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import { KernelActivity } from './activity.js';
import type { KernelState } from './activity.js';
import { releaseConnection, removeRuntimeFile, writeConnectionFile } from './connection-file.js';
import type { ConnectionInfo } from './connection-file.js';
import { defaultLimits } from './kernel-limits.js';
import { KernelRun } from './kernel-run.js';
import type { RunEnd } from './kernel-run.js';
import type { KernelSetup } from './kernel-setup.js';
import { OpenRequests } from './open-requests.js';
import { PendingMessages } from './pending-messages.js';
import { Readiness } from './readiness.js';

export interface KernelLifeHooks {
  /** a message from any run */
  onMessage(channel: KernelChannel, message: WireMessage, header: MessageHeader): void;
  /** the state, the reason or the run changed */
  onState(): void;
  /** its clients have to be told: the kernel cannot say it itself */
  onEnd(state: 'restarting' | 'dead'): void;
  /** While it gives a promise, messages of iopub wait. */
  holdReading(over: AbortSignal): Promise<void> | undefined;
}

/** Bytes that may wait for a kernel that takes nothing: one that is stopped, or computes while it is asked more and more. */
const mostUnsent = 256 * 1024 * 1024;

export class KernelLife {
  readonly #setup: KernelSetup;
  /** our id as a sender of messages */
  readonly #session: string;
  readonly #hooks: KernelLifeHooks;
  readonly #activity = new KernelActivity();
  #run: KernelRun | undefined;
  #launching: Promise<unknown> = Promise.resolve();
  /** the end of the last run that was stopped; false: its process goes on */
  #stopping: Promise<boolean> = Promise.resolve(true);
  #connection: ConnectionInfo | undefined;
  #reason: string | undefined;
  #exit: KernelExit | undefined;
  #info: KernelInfoContent | undefined;
  #ready = new Readiness();
  /** what was sent while the kernel started */
  readonly #pending = new PendingMessages();
  readonly #open: OpenRequests;
  /** header of the request that ran when the connection was lost */
  #runningAtLoss: Buffer | undefined;
  /** it answered since someone last started it, so that a death is worth another try */
  #proven = false;
  #deaths = 0;
  /** Aborted when somebody decides anew what is to become of this kernel: restart, shutdown. */
  #intent = new AbortController();

  constructor(setup: KernelSetup, session: string, hooks: KernelLifeHooks) {
    this.#setup = setup;
    this.#session = session;
    this.#open = new OpenRequests(session);
    this.#hooks = hooks;
  }

  get state(): KernelState {
    return this.#activity.state;
  }

  /** ms since the epoch */
  get lastActivity(): number {
    return this.#activity.last;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  get exit(): KernelExit | undefined {
    return this.#exit;
  }

  get info(): KernelInfoContent | undefined {
    return this.#info;
  }

  get pid(): number | undefined {
    return this.#run?.pid;
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /**
   * Sends now, or once the kernel is ready.
   *
   * @throws {HttpError} 429 when too much waits; what waited already stays
   */
  send(channel: Exclude<KernelChannel, 'iopub'>, message: WireMessage): void {
    const { state } = this;
    if (this.#run && (state === 'idle' || state === 'busy')) {
      const unsent = this.#run.unsent(channel);
      // One message alone always fits.
      if (unsent > 0 && unsent + wireLength(message) > mostUnsent) {
        throw new HttpError(429, 'The kernel does not take what was sent to it. Wait, or interrupt it.');
      }
      this.#run.send(channel, message);
    } else {
      this.#pending.add({ channel, message });
    }
    this.#open.asked(channel, message);
  }

  /**
   * A kernel that is only starting has nothing to stop.
   *
   * @throws {HttpError} 500 when its process may not be signalled
   */
  interrupt(): void {
    if (!this.#run?.isReady || this.#run.interrupt()) return;
    throw new HttpError(
      500,
      `The kernel process ${this.#run.pid} may not be signalled, because it runs as another user. Where it can be interrupted by a message, say so in its kernelspec: "interrupt_mode": "message".`,
    );
  }

  /** @throws {HttpError} 501 when the command cannot be run */
  async start(): Promise<void> {
    const intent = this.#renewIntent();
    try {
      await this.#launch(intent, true);
    } catch (error) {
      if (intent.aborted) throw new HttpError(503, 'The kernel was shut down while it started.');
      const reason = messageOf(error);
      this.#die(reason);
      removeRuntimeFile(this.#setup.outputFile);
      throw new HttpError(501, reason, null, { short_message: `${this.#setup.spec.name} did not start` });
    }
  }

  /** @throws {HttpError} 500 when it does not start, 409 when it was shut down meanwhile */
  async restart(): Promise<void> {
    const intent = this.#renewIntent();
    const wasDead = this.state === 'dead';
    this.#reason = undefined;
    this.#exit = undefined;
    this.#deaths = 0;
    this.#setState('restarting');
    const { ready } = this;
    try {
      const hasEnded = await this.#stopRun(true);
      intent.throwIfAborted();
      // A process that goes on keeps its ports: whoever asks there would hear the old kernel.
      await this.#launch(intent, wasDead || !hasEnded);
    } catch (error) {
      if (intent.aborted) throw new HttpError(409, 'The kernel was shut down while it restarted.');
      this.#die(messageOf(error));
    }
    await ready;
  }

  async shutdown(): Promise<void> {
    await this.#stopRun(false);
    this.#die(undefined);
    removeRuntimeFile(this.#setup.outputFile);
  }

  /** Nothing that goes on has any effect from now on. */
  giveUp(): void {
    this.#renewIntent();
  }

  /** Cancels whatever was going on, and makes a new promise to become ready. */
  #renewIntent(): AbortSignal {
    this.#intent.abort();
    this.#intent = new AbortController();
    this.#proven = false;
    this.#pending.take();
    this.#open.clear();
    this.#ready.renew();
    return this.#intent.signal;
  }

  /** @returns false when a process goes on that cannot be ended */
  async #stopRun(restart: boolean): Promise<boolean> {
    // A launch that was overtaken ends its own run.
    await this.#launching.catch(() => {});
    const run = this.#run;
    this.#run = undefined;
    const wait = this.#setup.limits.shutdownWait;
    const interrupt = this.#activity.lastReported === 'busy';
    // Without one, a restart that was overtaken may still be at it.
    if (run) this.#stopping = run.stop({ wait, restart, interrupt });
    return await this.#stopping;
  }

  #launch(intent: AbortSignal, freshConnection: boolean): Promise<void> {
    const launch = async () => {
      const { spec, limits, memory, readAhead, log } = this.#setup;
      // Found out while the ports are. A failure waits for them: then nothing of them is left behind.
      const command = this.#setup.command();
      command.catch(() => {});
      const known = freshConnection ? undefined : this.#connection;
      const connection = known ?? (await this.#newConnection());
      this.#activity.forgetRunning();
      const run = await KernelRun.start({
        command: await command,
        connection,
        interruptMode: spec.interruptMode,
        session: this.#session,
        startTimeout: limits.startTimeout,
        memory,
        isBusy: () => this.#activity.lastReported === 'busy',
        readAhead,
        log,
        onMessage: (from, channel, message, header) => this.#receive(from, channel, message, header),
        holdReading: (over) => this.#hooks.holdReading(over),
        onReconnected: (from) => this.#reconnected(from),
        onCaughtUp: (from) => this.#caughtUp(from),
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

  /** Other ports and another key, in the connection file. */
  async #newConnection(): Promise<ConnectionInfo> {
    const { connectionFile, newConnection, onFile } = this.#setup;
    if (this.#connection) releaseConnection(this.#connection);
    this.#connection = undefined;
    const connection = (this.#connection = await newConnection());
    onFile();
    await writeConnectionFile(connectionFile, connection);
    return connection;
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
        const hasEnded = await run.stop({ wait: shutdownWait, restart: false, interrupt: false });
        const end = hasEnded ? await run.ended : undefined;
        if (!isCurrent()) return;
        if (end) await this.#died(run, { ...end, reason: messageOf(error) });
        else this.#die(`${messageOf(error)} Its process ${run.pid} goes on and cannot be ended from here.`);
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
    this.#setup.log.info(`Kernel ready: ${this.#name}`);
  }

  /** A run ended unasked: start another one, or give up. */
  async #died(run: KernelRun, { reason, portClash, exit }: RunEnd): Promise<void> {
    const { limits, log } = this.#setup;
    this.#run = undefined;
    this.#open.clear();
    const lasted = Date.now() - run.startedAt;
    const wasStable = lasted >= limits.stableAfter;
    this.#deaths = (wasStable ? 0 : this.#deaths) + 1;
    const said = exit.stderr.length === 0 ? '' : ['', ...exit.stderr].join('\n  | ');
    log.warn(`Kernel ${this.#name} ended unasked: ${reason}${said}`);
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
      this.#hooks.onEnd('restarting');
    } else if (this.state === 'restarting') {
      this.#hooks.onEnd('restarting');
    }
    const intent = this.#intent.signal;
    const delays = limits.restartDelays;
    try {
      await sleep(delays[Math.min(this.#deaths, delays.length) - 1] ?? 0, undefined, { signal: intent });
      // A young kernel may have died of its ports.
      await this.#launch(intent, !wasStable);
    } catch (error) {
      if (!intent.aborted) this.#die(messageOf(error));
    }
  }

  /**
   * In one step: whoever decides anew meanwhile, a restart, would find it half dead.
   *
   * @param reason  undefined: it was ended on purpose
   */
  #die(reason: string | undefined): void {
    this.#run = undefined;
    this.#reason = reason;
    if (reason === undefined) this.#exit = undefined;
    this.#pending.take();
    if (this.#connection) releaseConnection(this.#connection);
    this.#connection = undefined;
    removeRuntimeFile(this.#setup.connectionFile);
    this.#setup.onProcess(undefined);
    this.#ready.reject(new HttpError(500, reason ?? 'The kernel was shut down.'));
    this.#setState('dead');
    this.#hooks.onEnd('dead');
    if (reason !== undefined) this.#setup.log.error(`Kernel dead: ${this.#name}. ${reason}`);
  }

  #receive(run: KernelRun, channel: KernelChannel, message: WireMessage, header: MessageHeader): void {
    if (channel === 'iopub') {
      const before = this.state;
      this.#activity.observe(header, message, this.#run === run && run.isReady);
      if (this.state !== before) this.#hooks.onState();
    }
    this.#open.heard(channel, message, header);
    this.#hooks.onMessage(channel, message, header);
  }

  /** What it said and was told meanwhile is gone: people are told. */
  #reconnected(run: KernelRun): void {
    if (this.#run !== run) return;
    this.#runningAtLoss = this.#activity.running;
    const notice = this.#open.reconnected(this.#runningAtLoss);
    if (notice) this.#hooks.onMessage(...notice);
  }

  /** Whatever ran at the loss is done, also where its end was lost. */
  #caughtUp(run: KernelRun): void {
    if (this.#run !== run) return;
    for (const message of this.#open.settled()) this.#hooks.onMessage(...message);
    const running = this.#runningAtLoss;
    this.#runningAtLoss = undefined;
    if (running && running === this.#activity.running) this.#receive(run, ...this.#open.idle(running));
  }

  #setState(state: KernelState): void {
    this.#activity.set(state);
    this.#hooks.onState();
  }

  /** In log lines. */
  get #name(): string {
    return `${this.#setup.id} (${this.#setup.spec.name})`;
  }
}
