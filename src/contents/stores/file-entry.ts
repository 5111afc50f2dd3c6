/** Entries from what the file system tells, and revisions by which a change is noticed. */
import type { BigIntStats } from 'node:fs';
import type { Entry, Revision } from '../notebook-manager.js';

/** Device, inode, size and both times in nanoseconds: equal means that nobody wrote in between. */
export function revisionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): Revision {
  // a power of two: BigInt writes those many times faster than others
  return `${dev.toString(32)}.${ino.toString(32)}.${size.toString(32)}.${mtimeNs.toString(32)}.${ctimeNs.toString(32)}`;
}

/** @returns undefined for what is neither a file nor a directory */
export function entryOf(name: string, stats: BigIntStats, writable: boolean): Entry | undefined {
  const isFile = stats.isFile();
  if (!isFile && !stats.isDirectory()) return undefined;
  return {
    name,
    kind: isFile ? 'file' : 'directory',
    size: isFile ? Number(stats.size) : undefined,
    modified: dateOf(stats.mtimeNs),
    // file systems without birth times report 0
    created: dateOf(stats.birthtimeNs > 0n ? stats.birthtimeNs : stats.ctimeNs),
    writable,
    revision: revisionOf(stats),
  };
}

function dateOf(nanoseconds: bigint): Date {
  return new Date(Number(nanoseconds / 1_000_000n));
}

const uid = BigInt(process.getuid?.() ?? 0);
const groups = new Set((process.getgroups?.() ?? []).map(BigInt));

/** Whether the mode lets this process write. For long lists, where a system call for each entry would double the cost. */
export function modeAllowsWrite(stats: BigIntStats): boolean {
  if (uid === 0n) return true;
  if (stats.uid === uid) return (stats.mode & 0o200n) !== 0n;
  if (groups.has(stats.gid)) return (stats.mode & 0o020n) !== 0n;
  return (stats.mode & 0o002n) !== 0n;
}
