/**
 * The websocket framing of clients that ask for no subprotocol: JSON text, or a binary frame when there are buffers.
 *
 * A binary frame: n (number of parts), n offsets from the frame's start, all u32 **big**-endian and without an end
 * offset, then the parts: the JSON of the message, and the buffers. Both ways the JSON is spliced, not parsed and written
 * again, so numbers, key order and escapes stay what their sender wrote.
 */
import { JsonError, levels, scanJson, stringAt } from '../notebook/json-scanner.js';
import type { JsonNode } from '../notebook/json-scanner.js';
import type { MessageHeader } from './kernel-messages.js';
import { copyBytes, FrameError } from './websocket-frame.js';
import type { ChannelMessage, FramePayload } from './websocket-frame.js';

const numberSize = 4;
/** No widget sends nearly as many; each part costs the memory of an object, however short it is. */
const mostParts = 65_536;
const encoder = new TextEncoder();
const emptyObject = encoder.encode('{}');

const headerKey = encoder.encode('{"header":');
const parentKey = encoder.encode(',"parent_header":');
const metadataKey = encoder.encode(',"metadata":');
const contentKey = encoder.encode(',"content":');
const fixedLength = headerKey.length + parentKey.length + metadataKey.length + contentKey.length;

/** A message whose `buffers` are empty, or not looked at. */
type WithoutBuffers = Omit<ChannelMessage, 'channel' | 'buffers'>;

/** @param header  the parsed header, whose id and type are repeated at the top level for older clients */
export function encodeLegacy(
  message: ChannelMessage,
  header: Pick<MessageHeader, 'msg_id' | 'msg_type'>,
): FramePayload {
  if (message.buffers.length === 0) {
    return { binary: false, parts: jsonParts(message, header, ',"buffers":[]') };
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
  return { binary: true, parts: [head, ...json, ...message.buffers] };
}

/** Bytes of the text frame of a message without buffers. @param tail  from `legacyTail` */
export function legacyLength(
  { header, parentHeader, metadata, content }: WithoutBuffers,
  tail: Uint8Array,
): number {
  return fixedLength + header.length + parentHeader.length + metadata.length + content.length + tail.length;
}

/** Writes the text frame of a message without buffers, which most are; answers the offset behind it. */
export function writeLegacy(
  into: Uint8Array,
  at: number,
  { header, parentHeader, metadata, content }: WithoutBuffers,
  tail: Uint8Array,
): number {
  at = copyBytes(into, copyBytes(into, at, headerKey), header);
  at = copyBytes(into, copyBytes(into, at, parentKey), parentHeader);
  at = copyBytes(into, copyBytes(into, at, metadataKey), metadata);
  at = copyBytes(into, copyBytes(into, at, contentKey), content);
  return copyBytes(into, at, tail);
}

/** The end of a frame without buffers. */
export function legacyTail(channel: string, header: Pick<MessageHeader, 'msg_id' | 'msg_type'>): Uint8Array {
  return encoder.encode(tailText(channel, header, ',"buffers":[]'));
}

/**
 * @param bytes  UTF-8; the parts of the message are views of it
 * @throws {FrameError} when it is not a JSON message
 */
export function decodeLegacyText(bytes: Uint8Array): ChannelMessage {
  return fromJson(bytes, []);
}

/** @throws {FrameError} when a count or an offset does not fit, or the first part is not a JSON message */
export function decodeLegacyBinary(frame: Uint8Array): ChannelMessage {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const count = frame.length >= numberSize ? view.getUint32(0) : 0;
  const start = numberSize * (count + 1);
  if (count < 1 || start > frame.length) {
    throw new FrameError(`a legacy frame of ${frame.length} bytes that announces ${count} parts`);
  }
  if (count > mostParts)
    throw new FrameError(`a legacy frame of ${count} parts, at most ${mostParts} are taken`);
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
  return fromJson(json ?? emptyObject, buffers);
}

function jsonParts(
  { channel, header, parentHeader, metadata, content }: ChannelMessage,
  ids: Pick<MessageHeader, 'msg_id' | 'msg_type'>,
  buffers: string,
): Uint8Array[] {
  const tail = encoder.encode(tailText(channel, ids, buffers));
  return [headerKey, header, parentKey, parentHeader, metadataKey, metadata, contentKey, content, tail];
}

function tailText(
  channel: string,
  { msg_id, msg_type }: Pick<MessageHeader, 'msg_id' | 'msg_type'>,
  buffers: string,
): string {
  const [id, type] = [JSON.stringify(msg_id), JSON.stringify(msg_type)];
  return `${buffers},"channel":"${channel}","msg_id":${id},"msg_type":${type}}`;
}

const ONE_LEVEL = levels(1);

function fromJson(bytes: Uint8Array, buffers: Uint8Array[]): ChannelMessage {
  let value: JsonNode;
  try {
    value = scanJson(bytes, ONE_LEVEL);
  } catch (error) {
    if (error instanceof JsonError) throw new FrameError(`a legacy frame that is not JSON: ${error.message}`);
    // A key that is not UTF-8.
    throw new FrameError('a legacy frame that is not JSON');
  }
  if (value.kind !== 'object') throw new FrameError('a legacy frame that is no JSON object');
  // Of a key that stands twice the last one counts, as for every JSON parser.
  const fields = new Map((value.fields ?? []).map(({ key, value: node }) => [key, node]));
  const part = (name: string) => {
    const node = fields.get(name);
    return node === undefined || node.kind === 'null' ? emptyObject : bytes.subarray(node.start, node.end);
  };
  const channel = fields.get('channel');
  return {
    // Old clients leave the channel out: they mean shell.
    channel: channel?.kind === 'string' ? stringAt(bytes, channel.start, channel.end) : 'shell',
    header: part('header'),
    parentHeader: part('parent_header'),
    metadata: part('metadata'),
    content: part('content'),
    buffers,
  };
}
