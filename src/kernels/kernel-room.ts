/**
 * The websockets of one kernel: iopub goes to all of them, replies and input requests to the one that asked, and when
 * the last one goes, what comes is kept for it until it or another one connects.
 */
import { randomUUID } from 'node:crypto';
import type { RawData, WebSocket } from 'ws';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import { parseHeader } from '../protocol/kernel-messages.js';
import type { MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import type { QueueBounds } from './client-queue.js';
import { decodeIncoming } from './incoming-message.js';
import type { Kernel } from './kernel.js';
import type { Subscription } from './listeners.js';
import { makeMessage } from './message-factory.js';
import { OutgoingMessage } from './outgoing-message.js';
import type { Framing } from './outgoing-message.js';
import { ReplyRoutes } from './reply-routes.js';
import { SocketClient } from './socket-client.js';

export interface RoomBounds {
  connected: QueueBounds;
  away: QueueBounds;
}

/** Close codes: 1013 "try again later" of RFC 6455's registry, 4000 and up are ours. */
const tooSlow = 1013;
const replaced = 4000;
const goingAway = 1001;

export class KernelRoom {
  readonly kernel: Kernel;
  readonly #bounds: RoomBounds;
  readonly #log: Log;
  /** by session id, in the order of their coming */
  readonly #clients = new Map<string, SocketClient>();
  /** the last client, after it went */
  #away: SocketClient | undefined;
  readonly #routes = new ReplyRoutes();
  readonly #messages: Subscription;

  constructor(kernel: Kernel, bounds: RoomBounds, log: Log) {
    this.kernel = kernel;
    this.#bounds = bounds;
    this.#log = log;
    this.#messages = kernel.onMessage((channel, message, header) => this.#deliver(channel, message, header));
  }

  join(ws: WebSocket, givenSessionId: string | undefined, framing: Framing): void {
    if (givenSessionId === undefined)
      this.#log.warn(`A websocket of kernel ${this.kernel.id} has no session_id.`);
    const sessionId = givenSessionId ?? randomUUID();
    const client = new SocketClient(sessionId, this.#bounds.connected);
    const stale = this.#clients.get(sessionId);
    this.#clients.delete(sessionId);
    this.#clients.set(sessionId, client);
    if (stale) {
      this.#log.info(`Replacing stale connection: ${this.kernel.id}:${sessionId}`);
      client.prepend(stale);
      stale.ws?.close(replaced, 'The same session connected again');
    }
    this.#takeOver(client);
    client.attach(ws, framing);
    this.#counted();

    ws.on('message', (data, isBinary) => this.#receive(client, data, isBinary, framing));
    ws.once('close', () => this.#left(client));
    // Every error is followed by `close`; that a client broke off is no news.
    ws.on('error', (error) => this.#log.debug(`Websocket of kernel ${this.kernel.id}: ${error.message}`));
    if (this.kernel.state === 'dead') this.#tell(client, 'dead');
  }

  /** The kernel was shut down: its clients are told, and closed. */
  kernelRemoved(): void {
    for (const client of this.#clients.values()) this.#tell(client, 'dead');
    // After the flush at the end of this turn.
    setImmediate(() => this.close('The kernel was shut down'));
  }

  close(why = 'The server is stopping'): void {
    this.#messages.close();
    this.#away = undefined;
    for (const { ws } of this.#clients.values()) ws?.close(goingAway, why);
    this.#clients.clear();
    this.#counted();
  }

  /** What was kept is for the session that went; somebody else ends the waiting for it. */
  #takeOver(client: SocketClient): void {
    const away = this.#away;
    this.#away = undefined;
    if (!away || away.waiting === 0) return;
    const name = `${this.kernel.id}:${away.sessionId}`;
    if (away.sessionId !== client.sessionId) {
      this.#log.info(`Discarding ${away.waiting} buffered messages for ${name}`);
      return;
    }
    this.#log.info(`Replaying ${away.waiting} buffered messages for ${name}`);
    client.prepend(away);
  }

  #left(client: SocketClient): void {
    if (this.#clients.get(client.sessionId) !== client) return;
    this.#clients.delete(client.sessionId);
    this.#counted();
    if (this.#clients.size > 0 || this.kernel.state === 'dead') return;
    this.#away = new SocketClient(client.sessionId, this.#bounds.away);
    this.#away.prepend(client);
  }

  #deliver(channel: KernelChannel, message: WireMessage, header: MessageHeader): void {
    if (this.#clients.size === 0 && !this.#away) return;
    if (channel !== 'iopub') {
      const session = this.#asker(channel, message);
      const client = session === undefined ? undefined : this.#client(session);
      if (client) this.#send(client, new OutgoingMessage(channel, message, header));
      return;
    }
    const outgoing = new OutgoingMessage(channel, message, header);
    for (const client of this.#clients.values()) this.#send(client, outgoing);
    if (this.#away) this.#send(this.#away, outgoing);
  }

  #client(sessionId: string): SocketClient | undefined {
    return this.#clients.get(sessionId) ?? (this.#away?.sessionId === sessionId ? this.#away : undefined);
  }

  /** The session whose request this answers. A client's messages mostly carry its session id, too. */
  #asker(channel: KernelChannel, message: WireMessage): string | undefined {
    const parent = parseHeader(message.parentHeader);
    if (!parent) return undefined;
    const session = this.#routes.find(parent.msg_id) ?? parent.session;
    if (channel !== 'stdin') this.#routes.answered(parent.msg_id);
    return session;
  }

  #send(client: SocketClient, message: OutgoingMessage): void {
    if (client.send(message)) return;
    const name = `${this.kernel.id}:${client.sessionId}`;
    if (client === this.#away) {
      this.#log.warn(`Too much was kept for ${name}, which does not come back: it is thrown away.`);
      this.#away = undefined;
      return;
    }
    this.#log.warn(`The websocket ${name} reads too slowly and is closed.`);
    this.#clients.delete(client.sessionId);
    this.#counted();
    client.ws?.close(tooSlow, 'The client reads too slowly');
  }

  #receive(client: SocketClient, data: RawData, isBinary: boolean, framing: Framing): void {
    try {
      const { channel, message, header } = decodeIncoming(data, isBinary, framing);
      this.#routes.asked(header, client.sessionId);
      this.kernel.send(channel, message);
    } catch (error) {
      // A bad message is the client's fault and costs it that message; a dead kernel has announced itself.
      const why = error instanceof Error ? error.message : String(error);
      const level = error instanceof HttpError ? 'debug' : 'warn';
      this.#log[level](`Dropped a message for kernel ${this.kernel.id}: ${why}`);
    }
  }

  #tell(client: SocketClient, state: 'dead'): void {
    const { message, header } = makeMessage(client.sessionId, 'status', {
      content: { execution_state: state },
    });
    client.send(new OutgoingMessage('iopub', message, header));
  }

  #counted(): void {
    this.kernel.connections = this.#clients.size;
  }
}
