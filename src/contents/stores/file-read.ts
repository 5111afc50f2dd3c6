/**
 * Files opened for reading: as a stream, or whole in one piece for who wants all of it anyway, which takes a third of the
 * steps. Only the reading itself goes to another thread, since only that waits for the disk: what else is asked here the
 * kernel has looked up a moment before.
 */
import {
  accessSync,
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  openSync,
  read,
  type Stats,
} from 'node:fs';
import { Readable } from 'node:stream';

/** Bytes that are read from the disk at a time. */
const CHUNK = 1 << 18;
const WHOLE_CHUNK = 1 << 20;

/** An open file; `body`, `whole` or `close` ends it. */
export class OpenFile {
  readonly stats: Stats;
  readonly #location: string;
  readonly #fd: number;
  readonly #range: { start: number; end: number } | undefined;
  #body: Readable | undefined;

  /** @param range  first and last byte, inclusive */
  constructor(location: string, range?: { start: number; end: number }) {
    this.#location = location;
    this.#range = range;
    // not blocking: should it have become a FIFO since we looked, opening must not wait for its other end
    this.#fd = openSync(location, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      this.stats = fstatSync(this.#fd);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get body(): Readable {
    return (this.#body ??= this.#stream());
  }

  #stream(): Readable {
    const start = this.#range?.start ?? 0;
    // a range is what the caller saw of an earlier state; the file may have become shorter since
    const end = Math.min(this.#range?.end ?? Infinity, this.stats.size - 1);
    if (start <= end) {
      return createReadStream(this.#location, { fd: this.#fd, start, end, highWaterMark: CHUNK });
    }
    this.close();
    return Readable.from([]);
  }

  /** All of it, whatever the range. */
  whole(): Promise<Buffer> {
    return readWhole(this.#fd, this.stats.size).finally(() => this.close());
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** As many bytes as the file had when it was opened; fewer when it became shorter since. */
async function readWhole(fd: number, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  while (at < size) {
    const count = await readPiece(fd, bytes, at, Math.min(WHOLE_CHUNK, size - at));
    if (count === 0) return bytes.subarray(0, at);
    at += count;
  }
  return bytes;
}

function readPiece(fd: number, into: Buffer, at: number, length: number): Promise<number> {
  return new Promise((resolve, reject) =>
    read(fd, into, at, length, at, (error, count) => (error === null ? resolve(count) : reject(error))),
  );
}

/** Whether this process may write to it, access control lists and read-only mounts included. */
export function isWritable(location: string): boolean {
  try {
    accessSync(location, constants.W_OK);
    return true;
  } catch {
    // not allowed, or not there any more
    return false;
  }
}
