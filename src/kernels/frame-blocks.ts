/**
 * Websocket frames, laid out one behind the other in blocks of memory: what goes out together is mostly one piece of one
 * block, so that it takes one write, and the same bytes serve every client of a framing.
 */
import {
  copyBytes,
  frameHeaderLength,
  longestFrameHeader,
  writeFrameHeader,
} from '../protocol/websocket-frame.js';
import type { FramePayload } from '../protocol/websocket-frame.js';

/** A range of bytes; neighbours in one block are written as one. */
export interface Piece {
  readonly block: Buffer;
  readonly start: number;
  readonly end: number;
}

/** A whole frame, its header included: one piece, and more where parts were too big to be copied. */
export interface Frame extends Piece {
  readonly more: readonly Piece[];
}

const noMore: readonly Piece[] = [];

/** Bytes of a frame. */
export function frameLength({ start, end, more }: Frame): number {
  return more.reduce((sum, piece) => sum + piece.end - piece.start, end - start);
}

/** Small enough for the allocator to use its memory again: fresh pages cost more than the copying. */
const defaultBlockLength = 64 * 1024;
/** Parts from here on are not copied: one more write is cheaper. */
export const copyBelow = 32 * 1024;

export class FrameBlocks {
  readonly #blockLength: number;
  #block = Buffer.alloc(0);
  #view = new DataView(this.#block.buffer);
  /** what is in use of the block, and where the frame that is being written begins */
  #used = 0;
  #start = 0;

  /** @param blockLength  bytes; 0: each frame gets memory of its own */
  constructor(blockLength = defaultBlockLength) {
    this.#blockLength = blockLength;
  }

  /** The block that the present frame is in. */
  get block(): Buffer {
    return this.#block;
  }

  get view(): DataView {
    return this.#view;
  }

  /** Begins a frame: writes its header and answers the offset in `block` at which its payload goes. */
  begin(binary: boolean, payloadLength: number): number {
    this.#start = this.#reserve(frameHeaderLength(payloadLength) + payloadLength);
    return writeFrameHeader(this.#block, this.#start, binary, payloadLength);
  }

  /** The frame that was begun, with its payload written. @param end  the offset behind it */
  end(end: number): Frame {
    this.#used = end;
    return { block: this.#block, start: this.#start, end, more: noMore };
  }

  /** A frame of any size. Small parts are joined to one another, and big ones stand as they are. */
  add({ binary, parts }: FramePayload): Frame {
    let payloadLength = 0;
    for (const part of parts) payloadLength += part.length;
    const header = new Uint8Array(longestFrameHeader);
    const headerLength = writeFrameHeader(header, 0, binary, payloadLength);
    const pieces: Piece[] = [];
    for (const part of [header.subarray(0, headerLength), ...parts]) {
      if (part.length >= copyBelow) {
        pieces.push({ block: asBuffer(part), start: 0, end: part.length });
        continue;
      }
      const start = this.#reserve(part.length);
      const block = this.#block;
      const end = (this.#used = copyBytes(block, start, part));
      const last = pieces.at(-1);
      if (last?.block === block && last.end === start) {
        pieces[pieces.length - 1] = { block, start: last.start, end };
      } else {
        pieces.push({ block, start, end });
      }
    }
    // The header is in the first one.
    const [first, ...more] = pieces;
    if (!first) throw new Error('a frame without bytes');
    return { ...first, more };
  }

  /** Where the next `length` bytes go. */
  #reserve(length: number): number {
    if (this.#used + length > this.#block.length) {
      // Not cleared, and not from Node's pool, which others keep alive.
      this.#block = Buffer.allocUnsafeSlow(Math.max(this.#blockLength, length));
      this.#view = new DataView(this.#block.buffer, this.#block.byteOffset, this.#block.length);
      this.#used = 0;
    }
    return this.#used;
  }
}

/** The same frame in memory of its own: a small one that is kept for long must not keep a whole block alive. */
export function standalone(frame: Frame): Frame {
  if (frame.more.length > 0) return frame;
  const block = Buffer.allocUnsafeSlow(frame.end - frame.start);
  frame.block.copy(block, 0, frame.start, frame.end);
  return { block, start: 0, end: block.length, more: noMore };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
