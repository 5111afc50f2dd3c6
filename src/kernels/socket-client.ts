/**
 * One open websocket of a kernel: what it is still to get, and how far it has come.
 *
 * It first catches up from the journal, where nothing is queued for it, and has a queue of its own from then on. After what
 * it writes it pings with the number of the last message: the answer tells that everything up to there has arrived, which is
 * what a client that comes back after a lost connection goes on from.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { parseObject, statusContent } from '../protocol/kernel-messages.js';
import { replayMessageType } from '../protocol/replay-position.js';
import { bytesTaken } from '../socket-traffic.js';
import { ClientQueue } from './client-queue.js';
import type { QueueBounds } from './client-queue.js';
import type { Frame, Piece } from './frame-blocks.js';
import { replayNotice, textNotice } from './notices.js';
import type { Framing, MessageBlocks, OutgoingMessage } from './outgoing-message.js';
import { RateLimit } from './rate-limit.js';
import type { RateLimits } from './rate-limit.js';
import type { ReplayJournal } from './replay-journal.js';

/** Bytes that are handed to the socket ahead; more stays in our queue, where it is counted and can be left out. */
const socketAhead = 4 * 1024 * 1024;
/** Bytes that are written at once, even if more is at hand in this turn. */
const batchBytes = 256 * 1024;
/** Bytes that are still to be written from which on messages of the kernel may be made to wait, and below which they need not. */
const fullAt = 6 * 1024 * 1024;
const roomAt = 3 * 1024 * 1024;
/** ms in which a client that is not slow takes `socketAhead` */
const quickly = 500;
/** ms between two pings of a flood, and how many may follow at once on a silence: those of a cell that runs. */
const pingInterval = 20;
const pingBurst = 16;
/** Pings without an answer at most: a client that never answers is not to be flooded. */
const mostPings = 64;
const nothing = Buffer.alloc(0);

export interface SocketClientOptions {
  sessionId: string;
  ws: WebSocket;
  /** what the websocket writes to; our frames go out between its own */
  socket: Duplex;
  framing: Framing;
  bounds: QueueBounds;
  /** undefined: none */
  limits: RateLimits | undefined;
  journal: ReplayJournal;
  blocks: MessageBlocks;
  /** number of the last message that it has */
  position: number;
  /** it counts messages, and has to be told the number of the next one wherever it cannot know it */
  counts: boolean;
  /** messages that are not to be repeated for this session */
  skips(message: OutgoingMessage): boolean;
  /** a message was written */
  onWritten(sequence: number): void;
  /** it has room again, or came closer to what is new */
  onRoom(): void;
  /** no frame can be made of a message, as it is too long; it is left out */
  onUnwritable(error: unknown): void;
}

export class SocketClient {
  /** It did not make room in time, so nobody waits for it until it reads quickly again. */
  isSlow = false;
  readonly #options: SocketClientOptions;
  readonly #queue: ClientQueue;
  readonly #limit: RateLimit | undefined;
  /** numbers of the last message that was written, and that has arrived */
  #written: number;
  #confirmed: number;
  /** numbers of pings without an answer */
  #pinged: number[] = [];
  #answersPings = false;
  #pingCredit = 0;
  #lastPing = 0;
  #timer: NodeJS.Timeout | undefined;
  /** number of the last message from the journal; undefined: it is up to date and has its queue */
  #catchingUp: number | undefined;
  /** gaps up to this number were announced */
  #announced = 0;
  /** what a counting client takes the number of its last message to be */
  #told: number | undefined;
  /** what goes out next: a message, and what has to be said before it */
  readonly #ready: OutgoingMessage[] = [];
  #flushPlanned = false;
  #waitingForSocket = false;
  #whenFlushed: (() => void)[] = [];
  /** when the socket got all that it takes ahead, by `performance.now()` */
  #filledAt = 0;

