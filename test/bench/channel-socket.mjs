// A client of kernel channels that costs little itself: it walks over frames and looks at their first bytes only.
import { randomBytes, randomUUID } from 'node:crypto';
import { connect } from 'node:net';

const V1 = 'v1.kernel.websocket.jupyter.org';
/** Bytes at the start of a message that are kept to look at. */
const HEAD = 4096;

/**
 * Opens a websocket of a kernel.
 *
 * @param {{ port: number, headers?: Record<string, string> }} server
 * @param {{ framing: 'v1' | 'legacy', session?: string, onMessage?: (head: Buffer, length: number) => void }} options
 *   `head` are the first bytes of a message, `length` is all of it
 */
export async function openChannels(server, kernelId, { framing, session = randomUUID(), onMessage }) {
  const socket = connect({ port: server.port, host: '127.0.0.1', noDelay: true });
  const lines = [
    `GET /api/kernels/${kernelId}/channels?session_id=${session} HTTP/1.1`,
    `Host: 127.0.0.1:${server.port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ...(framing === 'v1' ? [`Sec-WebSocket-Protocol: ${V1}`] : []),
    ...Object.entries(server.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const channel = new ChannelSocket(socket, framing, session, onMessage);
  await channel.opened;
  return channel;
}

class ChannelSocket {
  /** messages, and bytes, received */
  messages = 0;
  bytes = 0;
  #pending = Buffer.alloc(0);
  /** of the message that is under way: bytes of its current frame that are still to come, and its last one */
  #left = 0;
  #fin = true;
  #control = false;
  #opcode = 0;
  #head = [];
  #headLength = 0;
  #length = 0;
  #shaken = false;
  #opened;

  constructor(socket, framing, session, onMessage = () => {}) {
    Object.assign(this, { socket, framing, session, onMessage });
    this.opened = new Promise((resolve, reject) => {
      this.#opened = resolve;
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the websocket was closed')));
    });
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => {});
  }

  /** Sends a request and answers its msg_id. */
  request(channel, msg_type, content) {
    const header = {
      msg_id: randomUUID(),
      msg_type,
      session: this.session,
      username: 'bench',
      version: '5.3',
    };
    header.date = new Date().toISOString();
    if (this.framing === 'legacy') {
      const message = { header, parent_header: {}, metadata: {}, content, buffers: [], channel };
      this.#send(1, Buffer.from(JSON.stringify(message)));
    } else {
      const parts = [channel, JSON.stringify(header), '{}', '{}', JSON.stringify(content)].map((part) =>
        Buffer.from(part),
      );
      const head = Buffer.alloc(8 * (parts.length + 2));
      head.writeBigUInt64LE(BigInt(parts.length + 1), 0);
      let at = head.length;
      head.writeBigUInt64LE(BigInt(at), 8);
      parts.forEach((part, i) => head.writeBigUInt64LE(BigInt((at += part.length)), 8 * (i + 2)));
      this.#send(2, Buffer.concat([head, ...parts]));
    }
    return header.msg_id;
  }

  execute(code) {
    const content = { code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false };
    return this.request('shell', 'execute_request', { ...content, stop_on_error: true });
  }

  close() {
    this.socket.destroy();
  }

  #send(opcode, payload) {
    const length = payload.length;
    const head = Buffer.alloc(length < 126 ? 6 : 8);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (length < 126 ? length : 126);
    if (length >= 126) head.writeUInt16BE(length, 2);
    // The mask of four zeros changes nothing.
    this.socket.write(Buffer.concat([head, payload]));
  }

  #take(chunk) {
    let data = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    this.#pending = Buffer.alloc(0);
    if (!this.#shaken) {
      const end = data.indexOf('\r\n\r\n');
      if (end < 0) {
        this.#pending = data;
        return;
      }
      if (!data.toString('latin1', 0, 20).includes(' 101 ')) return void this.socket.destroy();
      this.#shaken = true;
      this.#opened();
      data = data.subarray(end + 4);
    }
    let at = 0;
    while (at < data.length) {
      if (this.#left === 0) {
        const start = this.#frame(data, at);
        if (start < 0) break;
        at = start;
      }
      const take = Math.min(this.#left, data.length - at);
      if (this.#headLength < HEAD && take > 0) {
        const part = data.subarray(at, at + Math.min(take, HEAD - this.#headLength));
        this.#head.push(part);
        this.#headLength += part.length;
      }
      this.#left -= take;
      this.#length += take;
      at += take;
      if (this.#left === 0) this.#frameEnded();
    }
    if (at < data.length) this.#pending = Buffer.from(data.subarray(at));
  }

  /** Reads a frame's header; the offset behind it, or -1 when it is not all there. */
  #frame(data, at) {
    if (data.length - at < 2) return -1;
    const short = data[at + 1] & 0x7f;
    const size = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (data.length - at < size) return -1;
    this.#left =
      short < 126 ? short : short === 126 ? data.readUInt16BE(at + 2) : Number(data.readBigUInt64BE(at + 2));
    this.#fin = (data[at] & 0x80) !== 0;
    this.#opcode = data[at] & 0x0f;
    this.#control = this.#opcode >= 8;
    if (this.#left === 0 && at + size === data.length) this.#frameEnded();
    return at + size;
  }

  #frameEnded() {
    if (!this.#fin && !this.#control) return;
    const head = this.#head.length === 1 ? this.#head[0] : Buffer.concat(this.#head);
    const length = this.#length;
    this.#head = [];
    this.#headLength = 0;
    this.#length = 0;
    if (this.#opcode === 9) return this.#send(10, head);
    if (this.#control) return;
    this.messages += 1;
    this.bytes += length;
    this.onMessage(head, length);
  }
}

/** The number that the text of a stream of the fake kernel begins with, or -1. */
export function numberIn(head) {
  const at = head.indexOf('"text"');
  if (at < 0) return -1;
  let from = at + 6;
  while (from < head.length && (head[from] < 0x30 || head[from] > 0x39)) from++;
  let number = 0;
  for (; head[from] >= 0x30 && head[from] <= 0x39; from++) number = number * 10 + head[from] - 0x30;
  return number;
}
