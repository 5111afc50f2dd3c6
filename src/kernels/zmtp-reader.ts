/**
 * Takes the stream of a ZeroMQ peer apart. It says where the next bytes are to be read to: small messages come to lie side
 * by side in one block, and a big frame is read straight into memory of its own, so that nothing has to be put together.
 */
import { totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';
import { frameFlags, ZmtpError } from '../protocol/zmtp.js';
import { copyBelow } from './frame-blocks.js';

/**
 * A message: its bytes as they came, which is one object instead of one for each frame while it waits, or its frames, where
 * one of them has memory of its own. They stay as they are: nothing is read to the same place again.
 */
export type ZmtpMessage = Buffer | Buffer[];

/** The frames of a message, as views. */
export function framesOf(message: ZmtpMessage): Buffer[] {
  if (Array.isArray(message)) return message;
  const frames: Buffer[] = [];
  for (let at = 0; at < message.length;) {
    const { start, end } = frameAt(message, at);
    frames.push(message.subarray(start, end));
    at = end;
  }
  return frames;
}

/** Where the frame is whose header begins at an offset, which has to be there as a whole. */
function frameAt(bytes: Buffer, at: number): { start: number; end: number } {
  const isLong = ((bytes[at] ?? 0) & frameFlags.long) !== 0;
  const start = at + (isLong ? longHeader : shortHeader);
  const length = isLong
    ? bytes.readUInt32BE(at + 1) * 2 ** 32 + bytes.readUInt32BE(at + 5)
    : (bytes[at + 1] ?? 0);
  return { start, end: start + length };
}

export interface ZmtpReaderHandlers {
  /** @returns bytes of the greeting; undefined: it is not all there yet */
  onGreeting(bytes: Buffer): number | undefined;
  onCommand(body: Buffer): void;
  onMessage(message: ZmtpMessage): void;
  /** A message is more than can be taken: it is passed over, and what comes after it is read. */
  onSkipped(error: ZmtpError): void;
}

/** Bytes of a frame's header. */
const shortHeader = 2;
const longHeader = 9;

/** Bytes of a block: it grows while reads fill it, since most connections have little to say. */
const shortBlock = 4 * 1024;
const longBlock = 128 * 1024;
/** A block with less room than this is not read into: each read costs a call into the system. */
const leastRoom = 1024;
/** Bytes that are read at once behind a big frame: mostly another one follows, and what of it is read here is copied. */
const behindBig = 8 * 1024;
/** No kernel sends nearly as many; each frame costs the memory of an object, however short it is. */
const mostFrames = 65_536;
/** Bytes of a message: half of what the framing of our websockets can carry, and never what would end this process. */
const mostBytes = Math.min(2 ** 31, totalmem() / 2, (constrainedMemory() || Infinity) / 2);
/** Bytes of a frame that are no longer too much but nonsense: to pass over them would take for ever. */
const absurd = 2 ** 40;

export class ZmtpReader {
  readonly #handlers: ZmtpReaderHandlers;
  readonly #mostBytes: number;
  #block = Buffer.alloc(0);
  #blockLength = shortBlock;
  /** of the block: where the message begins that is under way, up to where it is looked at, and up to where bytes are */
  #start = 0;
  #at = 0;
  #filled = 0;
  /** how many frames of that message there were, and their bytes; and they themselves, once not all are in one block */
  #count = 0;
  #bytes = 0;
  #given: Buffer[] | undefined;
  /** a frame with memory of its own that is under way */
  #big: Buffer | undefined;
  #bigFilled = 0;
  #bigFlags = 0;
  /** a big frame was the last one that began */
  #isBehindBig = false;
  /** the message under way is passed over; bytes of its present frame that are still to come, and whether it is the last */
  #skips = false;
  #skipLeft = 0;
  #skipEnds = false;
  #greeted = false;

  /** @param limit  bytes of a message */
  constructor(handlers: ZmtpReaderHandlers, limit = mostBytes) {
    this.#handlers = handlers;
    this.#mostBytes = limit;
  }

  /** Bytes of the message that is under way. */
  get underWay(): number {
    return this.#filled - this.#start + (this.#given ? this.#bytes : 0) + this.#bigFilled;
  }

  /** Where the next bytes go. */
  nextBuffer(): Buffer {
    if (this.#big) return this.#big.subarray(this.#bigFilled);
    if (this.#block.length - this.#filled < leastRoom) {
      // A message of many frames stays where it is; only the frame that is not all there is copied.
      if (this.#count > 0 && 2 * (this.#filled - this.#start) > longBlock) {
        this.#given ??= framesOf(this.#block.subarray(this.#start, this.#at));
        this.#start = this.#at;
      }
      // The old block stays as it is: messages in it may be in use.
      const length = Math.max(this.#blockLength, 2 * (this.#filled - this.#start));
      const block = Buffer.allocUnsafeSlow(length);
      this.#filled = this.#block.copy(block, 0, this.#start, this.#filled);
      this.#at -= this.#start;
      this.#start = 0;
      this.#block = block;
    }
    const room = this.#isBehindBig ? behindBig : longBlock;
    return this.#block.subarray(this.#filled, this.#filled + room);
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
      this.#bigFilled = 0;
      this.#frame(this.#bigFlags, big);
      return;
    }
    this.#filled += length;
    if (this.#filled === this.#block.length) this.#blockLength = Math.min(4 * this.#blockLength, longBlock);
    if (!this.#greeted && !this.#greet()) return;
    this.#isBehindBig = false;
    if (this.#skipLeft > 0 && !this.#skip(this.#at)) return;
    while (this.#nextFrame());
  }

  #greet(): boolean {
    const length = this.#handlers.onGreeting(this.#block.subarray(this.#start, this.#filled));
    if (length === undefined) return false;
    this.#start = this.#at = this.#start + length;
    return (this.#greeted = true);
  }

  /** False: no whole one is left. */
  #nextFrame(): boolean {
    const block = this.#block;
    const at = this.#at;
    const flags = block[at] ?? 0;
    const headerLength = (flags & frameFlags.long) === 0 ? shortHeader : longHeader;
    if (this.#filled - at < headerLength) return false;
    const { start, end } = frameAt(block, at);
    const length = end - start;
    if ((flags & frameFlags.command) !== 0) return this.#command(start, end);
    if (this.#skips) return this.#skipFrame(flags, start, length);
    const tooMuch = this.#tooMuch(length);
    if (tooMuch !== undefined) return this.#skipMessage(tooMuch, flags, start, length);
    if (length >= copyBelow) return this.#bigFrame(flags, start, length);
    if (end > this.#filled) return false;
    this.#at = end;
    if (this.#given) {
      this.#frame(flags, block.subarray(start, end));
      return true;
    }
    this.#count += 1;
    this.#bytes += length;
    if ((flags & frameFlags.more) !== 0) return true;
    const message = block.subarray(this.#start, end);
    this.#start = end;
    this.#reset();
    this.#handlers.onMessage(message);
    return true;
  }

  /** libzmq may ask whether we are there in the middle of a message. */
  #command(start: number, end: number): boolean {
    if (end - start >= copyBelow) throw new ZmtpError(`the peer sends a command of ${end - start} bytes`);
    if (end > this.#filled) return false;
    if (this.#count > 0) this.#given ??= framesOf(this.#block.subarray(this.#start, this.#at));
    this.#start = this.#at = end;
    this.#handlers.onCommand(this.#block.subarray(start, end));
    return true;
  }

  /** What of it is in the block is copied; all else is read to where it is to be. */
  #bigFrame(flags: number, start: number, length: number): boolean {
    const big = memory(length);
    if (!big) return this.#skipMessage('for which there is no memory', flags, start, length);
    this.#isBehindBig = true;
    const copied = this.#block.copy(big, 0, start, Math.min(this.#filled, start + length));
    this.#given ??= framesOf(this.#block.subarray(this.#start, this.#at));
    this.#start = this.#at = start + copied;
    if (copied === length) {
      this.#frame(flags, big);
      return true;
    }
    this.#big = big;
    this.#bigFilled = copied;
    this.#bigFlags = flags;
    return false;
  }

  /** A frame that is an object of its own. */
  #frame(flags: number, bytes: Buffer): void {
    this.#start = this.#at;
    this.#count += 1;
    this.#bytes += bytes.length;
    const given = (this.#given ??= []);
    given.push(bytes);
    if ((flags & frameFlags.more) !== 0) return;
    this.#reset();
    this.#handlers.onMessage(given);
  }

  /** The message is at its end. */
  #reset(): void {
    this.#given = undefined;
    this.#count = 0;
    this.#bytes = 0;
  }

  /** What a message would be too much of with one more frame. */
  #tooMuch(length: number): string | undefined {
    if (length > absurd) throw new ZmtpError(`the peer sends a frame of ${length} bytes`);
    if (this.#count === mostFrames) return `of more than ${mostFrames} frames`;
    const bytes = this.#bytes + length;
    return bytes > this.#mostBytes ? `of ${bytes} bytes or more` : undefined;
  }

  #skipMessage(what: string, flags: number, start: number, length: number): boolean {
    this.#reset();
    this.#skips = true;
    this.#handlers.onSkipped(new ZmtpError(`a message ${what} was passed over`));
    return this.#skipFrame(flags, start, length);
  }

  #skipFrame(flags: number, start: number, length: number): boolean {
    this.#skipEnds = (flags & frameFlags.more) === 0;
    this.#skipLeft = length;
    return this.#skip(start);
  }

  /** Passes over what is there of the frame. False: it is not all. */
  #skip(from: number): boolean {
    const length = Math.min(this.#skipLeft, this.#filled - from);
    this.#skipLeft -= length;
    this.#start = this.#at = from + length;
    if (this.#skipLeft > 0) return false;
    if (this.#skipEnds) this.#skips = false;
    return true;
  }
}

/** undefined: there is none left */
function memory(length: number): Buffer | undefined {
  try {
    return Buffer.allocUnsafeSlow(length);
  } catch {
    // The one reason; the message is passed over, and said to be.
    return undefined;
  }
}