  constructor(options: SocketClientOptions) {
    const { sessionId, bounds, limits, position, counts, ws } = options;
    this.#options = options;
    this.#limit = limits && new RateLimit(limits);
    this.#queue = new ClientQueue(sessionId, bounds);
    this.#written = this.#confirmed = this.#catchingUp = position;
    if (counts) {
      this.#told = position;
      this.#ready.push(replayNotice(sessionId, { sequence: position, missed: 0 }));
    }
    ws.on('pong', (data: Buffer) => this.#pong(data));
    this.#planFlush();
  }

  get sessionId(): string {
    return this.#options.sessionId;
  }

  get ws(): WebSocket {
    return this.#options.ws;
  }

  get framing(): Framing {
    return this.#options.framing;
  }

  /** Number of the last message that has surely arrived. Who answers no pings is taken to have read what was written. */
  get position(): number {
    const neverAnswers = !this.#answersPings && this.#pinged.length >= mostPings;
    return neverAnswers ? this.#written : this.#confirmed;
  }

  /** Bytes that its system has taken so far, also of a message that is under way. */
  get taken(): number {
    return bytesTaken(this.#options.socket);
  }

  get isFull(): boolean {
    return this.#behind >= fullAt;
  }

  /** Bytes that are still to be written. */
  get #behind(): number {
    const { journal } = this.#options;
    return this.#queue.length + (this.#catchingUp === undefined ? 0 : journal.lengthAfter(this.#catchingUp));
  }

  /** False: the client is too far behind and is to be given up. */
  send(message: OutgoingMessage): boolean {
    // While it catches up, what is in the journal comes in its turn.
    if (this.#catchingUp === undefined || message.sequence === 0) {
      const allowed = this.#limit ? this.#limited(message, this.#limit) : message;
      if (allowed && !this.#queue.push(allowed)) return false;
    }
    if (this.#waitingForSocket) return true;
    if (this.#queue.length >= batchBytes) this.#flush();
    else this.#planFlush();
    return true;
  }

  /** Resolves when everything that is there for it was handed to its socket, or it was discarded. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenFlushed.push(resolve);
      this.#planFlush();
    });
  }

  /** It left: what waits for it is of no use any more. Its websocket may take a while to close. */
  discard(): void {
    clearTimeout(this.#timer);
    this.#queue.clear();
    this.#ready.length = 0;
    this.#tellFlushed();
  }

  #tellFlushed(): void {
    for (const tell of this.#whenFlushed.splice(0)) tell();
  }

  /** The message, what is said in its place, or nothing. */
  #limited(message: OutgoingMessage, limit: RateLimit): OutgoingMessage | undefined {
    if (message.channel !== 'iopub') return message;
    if (message.type === 'status') {
      const status = statusContent(parseObject(message.parts.content));
      if (status?.execution_state === 'idle') limit.reset();
    }
    const verdict = limit.take({ type: message.type, bytes: message.length });
    if (verdict === 'pass') return message;
    if (verdict === 'drop') return undefined;
    return textNotice(this.sessionId, message.parts.parentHeader, verdict.notice);
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
    const { ws, socket, framing, blocks } = this.#options;
    if (this.#waitingForSocket || ws.readyState !== ws.OPEN) return;
    const before = this.#written;
    let room = socketAhead - socket.writableLength;
    if (room <= 0) {
      // Others of its frames filled it: nothing of ours tells when there is room again.
      this.#waitingForSocket = true;
      socket.write(nothing, () => this.#goOn());
      return;
    }
    let piece: Piece | undefined;
    // One write for many frames is about eight times cheaper than one each.
    socket.cork();
    while (room > 0) {
      const message = this.#next();
      if (!message) break;
      let frame: Frame;
      try {
        frame = message.frame(framing, blocks);
      } catch (error) {
        // Nobody else would catch it here, and the next ones can be sent.
        this.#options.onUnwritable(error);
        if (this.#told !== undefined && message.type !== replayMessageType) this.#told -= 1;
        continue;
      }
      piece = this.#write(piece, frame);
      for (const next of frame.more) piece = this.#write(piece, next);
      room -= message.length;
    }
    if (piece) {
      this.#waitingForSocket = room <= 0;
      this.#filledAt = performance.now();
      socket.write(bytesOf(piece), this.#waitingForSocket ? () => this.#goOn() : undefined);
      if (this.#written > before) this.#ping();
    }
    socket.uncork();
    if (!this.#queue.isEmpty || this.#ready.length > 0 || this.#catchingUp !== undefined) return;
    this.isSlow = false;
    this.#tellFlushed();
  }

  /** Joins neighbours; writes what is no neighbour of the next piece, which is to be written later. */
  #write(piece: Piece | undefined, { block, start, end }: Piece): Piece {
    if (piece?.block === block && piece.end === start) return { block, start: piece.start, end };
    if (piece) this.#options.socket.write(bytesOf(piece));
    return { block, start, end };
  }

  /** The socket took what it had. */
  #goOn(): void {
    this.#waitingForSocket = false;
    if (performance.now() - this.#filledAt < quickly) this.isSlow = false;
    this.#flush();
    // What it is to catch up with may be far more than the room for new messages: that it comes closer is enough.
    if (this.#catchingUp !== undefined || this.#behind <= roomAt) this.#options.onRoom();
  }

  #next(): OutgoingMessage | undefined {
    const message = this.#ready.shift() ?? this.#pull();
    if (!message) return undefined;
    const { sequence, type } = message;
    if (sequence > 0) {
      this.#written = sequence;
      this.#options.onWritten(sequence);
      if (this.#told !== undefined) this.#told = sequence;
    } else if (this.#told !== undefined && type !== replayMessageType) {
      this.#told += 1;
    }
    return message;
  }

  #pull(): OutgoingMessage | undefined {
    const message = this.#catchingUp === undefined ? this.#queue.shift() : this.#pullFromJournal();
    if (!message || this.#told === undefined || message.sequence === 0) return message;
    if (this.#told === message.sequence - 1) return message;
    this.#told = message.sequence - 1;
    this.#ready.push(message);
    return replayNotice(this.sessionId, { sequence: message.sequence - 1, missed: 0 });
  }

  #pullFromJournal(): OutgoingMessage | undefined {
    const { journal, skips } = this.#options;
    const at = this.#catchingUp ?? 0;
    const message = journal.next(at, this.sessionId, skips);
    this.#catchingUp = message?.sequence;
    const from = Math.max(at, this.#announced);
    const missed = journal.missedAfter(from);
    if (missed === 0) return message ?? this.#queue.shift();
    this.#announced = journal.complete - 1;
    const sequence = message ? message.sequence - 1 : journal.newest;
    const foreign = from < journal.first - 1;
    // What is lost mostly was output of the cell whose output comes first of what is kept without a gap.
    const neighbour = journal.next(this.#announced, this.sessionId, skips);
    if (neighbour) {
      const lost = foreign ? 'Some messages' : `${missed} messages`;
      const text = `${lost} of the kernel are missing here: more came than is kept while a page is away.`;
      this.#ready.push(textNotice(this.sessionId, neighbour.parts.parentHeader, text));
    }
    this.#ready.push(replayNotice(this.sessionId, { sequence, missed: foreign ? null : missed }));
    if (this.#told !== undefined) this.#told = sequence;
    if (message) this.#ready.push(message);
    return this.#ready.shift();
  }

  /** Asks at once whether what was written has arrived, but not with each message of a flood. */
  #ping(): void {
    if (this.#timer !== undefined || this.#written === this.#pinged.at(-1)) return;
    if (this.#pinged.length >= mostPings || this.ws.readyState !== this.ws.OPEN) return;
    const now = performance.now();
    this.#pingCredit = Math.min(pingBurst, this.#pingCredit + (now - this.#lastPing) / pingInterval);
    this.#lastPing = now;
    if (this.#pingCredit < 1) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#ping();
      }, pingInterval).unref();
      return;
    }
    this.#pingCredit -= 1;
    this.#pinged.push(this.#written);
    this.ws.ping(String(this.#written));
  }

  #pong(data: Buffer): void {
    // The pings that keep connections alive carry nothing.
    const sequence = Number(data.toString('latin1'));
    if (data.length === 0 || !this.#pinged.includes(sequence)) return;
    this.#answersPings = true;
    this.#confirmed = sequence;
    this.#pinged = this.#pinged.filter((pinged) => pinged > sequence);
    // While too many were open, the end of a flood was not asked for.
    if (this.#written > this.#confirmed) this.#ping();
  }
}

function bytesOf({ block, start, end }: Piece): Buffer {
  return start === 0 && end === block.length ? block : block.subarray(start, end);
}
