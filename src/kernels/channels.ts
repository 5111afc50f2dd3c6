/** The ZeroMQ sockets of one kernel, shared by everyone who talks to it. */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Dealer, Subscriber } from 'zeromq';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import { WireSignature } from '../wire-signature.js';
import { endpoint } from './connection-file.js';
import type { ConnectionInfo } from './connection-file.js';
import { ReadAhead } from './read-ahead.js';
import type { ReadAheadBudget } from './read-ahead.js';

export interface ChannelHandlers {
  onMessage(channel: KernelChannel, message: WireMessage): void;
  /** Something that is no message, has a wrong signature or was played back; it is dropped. */
  onRefused(channel: KernelChannel, error: unknown): void;
  /** While it gives a promise, messages of iopub are not passed on: they wait, within the bound of what may be read ahead. */
  holdReading(): Promise<void> | undefined;
}

type RequestChannel = Exclude<KernelChannel, 'iopub'>;

/**
 * Messages that libzmq takes in before we read them. When it has so many it lets the kernel wait, and nearly all kernels
 * drop what they cannot send; so it is many. Small messages can come faster than we read, and are 100 MB then; long ones
 * cannot.
 */
const mostUnread = 50_000;
/** Messages that are passed on in one turn of the event loop, of those that had to wait. */
const mostPerTurn = 256;

/** Kernels of one server share libzmq's context; its default of 1023 sockets is about 250 kernels. */
const maxSockets = 8192;
/** ms; a kernel that is starting refuses connections, and the default of 100 is felt at every start. */
const reconnectInterval = 30;

const loadZeromq = once(async () => {
  const zmq = await import('zeromq');
  zmq.context.maxSockets = maxSockets;
  return zmq;
});

export class KernelChannels {
  readonly #signature: WireSignature;
  readonly #handlers: ChannelHandlers;
  /** of iopub */
  readonly #readAhead: ReadAhead;
  readonly #dealers: Record<RequestChannel, Dealer>;
  readonly #iopub: Subscriber;
  readonly #outgoing: Record<RequestChannel, Uint8Array[][]> = { shell: [], control: [], stdin: [] };
  readonly #sending = new Set<RequestChannel>();
  #closed = false;
  #held = false;
  /** when the last message came, by `performance.now()` */
  #lastMessage = performance.now();

  /** Connects at once; a kernel that does not listen yet is reached as soon as it does. */
  static async open(
    connection: ConnectionInfo,
    budget: ReadAheadBudget,
    handlers: ChannelHandlers,
  ): Promise<KernelChannels> {
    return new KernelChannels(await loadZeromq(), connection, budget, handlers);
  }

  private constructor(
    zmq: typeof import('zeromq'),
    connection: ConnectionInfo,
    budget: ReadAheadBudget,
    handlers: ChannelHandlers,
  ) {
    this.#readAhead = new ReadAhead(budget);
    this.#signature = new WireSignature(connection.key, connection.signature_scheme);
    this.#handlers = handlers;
    // Without linger 0 an unsent message keeps the process from ending. No high-water mark for sending: requests to a
    // busy kernel would block.
    const common = { linger: 0, reconnectInterval, receiveHighWaterMark: mostUnread };
    const dealer = (routingId: string, immediate = false) =>
      new zmq.Dealer({ ...common, sendHighWaterMark: 0, routingId, immediate });
    // A kernel asks for input at the identity that sent the request on shell.
    const asker = randomUUID();
    // `immediate`: it can be written to only when it is connected, which is how we learn that it is.
    this.#dealers = { shell: dealer(asker), stdin: dealer(asker, true), control: dealer(randomUUID()) };
    this.#iopub = new zmq.Subscriber(common);
    this.#iopub.subscribe();
    this.#iopub.connect(endpoint(connection, 'iopub'));
    void this.#receive('iopub', this.#iopub);
    for (const channel of ['shell', 'control', 'stdin'] as const) {
      this.#dealers[channel].connect(endpoint(connection, channel));
      void this.#receive(channel, this.#dealers[channel]);
    }
  }

  /**
   * Whether the kernel can reach us on stdin. Shell and control keep what is sent until they are connected, but a kernel
   * that asks for input before we are connected asks nobody: its socket drops what it cannot route.
   */
  get stdinReachable(): boolean {
    return !this.#closed && this.#dealers.stdin.writable;
  }

  /** Signs and sends; messages of a channel go out in the order of the calls. */
  send(channel: RequestChannel, message: WireMessage): void {
    if (this.#closed) return;
    this.#outgoing[channel].push(this.#signature.encode(message));
    if (!this.#sending.has(channel)) void this.#flush(channel);
  }

  /** Resolves when nothing came for `quiet` ms, at the latest after `longest` ms: what an ended kernel had sent is in. */
  async drained(quiet: number, longest: number): Promise<void> {
    const start = performance.now();
    this.#lastMessage = start;
    const isQuiet = () => !this.#held && performance.now() - this.#lastMessage >= quiet;
    while (!isQuiet() && performance.now() - start < longest) {
      await new Promise((resolve) => setTimeout(resolve, quiet / 2));
    }
    while (this.#passOn());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#iopub.close();
    this.#readAhead.close();
    for (const dealer of Object.values(this.#dealers)) dealer.close();
  }

  /**
   * Reads as fast as it can: nobody counts the bytes that lie in libzmq. zeromq hands over waiting messages in one turn of
   * the event loop (up to some hundred), so listeners can gather and write once.
   */
  async #receive(channel: KernelChannel, socket: Dealer | Subscriber): Promise<void> {
    for (;;) {
      let frames: Buffer[];
      try {
        frames = await socket.receive();
      } catch (error) {
        if (!this.#closed) this.#handlers.onRefused(channel, error);
        return;
      }
      if (this.#closed) return;
      this.#lastMessage = performance.now();
      try {
        this.#received(channel, this.#signature.decode(frames));
      } catch (error) {
        this.#handlers.onRefused(channel, error);
      }
    }
  }

  #received(channel: KernelChannel, message: WireMessage): void {
    if (channel === 'iopub' && this.#held) {
      this.#readAhead.push(message);
      // Too much waits: who cannot keep up is not waited for any more.
      while (this.#readAhead.isTooMuch) this.#passOn();
      return;
    }
    this.#handlers.onMessage(channel, message);
    const held = channel === 'iopub' ? this.#handlers.holdReading() : undefined;
    if (held) void this.#hold(held);
  }

  async #hold(held: Promise<void>): Promise<void> {
    this.#held = true;
    for (let wait: Promise<void> | undefined = held; wait && !this.#closed;) {
      await wait;
      wait = undefined;
      for (let i = 0; !wait && this.#passOn(); i++) {
        wait = this.#handlers.holdReading() ?? (i === mostPerTurn ? setImmediate() : undefined);
      }
    }
    this.#held = false;
    this.#lastMessage = performance.now();
  }

  /** Passes on the message that waits longest; false: none does. */
  #passOn(): boolean {
    const message = this.#readAhead.shift();
    if (message) this.#handlers.onMessage('iopub', message);
    return message !== undefined;
  }

  async #flush(channel: RequestChannel): Promise<void> {
    const queue = this.#outgoing[channel];
    this.#sending.add(channel);
    try {
      for (let frames = queue.shift(); frames && !this.#closed; frames = queue.shift()) {
        // A socket takes one message at a time.
        await this.#dealers[channel].send(frames);
      }
    } catch (error) {
      if (!this.#closed) this.#handlers.onRefused(channel, error);
    } finally {
      this.#sending.delete(channel);
    }
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
