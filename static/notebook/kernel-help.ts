/**
 * Completion and inspection over the kernel's own websocket. It is opened when it is first needed and closed when
 * nobody asked for a while, because a kernel sends all its output to every websocket.
 */
import { ReplayPosition } from '../../src/protocol/replay-position.js';
import { decodeV1, encodeV1, v1Protocol } from '../../src/protocol/websocket-v1.js';
import type { MessageHeader } from '../../src/protocol/kernel-messages.js';
import type { JsonObject, MimeBundle } from '../../src/notebook/types.js';
import { newCellId } from '../../src/notebook/cell-id.js';
import { announce } from '../base/notify.js';
import { urlFor } from '../base/urls.js';
import { fromCodePoints, toCodePoints } from './code-points.js';
import { Connection, socketUrl } from '../base/connection.js';
import type { KernelLink } from './help-links.js';
import type { Completions, KernelHelp } from './writing/kernel-help.js';
import { renderBundle } from './outputs/mime.js';

/** Longer than this a person does not wait for a list of names. */
const PATIENCE = 5_000;
const IDLE = 120_000;

export interface KernelHelpOptions {
  /** id of the kernel, undefined while none runs */
  kernelId(): string | undefined;
  isBusy(): boolean;
  path(): string;
  toPager(content: HTMLElement): void;
}

export class KernelHelpClient implements KernelHelp {
  readonly #options: KernelHelpOptions;
  /** of one connection, over its breaks: what came while nobody asked is of no interest later */
  #session = '';
  #position = new ReplayPosition();
  #connection: Connection | undefined;
  #kernelId: string | undefined;
  #links: { kernelId: string; links: KernelLink[] } | undefined;
  readonly #waiting = new Map<string, (content: JsonObject | undefined) => void>();
  #queue: Uint8Array<ArrayBuffer>[] = [];
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(options: KernelHelpOptions) {
    this.#options = options;
  }

  async complete(code: string, position: number): Promise<Completions | undefined> {
    const reply = await this.#request('complete', { code, cursor_pos: toCodePoints(code, position) });
    const matches = reply?.['matches'];
    if (reply === undefined || !Array.isArray(matches)) return undefined;
    const metadata = reply['metadata'];
    const typed = isObject(metadata) ? metadata['_jupyter_types_experimental'] : undefined;
    const types = new Map<string, string>();
    for (const each of Array.isArray(typed) ? typed : []) {
      if (isObject(each) && typeof each['text'] === 'string' && typeof each['type'] === 'string') {
        types.set(each['text'], each['type']);
      }
    }
    return {
      from: fromCodePoints(code, Number(reply['cursor_start'] ?? 0)),
      to: fromCodePoints(code, Number(reply['cursor_end'] ?? code.length)),
      matches: matches
        .filter((match) => typeof match === 'string')
        .map((text) => {
          const type = types.get(text);
          return type === undefined || type === '<unknown>' ? { text } : { text, type };
        }),
    };
  }

  async inspect(code: string, position: number): Promise<HTMLElement | undefined> {
    const cursor_pos = toCodePoints(code, position);
    const reply = await this.#request('inspect', { code, cursor_pos, detail_level: 0 });
    if (reply === undefined || reply['found'] !== true || !isObject(reply['data'])) return undefined;
    // the plain text is what the classic tooltip shows; it has the kernel's colours
    const data = reply['data'] as MimeBundle;
    const { 'text/plain': plain } = data;
    const bundle = plain === undefined ? data : { 'text/plain': plain };
    return renderBundle(bundle, {}, { path: this.#options.path(), untrusted: true, cellName: 'the help' })
      .element;
  }

  /** `help_links` of `kernel_info`; undefined while the kernel is busy or gone. */
  async links(): Promise<KernelLink[] | undefined> {
    const kernelId = this.#options.kernelId();
    if (kernelId === undefined || this.#options.isBusy()) return undefined;
    if (this.#links?.kernelId !== kernelId) {
      const reply = await this.#request('kernel_info', {});
      if (reply === undefined) return undefined;
      const links = Array.isArray(reply['help_links']) ? reply['help_links'] : [];
      this.#links = {
        kernelId,
        links: links.flatMap((each) =>
          isObject(each) && typeof each['text'] === 'string' && typeof each['url'] === 'string'
            ? [{ text: each['text'], url: each['url'] }]
            : [],
        ),
      };
    }
    return this.#links.links;
  }

  toPager(content: HTMLElement): void {
    this.#options.toPager(content);
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#connection?.close();
    this.#connection = undefined;
    for (const answer of this.#waiting.values()) answer(undefined);
    this.#waiting.clear();
    this.#queue = [];
  }

  async #request(name: string, content: JsonObject): Promise<JsonObject | undefined> {
    const kernelId = this.#options.kernelId();
    if (kernelId === undefined) {
      announce('No kernel is running.');
      return undefined;
    }
    if (this.#options.isBusy()) {
      announce('The kernel is busy; it answers when it is done.');
      return undefined;
    }
    this.#connect(kernelId);
    const header: MessageHeader = {
      msg_id: crypto.randomUUID?.() ?? newCellId() + newCellId() + newCellId(),
      msg_type: `${name}_request`,
      session: this.#session,
      username: 'page',
      date: new Date().toISOString(),
      version: '5.3',
    };
    const frame = encodeV1({
      channel: 'shell',
      header: toBytes(header),
      parentHeader: toBytes({}),
      metadata: toBytes({}),
      content: toBytes(content),
      buffers: [],
    }) as Uint8Array<ArrayBuffer>;
    if (this.#connection?.send(frame) !== true) this.#queue.push(frame);
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(undefined), PATIENCE);
      const done = (answer: JsonObject | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(header.msg_id);
        resolve(answer);
      };
      this.#waiting.set(header.msg_id, done);
    });
  }

  #connect(kernelId: string): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.close(), IDLE);
    if (this.#connection !== undefined && this.#kernelId === kernelId) return;
    this.close();
    this.#idle = setTimeout(() => this.close(), IDLE);
    this.#kernelId = kernelId;
    this.#session = newCellId() + newCellId();
    this.#position = new ReplayPosition();
    const path = `api/kernels/${encodeURIComponent(kernelId)}/channels`;
    this.#connection = new Connection({
      // After a break the server goes on where we were, so that an answer is not lost with the connection.
      url: () =>
        Promise.resolve(
          socketUrl(urlFor(path, '', { session_id: this.#session, after: this.#position.after })),
        ),
      protocols: [v1Protocol],
      onOpen: () => {
        for (const frame of this.#queue.splice(0)) this.#connection?.send(frame);
      },
      onMessage: (data) => this.#receive(data),
      // When nobody waits, the next question opens a new one.
      onState: (state) => state === 'lost' && this.#waiting.size === 0 && this.close(),
    });
  }

  #receive(data: string | ArrayBuffer): void {
    if (typeof data === 'string') return;
    const message = decodeV1(new Uint8Array(data));
    const header = fromBytes(message.header);
    const type = isObject(header) ? header['msg_type'] : undefined;
    this.#position.count(typeof type === 'string' ? type : '', () => fromBytes(message.content));
    if (message.channel !== 'shell') return;
    const parent = fromBytes(message.parentHeader);
    const id = isObject(parent) ? parent['msg_id'] : undefined;
    const answer = typeof id === 'string' ? this.#waiting.get(id) : undefined;
    if (answer === undefined) return;
    const content = fromBytes(message.content);
    answer(isObject(content) && content['status'] !== 'error' ? content : undefined);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function toBytes(value: object): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

function fromBytes(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined; // not a reply that anybody waits for
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
