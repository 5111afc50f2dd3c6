/** The kernel's five ZeroMQ sockets: binds them, signs and checks messages, answers the heartbeat. */
import { randomUUID } from 'node:crypto';
import { Publisher, Reply, Router } from 'zeromq';
import { WireError, type WireMessage } from '../protocol/wire-frames.js';
import { parseHeader, parseObject, type MessageHeader } from '../protocol/kernel-messages.js';
import { WireSignature } from '../wire-signature.js';
import { socketAddress, type Connection } from './connection-file.js';
import type { MessageExtras } from './thread-messages.js';

export type RequestChannel = 'shell' | 'control' | 'stdin';

/** A message from a client, with what is needed to answer it. */
export interface ClientMessage {
  channel: RequestChannel;
  header: MessageHeader;
  parent: Parent;
  content: Record<string, unknown>;
  extras: MessageExtras;
}
/** Whom a message answers: the header as it came, and the client's routing ids. */
export interface Parent {
  header: Buffer;
  identities: Buffer[];
}

/**
 * How long `close` lets the last messages (the shutdown reply) go out, in ms. ZeroMQ's own default is for ever, which
 * hangs a kernel whose server is gone.
 */
const linger = 500;
const emptyObject = Buffer.from('{}');

export class KernelSockets {
  readonly #connection: Connection;
  readonly #signature: WireSignature;
  readonly #session = randomUUID();
  // Without a limit: at the default of 1,000 messages a publisher drops what a fast cell prints.
  readonly #iopub = new Publisher({ linger, sendHighWaterMark: 0 });
  readonly #heartbeat = new Reply({ linger: 0 });
  readonly #routers: Record<RequestChannel, Router>;
  readonly #queues = new Map<Publisher | Router, Promise<void>>();
  #count = 0;
  #closed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#signature = new WireSignature(connection.key, connection.signatureScheme);
    const router = () => new Router({ linger, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
    this.#routers = { shell: router(), control: router(), stdin: router() };
  }

  /** Binds all sockets and starts to receive. */
  async open(receive: (message: ClientMessage) => void): Promise<void> {
    const bind = (socket: Publisher | Reply | Router, name: Parameters<typeof socketAddress>[1]) =>
      socket.bind(socketAddress(this.#connection, name));
    await Promise.all([
      bind(this.#iopub, 'iopub'),
      bind(this.#heartbeat, 'hb'),
      bind(this.#routers.shell, 'shell'),
      bind(this.#routers.control, 'control'),
      bind(this.#routers.stdin, 'stdin'),
    ]);
    void this.#beat();
    for (const channel of ['shell', 'control', 'stdin'] as const) void this.#listen(channel, receive);
  }

  /** Broadcasts to everyone who listens. Without a parent (`starting`) the parent header is empty. */
  publish(parent: Parent | undefined, type: string, content: object, extras?: MessageExtras): void {
    // ipykernel's topics; nobody filters by them, but they help whoever looks at the wire.
    this.#send(this.#iopub, [Buffer.from(`kernel.${this.#session}.${type}`)], parent, type, content, extras);
  }

  /** Sends to the client that `parent` came from. */
  reply(channel: RequestChannel, parent: Parent, type: string, content: object): void {
    this.#send(this.#routers[channel], parent.identities, parent, type, content);
  }

  /** Waits for what was sent, then closes; a second call does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all(this.#queues.values());
    for (const socket of [this.#iopub, this.#heartbeat, ...Object.values(this.#routers)]) socket.close();
  }

  #send(
    socket: Publisher | Router,
    identities: Buffer[],
    parent: Parent | undefined,
    type: string,
    content: object,
    extras?: MessageExtras,
  ): void {
    if (this.#closed) return;
    const header: MessageHeader = {
      msg_id: `${this.#session}_${this.#count++}`,
      msg_type: type,
      session: this.#session,
      username: 'kernel',
      date: new Date().toISOString(),
      version: '5.3',
    };
    const frames = this.#signature.encode({
      identities,
      header: Buffer.from(JSON.stringify(header)),
      parentHeader: parent?.header ?? emptyObject,
      metadata: extras ? Buffer.from(JSON.stringify(extras.metadata)) : emptyObject,
      content: Buffer.from(JSON.stringify(content)),
      buffers: extras ? extras.buffers.map((one) => Buffer.from(one)) : [],
    });
    // A socket takes one send at a time (EBUSY). A client that is gone is no reason to stop.
    const earlier = this.#queues.get(socket) ?? Promise.resolve();
    const sent = earlier.then(() => socket.send(frames as Buffer[])).catch(() => undefined);
    this.#queues.set(socket, sent);
  }

  async #listen(channel: RequestChannel, receive: (message: ClientMessage) => void): Promise<void> {
    for await (const frames of this.#routers[channel]) {
      const message = this.#decode(frames);
      const header = message && parseHeader(message.header);
      const content = message && parseObject(message.content);
      // A message that is forged or broken has no one to answer to.
      if (!message || !header || !content) continue;
      receive({
        channel,
        header,
        content,
        parent: { header: message.header, identities: message.identities },
        extras: { metadata: parseObject(message.metadata) ?? {}, buffers: message.buffers },
      });
    }
  }

  #decode(frames: Buffer[]): WireMessage | undefined {
    try {
      return this.#signature.decode(frames);
    } catch (error) {
      if (error instanceof WireError) return undefined;
      throw error;
    }
  }

  async #beat(): Promise<void> {
    for await (const frames of this.#heartbeat) await this.#heartbeat.send(frames);
  }
}
