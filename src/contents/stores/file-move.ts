/** Renames in the file store, which must never replace what has the new name already. */
import type { Stats } from 'node:fs';
import { cp, link, lstat, rename, rm, unlink } from 'node:fs/promises';
import { errorCode } from './file-errors.js';

/** Moves without replacing: EEXIST when the target is there, unless it is the same file in another spelling. */
export async function move(source: string, target: string, old: Stats): Promise<void> {
  const there = await lstatIfThere(target);
  const respelled =
    there?.ino === old.ino && there.dev === old.dev && source.toLowerCase() === target.toLowerCase();
  if (there !== undefined && !respelled) {
    throw Object.assign(new Error('the target of a rename exists'), { code: 'EEXIST' });
  }
  if (!respelled && !old.isDirectory()) {
    // `link` refuses a name that appeared just now, which `rename` would silently replace
    try {
      await link(source, target);
      await unlink(source);
      return;
    } catch (error) {
      if (errorCode(error) === 'EEXIST') throw error;
      // no hard links here, or another file system: below
    }
  }
  try {
    await rename(source, target);
  } catch (error) {
    if (errorCode(error) !== 'EXDEV') throw error;
    await cp(source, target, { recursive: true, errorOnExist: true, force: false, preserveTimestamps: true });
    await rm(source, { recursive: true });
  }
}

/** What stands there itself, be it a link; undefined for nothing. */
export async function lstatIfThere(location: string): Promise<Stats | undefined> {
  try {
    return await lstat(location);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** A file or a link. */
export async function removeIfThere(location: string): Promise<void> {
  try {
    await unlink(location);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
