/** The ZeroMQ sockets of one kernel, shared by everyone who talks to it. */
import { randomUUID } from 'node:crypto';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import { WireSignature } from '../wire-signature.js';
import { socketAddress } from './connection-file.js';
import type { ConnectionInfo } from './connection-file.js';
import { ReadAhead } from './read-ahead.js';
import type { ReadAheadBudget } from './read-ahead.js';
import { ZmtpConnection } from './zmtp-connection.js';
import { framesOf } from './zmtp-reader.js';
import type { ZmtpMessage } from './zmtp-reader.js';

export interface ChannelHandlers {
  onMessage(channel: KernelChannel, message: WireMessage): void;
  /** Something that is no message, has a wrong signature or was played back; it is dropped. */
  onRefused(channel: KernelChannel, error: unknown): void;
  /**
   * While it gives a promise, messages of iopub are not passed on: they wait, within the bound of what may be read ahead.
   *
   * @param over  aborted when nothing waits for the promise any more
   */
  holdReading(over: AbortSignal): Promise<void> | undefined;
  /** Connections to the kernel were lost and are there again; what was under way on them is gone. */
  onReconnected(): void;
}

type RequestChannel = Exclude<KernelChannel, 'iopub'>;

/** ms that messages of one kernel are passed on in one turn of the event loop: then others get theirs, and more is read. */
const longestTurn = 4;
/**
 * Bytes that may wait because they come faster than they can be passed on. Beyond them nothing is read until half of them is
 * left: then the system's buffers fill, and the kernel has to wait. Kernels that do not wait count messages and drop what is
 * too many, so that large ones are as safe with the kernel.
 */
const mostBehind = { small: 64 * 1024 * 1024, large: 16 * 1024 * 1024 };
const large = 32 * 1024;

export class KernelChannels {
  readonly #signature: WireSignature;
  readonly #handlers: ChannelHandlers;
  /** of iopub */
  readonly #readAhead: ReadAhead;
  readonly #sockets: Record<KernelChannel, ZmtpConnection>;
  #closed = false;
  /** nobody has room */
  #held: Promise<void> | undefined;
  /** aborted, and made anew, when nothing is to be held any more */
  #patience = new AbortController();
  /** whose room nobody asks for: what waits now, or all that ever comes */
  #hurried: 'none' | 'waiting' | 'all' = 'none';
  #turnPlanned = false;
  /** iopub is not read for now */
  #isPaused = false;
  /** of what waits, messages of stdin */
  readonly #questions = new Set<ZmtpMessage>();
  /** when something came, by `performance.now()` */
  #lastMessage = performance.now();
  #onConnected: (() => void) | undefined;
  /** A kernel asks for input at the identity that sent the request on shell. */
  #asker = randomUUID();
  #renews = false;
  /** an open connection was lost, and not all are there again */
  #isBroken = false;
  /** bytes of the messages that are not at their end */
  readonly #underWay: Partial<Record<KernelChannel, number>> = {};

