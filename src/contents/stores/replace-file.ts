/**
 * Replaces a file's content so that a crash, a kill or a full disk leaves either the old bytes or the new ones: the new
 * ones are written beside it, brought to the disk, and renamed over it.
 *
 * Renaming would break what a file may be besides its name, so those cases are written in place, with a copy of the old
 * bytes beside them until that is done: files with several hard links, files that are mount points of their own (single
 * files given to a container), files whose owner we may not give, and files in directories where we may not create.
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { chmod, copyFile, link, lstat, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { HttpError } from '../../http-error.js';
import { errorCode } from './file-errors.js';

export interface ReplaceOptions {
  /** called when the new bytes are ready, just before they take their place; throws to leave everything as it was */
  beforeCommit?: () => Promise<void>;
  /** fail with EEXIST when something is there */
  absent?: boolean;
}

/** @param target absolute path, links already followed; its directory exists */
export async function replaceFile(
  target: string,
  body: Buffer | Readable,
  options: ReplaceOptions = {},
): Promise<void> {
  const old = await statIfThere(target);
  const mode = old === undefined ? 0o666 : old.mode & 0o777;
  const { path: staged, file } = await openStage(target, mode, old !== undefined);
  try {
    try {
      await writeAll(file, body);
      if (old !== undefined) await file.chmod(old.mode & 0o7777);
      await file.sync();
    } finally {
      await file.close();
    }
    await options.beforeCommit?.();
    if (old === undefined || options.absent) await createFrom(staged, target, options.absent === true);
    else await exchange(staged, target, old);
  } finally {
    await rm(staged, { force: true });
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * The file for the new bytes. Its name depends on the target alone, so that what a kill left behind is replaced by the
 * next save and never adds up; when somebody is writing there just now, another name is taken.
 */
async function openStage(
  target: string,
  mode: number,
  exists: boolean,
): Promise<{ path: string; file: FileHandle }> {
  const directory = dirname(target);
  const hash = createHash('sha256').update(basename(target)).digest('hex').slice(0, 16);
  const usual = join(directory, `.nbserver-${hash}.tmp`);
  try {
    const left = await lstat(usual).catch(() => undefined);
    if (left !== undefined && Date.now() - left.mtimeMs > ABANDONED_MS) await rm(usual, { force: true });
    return { path: usual, file: await open(usual, 'wx', mode) };
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      const other = join(directory, `.nbserver-${hash}-${randomBytes(4).toString('hex')}.tmp`);
      return { path: other, file: await open(other, 'wx', mode) };
    }
    if (!exists || !mayNotCreate(error)) throw error;
    const elsewhere = join(tmpdir(), `nbserver-${randomBytes(16).toString('hex')}.tmp`);
    return { path: elsewhere, file: await open(elsewhere, 'wx', 0o600) };
  }
}

const ABANDONED_MS = 30_000;

function mayNotCreate(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? '');
}

async function writeAll(file: FileHandle, body: Buffer | Readable): Promise<void> {
  if (Buffer.isBuffer(body)) await file.writeFile(body);
  else for await (const chunk of body) await file.writeFile(chunk as Buffer);
}

/** `link` refuses an existing name, which `rename` would silently replace. */
async function createFrom(staged: string, target: string, absent: boolean): Promise<void> {
  try {
    await link(staged, target);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      if (absent) throw error;
      // it appeared while we wrote; the caller did not ask for its absence
      await rename(staged, target);
    } else {
      // file systems without hard links: claim the name, then put the content there
      await (await open(target, absent ? 'wx' : 'w')).close();
      await rename(staged, target);
    }
  }
  await syncDirectory(dirname(target));
}

async function exchange(staged: string, target: string, old: Stats): Promise<void> {
  if (old.nlink === 1 && dirname(staged) === dirname(target) && (await giveOwner(staged, old))) {
    try {
      await rename(staged, target);
      await syncDirectory(dirname(target));
      return;
    } catch (error) {
      // EBUSY: a mount point; EPERM: a directory whose sticky bit keeps others' files
      if (!['EBUSY', 'EPERM', 'EACCES', 'EXDEV'].includes(errorCode(error) ?? '')) throw error;
    }
  }
  await overwriteInPlace(staged, target);
}

async function giveOwner(staged: string, old: Stats): Promise<boolean> {
  const now = await stat(staged);
  if (now.uid === old.uid && now.gid === old.gid) return true;
  const file = await open(staged, 'r');
  try {
    await file.chown(old.uid, old.gid);
    // a change of owner clears the set-id bits
    await file.chmod(old.mode & 0o7777);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EPERM') return false;
    throw error;
  } finally {
    await file.close();
  }
}

/** The copy that is there while a file is written in place; it has the name that Jupyter gives it. */
export function backupOf(target: string): string {
  return join(dirname(target), `.~${basename(target)}`);
}

async function overwriteInPlace(staged: string, target: string): Promise<void> {
  const backup = await makeBackup(target);
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
  if (backup !== undefined) await rm(backup, { force: true });
}

/** @returns undefined where the directory takes no new files: then there is no place for a copy */
async function makeBackup(target: string): Promise<string | undefined> {
  const backup = backupOf(target);
  const part = `${backup}.part`;
  try {
    await copyFile(target, part, constants.COPYFILE_FICLONE);
    await chmod(part, (await stat(target)).mode & 0o777);
    await rename(part, backup);
    await syncDirectory(dirname(target));
    return backup;
  } catch (error) {
    if (mayNotCreate(error) || errorCode(error) === 'ENAMETOOLONG') return undefined;
    throw error;
  }
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
async function syncDirectory(path: string): Promise<void> {
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
