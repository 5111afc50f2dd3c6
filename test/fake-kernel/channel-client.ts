/** A websocket client of kernel channels for tests, in either framing; written apart from the server's own codecs. */
import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { PATIENCE } from '../patience.js';

export interface Received {
  channel: string;
  header: Record<string, unknown>;
  parent: Record<string, unknown>;
  content: Record<string, unknown>;
  /** bytes of the content as received (v1), or the whole text (legacy) */
  raw: Buffer;
  buffers: Buffer[];
}

type Json = Record<string, unknown>;
const parse = (bytes: Buffer) => JSON.parse(bytes.toString()) as Json;

export interface ClientOptions {
  session?: string;
  /** '' offers none */
  protocol?: string | undefined;
  /** number of the last message that it has, see replay-position.ts */
  after?: string;
}

export class ChannelClient {
  readonly received: Received[] = [];
  readonly session: string;
  closeCode: number | undefined;
  readonly #ws: WebSocket;
  readonly #isV1: boolean;
  #news: () => void = () => {};

  private constructor(ws: WebSocket, isV1: boolean, session: string) {
    this.#ws = ws;
    this.#isV1 = isV1;
    this.session = session;
    ws.on('message', (data: Buffer, isBinary) => {
      this.received.push(isV1 ? this.#readV1(data) : this.#readLegacy(data, isBinary));
      this.#news();
    });
    ws.on('close', (code) => {
      this.closeCode = code;
      this.#news();
    });
  }

  static async open(
    wsUrl: string,
    kernelId: string,
    { session = randomUUID(), protocol = 'v1.kernel.websocket.jupyter.org', after }: ClientOptions = {},
  ): Promise<ChannelClient> {
    const query = after === undefined ? '' : `&after=${after}`;
    const address = `${wsUrl}api/kernels/${kernelId}/channels?session_id=${session}${query}`;
    const ws = protocol === '' ? new WebSocket(address) : new WebSocket(address, protocol);
    const client = new ChannelClient(ws, protocol.startsWith('v1.'), session);
    await new Promise((resolve, reject) => {
      ws.once('open', resolve);
      ws.once('error', reject);
    });
    return client;
  }

  get ws(): WebSocket {
    return this.#ws;
  }

  /** Sends a request and answers its msg_id. */
  send(
    channel: string,
    msgType: string,
    content: Json,
    { parent = {}, buffers = [] as Buffer[], subshell = undefined as string | undefined } = {},
  ): string {
    const header = {
      ...(subshell === undefined ? {} : { subshell_id: subshell }),
      msg_id: randomUUID(),
      msg_type: msgType,
      session: this.session,
      username: '',
      version: '5.3',
    };
    if (this.#isV1) {
      const parts = [header, parent, {}, content].map((part) => Buffer.from(JSON.stringify(part)));
      this.#ws.send(writeV1([Buffer.from(channel), ...parts, ...buffers]));
    } else {
      const message = { header, parent_header: parent, metadata: {}, content, channel };
      this.#ws.send(JSON.stringify({ ...message, buffers: [] }));
    }
    return header.msg_id;
  }

  execute(...steps: Json[]): string {
    return this.executeCode(JSON.stringify(steps));
  }

  executeCode(code: string): string {
    const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: true };
    return this.send('shell', 'execute_request', { ...content, stop_on_error: true });
  }

  /** Resolves with the first message, past or future, that fits. */
  async until(fits: (message: Received) => boolean, timeout = PATIENCE): Promise<Received> {
    const deadline = Date.now() + timeout;
    for (let at = 0; ;) {
      for (; at < this.received.length; at++) {
        const message = this.received[at];
        if (message && fits(message)) return message;
      }
      if (Date.now() > deadline) throw new Error(`It did not come; ${this.received.length} others did.`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#news = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The reply to a request, after the kernel said that it is idle again. */
  async done(id: string): Promise<Received> {
    const isReply = ({ channel, parent }: Received) => channel === 'shell' && parent.msg_id === id;
    const reply = await this.until(isReply);
    await this.until(
      ({ header, parent, content }) =>
        header.msg_type === 'status' && content.execution_state === 'idle' && parent.msg_id === id,
    );
    return reply;
  }

  status(state: string, after = 0): Promise<Received> {
    const isLater = (message: Received) => this.received.indexOf(message) >= after;
    return this.until(
      (one) => one.header.msg_type === 'status' && one.content.execution_state === state && isLater(one),
    );
  }

  /** Text of all streams of a request. */
  output(id: string): string {
    return this.received
      .filter(({ header, parent }) => header.msg_type === 'stream' && parent.msg_id === id)
      .map(({ content }) => String(content.text))
      .join('');
  }

  async closed(): Promise<number> {
    const deadline = Date.now() + PATIENCE;
    while (this.closeCode === undefined) {
      if (Date.now() > deadline) throw new Error('The websocket stays open.');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.closeCode;
  }

  async close(): Promise<void> {
    this.#ws.close();
    await this.closed();
  }

  #readV1(frame: Buffer): Received {
    const count = Number(frame.readBigUInt64LE(0));
    const offsets = Array.from({ length: count }, (_, i) => Number(frame.readBigUInt64LE(8 * (i + 1))));
    const parts = offsets.slice(0, -1).map((from, i) => frame.subarray(from, offsets[i + 1]));
    const [channel, header, parent, , content, ...buffers] = parts;
    if (!channel || !header || !parent || !content) throw new Error('not a v1 frame');
    return {
      channel: channel.toString(),
      header: parse(header),
      parent: parse(parent),
      content: lenient(content),
      raw: content,
      buffers,
    };
  }

  #readLegacy(data: Buffer, isBinary: boolean): Received {
    const offsets = isBinary
      ? Array.from({ length: data.readUInt32BE(0) }, (_, i) => data.readUInt32BE(4 * (i + 1)))
      : [];
    const parts = isBinary ? offsets.map((from, i) => data.subarray(from, offsets[i + 1])) : [data];
    const [json = data, ...buffers] = parts;
    const message = parse(json);
    return {
      channel: String(message.channel),
      header: message.header as Json,
      parent: message.parent_header as Json,
      content: message.content as Json,
      raw: json,
      buffers,
    };
  }
}

/** A content that is no JSON (NaN) is for the test to look at in its bytes. */
function lenient(bytes: Buffer): Json {
  try {
    return parse(bytes);
  } catch {
    return {};
  }
}

function writeV1(parts: Buffer[]): Buffer {
  const head = Buffer.alloc(8 * (parts.length + 2));
  head.writeBigUInt64LE(BigInt(parts.length + 1), 0);
  let at = head.length;
  head.writeBigUInt64LE(BigInt(at), 8);
  parts.forEach((part, i) => head.writeBigUInt64LE(BigInt((at += part.length)), 8 * (i + 2)));
  return Buffer.concat([head, ...parts]);
}
