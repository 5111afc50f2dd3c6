/** One websocket to a kernel's channels: asks the kernel, and hears what it says. After a break it goes on where it was. */
import { ReplayPosition } from '../../src/protocol/replay-position.js';
import { decodeV1, encodeV1, v1Protocol } from '../../src/protocol/websocket-v1.js';
import type { MessageHeader } from '../../src/protocol/kernel-messages.js';
import type { JsonObject } from '../../src/notebook/types.js';
import { newCellId } from '../../src/notebook/cell-id.js';
import { Connection, socketUrl } from '../base/connection.js';
import { urlFor } from '../base/urls.js';

export interface KernelMessage {
  channel: string;
  /** `msg_type` of its header */
  type: string;
  /** `msg_id` of the request that it belongs to; '' for none */
  parent: string;
  content: JsonObject;
  metadata: JsonObject;
  buffers: readonly Uint8Array[];
}

export interface KernelLineHandlers {
  heard(message: KernelMessage): void;
  /** the connection broke; it comes back by itself */
  lost?(): void;
}

/** The notebook's kernel, for parts of the page that are loaded later and only know that there may be one. */
export interface KernelAccess {
  /** undefined while none runs */
  id(): string | undefined;
  open(kernelId: string, handlers: KernelLineHandlers): KernelLine;
  /** Calls `listener` when another kernel runs, or none. Returns how to stop. */
  onChange(listener: () => void): () => void;
}

export class KernelLine {
  /** of one connection, over its breaks */
  readonly #session = newCellId() + newCellId();
  readonly #position = new ReplayPosition();
  readonly #connection: Connection;
  readonly #handlers: KernelLineHandlers;
  #queue: Uint8Array<ArrayBuffer>[] = [];

  constructor(
    readonly kernelId: string,
    handlers: KernelLineHandlers,
  ) {
    this.#handlers = handlers;
    const path = `api/kernels/${encodeURIComponent(kernelId)}/channels`;
    this.#connection = new Connection({
      // After a break the server goes on where we were, so that an answer is not lost with the connection.
      url: () =>
        Promise.resolve(
          socketUrl(urlFor(path, '', { session_id: this.#session, after: this.#position.after })),
        ),
      protocols: [v1Protocol],
      onOpen: () => {
        for (const frame of this.#queue.splice(0)) this.#connection.send(frame);
      },
      onMessage: (data) => this.#receive(data),
      onState: (state) => state === 'lost' && handlers.lost?.(),
    });
  }

  /** Sends a message on the shell channel, at once or as soon as there is a connection. @returns its `msg_id` */
  say(type: string, content: JsonObject, metadata: JsonObject = {}): string {
    const header: MessageHeader = {
      msg_id: crypto.randomUUID?.() ?? newCellId() + newCellId() + newCellId(),
      msg_type: type,
      session: this.#session,
      username: 'page',
      date: new Date().toISOString(),
      version: '5.3',
    };
    const frame = encodeV1({
      channel: 'shell',
      header: toBytes(header),
      parentHeader: toBytes({}),
      metadata: toBytes(metadata),
      content: toBytes(content),
      buffers: [],
    }) as Uint8Array<ArrayBuffer>;
    if (!this.#connection.send(frame)) this.#queue.push(frame);
    return header.msg_id;
  }

  close(): void {
    this.#connection.close();
    this.#queue = [];
  }

  #receive(data: string | ArrayBuffer): void {
    if (typeof data === 'string') return;
    const message = decodeV1(new Uint8Array(data));
    const header = fromBytes(message.header);
    const type = typeof header['msg_type'] === 'string' ? header['msg_type'] : '';
    this.#position.count(type, () => fromBytes(message.content));
    const parent = fromBytes(message.parentHeader)['msg_id'];
    this.#handlers.heard({
      channel: message.channel,
      type,
      parent: typeof parent === 'string' ? parent : '',
      buffers: message.buffers,
      // read when somebody wants them: a kernel sends all its output to every websocket
      get content() {
        return fromBytes(message.content);
      },
      get metadata() {
        return fromBytes(message.metadata);
      },
    });
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function toBytes(value: object): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** Empty for what is no JSON object: nobody waits for such a message. */
function fromBytes(bytes: Uint8Array): JsonObject {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return isObject(value) ? value : {};
  } catch {
    return {}; // as above
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
