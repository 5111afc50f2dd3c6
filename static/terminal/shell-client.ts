/**
 * The page's side of a terminal: starts the shell, stays connected, and tells the server what has been drawn.
 *
 * A page in the background is drawn seldom, and must not hold up a program for that: there the text is taken at once and
 * kept until somebody looks. When it gets too much, the page starts over with the server's scrollback.
 */
import type { TerminalModel } from '../../src/protocol/rest-models.js';
import type { TerminalServerMessage } from '../../src/protocol/terminal-messages.js';
import { api, ApiError } from '../base/api.js';
import { Connection, socketUrl } from '../base/connection.js';
import { urlFor } from '../base/urls.js';

/** `refused`: no shell was started */
export type ShellState = 'connecting' | 'open' | 'lost' | 'ended' | 'refused';

export interface ShellEvents {
  /** draws text and calls back when it is done */
  write(text: string, done: () => void): void;
  /** empties the screen: what follows is everything */
  reset(): void;
  /** a size is wanted, since the connection is new */
  connected(): void;
  /** `name` is known from the first `open` on */
  state(state: ShellState): void;
  failed(error: unknown): void;
}

/** Text that is drawn at the same time in a background page, and text that is kept for later. UTF-16 units. */
const DRAWN_IN_BACKGROUND = 64 * 1024;
const KEPT_IN_BACKGROUND = 2 * 1024 * 1024;
/** Fewer, larger acknowledgements; far below what the server sends ahead. */
const ACKNOWLEDGE_AT = 16 * 1024;

export class ShellClient {
  readonly #events: ShellEvents;
  readonly #cwd: string | null;
  #name: string | null;
  #connection: Connection | undefined;
  #state: ShellState = 'connecting';
  /** the first connection starts a shell; later ones only find it */
  #started = false;
  #drawing = 0;
  #drawn = 0;
  #kept: string[] = [];
  #keptLength = 0;
  #lostText = false;
  /** counts the sockets: what an earlier one sent is no business of a later one */
  #socket = 0;
  readonly #abort = new AbortController();

  /** @param name  null: the server chooses one */
  constructor(name: string | null, cwd: string | null, events: ShellEvents) {
    this.#name = name;
    this.#cwd = cwd;
    this.#events = events;
    const { signal } = this.#abort;
    const shown = () => {
      if (!document.hidden) this.#drawKept();
    };
    document.addEventListener('visibilitychange', shown, { signal });
    this.#connect();
  }

  get name(): string | null {
    return this.#name;
  }

  get state(): ShellState {
    return this.#state;
  }

  input(text: string): void {
    this.#send(['stdin', text]);
  }

  resize(rows: number, columns: number, height: number, width: number): void {
    this.#send(['set_size', rows, columns, height, width]);
  }

  retryNow(): void {
    this.#connection?.retryNow();
  }

  /** Whether there is a shell, as far as this page knows. */
  get started(): boolean {
    return this.#started;
  }

  /** A new shell, after the last one has ended or none was started. */
  startAgain(): void {
    this.#started = false;
    this.#connect();
  }

  /** Ends the shell. */
  async shutDown(): Promise<void> {
    if (this.#name !== null) await api.delete(`api/terminals/${encodeURIComponent(this.#name)}`);
  }

  /** Leaves the shell as it is. */
  close(): void {
    this.#abort.abort();
    this.#connection?.close();
  }

  #connect(): void {
    this.#connection?.close();
    this.#forgetText();
    this.#setState('connecting');
    this.#connection = new Connection({
      url: (signal) => this.#address(signal),
      probe: JSON.stringify(['ping']),
      onOpen: () => undefined,
      onMessage: (data) => {
        if (typeof data === 'string') this.#receive(JSON.parse(data) as TerminalServerMessage);
      },
      onState: (state) => {
        if (this.#state !== 'ended' && this.#state !== 'refused') this.#setState(state);
      },
    });
  }

  async #address(signal: AbortSignal): Promise<string> {
    try {
      if (!this.#started) {
        const body = {
          ...(this.#name === null ? {} : { name: this.#name }),
          ...(this.#cwd === null ? {} : { cwd: this.#cwd }),
        };
        this.#name = (await api.post<TerminalModel>('api/terminals', body, { signal })).name;
        this.#started = true;
      } else await api.get(`api/terminals/${encodeURIComponent(this.#name ?? '')}`, { signal });
    } catch (error) {
      if (error instanceof ApiError && !isForNow(error)) {
        if (!this.#started) {
          this.#setState('refused');
          this.#connection?.close();
          this.#events.failed(error);
        } else if (error.status === 404) this.#ended();
      }
      throw error; // where it is not over, the connection tries again
    }
    return socketUrl(`${urlFor('terminals/websocket', this.#name ?? '')}?ack=1`);
  }

  #receive(message: TerminalServerMessage): void {
    if (message[0] === 'setup') {
      this.#socket += 1;
      this.#forgetText();
      this.#events.reset();
      this.#events.connected();
    } else if (message[0] === 'stdout') this.#text(message[1]);
    else if (message[0] === 'disconnect') this.#ended();
  }

  #text(text: string): void {
    if (!document.hidden || (this.#kept.length === 0 && this.#drawing < DRAWN_IN_BACKGROUND)) {
      this.#draw(text);
      return;
    }
    this.#send(['ack', text.length]);
    this.#keptLength += text.length;
    if (this.#keptLength > KEPT_IN_BACKGROUND) this.#lostText = true;
    if (this.#lostText) this.#kept = [];
    else this.#kept.push(text);
  }

  #draw(text: string, acknowledge = true): void {
    const socket = this.#socket;
    this.#drawing += text.length;
    this.#events.write(text, () => {
      this.#drawing -= text.length;
      if (!acknowledge || socket !== this.#socket) return;
      this.#drawn += text.length;
      if (this.#drawn < ACKNOWLEDGE_AT && this.#drawing > 0) return;
      this.#send(['ack', this.#drawn]);
      this.#drawn = 0;
    });
  }

  #drawKept(): void {
    if (this.#lostText && this.#state === 'open') this.#connect();
    else if (this.#kept.length > 0) this.#draw(this.#kept.join(''), false);
    this.#kept = [];
    this.#keptLength = 0;
    this.#lostText = false;
  }

  #forgetText(): void {
    this.#drawn = 0;
    this.#kept = [];
    this.#keptLength = 0;
    this.#lostText = false;
  }

  #ended(): void {
    if (this.#kept.length > 0) this.#drawKept();
    this.#setState('ended');
    this.#connection?.close();
  }

  #send(message: unknown[]): void {
    this.#connection?.send(JSON.stringify(message));
  }

  #setState(state: ShellState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#events.state(state);
  }
}

/** Nobody answers, the login may come back, or it is a proxy's own page, which says nothing about the shell. */
function isForNow({ status, body, unreachable }: ApiError): boolean {
  const isOurs = typeof body === 'object' && body !== null;
  return unreachable || [401, 403, 429].includes(status) || !isOurs;
}
