/** A file as a body, to be written somewhere else. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';

/** Bytes that are read in one step. */
const PIECE = 1 << 20;

/**
 * The file is opened with the first read, so that what goes wrong comes to whoever reads. A stream that is opened before
 * fails while nobody listens when its reader has something else to wait for, which ends the whole process.
 *
 * @param location absolute path
 */
export function bodyOfFile(location: string): Readable {
  async function* pieces(): AsyncGenerator<Buffer> {
    for await (const piece of createReadStream(location, { highWaterMark: PIECE })) yield piece as Buffer;
  }
  return Readable.from(pieces());
}
