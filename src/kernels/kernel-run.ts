/** One run of a kernel: a process and the sockets to it, from the launch to the exit. */
import { messageOf } from '../message-of.js';
import { parseHeader } from '../protocol/kernel-messages.js';
import type { KernelInfoContent, MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import type { KernelExit } from '../protocol/rest-models.js';
import type { Log } from '../log.js';
import { KernelChannels } from './channels.js';
import type { ConnectionInfo } from './connection-file.js';
import { exitModel, exitReason, isPortClash, silenceReason } from './exit-reason.js';
import { Handshake } from './handshake.js';
import { MemoryWatch } from './memory-watch.js';
import type { MemorySources } from './memory-watch.js';
import { makeMessage } from './message-factory.js';
import { KernelProcess } from './process.js';
import type { Command } from './process.js';
import type { ReadAheadBudget } from './read-ahead.js';

export interface RunSetup {
  command: Command;
  connection: ConnectionInfo;
  interruptMode: 'signal' | 'message';
  /** id under which the server sends */
  session: string;
  /** ms until a kernel that does not answer counts as failed */
  startTimeout: number;
  /** where the system says what it does with memory */
  memory?: MemorySources;
  /** whether the kernel runs a cell */
  isBusy(): boolean;
  /** what may wait of all kernels */
  readAhead: ReadAheadBudget;
  log: Log;
  /** While it gives a promise, messages of iopub wait. */
  holdReading(over: AbortSignal): Promise<void> | undefined;
  onMessage(run: KernelRun, channel: KernelChannel, message: WireMessage, header: MessageHeader): void;
  /** The connection to the kernel was lost, and is there again. */
  onReconnected(run: KernelRun): void;
  /** And the kernel has done whatever it was asked before. */
  onCaughtUp(run: KernelRun): void;
}

/** How a run ended. */
export interface RunEnd {
  /** a sentence */
  reason: string;
  /** a port of the kernel was in use: with other ports it may start */
  portClash: boolean;
  exit: KernelExit;
}

/** ms without a message after which an ended kernel has nothing more to say, and the longest wait for that. */
const quietAfterExit = 30;
const longestDrain = 10_000;
/** ms after an interrupt in which an end is its doing. */
const interruptEcho = 5000;
/** ms that the system may need to end a process after SIGKILL. */
const killWait = 5000;

export class KernelRun {
  readonly startedAt = Date.now();
  /** Resolves when the kernel can be used; rejects with a sentence when it ends or stays silent. */
  readonly ready: Promise<KernelInfoContent>;
  /** Resolves after the process ended, everything it had sent was delivered, and the sockets are closed. */
  readonly ended: Promise<RunEnd>;
  readonly #setup: RunSetup;
  readonly #process: KernelProcess;
  readonly #channels: KernelChannels;
  readonly #handshake: Handshake;
  #isReady = false;
  #refused = 0;
  #interruptedAt = -Infinity;
  /** msg_id of the request whose answer says that everything before it is done */
  #catchUp: string | undefined;

  /** @throws {Error} with a sentence when the command cannot be started */
  static async start(setup: RunSetup): Promise<KernelRun> {
    // The sockets connect while the kernel boots.
    const early: { run?: KernelRun } = {};
    const channels = new KernelChannels(setup.connection, setup.readAhead, {
      onMessage: (channel, message) => early.run?.receive(channel, message),
      onRefused: (channel, error) => early.run?.refuse(channel, error),
      holdReading: (over) => setup.holdReading(over),
      onReconnected: () => early.run?.reconnected(),
    });
    try {
      const process = await KernelProcess.launch(setup.command);
      return (early.run = new KernelRun(setup, process, channels));
    } catch (error) {
      channels.close();
      throw error;
    }
  }

  private constructor(setup: RunSetup, process: KernelProcess, channels: KernelChannels) {
    this.#setup = setup;
    this.#process = process;
    this.#channels = channels;
    let succeed: (info: KernelInfoContent) => void = () => {};
    let fail: (error: Error) => void = () => {};
    this.ready = new Promise((resolve, reject) => {
      succeed = resolve;
      fail = reject;
    });
    // Whoever waits gets the error; when nobody does, `ended` tells the same.
    this.ready.catch(() => {});
    const timer = setTimeout(
      () => fail(new Error(silenceReason(setup.startTimeout, process.output))),
      setup.startTimeout,
    );
    const memory = new MemoryWatch(process.pid, setup.isBusy, setup.memory);
    this.#handshake = new Handshake(
      setup.session,
      (message) => channels.send('shell', message),
      () => channels.isConnected,
      (info) => {
        clearTimeout(timer);
        this.#isReady = true;
        succeed(info);
      },
    );
    channels.onceConnected(() => this.#handshake.begin());
    this.ended = process.exited.then(async (end) => {
      clearTimeout(timer);
      this.#handshake.stop();
      const command = setup.command.argv[0] ?? '';
      const wasInterrupted = performance.now() - this.#interruptedAt < interruptEcho;
      const wasReady = this.#isReady;
      const facts = { ...end, wasInterrupted, wasReady, ...(await memory.conclude()) };
      fail(new Error(exitReason(facts, command)));
      channels.hurry('all');
      await process.endLeftovers();
      await channels.drained(quietAfterExit, longestDrain);
      channels.close();
      // Only now is it known: its last words may have been that the cell was done.
      const whole = { ...facts, wasBusy: setup.isBusy() };
      return {
        reason: exitReason(whole, command),
        portClash: isPortClash(facts),
        exit: exitModel(whole),
      };
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  send(channel: Exclude<KernelChannel, 'iopub'>, message: WireMessage): void {
    this.#channels.send(channel, message);
  }

  /** @returns false when the process may not be signalled */
  interrupt(): boolean {
    this.#channels.hurry('waiting');
    this.#interruptedAt = performance.now();
    if (this.#setup.interruptMode === 'signal') return this.#process.signal('SIGINT');
    this.send('control', makeMessage(this.#setup.session, 'interrupt_request').message);
    return true;
  }

  /**
   * Ends the process: asks it, then SIGTERM, then SIGKILL to its group.
   *
   * @param options.wait       ms: half for the request, half for SIGTERM
   * @param options.restart    what the kernel and its clients are told
   * @param options.interrupt  stop the running cell first, so that a busy kernel hears the request
   * @returns false when the process goes on all the same; nothing is heard of it any more
   */
  async stop(options: { wait: number; restart: boolean; interrupt: boolean }): Promise<boolean> {
    const { wait, restart, interrupt } = options;
    this.#handshake.stop();
    this.#channels.hurry('all');
    // A kernel that does not listen yet would hear the request only after its start.
    if (this.#isReady) {
      if (interrupt) this.interrupt();
      this.send(
        'control',
        makeMessage(this.#setup.session, 'shutdown_request', { content: { restart } }).message,
      );
      if (await this.#endsWithin(wait / 2)) return true;
    }
    this.#process.signal('SIGTERM');
    if (await this.#endsWithin(wait / 2)) return true;
    const mayBeKilled = this.#process.signal('SIGKILL');
    if (await this.#endsWithin(killWait)) return true;
    const why = mayBeKilled
      ? 'does not end, not even by SIGKILL.'
      : 'may not be signalled, because it runs as another user, and goes on. End it yourself.';
    this.#setup.log.error(`The kernel process ${this.pid} ${why}`);
    this.#channels.close();
    return false;
  }

  receive(channel: KernelChannel, message: WireMessage): void {
    const header = parseHeader(message.header);
    if (!header) {
      this.refuse(channel, new Error('a message whose header has no msg_id or msg_type'));
    } else if (!this.#handshake.take(channel, message, header)) {
      if (this.#isCaughtUp(message, header)) {
        this.#catchUp = undefined;
        this.#setup.onCaughtUp(this);
      }
      this.#setup.onMessage(this, channel, message, header);
    }
  }

  /** Connections were lost and are there again. A kernel that starts is asked again in any case. */
  reconnected(): void {
    if (!this.#isReady) return;
    this.#setup.log.warn(`The connection to kernel process ${this.pid} was lost, and is there again.`);
    const { message, header } = makeMessage(this.#setup.session, 'kernel_info_request');
    this.#catchUp = header.msg_id;
    this.#setup.onReconnected(this);
    this.send('shell', message);
  }

  #isCaughtUp({ parentHeader }: WireMessage, { msg_type }: MessageHeader): boolean {
    if (this.#catchUp === undefined || msg_type !== 'kernel_info_reply') return false;
    return parseHeader(parentHeader)?.msg_id === this.#catchUp;
  }

  /** Bytes for a channel that the kernel has not taken. */
  unsent(channel: Exclude<KernelChannel, 'iopub'>): number {
    return this.#channels.unsent(channel);
  }

  /** Logs the 1st, 10th, 100th … message that was refused: a broken kernel must not fill the disk. */
  refuse(channel: KernelChannel, error: unknown): void {
    this.#refused += 1;
    if (!Number.isInteger(Math.log10(this.#refused))) return;
    const why = messageOf(error);
    this.#setup.log.warn(
      `Refused ${this.#refused} message(s) on ${channel} of kernel process ${this.pid}: ${why}.`,
    );
  }

  /** Whether the process ends within this time; what it had to say has arrived then, however long that takes. */
  async #endsWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), ms);
    });
    const exited = await Promise.race([this.#process.exited.then(() => true), timeout]);
    clearTimeout(timer);
    if (exited) await this.ended;
    return exited;
  }
}
