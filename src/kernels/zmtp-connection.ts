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
  /** By which a ROUTER is to know us, asked for each connection; a SUB has none. */
  routingId?(): string;
  /** ms that a peer may take to introduce itself; default 5000 */
  openTimeout?: number;
  onMessage(message: ZmtpMessage): void;
  /** The peer and we have introduced ourselves: what is sent from now on reaches it. */
  onOpen?(): void;
  /** An open connection is no more, and what was under way is lost. It is made again. */
  onLost?(): void;
  /** Something was read: so many bytes of a message are there that is not at its end. */
  onProgress?(underWay: number): void;
  /** The peer breaks the protocol: the connection is closed, and another one tried. Or it sent more than can be taken. */
  onError(error: unknown): void;
}

/**
 * ms between two tries; a kernel that is starting refuses connections. Each ms is felt at its start, but the longer it takes
 * the less, and many kernels at once must not keep the server busy.
 */
const shortestPause = 10;
const longestPause = 1000;
/** The pause as a share of the time that there was no connection: up to 100 ms, and when it goes on for long. */
const pauseShare = 1 / 20;
const pauseAtFirst = 100;
const laterShare = 1 / 100;
/** ms that a connection has to stand so that the next one is tried as soon as the first. */
const stableAfter = 1000;

export class ZmtpConnection {
  readonly #options: ZmtpOptions;
  #socket: Socket | undefined;
  #isOpen = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  /** what was sent while there was no connection, and its bytes */
  #waiting: (readonly Uint8Array[])[] = [];
  #waitingLength = 0;
  /** since when there should be a connection, and since when there is, by `performance.now()` */
  #wantedSince = 0;
  #openSince = 0;

  constructor(options: ZmtpOptions) {
    this.#options = options;
  }

  /** Begins to connect; it does so once. */
  connect(): void {
    if (this.#socket || this.#closed) return;
    this.#wantedSince = performance.now();
    this.#connect();
  }

  /** Both sides have introduced themselves. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Bytes that were sent and that the system has not taken yet. */
  get unsent(): number {
    return this.#waitingLength + (this.#isOpen ? (this.#socket?.writableLength ?? 0) : 0);
  }

  /** Messages go out in the order of the calls. What is sent while there is no connection waits for the next one. */
  send(frames: readonly Uint8Array[]): void {
    if (this.#closed) return;
    if (this.#socket && this.#isOpen) {
      write(this.#socket, frames);
    } else {
      this.#waiting.push(frames);
      this.#waitingLength += zmtpLength(frames);
    }
  }

  /** Makes a new connection, for which the routing id is asked anew; what is under way on the old one is lost. */
  reconnect(): void {
    if (this.#socket) this.#end(this.#socket);
  }

  /**
   * Nothing more is read: then the system's buffers fill, and the peer has to wait. A connection that is made anew is read
   * again.
   */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** What is not sent yet is thrown away. */
  close(): void {
    this.#closed = true;
    this.#isOpen = false;
    this.#waiting = [];
    this.#waitingLength = 0;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  #connect(): void {
    const { type, address, openTimeout = 5000, onMessage, onProgress, onError } = this.#options;
    const routingId = this.#options.routingId?.() ?? '';
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
      onSkipped: onError,
    });
    // What is read after the end is of no use to anybody.
    const isOver = () => this.#closed || this.#socket !== socket || socket.destroyed;
    const fail = (error: unknown) => {
      if (isOver()) return;
      this.#end(socket);
      onError(error);
    };
    const socket = connect({
      ...address,
      noDelay: true,
      onread: {
        // Node calls this where nobody catches, and the first time before there is a socket.
        buffer: () => {
          try {
            return reader.nextBuffer();
          } catch (error) {
            process.nextTick(() => fail(error));
            return Buffer.alloc(1);
          }
        },
        callback: (length) => {
          try {
            if (!isOver()) reader.received(length);
            if (!isOver()) onProgress?.(reader.underWay);
          } catch (error) {
            fail(error);
          }
          return true;
        },
      },
    });
    this.#socket = socket;
    // Something that takes connections and is silent: another program, or a kernel that does not get to run.
    this.#timer = setTimeout(() => this.#end(socket), openTimeout);
    socket.once('connect', () => {
      // TCP connects a port to itself when nobody listens and it happens to be chosen for our end, too.
      const isOurself = socket.localPort !== undefined && socket.localPort === socket.remotePort;
      if (isOurself && socket.localAddress === socket.remoteAddress) this.#end(socket);
      else socket.write(zmtpOpening);
    });
    // Every error is followed by `close`; that nobody listens yet is no news.
    socket.on('error', () => {});
    socket.once('end', () => this.#end(socket));
    socket.once('close', () => {
      this.#end(socket);
      onProgress?.(0);
      if (this.#closed) return;
      const waited = performance.now() - this.#wantedSince;
      this.#timer = setTimeout(() => this.#connect(), pauseAfter(waited));
    });
  }

  #open(socket: Socket): void {
    if (this.#isOpen) return;
    clearTimeout(this.#timer);
    this.#isOpen = true;
    this.#openSince = performance.now();
    if (this.#options.type === 'SUB') write(socket, subscribeToAll);
    this.#waitingLength = 0;
    for (const frames of this.#waiting.splice(0)) write(socket, frames);
    this.#options.onOpen?.();
  }

  /** From now on nothing reaches the peer on this socket. */
  #end(socket: Socket): void {
    clearTimeout(this.#timer);
    socket.destroy();
    if (!this.#isOpen || this.#socket !== socket) return;
    this.#isOpen = false;
    const now = performance.now();
    if (now - this.#openSince >= stableAfter) this.#wantedSince = now;
    this.#options.onLost?.();
  }
}

/** @param waited  ms */
function pauseAfter(waited: number): number {
  const wanted = Math.max(shortestPause, Math.min(pauseAtFirst, waited * pauseShare), waited * laterShare);
  return Math.min(longestPause, wanted);
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
