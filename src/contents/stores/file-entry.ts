/** Entries from what the file system tells, and revisions by which a change is noticed. */
import type { Stats } from 'node:fs';
import type { Entry, Revision } from '../notebook-manager.js';

/**
 * Device, inode, size and both times: equal means that nobody wrote in between. The times are numbers, a quarter of a
 * microsecond apart, which no clock of a file system is; BigInt would know nanoseconds and costs twice as much as the
 * question to the system itself.
 */
export function revisionOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): Revision {
  return `${dev}.${ino}.${size}.${mtimeMs}.${ctimeMs}`;
}

/** @returns undefined for what is neither a file nor a directory */
export function entryOf(name: string, stats: Stats, writable: boolean): Entry | undefined {
  const isFile = stats.isFile();
  if (!isFile && !stats.isDirectory()) return undefined;
  // file systems without birth times report 0
  const born = stats.birthtimeMs > 0 ? stats.birthtimeMs : stats.ctimeMs;
  const modified = new Date(Math.floor(stats.mtimeMs));
  return {
    name,
    kind: isFile ? 'file' : 'directory',
    size: isFile ? stats.size : undefined,
    modified,
    created: born === stats.mtimeMs ? modified : new Date(Math.floor(born)),
    writable,
    revision: revisionOf(stats),
  };
}

const uid = process.getuid?.() ?? 0;
const groups = new Set(process.getgroups?.() ?? []);

/** Whether the mode lets this process write. For long lists, where a system call for each entry would double the cost. */
export function modeAllowsWrite(stats: Stats): boolean {
  if (uid === 0) return true;
  if (stats.uid === uid) return (stats.mode & 0o200) !== 0;
  if (groups.has(stats.gid)) return (stats.mode & 0o020) !== 0;
  return (stats.mode & 0o002) !== 0;
}
