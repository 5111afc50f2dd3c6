/** What the two websocket framings of kernel channels (v1, legacy) have in common. */

/** A message on its way over a websocket: the JSON parts as UTF-8 bytes, untouched. */
export interface ChannelMessage {
  channel: string;
  header: Uint8Array;
  parentHeader: Uint8Array;
  metadata: Uint8Array;
  content: Uint8Array;
  buffers: readonly Uint8Array[];
}

/** A websocket frame that breaks its format. Its text goes to the log. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FrameError';
  }
}

/** The payload of a websocket message in parts, to be sent one after the other; big parts are not copied. */
export interface FramePayload {
  binary: boolean;
  parts: Uint8Array[];
}

/** Longest header of a frame that a server sends. */
export const longestFrameHeader = 10;

/** Bytes of the header of a frame with so many bytes of payload. */
export function frameHeaderLength(payloadLength: number): number {
  return payloadLength < 126 ? 2 : payloadLength < 65_536 ? 4 : longestFrameHeader;
}

/**
 * Writes the header of a frame as a server sends it: final, not masked (RFC 6455, 5.2).
 *
 * @returns the offset behind it
 */
export function writeFrameHeader(into: Uint8Array, at: number, binary: boolean, length: number): number {
  into[at++] = binary ? 0x82 : 0x81;
  if (length < 126) {
    into[at++] = length;
    return at;
  }
  const size = length < 65_536 ? 2 : 8;
  into[at++] = size === 2 ? 126 : 127;
  // Beyond 32 bits by division: JavaScript's shifts know no more.
  for (let i = size - 1; i >= 0; i--) into[at + i] = (length / 2 ** (8 * (size - 1 - i))) & 0xff;
  return at + size;
}

/** Below this many bytes a loop is faster than `set`, which leaves JavaScript. */
const loopBelow = 40;

/** Copies bytes; answers the offset behind them. */
export function copyBytes(into: Uint8Array, at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  if (length < loopBelow) for (let i = 0; i < length; i++) into[at + i] = bytes[i] ?? 0;
  else into.set(bytes, at);
  return at + length;
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
