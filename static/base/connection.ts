/**
 * A websocket that never gives up: it connects again with growing pauses, at once when the network or the person comes
 * back, and says how it stands.
 */
import { checkLogin } from './api.js';

export type ConnectionState = 'connecting' | 'open' | 'lost';

export interface ConnectionOptions {
  /** asked before each attempt, since the address may change; a failure counts as a lost connection */
  url(signal: AbortSignal): Promise<string>;
  protocols?: string[];
  onOpen(): void;
  onMessage(data: string | ArrayBuffer): void;
  onState(state: ConnectionState): void;
  /** the server answers requests, but for 10 seconds no websocket has opened; false: it is over */
  onBlocked?(blocked: boolean): void;
  /** A message that the server answers: asks over a socket that says nothing whether anybody is still there. */
  probe?: string;
}

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
/** ms that a socket stays open before the next break is the first again */
const STABLE = 5_000;
/** An attempt that is not open by then is given up; a proxy may swallow it without a word. */
const PATIENCE = 10_000;
/**
 * The same for what is asked before, twice as long after each time in vain: a server may be long at opening what the socket
 * is for, but a browser also asks over connections that it kept and that are dead, one after the other.
 */
const ADDRESS_PATIENCE = 5_000;
const LONGEST_ADDRESS_PATIENCE = 60_000;
/** How often a silent socket is asked. A network that swallows everything (a cable, a tunnel, a NAT) closes nothing. */
const PROBE_EVERY = 15_000;
/** How long an answer may take at first; twice as long after each that came too late, for what a slow line still brings. */
const PROBE_PATIENCE = 10_000;
const LONGEST_PROBE_PATIENCE = 160_000;

export class Connection {
  readonly #options: ConnectionOptions;
  #socket: WebSocket | undefined;
  #pause = FIRST_PAUSE;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stable: ReturnType<typeof setTimeout> | undefined;
  #state: ConnectionState = 'connecting';
  #closed = false;
  #attempt = 0;
  #opening: ReturnType<typeof setTimeout> | undefined;
  #blockedTimer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | undefined;
  #addressPatience = ADDRESS_PATIENCE;
  #heardAt = 0;
  #probing: ReturnType<typeof setInterval> | undefined;
  /** an answer is waited for */
  #answer: ReturnType<typeof setTimeout> | undefined;
  #probePatience = PROBE_PATIENCE;
  readonly #abort = new AbortController();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { signal } = this.#abort;
    const now = () => {
      this.retryNow();
      this.#probe();
    };
    for (const event of ['online', 'offline', 'focus']) addEventListener(event, now, { signal });
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && now(), {
      signal,
    });
    this.#connect();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** False when nothing is connected; the message is not kept. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(data);
    return true;
  }

  /** Does not wait for the end of the pause. @param anew  replaces an open connection, too */
  retryNow(anew = false): void {
    if (this.#closed || (this.#state !== 'lost' && !anew)) return;
    if (this.#state === 'open') this.#setState('lost');
    this.#pause = FIRST_PAUSE;
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#abort.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#stable);
    clearTimeout(this.#opening);
    clearTimeout(this.#blockedTimer);
    this.#stopProbing();
    this.#asking?.abort();
    this.#socket?.close();
  }

  #connect(): void {
    clearTimeout(this.#timer);
    if (this.#state !== 'lost') this.#setState('connecting');
    const old = this.#socket;
    this.#socket = undefined;
    this.#stopProbing();
    old?.close();
    const attempt = ++this.#attempt;
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    clearTimeout(this.#opening);
    this.#opening = setTimeout(() => {
      this.#addressPatience = Math.min(this.#addressPatience * 2, LONGEST_ADDRESS_PATIENCE);
      asking.abort();
    }, this.#addressPatience);
    this.#options.url(asking.signal).then(
      (url) => {
        if (attempt !== this.#attempt || this.#closed) return;
        this.#addressPatience = ADDRESS_PATIENCE;
        this.#blockedTimer ??= setTimeout(() => this.#options.onBlocked?.(true), PATIENCE);
        this.#open(url);
      },
      () => {
        if (attempt !== this.#attempt) return;
        this.#notBlocked(); // then it is the server or the network, not the websocket
        this.#lost();
      },
    );
  }

  #open(url: string): void {
    const socket = new WebSocket(url, this.#options.protocols);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    clearTimeout(this.#opening);
    this.#opening = setTimeout(() => socket.close(), PATIENCE);
    socket.addEventListener('open', () => {
      if (this.#socket !== socket) return;
      clearTimeout(this.#opening);
      this.#notBlocked();
      // a server that accepts and closes at once must not be asked in a tight circle
      this.#stable = setTimeout(() => (this.#pause = FIRST_PAUSE), STABLE);
      this.#setState('open');
      this.#options.onOpen();
      this.#heardAt = performance.now();
      this.#probing = setInterval(() => {
        if (performance.now() - this.#heardAt > PROBE_EVERY / 2) this.#probe();
      }, PROBE_EVERY);
    });
    socket.addEventListener('message', (event: MessageEvent<string | ArrayBuffer>) => {
      if (this.#socket !== socket) return;
      this.#heard();
      this.#options.onMessage(event.data);
    });
    socket.addEventListener('close', () => {
      if (this.#socket === socket) this.#lost();
    });
  }

  #probe(): void {
    const { probe } = this.#options;
    if (probe === undefined || this.#answer !== undefined || !this.send(probe)) return;
    this.#answer = setTimeout(() => {
      this.#probePatience = Math.min(this.#probePatience * 2, LONGEST_PROBE_PATIENCE);
      this.retryNow(true);
    }, this.#probePatience);
  }

  #heard(): void {
    this.#heardAt = performance.now();
    clearTimeout(this.#answer);
    this.#answer = undefined;
  }

  #stopProbing(): void {
    clearInterval(this.#probing);
    clearTimeout(this.#answer);
    this.#answer = undefined;
  }

  #notBlocked(): void {
    if (this.#blockedTimer === undefined) return;
    clearTimeout(this.#blockedTimer);
    this.#blockedTimer = undefined;
    this.#options.onBlocked?.(false);
  }

  #lost(): void {
    this.#socket = undefined;
    clearTimeout(this.#stable);
    clearTimeout(this.#opening);
    this.#stopProbing();
    if (this.#closed) return;
    this.#setState('lost');
    void checkLogin(); // a closed socket does not say why; the login may have ended
    const wait = this.#pause * (0.75 + Math.random() / 2);
    this.#pause = Math.min(this.#pause * 1.7, LONGEST_PAUSE);
    this.#timer = setTimeout(() => this.#connect(), wait);
  }

  #setState(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}

/** The websocket address of a path under base_url. */
export function socketUrl(path: string): string {
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}${path}`;
}
