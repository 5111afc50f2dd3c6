/**
 * The websockets of one kernel: iopub goes to all of them, replies and input requests to the one that asked. A session
 * that comes back gets what it missed, whoever else was there in the meantime. Coming, going, delivery and waiting are one
 * file because each of them decides by who is there and how far they have come.
 */
import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RawData, WebSocket } from 'ws';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import { messageOf } from '../message-of.js';
import { parseHeader } from '../protocol/kernel-messages.js';
import type { MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import type { QueueBounds } from './client-queue.js';
import { decodeIncoming } from './incoming-message.js';
import type { IncomingMessage } from './incoming-message.js';
import type { Kernel } from './kernel.js';
import type { Subscription } from '../listeners.js';
import { refusal, statusNotice } from './notices.js';
import { messageBlocks, OutgoingMessage } from './outgoing-message.js';
import type { Framing } from './outgoing-message.js';
import type { RateLimits } from './rate-limit.js';
import { ReplayJournal } from './replay-journal.js';
import type { ReplayBudget } from './replay-journal.js';
import { ReplyRoutes } from './reply-routes.js';
import { SocketClient } from './socket-client.js';

export interface RoomOptions {
  /** bounds of what waits for one client */
  bounds: QueueBounds;
  /** bytes of messages that are kept for clients that come back, for this kernel and for all of them */
  replay: number;
  budget: ReplayBudget;
  /** undefined: none */
  limits: RateLimits | undefined;
  log: Log;
}

export interface Joining {
  ws: WebSocket;
  /** what the websocket writes to */
  socket: Duplex;
  /** chosen by the client; without one it cannot come back to what it missed */
  sessionId: string | undefined;
  framing: Framing;
  /** number of the last message that the client has; `''`: it wants to count; undefined: it does not know of numbers */
  after: string | undefined;
}

/** A message as it was received. */
interface Given {
  message: WireMessage;
  header: MessageHeader;
}

/** A client over all its websockets. */
interface Session {
  /** it chose its id itself, so that it may come back */
  named: boolean;
  client: SocketClient | undefined;
  /** number of the last message that arrived, while no websocket is open */
  position: number;
  /** number of the last message that was ever written */
  written: number;
}

/** Close codes: 1013 "try again later" of RFC 6455's registry, 4000 and up are ours. */
const tooSlow = 1013;
const replaced = 4000;
const goingAway = 1001;

/** Sessions without a websocket that are remembered; each reload of a page leaves one behind. Each is a few hundred bytes. */
const mostAway = 10_000;
/** Bytes of messages whose legacy frames are kept besides their v1 frames, before they are let go. */
const keptLegacy = 4 * 1024 * 1024;
/**
 * ms that messages wait because every client is full; who makes no room within it, and does not take so many bytes either, is
 * slow: a long message takes its time on any line. Long enough for a busy machine, and no longer, because the kernel's state
 * waits with its messages.
 */
const longestWait = 2000;
const leastTaken = 4 * 1024 * 1024;
/** ms that clients of a kernel that was shut down have for what they have not got. */
const longestFarewell = 2000;

export class KernelRoom {
  readonly kernel: Kernel;
  readonly #options: RoomOptions;
  readonly #journal: ReplayJournal;
  readonly #blocks = messageBlocks();
  /** by id; those that went longest ago come first */
  readonly #sessions = new Map<string, Session>();
  readonly #clients = new Set<SocketClient>();
  readonly #routes = new ReplyRoutes();
  readonly #messages: Subscription;
  /** the latest messages, whose legacy frames are at hand */
  #legacy: OutgoingMessage[] = [];
  #legacyLength = 0;
  /** a client may be full */
  #mayBeFull = false;
  #roomMade: (() => void) | undefined;

  constructor(kernel: Kernel, options: RoomOptions) {
    this.kernel = kernel;
    this.#options = options;
    this.#journal = new ReplayJournal(options.budget, options.replay);
    this.#messages = kernel.onMessage((channel, message, header) => this.#deliver(channel, message, header));
    kernel.holdReading = (over) => this.#waitForRoom(over);
  }

  join({ ws, socket, sessionId: given, framing, after }: Joining): void {
    const { log, bounds, limits } = this.#options;
    if (given === undefined) log.warn(`A websocket of kernel ${this.kernel.id} has no session_id.`);
    const sessionId = given ?? randomUUID();
    const session = this.#session(sessionId, given !== undefined);
    const stale = session.client;
    if (stale) {
      log.info(`Replacing stale connection: ${this.kernel.id}:${sessionId}`);
      this.#leave(stale);
      stale.ws.close(replaced, 'The same session connected again');
    }
    const named = namedPosition(after);
    if (named !== undefined) session.position = Math.min(named, this.#journal.newest);
    if (session.position < this.#journal.newest)
      log.info(`Replaying messages for ${this.kernel.id}:${sessionId}`);
    const writtenBefore = session.written;
    const client = new SocketClient({
      sessionId,
      ws,
      socket,
      framing,
      bounds,
      limits,
      journal: this.#journal,
      blocks: this.#blocks,
      position: session.position,
      counts: after !== undefined,
      // JupyterLab connects anew when it hears `restarting`; hearing it again it would do so for ever.
      skips: (message) => message.isAnnouncement && message.sequence <= writtenBefore,
      onWritten: (sequence) => (session.written = Math.max(session.written, sequence)),
      onRoom: () => this.#roomMade?.(),
      onUnwritable: (error) => this.#leaveOut(sessionId, error),
    });
    session.client = client;
    this.#clients.add(client);
    this.#counted();
    // It is not behind, so that it sets the pace now.
    this.#roomMade?.();

    let dropped = 0;
    ws.on('message', (data, isBinary) => {
      const why = this.#receive(client, data, isBinary);
      if (why === undefined) return;
      dropped += 1;
      // One warning: a client that sends nonsense in a loop must not fill the disk.
      const level = dropped === 1 ? 'warn' : 'debug';
      log[level](`Dropped a message for kernel ${this.kernel.id} from session ${sessionId}: ${why}`);
    });
    ws.once('close', () => this.#leave(client));
    // Every error is followed by `close`; that a client broke off is no news.
    ws.on('error', (error) => log.debug(`Websocket of kernel ${this.kernel.id}: ${error.message}`));
    if (this.kernel.state === 'dead') client.send(statusNotice(sessionId, 'dead', this.kernel.why));
  }

  /** The kernel is being shut down: its clients get what it says until it is dead, and are closed then. */
  async kernelRemoved(): Promise<void> {
    await this.#kernelDead();
    const enough = new AbortController();
    const got = Promise.all([...this.#clients].map((client) => client.flushed()));
    // Aborted when all have everything.
    await Promise.race([got, sleep(longestFarewell, undefined, { signal: enough.signal }).catch(() => {})]);
    enough.abort();
    this.close('The kernel was shut down');
  }

  #kernelDead(): Promise<void> {
    return new Promise((resolve) => {
      const listening = this.kernel.onState(() => check());
      const check = () => {
        if (this.kernel.state !== 'dead') return;
        listening.close();
        resolve();
      };
      check();
    });
  }

  close(why = 'The server is stopping'): void {
    this.#messages.close();
    this.kernel.holdReading = undefined;
    for (const client of this.#clients) {
      client.ws.close(goingAway, why);
      this.#leave(client);
    }
    this.#sessions.clear();
    this.#journal.close();
    this.#legacy = [];
  }

  /** The session with this id; one that is new, or was forgotten, starts here and now. */
  #session(id: string, named: boolean): Session {
    const known = this.#sessions.get(id);
    if (known) return known;
    const { newest } = this.#journal;
    const session: Session = { named, client: undefined, position: newest, written: newest };
    this.#sessions.set(id, session);
    return session;
  }

  #leave(client: SocketClient): void {
    if (!this.#clients.delete(client)) return;
    this.#counted();
    const { sessionId } = client;
    const session = this.#sessions.get(sessionId);
    if (session?.client === client) {
      session.client = undefined;
      session.position = client.position;
      this.#sessions.delete(sessionId);
      if (session.named) this.#sessions.set(sessionId, session);
      this.#forgetOldest();
    }
    client.discard();
    this.#roomMade?.();
  }

  #forgetOldest(): void {
    let excess = this.#sessions.size - this.#clients.size - mostAway;
    for (const [id, { client }] of this.#sessions) {
      if (excess <= 0) return;
      if (client) continue;
      this.#sessions.delete(id);
      excess -= 1;
    }
  }

  #deliver(channel: KernelChannel, message: WireMessage, header: MessageHeader): void {
    if (this.#sessions.size === 0) return;
    const recipient = channel === 'iopub' ? undefined : this.#asker(channel, message);
    const session = recipient === undefined ? undefined : this.#sessions.get(recipient);
    // What was asked by the server itself, or by a session that is forgotten.
    if (channel !== 'iopub' && !session) return;
    const outgoing = new OutgoingMessage(channel, message, header, this.#blocks);
    outgoing.recipient = recipient;
    this.#journal.add(outgoing);
    if (session) {
      if (session.client) this.#send(session.client, outgoing, { message, header });
      return;
    }
    this.#mayBeFull = false;
    const given = { message, header };
    for (const client of this.#clients) {
      this.#send(client, outgoing, given);
      if (client.isFull) this.#mayBeFull = true;
    }
  }

  /** The session whose request this answers. A client's messages mostly carry its session id, too. */
  #asker(channel: KernelChannel, message: WireMessage): string | undefined {
    const parent = parseHeader(message.parentHeader);
    if (!parent) return undefined;
    const session = this.#routes.find(parent.msg_id) ?? parent.session;
    if (channel !== 'stdin') this.#routes.answered(parent.msg_id);
    return session;
  }

  #send(client: SocketClient, message: OutgoingMessage, given: Given): void {
    try {
      if (client.framing === 'legacy') this.#encodeLegacy(message, given);
    } catch (error) {
      // Tried once more when it is to be written, which fails in the same way.
      this.#options.log.debug(
        `A message of kernel ${this.kernel.id} has no legacy frame: ${messageOf(error)}`,
      );
    }
    if (!client.send(message)) this.#giveUp(client);
  }

  #leaveOut(sessionId: string, error: unknown): void {
    this.#options.log.error(
      `A message is left out on the websocket ${this.kernel.id}:${sessionId}: ${messageOf(error)}`,
    );
  }

  #giveUp(client: SocketClient): void {
    this.#options.log.warn(
      `The websocket ${this.kernel.id}:${client.sessionId} reads too slowly and is closed; it may connect again.`,
    );
    this.#leave(client);
    client.ws.close(tooSlow, 'The client reads too slowly');
  }

  /** Now, while its parts are at hand. Legacy frames are for the clients of the moment: the journal keeps v1 only. */
  #encodeLegacy(message: OutgoingMessage, given: Given): void {
    if (this.#legacy.at(-1) === message) return;
    message.frame('legacy', this.#blocks, given);
    this.#legacy.push(message);
    this.#legacyLength += message.length;
    if (this.#legacyLength < keptLegacy) return;
    for (const encoded of this.#legacy) if (encoded !== message) encoded.forgetLegacy();
    this.#legacy = [message];
    this.#legacyLength = 0;
  }

  /**
   * When every client is behind, messages wait for a moment: then the fastest of them sets the pace, and nothing has to be
   * left out. Slow ones are not waited for.
   */
  #waitForRoom(over: AbortSignal): Promise<void> | undefined {
    if (!this.#mayBeFull) return undefined;
    let behind: { client: SocketClient; taken: number }[] = [];
    for (const client of this.#clients) {
      if (client.isSlow) continue;
      if (!client.isFull) return undefined;
      behind.push({ client, taken: client.taken });
    }
    if (behind.length === 0) return undefined;
    return new Promise((resolve) => {
      const goOn = () => {
        clearTimeout(timer);
        over.removeEventListener('abort', goOn);
        this.#roomMade = undefined;
        resolve();
      };
      const judge = () => {
        for (const { client, taken } of behind) client.isSlow = client.taken - taken < leastTaken;
        behind = behind.flatMap(({ client }) => (client.isSlow ? [] : [{ client, taken: client.taken }]));
        if (behind.length === 0) goOn();
        else timer = setTimeout(judge, longestWait);
      };
      let timer = setTimeout(judge, longestWait);
      this.#roomMade = goOn;
      over.addEventListener('abort', goOn);
    });
  }

  /** Why a message was dropped; undefined: it went to the kernel. */
  #receive(client: SocketClient, data: RawData, isBinary: boolean): string | undefined {
    let incoming: IncomingMessage | undefined;
    try {
      incoming = decodeIncoming(data, isBinary, client.framing);
      const { channel, message, header } = incoming;
      this.kernel.send(channel, message);
      this.#routes.asked(header, client.sessionId);
      this.kernel.heardClient(client.sessionId, message, header);
      return undefined;
    } catch (error) {
      // A dead kernel has announced itself; anything else is the client's fault and costs it that message.
      if (error instanceof HttpError && error.status === 409) {
        this.#options.log.debug(`Dropped a message for kernel ${this.kernel.id}: ${error.message}`);
        return undefined;
      }
      const why = messageOf(error);
      if (error instanceof HttpError && incoming) this.#refuse(client, incoming, why);
      return why;
    }
  }

  /** Who asked must not wait for ever. */
  #refuse(client: SocketClient, { channel, message, header }: IncomingMessage, why: string): void {
    const msgType = header.msg_type;
    if (!msgType.endsWith('_request')) return;
    const request = { header: message.header, msgType };
    for (const answer of refusal(client.sessionId, channel, request, why)) {
      if (!client.send(answer)) return this.#giveUp(client);
    }
  }

  #counted(): void {
    this.kernel.connections = this.#clients.size;
    this.kernel.clientSessions = new Set([...this.#clients].map(({ sessionId }) => sessionId));
  }
}

function namedPosition(after: string | undefined): number | undefined {
  return after !== undefined && /^\d{1,16}$/.test(after) ? Number(after) : undefined;
}
