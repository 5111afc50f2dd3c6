/**
 * The websocket framing of clients that ask for no subprotocol: JSON text, or a binary frame when there are buffers.
 *
 * A binary frame: n (number of parts), n offsets from the frame's start, all u32 **big**-endian and without an end
 * offset, then the parts: the JSON of the message, and the buffers. What goes out is spliced from the kernel's bytes,
 * so numbers and key order are the kernel's own.
 */
import type { MessageHeader } from './kernel-messages.js';
import { FrameError, joinSmall } from './websocket-frame.js';
import type { ChannelMessage, EncodedFrame } from './websocket-frame.js';

const numberSize = 4;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @param header  the parsed header, whose id and type are repeated at the top level for older clients */
export function encodeLegacy(
  message: ChannelMessage,
  header: Pick<MessageHeader, 'msg_id' | 'msg_type'>,
): EncodedFrame {
  if (message.buffers.length === 0) {
    return { binary: false, pieces: joinSmall(jsonParts(message, header, ',"buffers":[]')) };
  }
  const json = jsonParts(message, header, '');
  const jsonLength = json.reduce((sum, part) => sum + part.length, 0);
  const lengths = [jsonLength, ...message.buffers.map((buffer) => buffer.length)];
  const head = new Uint8Array(numberSize * (lengths.length + 1));
  const view = new DataView(head.buffer);
  view.setUint32(0, lengths.length);
  let offset = head.length;
  lengths.forEach((length, i) => {
    view.setUint32(numberSize * (i + 1), offset);
    offset += length;
  });
  return { binary: true, pieces: joinSmall([head, ...json, ...message.buffers]) };
}

/** @throws {FrameError} when it is not a JSON message */
export function decodeLegacyText(text: string): ChannelMessage {
  return fromJson(text, []);
}

/** @throws {FrameError} when a count or an offset does not fit, or the first part is not a JSON message */
export function decodeLegacyBinary(frame: Uint8Array): ChannelMessage {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const count = frame.length >= numberSize ? view.getUint32(0) : 0;
  const start = numberSize * (count + 1);
  if (count < 1 || start > frame.length) {
    throw new FrameError(`a legacy frame of ${frame.length} bytes that announces ${count} parts`);
  }
  const parts: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const from = view.getUint32(numberSize * (i + 1));
    const to = i + 1 < count ? view.getUint32(numberSize * (i + 2)) : frame.length;
    if (from < start || to < from || to > frame.length) {
      throw new FrameError(`a legacy frame whose offset ${i} is out of order or range`);
    }
    parts.push(frame.subarray(from, to));
  }
  const [json, ...buffers] = parts;
  return fromJson(decoder.decode(json), buffers);
}

function jsonParts(
  { channel, header, parentHeader, metadata, content }: ChannelMessage,
  { msg_id, msg_type }: Pick<MessageHeader, 'msg_id' | 'msg_type'>,
  buffers: string,
): Uint8Array[] {
  const tail =
    `${buffers},"channel":${JSON.stringify(channel)},` +
    `"msg_id":${JSON.stringify(msg_id)},"msg_type":${JSON.stringify(msg_type)}}`;
  return [
    encoder.encode('{"header":'),
    header,
    encoder.encode(',"parent_header":'),
    parentHeader,
    encoder.encode(',"metadata":'),
    metadata,
    encoder.encode(',"content":'),
    content,
    encoder.encode(tail),
  ];
}

function fromJson(text: string, buffers: Uint8Array[]): ChannelMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FrameError('a legacy frame that is not JSON');
  }
  if (typeof value !== 'object' || value === null)
    throw new FrameError('a legacy frame that is no JSON object');
  const message = value as Record<string, unknown>;
  const part = (name: string) => encoder.encode(JSON.stringify(message[name] ?? {}));
  return {
    // Old clients leave the channel out: they mean shell.
    channel: typeof message.channel === 'string' ? message.channel : 'shell',
    header: part('header'),
    parentHeader: part('parent_header'),
    metadata: part('metadata'),
    content: part('content'),
    buffers,
  };
}
