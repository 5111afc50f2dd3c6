/**
 * Websocket frames, laid out one behind the other in large blocks of memory: what goes out together is mostly one piece of
 * one block, so that it takes one write, and the same bytes serve every client of a framing.
 */
import { frameHeaderLength, longestFrameHeader, writeFrameHeader } from '../protocol/websocket-frame.js';
import type { FramePayload } from '../protocol/websocket-frame.js';

/** A range of bytes; neighbours in one block are written as one. */
export interface Piece {
  readonly block: Buffer;
  readonly start: number;
  readonly end: number;
}

/** A whole frame, its header included. */
export interface Frame {
  readonly pieces: readonly Piece[];
  /** bytes of all pieces */
  readonly length: number;
}

const defaultBlockLength = 128 * 1024;
/** Parts from here on are not copied: one more write is cheaper. */
const copyBelow = 64 * 1024;

export class FrameBlocks {
  readonly #blockLength: number;
  #block = Buffer.alloc(0);
  #used = 0;

  /** @param blockLength  bytes; 0: each frame gets memory of its own */
  constructor(blockLength = defaultBlockLength) {
    this.#blockLength = blockLength;
  }

  add({ binary, parts }: FramePayload): Frame {
    let payloadLength = 0;
    for (const part of parts) payloadLength += part.length;
    const length = frameHeaderLength(payloadLength) + payloadLength;
    if (length < copyBelow) {
      const start = this.#reserve(length);
      const block = this.#block;
      let at = writeFrameHeader(block, start, binary, payloadLength);
      for (const part of parts) {
        block.set(part, at);
        at += part.length;
      }
      this.#used = at;
      return { pieces: [{ block, start, end: at }], length };
    }
    return { pieces: this.#bigPieces(binary, parts, payloadLength), length };
  }

  /** Small parts are joined to one another, and big ones stand as they are. */
  #bigPieces(binary: boolean, parts: readonly Uint8Array[], payloadLength: number): Piece[] {
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
      block.set(part, start);
      this.#used = start + part.length;
      const last = pieces.at(-1);
      if (last?.block === block && last.end === start) {
        pieces[pieces.length - 1] = { block, start: last.start, end: this.#used };
      } else {
        pieces.push({ block, start, end: this.#used });
      }
    }
    return pieces;
  }

  /** Where the next `length` bytes go. */
  #reserve(length: number): number {
    if (this.#used + length > this.#block.length) {
      // Not cleared, and not from Node's pool, which others keep alive.
      this.#block = Buffer.allocUnsafeSlow(Math.max(this.#blockLength, length));
      this.#used = 0;
    }
    return this.#used;
  }
}

/** The same frame in memory of its own: a small one that is kept for long must not keep a whole block alive. */
export function standalone(frame: Frame): Frame {
  const [piece, ...more] = frame.pieces;
  if (!piece || more.length > 0) return frame;
  const block = Buffer.allocUnsafeSlow(piece.end - piece.start);
  piece.block.copy(block, 0, piece.start, piece.end);
  return { pieces: [{ block, start: 0, end: block.length }], length: frame.length };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
