/** Brings a body to a file that is open, many pieces of it in one step. */
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/** Bytes that are written in one step, and the pieces of them that the system takes at a time. */
const AT_ONCE = 1 << 20;
const MOST_PIECES = 1000;

export async function writeAll(file: FileHandle, body: Buffer | Readable): Promise<void> {
  if (Buffer.isBuffer(body)) {
    await file.writeFile(body);
    return;
  }
  let waiting: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    waiting.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size < AT_ONCE && waiting.length < MOST_PIECES) continue;
    await writePieces(file, waiting);
    waiting = [];
    size = 0;
  }
  await writePieces(file, waiting);
}

async function writePieces(file: FileHandle, pieces: Buffer[]): Promise<void> {
  const [only] = pieces;
  if (only === undefined) return;
  if (pieces.length === 1) {
    await file.writeFile(only);
    return;
  }
  const { bytesWritten } = await file.writev(pieces);
  let size = 0;
  for (const piece of pieces) {
    // a disk that becomes full takes a part without an error; only the next write has one
    if (size + piece.length > bytesWritten)
      await file.writeFile(piece.subarray(Math.max(bytesWritten - size, 0)));
    size += piece.length;
  }
}
