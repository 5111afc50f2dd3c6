/**
 * The websocket framing `v1.kernel.websocket.jupyter.org`, both directions.
 *
 * A binary frame: N (number of offsets), N offsets from the frame's start, all u64 little-endian, then the slices
 * between neighbouring offsets: channel, header, parent_header, metadata, content, buffers…. So N is parts + 1, the
 * first offset is 8 (N + 1), the last is the frame's length.
 */
import { copyBytes, FrameError, joinBytes } from './websocket-frame.js';
import type { ChannelMessage, FramePayload } from './websocket-frame.js';

/** Name of the websocket subprotocol. */
export const v1Protocol = 'v1.kernel.websocket.jupyter.org';

/** channel, header, parent_header, metadata, content */
const fixedParts = 5;
/** No widget sends nearly as many; each part costs the memory of an object, however short it is. */
const mostParts = 65_536;
const numberSize = 8;
/** A message whose `buffers` are empty, or not looked at. */
type WithoutBuffers = Omit<ChannelMessage, 'channel' | 'buffers'>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The frame as one piece. */
export function encodeV1(message: ChannelMessage): Uint8Array {
  return joinBytes(encodeV1Parts(message).parts);
}

/** The frame in parts that are to be sent as one websocket message: the offsets, and the message's own bytes. */
export function encodeV1Parts(message: ChannelMessage): FramePayload {
  const { channel, header, parentHeader, metadata, content, buffers } = message;
  const parts = [encoder.encode(channel), header, parentHeader, metadata, content, ...buffers];
  const head = new Uint8Array(numberSize * (parts.length + 2));
  writeOffsets(new DataView(head.buffer), 0, parts);
  return { binary: true, parts: [head, ...parts] };
}

/** Bytes of the frame of a message without buffers. */
export function v1Length(channel: Uint8Array, message: WithoutBuffers): number {
  const { header, parentHeader, metadata, content } = message;
  const parts = channel.length + header.length + parentHeader.length + metadata.length + content.length;
  return numberSize * (fixedParts + 2) + parts;
}

/**
 * Writes the frame of a message without buffers, which most are, and makes no object for it.
 *
 * @param view     of `into`
 * @param channel  UTF-8
 * @returns the offset behind it
 */
export function writeV1(
  into: Uint8Array,
  view: DataView,
  start: number,
  channel: Uint8Array,
  message: WithoutBuffers,
): number {
  const { header, parentHeader, metadata, content } = message;
  writeOffsets(view, start, [channel, header, parentHeader, metadata, content]);
  let at = start + numberSize * (fixedParts + 2);
  at = copyBytes(into, at, channel);
  at = copyBytes(into, at, header);
  at = copyBytes(into, at, parentHeader);
  at = copyBytes(into, at, metadata);
  return copyBytes(into, at, content);
}

/**
 * Takes a frame apart without copying: the parts are views of it.
 *
 * Every number is checked against the frame's length before anything is made from it: one frame of 34 bytes that
 * announces a huge count has ended other servers.
 *
 * @throws {FrameError} when a count or an offset does not fit
 */
export function decodeV1(frame: Uint8Array): ChannelMessage {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const count = readNumber(view, 0);
  if (count < fixedParts + 1) throw new FrameError(`a v1 frame with ${count} offsets, at least 6 are needed`);
  const start = numberSize * (count + 1);
  if (start > frame.length) {
    throw new FrameError(`a v1 frame of ${frame.length} bytes that announces ${count} offsets`);
  }
  if (count > mostParts) throw new FrameError(`a v1 frame of ${count} parts, at most ${mostParts} are taken`);
  const parts: Uint8Array[] = [];
  let from = readNumber(view, numberSize);
  if (from < start) throw new FrameError('a v1 frame whose first part overlaps its offsets');
  for (let i = 2; i <= count; i++) {
    const to = readNumber(view, numberSize * i);
    if (to < from || to > frame.length)
      throw new FrameError(`a v1 frame whose offset ${i} is out of order or range`);
    parts.push(frame.subarray(from, to));
    from = to;
  }
  const [channel, header, parentHeader, metadata, content, ...buffers] = parts;
  if (!channel || !header || !parentHeader || !metadata || !content)
    throw new FrameError('a v1 frame without content');
  return { channel: decoder.decode(channel), header, parentHeader, metadata, content, buffers };
}

/** The number of offsets, and the offsets, from the frame's start. */
function writeOffsets(view: DataView, start: number, parts: readonly Uint8Array[]): void {
  const count = parts.length + 1;
  writeNumber(view, start, count);
  let offset = numberSize * (count + 1);
  writeNumber(view, start + numberSize, offset);
  for (let i = 0; i < parts.length; i++) {
    offset += parts[i]?.length ?? 0;
    writeNumber(view, start + numberSize * (i + 2), offset);
  }
}

/** A u64 as two u32: no frame is longer than 4 GiB, and BigInts would cost an allocation each. */
function readNumber(view: DataView, at: number): number {
  if (at + numberSize > view.byteLength) throw new FrameError(`a v1 frame of only ${view.byteLength} bytes`);
  if (view.getUint32(at + 4, true) !== 0) throw new FrameError('a v1 frame with a number beyond 4 GiB');
  return view.getUint32(at, true);
}

function writeNumber(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}
