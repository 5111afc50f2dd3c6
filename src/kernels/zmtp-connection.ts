/**
 * One ZeroMQ socket of ours, SUB or DEALER, connected to one socket of a kernel. It connects as soon as the kernel listens,
 * and again when the connection is lost.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import {
  readCommand,
  readGreeting,
  subscribeToAll,
  zmtpFrameHeader,
  zmtpLength,
  zmtpOpening,
} from '../protocol/zmtp.js';
import type { ZmtpSocketType } from '../protocol/zmtp.js';
import type { SocketAddress } from './connection-file.js';
import { copyBelow } from './frame-blocks.js';
import { ZmtpReader } from './zmtp-reader.js';
import type { ZmtpMessage } from './zmtp-reader.js';

export interface ZmtpOptions {
  type: ZmtpSocketType;
  address: SocketAddress;
  /** by which a ROUTER is to know us; a SUB has none */
  routingId?: string;
  onMessage(message: ZmtpMessage): void;
  /** The peer and we have introduced ourselves: what is sent from now on reaches it. */
  onOpen?(): void;
  /** The peer breaks the protocol. The connection is closed, and another one tried. */
  onError(error: unknown): void;
}

/**
 * ms between two tries; a kernel that is starting refuses connections. Each ms is felt at its start, but the longer it takes
 * the less, and many kernels at once must not keep the server busy.
 */
const shortestPause = 10;
const longestPause = 100;
/** The pause as a share of the time that there was no connection. */
const pauseShare = 1 / 20;

export class ZmtpConnection {
  readonly #options: ZmtpOptions;
  #socket: Socket | undefined;
  /** since when there is none, by `performance.now()` */
  #lostAt = 0;
  #isOpen = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  /** what was sent while there was no connection */
  #waiting: (readonly Uint8Array[])[] = [];

  constructor(options: ZmtpOptions) {
    this.#options = options;
  }

  /** Begins to connect; it does so once. */
  connect(): void {
    if (this.#socket || this.#closed) return;
    this.#lostAt = performance.now();
    this.#connect();
  }

  /** Both sides have introduced themselves. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Messages go out in the order of the calls. What is sent while there is no connection waits for the next one. */
  send(frames: readonly Uint8Array[]): void {
    if (this.#closed) return;
    if (this.#socket && this.#isOpen) write(this.#socket, frames);
    else this.#waiting.push(frames);
  }

  /** What is not sent yet is thrown away. */
  close(): void {
    this.#closed = true;
    this.#isOpen = false;
    this.#waiting = [];
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  #connect(): void {
    const { type, address, routingId = '', onMessage } = this.#options;
    const reader = new ZmtpReader({
      onGreeting: (bytes) => {
        const greeting = readGreeting(bytes, type, routingId);
        if (!greeting) return undefined;
        socket.write(greeting.answer);
        if (greeting.isReady) this.#open(socket);
        return greeting.length;
      },
      onCommand: (body) => {
        const answer = readCommand(body, type);
        if (answer === 'ready') this.#open(socket);
        else if (answer) socket.write(answer);
      },
      onMessage,
    });
    const socket = connect({
      ...address,
      noDelay: true,
      onread: {
        buffer: () => reader.nextBuffer(),
        callback: (length) => {
          // What is read after the end is of no use to anybody.
          if (!this.#closed) this.#read(socket, () => reader.received(length));
          return true;
        },
      },
    });
    this.#socket = socket;
    socket.once('connect', () => socket.write(zmtpOpening));
    // Every error is followed by `close`; that nobody listens yet is no news.
    socket.on('error', () => {});
    socket.once('close', () => {
      const now = performance.now();
      if (this.#isOpen) this.#lostAt = now;
      this.#isOpen = false;
      if (this.#closed) return;
      const pause = Math.max(shortestPause, Math.min(longestPause, (now - this.#lostAt) * pauseShare));
      this.#timer = setTimeout(() => this.#connect(), pause);
    });
  }

  #read(socket: Socket, work: () => void): void {
    try {
      work();
    } catch (error) {
      socket.destroy();
      this.#options.onError(error);
    }
  }

  #open(socket: Socket): void {
    this.#isOpen = true;
    if (this.#options.type === 'SUB') write(socket, subscribeToAll);
    for (const frames of this.#waiting.splice(0)) write(socket, frames);
    this.#options.onOpen?.();
  }
}

/** Small messages go out in one piece; big parts are not copied. */
function write(socket: Socket, frames: readonly Uint8Array[]): void {
  const parts = frames.flatMap((frame, i) => [zmtpFrameHeader(frame.length, i === frames.length - 1), frame]);
  if (zmtpLength(frames) < copyBelow) {
    socket.write(Buffer.concat(parts));
    return;
  }
  socket.cork();
  for (const part of parts) socket.write(part);
  socket.uncork();
}
