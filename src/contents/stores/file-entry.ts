/** Entries from what the file system tells, and revisions by which a change is noticed. */
import type { BigIntStats } from 'node:fs';
import type { Entry, Revision } from '../notebook-manager.js';

/** Device, inode, size and both times in nanoseconds: equal means that nobody wrote in between. */
export function revisionOf(stats: BigIntStats): Revision {
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs]
    .map((n) => n.toString(36))
    .join('.');
}

/** @returns undefined for what is neither a file nor a directory */
export function entryOf(name: string, stats: BigIntStats, writable: boolean): Entry | undefined {
  const entry: Entry = {
    name,
    kind: 'directory',
    modified: dateOf(stats.mtimeNs),
    // file systems without birth times report 0
    created: dateOf(stats.birthtimeNs > 0n ? stats.birthtimeNs : stats.ctimeNs),
    writable,
    revision: revisionOf(stats),
  };
  if (stats.isDirectory()) return entry;
  if (stats.isFile()) return { ...entry, kind: 'file', size: Number(stats.size) };
  return undefined;
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
