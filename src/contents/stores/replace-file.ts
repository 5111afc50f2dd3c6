/**
 * Replaces a file's content so that a crash, a kill or a full disk leaves either the old bytes or the new ones: the new
 * ones are written beside it, brought to the disk, and renamed over it.
 *
 * Renaming would break what a file may be besides its name, so those cases are overwritten in place (`overwrite.ts`):
 * files with several hard links, files that are mount points of their own (single files given to a container), files
 * whose owner we may not give, and files in directories where we may not create.
 */
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { link, lstat, open, rename, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { errorCode } from './file-errors.js';
import { removeIfThere } from './file-move.js';
import { overwriteInPlace, syncDirectory, UnfinishedOverwrite, type OnReplaced } from './overwrite.js';
import { makePrivateDirectory } from './private-directory.js';
import { writeAll } from './write-body.js';
import { elsewhere, ownNames, stageBeside, WRITING } from './write-places.js';

export interface ReplaceOptions {
  /** called when the new bytes are ready, just before they take their place; throws to leave everything as it was */
  beforeCommit?: () => Promise<void>;
  /** fail with EEXIST when something is there */
  absent?: boolean;
  /** overwrite the file also where renaming would do: access control lists and extended attributes stay */
  inPlace?: boolean;
  /** called after the commit */
  onReplaced?: OnReplaced;
}

/** @param target absolute path, links already followed; its directory exists */
export async function replaceFile(
  target: string,
  body: Buffer | Readable,
  options: ReplaceOptions = {},
): Promise<void> {
  const old = await withoutOwnNames(target);
  const mode = old === undefined ? 0o666 : old.mode & 0o777;
  const { path: staged, file } = await openStage(target, mode, old !== undefined);
  let isNeeded = false;
  try {
    try {
      await writeAll(file, body);
      if (old !== undefined) await file.chmod(old.mode & 0o7777);
      await file.sync();
    } finally {
      await file.close();
    }
    await options.beforeCommit?.();
    if (old === undefined || options.absent) await createFrom(staged, target, options);
    else await exchange(staged, target, old, options);
  } catch (error) {
    if (!(error instanceof UnfinishedOverwrite)) throw error;
    isNeeded = true;
    throw error.cause;
  } finally {
    if (!isNeeded) await removeIfThere(staged);
  }
}

/** What is there, after second names are gone that a kill left when it was created or in the middle of a rename. */
async function withoutOwnNames(target: string): Promise<Stats | undefined> {
  const stats = await statIfThere(target);
  if (stats === undefined || stats.nlink === 1) return stats;
  for (const name of await ownNames(target)) await removeIfThere(name);
  return statIfThere(target);
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The file for the new bytes. When somebody is writing there just now, another name is taken. */
async function openStage(
  target: string,
  mode: number,
  exists: boolean,
): Promise<{ path: string; file: FileHandle }> {
  const usual = stageBeside(target);
  try {
    return { path: usual, file: await open(usual, 'wx', mode) };
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      await removeAbandoned(usual);
      const other = stageBeside(target, `-${randomBytes(4).toString('hex')}`);
      return { path: other, file: await open(other, 'wx', mode) };
    }
    if (!exists || !mayNotCreate(error)) throw error;
    await makePrivateDirectory(WRITING);
    const place = elsewhere(target, 'stage');
    return { path: place, file: await open(place, 'w', 0o600) };
  }
}

const ABANDONED_MS = 30_000;

async function removeAbandoned(stage: string): Promise<void> {
  const left = await lstat(stage).catch(() => undefined);
  if (left !== undefined && Date.now() - left.mtimeMs > ABANDONED_MS) await removeIfThere(stage);
}

function mayNotCreate(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? '');
}

/** `link` refuses an existing name, which `rename` would silently replace. */
async function createFrom(staged: string, target: string, options: ReplaceOptions): Promise<void> {
  const { absent = false } = options;
  try {
    await link(staged, target);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      if (absent) throw error;
      // it appeared while we wrote; the caller did not ask for its absence
      await renameOver(staged, target, options);
    } else {
      // file systems without hard links: claim the name, then put the content there
      await (await open(target, absent ? 'wx' : 'w')).close();
      await rename(staged, target);
    }
  }
  await syncDirectory(dirname(target));
}

async function exchange(staged: string, target: string, old: Stats, options: ReplaceOptions): Promise<void> {
  const mayRename = !options.inPlace && old.nlink === 1 && dirname(staged) === dirname(target);
  if (mayRename && (await giveOwner(staged, old))) {
    try {
      await renameOver(staged, target, options);
      await syncDirectory(dirname(target));
      return;
    } catch (error) {
      // EBUSY: a mount point; EPERM: a directory whose sticky bit keeps others' files
      if (!['EBUSY', 'EPERM', 'EACCES', 'EXDEV'].includes(errorCode(error) ?? '')) throw error;
    }
  }
  await overwriteInPlace(staged, target, options.onReplaced);
}

/** Where the files that a process holds open have names. */
const DESCRIPTORS = process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd';

/** With the old file held open, so that it can still be looked at when it has been replaced. */
async function renameOver(
  staged: string,
  target: string,
  { onReplaced }: Pick<ReplaceOptions, 'onReplaced'>,
): Promise<void> {
  if (onReplaced === undefined) return rename(staged, target);
  // what may not be read cannot be looked at
  const kept = await open(target, 'r').catch(() => undefined);
  try {
    await rename(staged, target);
    if (kept !== undefined) await onReplaced(`${DESCRIPTORS}/${kept.fd}`, await kept.stat());
  } finally {
    await kept?.close();
  }
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
