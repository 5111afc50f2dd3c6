/**
 * One terminal and everybody who looks at it: what it prints goes to all, its size is the smallest of theirs.
 *
 * Nothing of a flood piles up. The shell is held back while the quickest client has not taken what it was sent; a client
 * that is far behind the quickest, or takes nothing at all, is sent nothing until it has caught up, and then the last of it all.
 */
import type { TerminalServerMessage } from '../protocol/terminal-messages.js';
import type { Pty } from './pty.js';
import { withoutQueries } from './queries.js';
import { Scrollback } from './scrollback.js';

/** What a terminal asks of a client; a websocket, mostly. Lengths are UTF-16 units. */
export interface TerminalClient {
  /** what it was sent and has not taken yet */
  readonly waiting: number;
  /** @param length  of the text in the message */
  send(message: string, length: number): void;
  /** after the last message */
  close(): void;
}

interface Attached {
  client: TerminalClient;
  size?: { rows: number; columns: number };
  /** it is left out, as if it were not there, until it has taken everything */
  behind: boolean;
  /** since the shell was held back last */
  hasTaken: boolean;
}

export const HIGH_WATER = 256 * 1024;
export const LOW_WATER = 128 * 1024;
/** Beyond this a client no longer gets every word. */
const FAR_BEHIND = 2 * 1024 * 1024;
/**
 * A client that takes nothing for so long no longer holds the shell back: the system freezes the page of a phone in the pocket, while
 * the browser still answers for it. ms
 */
const FROZEN = 30_000;
/** Texts that come within so many ms of the last go out together. A first one goes at once: an echo never waits. */
const GATHER = 4;
/** With nobody looking, so much is read in each slice of time (ms): a flood must not take the server's time either. */
const ALONE_LENGTH = 160 * 1024;
const ALONE_SLICE = 20;

const RESET = '\x1bc';

export class Terminal {
  readonly name: string;
  /** where it was started, absolute */
  readonly cwd: string;
  #pty: Pty | undefined;
  readonly #scrollback = new Scrollback();
  readonly #clients = new Map<TerminalClient, Attached>();
  /** who answers what programs ask of the terminal: who typed last */
  #answering: TerminalClient | undefined;
  #lastActivity = Date.now();
  #pending = '';
  #flushedAt = 0;
  #flushPlanned = false;
  #slice: ReturnType<typeof setTimeout> | undefined;
  #readAlone = 0;
  #heldBack: ReturnType<typeof setTimeout> | undefined;

  constructor(name: string, cwd: string) {
    this.name = name;
    this.cwd = cwd;
  }

  /** Called once, by who opens the pseudo-terminal with `onData` and `onExit` of this one. */
  start(pty: Pty): void {
    this.#pty = pty;
  }

  get pid(): number | undefined {
    return this.#pty?.pid;
  }

  /** The program that has the terminal; undefined while the shell itself waits, and where that cannot be told. */
  async program(): Promise<string | undefined> {
    return this.#pty?.program();
  }

  /** ms since the epoch */
  get lastActivity(): number {
    return this.#lastActivity;
  }

  get clients(): number {
    return this.#clients.size;
  }

  attach(client: TerminalClient): void {
    this.#flushNow(); // the others get what is on its way; the new one finds it in the scrollback
    const attached: Attached = { client, behind: false, hasTaken: true };
    this.#clients.set(client, attached);
    this.#answering ??= client;
    client.send(encode(['setup', {}]), 0);
    const replay = this.#scrollback.replay();
    if (replay !== '') client.send(encode(['stdout', replay]), replay.length);
    this.regulate();
  }

