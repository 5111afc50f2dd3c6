/** One client of a kernel's channels: a queue, and a websocket with its framing unless the client is away. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { ClientQueue } from './client-queue.js';
import type { QueueBounds } from './client-queue.js';
import type { Framing, OutgoingMessage } from './outgoing-message.js';

/** Bytes that are handed to the socket ahead; more stays in our queue, where it is counted and can be left out. */
const socketAhead = 1024 * 1024;
/** What a websocket frame adds at most to its payload. */
const frameOverhead = 16;
/** Messages or bytes after which the queue is written, even if more is at hand. */
const batchMessages = 256;
const batchBytes = 1024 * 1024;

export class SocketClient {
  readonly sessionId: string;
  readonly #queue: ClientQueue;
  #socket: { ws: WebSocket; framing: Framing } | undefined;
  #flushPlanned = false;
  #waitingForSocket = false;

  constructor(sessionId: string, bounds: QueueBounds) {
    this.sessionId = sessionId;
    this.#queue = new ClientQueue(bounds);
  }

  get ws(): WebSocket | undefined {
    return this.#socket?.ws;
  }

  /** messages that wait */
  get waiting(): number {
    return this.#queue.count;
  }

  /** Writes to this websocket from now on, first what waits. */
  attach(ws: WebSocket, framing: Framing): void {
    this.#socket = { ws, framing };
    this.#waitingForSocket = false;
    this.#planFlush();
  }

  /** Takes what waits for another one, which is not used any more. */
  prepend(other: SocketClient): void {
    for (let message = other.#queue.shift(); message; message = other.#queue.shift()) {
      if (!this.#queue.push(message)) return;
    }
  }

  /** False: the client is too far behind and is to be given up. */
  send(message: OutgoingMessage): boolean {
    if (!this.#queue.push(message)) return false;
    if (this.#socket && !this.#waitingForSocket) {
      if (this.#queue.count >= batchMessages || this.#queue.length >= batchBytes) this.#flush();
      else this.#planFlush();
    }
    return true;
  }

  /**
   * Writes at the end of this turn of the event loop. Messages that arrive together are read in microtasks of one turn,
   * and next ticks run when those are done: one write for all of them, and no delay for a single one.
   */
  #planFlush(): void {
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    process.nextTick(() => {
      this.#flushPlanned = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (!this.#socket || this.#waitingForSocket) return;
    const { ws, framing } = this.#socket;
    if (ws.readyState !== ws.OPEN || this.#queue.isEmpty) return;
    // One write for many frames is about eight times cheaper than one each.
    const raw = rawSocket(ws);
    raw?.cork();
    while (ws.bufferedAmount < socketAhead) {
      const message = this.#queue.shift();
      if (!message) break;
      this.#write(ws, framing, message);
    }
    raw?.uncork();
  }

  #write(ws: WebSocket, framing: Framing, message: OutgoingMessage): void {
    const { binary, pieces } = message.encoded(framing);
    pieces.forEach((piece, i) => {
      const fin = i === pieces.length - 1;
      const isFull = fin && ws.bufferedAmount + piece.length + frameOverhead >= socketAhead;
      if (!isFull) {
        ws.send(piece, { binary, fin });
        return;
      }
      // The socket has enough; when this one has gone out, the next ones are written.
      this.#waitingForSocket = true;
      ws.send(piece, { binary, fin }, () => {
        if (this.#socket?.ws !== ws) return;
        this.#waitingForSocket = false;
        this.#flush();
      });
    });
  }
}

/** The socket below a websocket; `ws` keeps it in a private field, and without it frames are merely written one by one. */
function rawSocket(ws: WebSocket): Socket | undefined {
  return (ws as unknown as { _socket?: Socket })._socket;
}
