/**
 * Takes the stream of a ZeroMQ peer apart. It says where the next bytes are to be read to: small frames come to lie side by
 * side in one block, and a big one is read straight into memory of its own, so that nothing has to be put together.
 */
import { constants } from 'node:buffer';
import { frameFlags, ZmtpError } from '../protocol/zmtp.js';
import { copyBelow } from './frame-blocks.js';

export interface ZmtpReaderHandlers {
  /** @returns bytes of the greeting; undefined: it is not all there yet */
  onGreeting(bytes: Buffer): number | undefined;
  onCommand(body: Buffer): void;
  /** The frames of one message: views of what was read, which stays as it is. */
  onMessage(frames: Buffer[]): void;
}

/** Bytes of a block: it grows while reads fill it, since most connections have little to say. */
const shortBlock = 4 * 1024;
const longBlock = 128 * 1024;
/** A block with less room than this is not read into: each read costs a call into the system. */
const leastRoom = 1024;
/** No kernel sends nearly as many; each frame costs the memory of an object, however short it is. */
const mostFrames = 65_536;

export class ZmtpReader {
  readonly #handlers: ZmtpReaderHandlers;
  #block = Buffer.alloc(0);
  #blockLength = shortBlock;
  /** of the block: where reading goes on, and up to where it is filled */
  #parsed = 0;
  #filled = 0;
  /** a frame with memory of its own that is under way */
  #big: Buffer | undefined;
  #bigFilled = 0;
  #bigFlags = 0;
  /** of the message that is under way */
  #frames: Buffer[] = [];
  #greeted = false;

  constructor(handlers: ZmtpReaderHandlers) {
    this.#handlers = handlers;
  }

  /** Where the next bytes go. */
  nextBuffer(): Buffer {
    if (this.#big) return this.#big.subarray(this.#bigFilled);
    if (this.#block.length - this.#filled < leastRoom) {
      // The old block stays as it is: frames of it may be in use.
      const block = Buffer.allocUnsafeSlow(Math.max(this.#blockLength, 2 * (this.#filled - this.#parsed)));
      this.#filled = this.#block.copy(block, 0, this.#parsed, this.#filled);
      this.#parsed = 0;
      this.#block = block;
    }
    return this.#block.subarray(this.#filled);
  }

  /**
   * So many bytes were read to where `nextBuffer` said.
   *
   * @throws {ZmtpError} and nothing can be read any more
   */
  received(length: number): void {
    if (this.#big) {
      this.#bigFilled += length;
      if (this.#bigFilled < this.#big.length) return;
      const big = this.#big;
      this.#big = undefined;
      this.#frame(this.#bigFlags, big);
      return;
    }
    this.#filled += length;
    if (this.#filled === this.#block.length) this.#blockLength = Math.min(4 * this.#blockLength, longBlock);
    if (!this.#greeted && !this.#greet()) return;
    while (this.#nextFrame());
  }

  #greet(): boolean {
    const length = this.#handlers.onGreeting(this.#block.subarray(this.#parsed, this.#filled));
    if (length === undefined) return false;
    this.#parsed += length;
    return (this.#greeted = true);
  }

  /** False: no whole one is left. */
  #nextFrame(): boolean {
    const block = this.#block;
    const at = this.#parsed;
    const available = this.#filled - at;
    const flags = block[at] ?? 0;
    const isLong = (flags & frameFlags.long) !== 0;
    const headerLength = isLong ? 9 : 2;
    if (available < headerLength) return false;
    const length = isLong
      ? block.readUInt32BE(at + 1) * 2 ** 32 + block.readUInt32BE(at + 5)
      : (block[at + 1] ?? 0);
    const start = at + headerLength;
    if (length >= copyBelow) return this.#bigFrame(flags, start, length);
    if (available < headerLength + length) return false;
    this.#parsed = start + length;
    this.#frame(flags, block.subarray(start, start + length));
    return true;
  }

  /** What of it is in the block is copied; all else is read to where it is to be. */
  #bigFrame(flags: number, start: number, length: number): boolean {
    if (length > constants.MAX_LENGTH) throw new ZmtpError(`the peer sends a frame of ${length} bytes`);
    const big = Buffer.allocUnsafeSlow(length);
    const copied = this.#block.copy(big, 0, start, Math.min(this.#filled, start + length));
    this.#parsed = start + copied;
    if (copied === length) {
      this.#frame(flags, big);
      return true;
    }
    this.#big = big;
    this.#bigFilled = copied;
    this.#bigFlags = flags;
    return false;
  }

  #frame(flags: number, bytes: Buffer): void {
    if ((flags & frameFlags.command) !== 0) {
      this.#handlers.onCommand(bytes);
      return;
    }
    const frames = this.#frames;
    frames.push(bytes);
    if (frames.length > mostFrames) throw new ZmtpError(`the peer sends a message of ${mostFrames} frames`);
    if ((flags & frameFlags.more) !== 0) return;
    this.#frames = [];
    this.#handlers.onMessage(frames);
  }
}