  detach(client: TerminalClient): void {
    this.#clients.delete(client);
    if (this.#answering === client) this.#answering = this.#clients.keys().next().value;
    this.#applySize();
    this.regulate();
  }

  input(client: TerminalClient, text: string): void {
    this.#lastActivity = Date.now();
    this.#answering = client;
    this.#pty?.write(text);
  }

  resize(client: TerminalClient, rows: number, columns: number): void {
    const attached = this.#clients.get(client);
    if (attached === undefined) return;
    attached.size = { rows, columns };
    this.#applySize();
  }

  /** A client has taken something: it may get more, and the shell may go on. */
  taken(client: TerminalClient): void {
    const attached = this.#clients.get(client);
    if (attached !== undefined) attached.hasTaken = true;
    if (attached?.behind && client.waiting === 0) {
      this.#flushNow();
      attached.behind = false;
      const text = RESET + this.#scrollback.replay();
      client.send(encode(['stdout', text]), text.length);
    }
    this.regulate();
  }

  onData = (text: string): void => {
    this.#lastActivity = Date.now();
    this.#pending += text;
    if (this.#readers().length === 0) this.#readAlone += text.length;
    if (this.#pending.length >= LOW_WATER) this.#flushNow();
    else if (!this.#flushPlanned) {
      this.#flushPlanned = true;
      const since = performance.now() - this.#flushedAt;
      // What else came in this turn of the event loop goes along.
      if (since > GATHER) setImmediate(() => this.#flushNow());
      else setTimeout(() => this.#flushNow(), GATHER - since);
    }
    this.regulate();
  };

  onExit = (): void => {
    this.#flushNow();
    clearTimeout(this.#slice);
    clearTimeout(this.#heldBack);
    for (const { client } of this.#clients.values()) {
      client.send(encode(['disconnect', 1]), 0);
      client.close();
    }
    this.#clients.clear();
  };

  /** Ends the shell and what runs in it; `onExit` follows. */
  async end(): Promise<void> {
    await this.#pty?.end();
  }

  regulate(): void {
    const readers = this.#readers();
    if (readers.length > 0) {
      const least = Math.min(...readers.map(({ client }) => client.waiting));
      if (least > HIGH_WATER) this.#holdBack();
      else if (least < LOW_WATER) this.#goOn();
    } else if (this.#readAlone > ALONE_LENGTH) {
      this.#pty?.pause();
      this.#slice ??= setTimeout(() => {
        this.#slice = undefined;
        this.#readAlone = 0;
        this.regulate();
      }, ALONE_SLICE).unref();
    } else this.#goOn();
  }

  #readers(): Attached[] {
    return [...this.#clients.values()].filter(({ behind }) => !behind);
  }

  #holdBack(): void {
    this.#pty?.pause();
    if (this.#heldBack !== undefined) return;
    for (const attached of this.#clients.values()) attached.hasTaken = false;
    this.#heldBack = setTimeout(() => {
      this.#heldBack = undefined;
      for (const attached of this.#readers()) attached.behind = !attached.hasTaken;
      this.regulate();
      // One that took a part and then no more is between the marks, where nothing else looks at it again.
      const readers = this.#readers();
      if (readers.length > 0 && Math.min(...readers.map(({ client }) => client.waiting)) >= LOW_WATER)
        this.#holdBack();
    }, FROZEN).unref();
  }

  #goOn(): void {
    clearTimeout(this.#heldBack);
    this.#heldBack = undefined;
    this.#pty?.resume();
  }

  #flushNow(): void {
    this.#flushPlanned = false;
    const text = this.#pending;
    if (text === '') return;
    this.#pending = '';
    this.#flushedAt = performance.now();
    this.#scrollback.push(text);
    const message = encode(['stdout', text]);
    let unasked: string | undefined;
    for (const attached of this.#clients.values()) {
      const { client } = attached;
      if (client.waiting > FAR_BEHIND) attached.behind = true;
      if (attached.behind) continue;
      if (client === this.#answering) client.send(message, text.length);
      else client.send(encode(['stdout', (unasked ??= withoutQueries(text))]), unasked.length);
    }
  }

  #applySize(): void {
    const sizes = [...this.#clients.values()].flatMap(({ size }) => size ?? []);
    if (sizes.length === 0) return;
    const least = (pick: 'rows' | 'columns') => Math.min(...sizes.map((size) => size[pick]));
    this.#pty?.resize(least('rows'), least('columns'));
  }
}

function encode(message: TerminalServerMessage): string {
  return JSON.stringify(message);
}
