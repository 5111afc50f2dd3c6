/** Writes files and directories that only their owner may read. */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import type { Log } from '../log.js';

/** Creates the directory with mode 0700; one that exists is left as it is. */
export function makePrivateDirectory(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  try {
    mkdirSync(path, { mode: 0o700 });
    chmodSync(path, 0o700); // whatever the umask
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * As `makePrivateDirectory`, and one that others may look into is closed to them: early versions, or another umask, left it
 * open. But one that is there for everybody, as /tmp is (its sticky bit says so), is left to them.
 *
 * @param isOurs  false: somebody chose it, who may share it with others: it is left to them as well
 * @returns whether it is private
 */
export function keepDirectoryPrivate(path: string, log: Log, isOurs = true): boolean {
  makePrivateDirectory(path);
  const mode = () => statSync(path).mode;
  const isOpen = () => (mode() & 0o077) !== 0;
  if (process.platform === 'win32' || !isOpen()) return true;
  try {
    if (isOurs && (mode() & 0o1000) === 0) chmodSync(path, 0o700);
  } catch {
    // Somebody else's folder: what follows says it.
  }
  if (isOpen() && !isOurs)
    log.warn(`${path} can be looked into by others. If nobody needs to: chmod 700 ${path}`);
  else if (isOpen())
    log.warn(`${path} can be looked into by others, and its mode cannot be changed to 0700.`);
  else log.warn(`${path} could be looked into by others; it is private now.`);
  return !isOpen();
}

/** Replaces the file in one step, mode 0600: a crash leaves the old one. A symbolic link stays one. */
export function writePrivateFile(path: string, text: string): void {
  const target = followLink(path);
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  const file = openSync(temporary, 'wx', 0o600);
  try {
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Configuration is often a link into a folder of dotfiles. */
function followLink(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return path;
    throw error;
  }
}