  /** Connects at once; a kernel that does not listen yet is reached as soon as it does. */
  constructor(connection: ConnectionInfo, budget: ReadAheadBudget, handlers: ChannelHandlers) {
    this.#readAhead = new ReadAhead(budget);
    this.#signature = new WireSignature(connection.key, connection.signature_scheme);
    this.#handlers = handlers;
    const open = (channel: KernelChannel, routingId?: () => string) =>
      new ZmtpConnection({
        type: channel === 'iopub' ? 'SUB' : 'DEALER',
        address: socketAddress(connection, channel),
        ...(routingId && { routingId }),
        onMessage: (message) => this.#read(channel, message),
        onOpen: () => this.#opened(channel),
        onLost: () => this.#wasLost(channel),
        onProgress: (bytes) => this.#progressed(channel, bytes),
        onError: (error) => this.#handlers.onRefused(channel, error),
      });
    this.#sockets = {
      shell: open('shell', () => this.#asker),
      stdin: open('stdin', () => this.#asker),
      control: open('control', randomUUID),
      iopub: open('iopub'),
    };
    // The others follow when a kernel listens on the first one: until then each would only be refused.
    this.#sockets.shell.connect();
  }

  /**
   * Whether all sockets reach the kernel. Requests wait for the connection, but a kernel that asks for input before we are
   * connected asks nobody: its socket drops what it cannot route.
   */
  get isConnected(): boolean {
    return Object.values(this.#sockets).every(({ isOpen }) => isOpen);
  }

  /** Calls once when all sockets reach the kernel, in this moment or later. */
  onceConnected(listener: () => void): void {
    this.#onConnected = listener;
    this.#tellConnected();
  }

  /** Signs and sends; messages of a channel go out in the order of the calls. */
  send(channel: RequestChannel, message: WireMessage): void {
    if (!this.#closed) this.#sockets[channel].send(this.#signature.encode(message));
  }

  /** Bytes for a channel that the kernel has not taken. */
  unsent(channel: RequestChannel): number {
    return this.#sockets[channel].unsent;
  }

  /**
   * Resolves when everything is in that an ended kernel had sent: its sockets are at their end, or, where something that it
   * started keeps them open, nothing came for `quiet` ms; at the latest after `longest` ms.
   */
  async drained(quiet: number, longest: number): Promise<void> {
    const start = performance.now();
    this.#lastMessage = start;
    const isAtEnd = () => !Object.values(this.#sockets).some(({ isOpen }) => isOpen);
    const isQuiet = () => performance.now() - this.#lastMessage >= quiet;
    while (performance.now() - start < longest) {
      if (this.#readAhead.isEmpty) {
        if (isAtEnd()) break;
        // This process may have been busy all the time: only after a look at the sockets is it known that nothing came.
        if (isQuiet()) await setImmediate();
        if (isQuiet() && this.#readAhead.isEmpty) break;
      }
      await sleep(Math.min(quiet / 4, 10));
    }
    while (this.#passOn());
  }

  /**
   * Passes on without regard to who has room: what waits now, after an interrupt, because it is old; or all that ever comes,
   * when the kernel is to end, because whoever waits for the end is not to wait for the slowest client.
   */
  hurry(what: 'waiting' | 'all'): void {
    if (what === 'all') this.#hurried = what;
    else if (this.#hurried === 'none' && !this.#readAhead.isEmpty) this.#hurried = what;
    this.#patience.abort();
    this.#patience = new AbortController();
    this.#held = undefined;
    this.#planTurn();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#patience.abort();
    this.#onConnected = undefined;
    for (const socket of Object.values(this.#sockets)) socket.close();
    this.#readAhead.close();
    this.#questions.clear();
  }

  #opened(channel: KernelChannel): void {
    if (channel === 'shell') for (const socket of Object.values(this.#sockets)) socket.connect();
    this.#tellConnected();
  }

  #tellConnected(): void {
    if (!this.isConnected) return;
    const listener = this.#onConnected;
    this.#onConnected = undefined;
    listener?.();
    if (!this.#isBroken) return;
    this.#isBroken = false;
    this.#handlers.onReconnected();
  }

  /**
   * The new connections have another identity: a ROUTER takes no second peer of the same one while it has something to read
   * of the first, and nearly all kernels are told so by libzmq's default.
   */
  #wasLost(channel: KernelChannel): void {
    if (this.#closed) return;
    this.#isBroken = true;
    // The next connection is read from its beginning.
    if (channel === 'iopub') this.#isPaused = false;
    if (this.#renews || (channel !== 'shell' && channel !== 'stdin')) return;
    this.#renews = true;
    this.#asker = randomUUID();
    this.#sockets[channel === 'shell' ? 'stdin' : 'shell'].reconnect();
    this.#renews = false;
  }

  #progressed(channel: KernelChannel, bytes: number): void {
    if (this.#closed) return;
    // Not only whole messages show that there is more to come.
    this.#lastMessage = performance.now();
    if ((this.#underWay[channel] ?? 0) === bytes) return;
    this.#underWay[channel] = bytes;
    this.#readAhead.underWay = Object.values(this.#underWay).reduce((sum, each) => sum + each, 0);
    this.#planTurn();
  }

  /**
   * Messages of iopub are only taken in here, so that the socket is empty again as soon as can be: they are passed on when
   * everything has been read, in the same turn of the event loop.
   */
  #read(channel: KernelChannel, message: ZmtpMessage): void {
    if (this.#closed) return;
    // A question is to come after the text that was printed before it.
    if (channel === 'stdin' && !this.#readAhead.isEmpty) {
      this.#questions.add(message);
    } else if (channel !== 'iopub') {
      this.#deliver(channel, message);
      return;
    }
    this.#readAhead.push(message);
    this.#planTurn();
  }

  /** Nobody is waited for when too much waits. */
  get #isHeld(): boolean {
    return this.#held !== undefined && !this.#readAhead.isTooMuch;
  }

  #planTurn(): void {
    this.#pace();
    if (!this.#isHeld && !this.#turnPlanned && !this.#readAhead.isEmpty) void this.#takeTurn();
  }

  /**
   * While clients are waited for, all is read that may wait; else no more than can be passed on soon, but the last words of a
   * kernel that is being ended: it does not wait long to be rid of them.
   */
  #pace(): void {
    const { length, count, isTooMuch } = this.#readAhead;
    const most = length >= count * large ? mostBehind.large : mostBehind.small;
    const readsAll = this.#held !== undefined || this.#hurried === 'all';
    const isFull = isTooMuch || (!readsAll && length > (this.#isPaused ? most / 2 : most));
    if (isFull === this.#isPaused) return;
    this.#isPaused = isFull;
    if (isFull) this.#sockets.iopub.pause();
    else this.#sockets.iopub.resume();
  }

  /** Listeners gather what one turn passes on, and write once. */
  async #takeTurn(): Promise<void> {
    this.#turnPlanned = true;
    await setImmediate();
    this.#turnPlanned = false;
    const start = performance.now();
    while (!this.#isHeld && this.#passOnNext()) if (performance.now() - start > longestTurn) break;
    if (this.#hurried === 'waiting' && this.#readAhead.isEmpty) this.#hurried = 'none';
    this.#planTurn();
  }

  async #hold(held: Promise<void>): Promise<void> {
    this.#held = held;
    await held;
    // After a hurry it may be another one that counts.
    if (this.#held !== held) return;
    this.#held = undefined;
    this.#lastMessage = performance.now();
    this.#planTurn();
  }

  /** Passes on one message, and asks whether others have to wait; false: there is none. */
  #passOnNext(): boolean {
    if (!this.#passOn()) return false;
    // Who cannot keep up is not waited for any more when too much waits.
    if (this.#hurried !== 'none' || this.#held || this.#readAhead.isTooMuch) return true;
    const held = this.#handlers.holdReading(this.#patience.signal);
    if (held) void this.#hold(held);
    return true;
  }

  /** Passes on the message that waits longest; false: none does. */
  #passOn(): boolean {
    const message = this.#readAhead.shift();
    if (!message) return false;
    this.#deliver(this.#questions.delete(message) ? 'stdin' : 'iopub', message);
    return true;
  }

  #deliver(channel: KernelChannel, message: ZmtpMessage): void {
    try {
      this.#handlers.onMessage(channel, this.#signature.decode(framesOf(message)));
    } catch (error) {
      this.#handlers.onRefused(channel, error);
    }
  }
}
