/** The ZeroMQ sockets of one kernel, shared by everyone who talks to it. */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
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
  /** While it gives a promise, messages of iopub are not passed on: they wait, within the bound of what may be read ahead. */
  holdReading(): Promise<void> | undefined;
}

type RequestChannel = Exclude<KernelChannel, 'iopub'>;

/** ms that messages of one kernel are passed on in one turn of the event loop: then others get theirs, and more is read. */
const longestTurn = 4;
/**
 * Bytes that may wait because they come faster than they can be passed on. Beyond them nothing more is read before some
 * of it is: then the system's buffers fill, and the kernel has to wait.
 */
const mostBehind = 64 * 1024 * 1024;

export class KernelChannels {
  readonly #signature: WireSignature;
  readonly #handlers: ChannelHandlers;
  /** of iopub */
  readonly #readAhead: ReadAhead;
  readonly #sockets: Record<KernelChannel, ZmtpConnection>;
  #closed = false;
  /** nobody has room */
  #held = false;
  #turnPlanned = false;
  /** when the last message came, by `performance.now()` */
  #lastMessage = performance.now();
  #onConnected: (() => void) | undefined;

  /** Connects at once; a kernel that does not listen yet is reached as soon as it does. */
  constructor(connection: ConnectionInfo, budget: ReadAheadBudget, handlers: ChannelHandlers) {
    this.#readAhead = new ReadAhead(budget);
    this.#signature = new WireSignature(connection.key, connection.signature_scheme);
    this.#handlers = handlers;
    const open = (channel: KernelChannel, routingId?: string) =>
      new ZmtpConnection({
        type: channel === 'iopub' ? 'SUB' : 'DEALER',
        address: socketAddress(connection, channel),
        routingId,
        onMessage: (message) => this.#read(channel, message),
        onOpen: () => this.#opened(channel),
        onError: (error) => this.#handlers.onRefused(channel, error),
      });
    // A kernel asks for input at the identity that sent the request on shell.
    const asker = randomUUID();
    this.#sockets = {
      shell: open('shell', asker),
      stdin: open('stdin', asker),
      control: open('control', randomUUID()),
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

  /** Resolves when nothing came for `quiet` ms, at the latest after `longest` ms: what an ended kernel had sent is in. */
  async drained(quiet: number, longest: number): Promise<void> {
    const start = performance.now();
    this.#lastMessage = start;
    const isQuiet = () => this.#readAhead.isEmpty && performance.now() - this.#lastMessage >= quiet;
    while (!isQuiet() && performance.now() - start < longest) {
      await new Promise((resolve) => setTimeout(resolve, quiet / 2));
    }
    while (this.#passOn());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onConnected = undefined;
    for (const socket of Object.values(this.#sockets)) socket.close();
    this.#readAhead.close();
  }

  #opened(channel: KernelChannel): void {
    if (channel === 'shell') for (const socket of Object.values(this.#sockets)) socket.connect();
    this.#tellConnected();
  }

  #tellConnected(): void {
    const listener = this.#onConnected;
    if (!listener || !this.isConnected) return;
    this.#onConnected = undefined;
    listener();
  }

  /**
   * Messages of iopub are only taken in here, so that the socket is empty again as soon as can be: they are passed on when
   * everything has been read, in the same turn of the event loop.
   */
  #read(channel: KernelChannel, message: ZmtpMessage): void {
    if (this.#closed) return;
    this.#lastMessage = performance.now();
    if (channel !== 'iopub') {
      this.#deliver(channel, message);
      return;
    }
    this.#readAhead.push(message);
    // Too much waits: who cannot keep up is not waited for any more.
    while (this.#readAhead.isTooMuch || (!this.#held && this.#readAhead.length > mostBehind)) this.#passOn();
    if (!this.#held && !this.#turnPlanned) void this.#takeTurn();
  }

  /** Listeners gather what one turn passes on, and write once. */
  async #takeTurn(): Promise<void> {
    this.#turnPlanned = true;
    await setImmediate();
    this.#turnPlanned = false;
    const start = performance.now();
    while (!this.#held && this.#passOn()) {
      const held = this.#handlers.holdReading();
      if (held) void this.#hold(held);
      else if (performance.now() - start > longestTurn) break;
    }
    if (!this.#held && !this.#readAhead.isEmpty && !this.#turnPlanned) void this.#takeTurn();
  }

  async #hold(held: Promise<void>): Promise<void> {
    this.#held = true;
    await held;
    this.#held = false;
    this.#lastMessage = performance.now();
    if (!this.#readAhead.isEmpty && !this.#turnPlanned) void this.#takeTurn();
  }

  /** Passes on the message that waits longest; false: none does. */
  #passOn(): boolean {
    const message = this.#readAhead.shift();
    if (message) this.#deliver('iopub', message);
    return message !== undefined;
  }

  #deliver(channel: KernelChannel, message: ZmtpMessage): void {
    try {
      this.#handlers.onMessage(channel, this.#signature.decode(framesOf(message)));
    } catch (error) {
      this.#handlers.onRefused(channel, error);
    }
  }
}
