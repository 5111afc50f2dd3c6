/**
 * Overwrites a file that must stay the same file, with a copy of its old bytes beside it until that is done. A kill in
 * the middle leaves the copy and the new bytes; whoever opens the file next brings the write to its end.
 */
import { constants, type Stats } from 'node:fs';
import { chmod, copyFile, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HttpError } from '../../http-error.js';
import { errorCode } from './file-errors.js';
import { makePrivateDirectory } from './private-directory.js';
import { backupBeside, elsewhere, leftBackup, leftStage, WRITING } from './write-places.js';

/** Gets the bytes that were replaced, as a file that is removed when it returns, and what the file was until then. */
export type OnReplaced = (old: string, stats: Stats) => Promise<void>;

/** The file is neither the old one nor the new one just now; `staged` and the copy beside it must stay. */
export class UnfinishedOverwrite extends Error {
  constructor(override readonly cause: unknown) {
    super('A file could be overwritten only in part');
  }
}

/**
 * @param staged     the new bytes, whole and on the disk
 * @param onReplaced called when the new bytes are in place
 * @throws UnfinishedOverwrite
 */
export async function overwriteInPlace(
  staged: string,
  target: string,
  onReplaced?: OnReplaced,
): Promise<void> {
  const backup = await makeBackup(target);
  const stats = await stat(target);
  try {
    await copyInto(staged, target);
  } catch (error) {
    await copyInto(backup, target).catch(() => {
      // Neither the new bytes nor the old ones could be written: both are kept for who opens the file next.
      throw new UnfinishedOverwrite(error);
    });
    await rm(backup, { force: true });
    throw error;
  }
  await onReplaced?.(backup, stats);
  await rm(backup, { force: true });
}

/**
 * Brings a write to its end that was interrupted by a kill or a crash. While somebody else is at it, it waits for them.
 *
 * @returns whether there was one
 */
export async function finishInterrupted(target: string): Promise<boolean> {
  for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
    const backup = leftBackup(target);
    if (backup === undefined) return false;
    // A copy without the new bytes beside it is not ours, but of a program that gives the same name to its copies.
    const staged = await leftStage(target);
    if (staged === undefined) return false;
    const quiet = Date.now() - Math.max(...(await Promise.all([target, backup, staged].map(changedAt))));
    if (quiet >= QUIET_MS) {
      await copyInto(staged, target).catch(async (error: unknown) => {
        // the disk may have no room for the new bytes; the old ones had it
        await copyInto(backup, target);
        throw error;
      });
      await rm(backup, { force: true });
      await rm(staged, { force: true });
      return true;
    }
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
  return false;
}

/** A process that lives writes without a pause as long as this. */
const QUIET_MS = 1000;
const LOOK_MS = 100;
const PATIENCE_MS = 30_000;

async function changedAt(location: string): Promise<number> {
  const stats = await stat(location).catch(() => undefined);
  return stats === undefined ? Date.now() : stats.ctimeMs;
}

async function copyInto(staged: string, target: string): Promise<void> {
  const from = await open(staged, 'r');
  try {
    const to = await open(target, 'r+');
    try {
      const oldSize = (await to.stat()).size;
      const newSize = (await from.stat()).size;
      // What lies behind the old end first: when the disk is full, the old bytes are still all there.
      try {
        await copyRange(from, to, oldSize, newSize);
        await to.sync();
      } catch (error) {
        await to.truncate(oldSize);
        throw error;
      }
      await copyRange(from, to, 0, Math.min(oldSize, newSize));
      await to.truncate(newSize);
      await to.sync();
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

/** Beside the file, on the disk before it has its name; elsewhere where the directory takes no new files. */
async function makeBackup(target: string): Promise<string> {
  try {
    return await backUp(target, backupBeside(target));
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG'].includes(errorCode(error) ?? '')) throw error;
  }
  await makePrivateDirectory(WRITING);
  return backUp(target, elsewhere(target, 'backup'));
}

async function backUp(target: string, backup: string): Promise<string> {
  const part = `${backup}.part`;
  try {
    await copyFile(target, part, constants.COPYFILE_FICLONE);
    await chmod(part, (await stat(target)).mode & 0o700);
    const file = await open(part, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, backup);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await syncDirectory(dirname(backup));
  return backup;
}

async function copyRange(from: FileHandle, to: FileHandle, start: number, end: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(1 << 20, Math.max(end - start, 0)));
  for (let at = start; at < end;) {
    const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0)
      throw new HttpError(500, 'The staged copy of the file became shorter while it was read');
    await writeWhole(to, buffer.subarray(0, bytesRead), at);
    at += bytesRead;
  }
}

/** A disk that becomes full takes a part of the bytes without an error; only the next write has one. */
async function writeWhole(to: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await to.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}

/** A rename is on the disk when its directory is. Some file systems cannot do it; the rename itself stands. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(() => undefined);
  if (directory === undefined) return;
  try {
    await directory.sync();
  } catch {
    // nothing is lost but the guarantee against a power cut in the next seconds
  } finally {
    await directory.close();
  }
}
