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

/**
 * An encoded frame in pieces, to be sent one after the other as one websocket message: big parts are not copied, and
 * the same bytes may go to many clients.
 */
export interface EncodedFrame {
  binary: boolean;
  pieces: Uint8Array[];
}

/** Below this many bytes copying is cheaper than one more write. */
const copyBelow = 65_536;

/** Joins neighbours until no piece is small next to another small one. */
export function joinSmall(parts: readonly Uint8Array[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  const flush = () => {
    if (small.length > 0) pieces.push(joinBytes(small));
    small = [];
  };
  for (const part of parts) {
    if (part.length < copyBelow) {
      small.push(part);
    } else {
      flush();
      pieces.push(part);
    }
  }
  flush();
  return pieces;
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
