/** Whether two files have the same bytes, without more than a piece of each in memory. */
import { open, type FileHandle } from 'node:fs/promises';
import { errorCode } from './file-errors.js';

const PIECE = 1 << 18;

/** @returns false when one of them is not there */
export async function sameContent(one: string, other: string): Promise<boolean> {
  const a = await openIfThere(one);
  const b = await openIfThere(other);
  try {
    if (a === undefined || b === undefined) return false;
    if ((await a.stat()).size !== (await b.stat()).size) return false;
    const [piece, otherPiece] = [Buffer.allocUnsafe(PIECE), Buffer.allocUnsafe(PIECE)];
    for (let at = 0; ;) {
      const { bytesRead } = await a.read(piece, 0, PIECE, at);
      const read = await b.read(otherPiece, 0, PIECE, at);
      if (bytesRead !== read.bytesRead) return false;
      if (bytesRead === 0) return true;
      if (!piece.subarray(0, bytesRead).equals(otherPiece.subarray(0, bytesRead))) return false;
      at += bytesRead;
    }
  } finally {
    await a?.close();
    await b?.close();
  }
}

async function openIfThere(location: string): Promise<FileHandle | undefined> {
  try {
    return await open(location, 'r');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EACCES'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}
