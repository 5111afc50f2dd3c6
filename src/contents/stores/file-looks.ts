/**
 * Where a path of the store lies on this machine, and what is there.
 *
 * On a disk that is asked without waiting: the kernel nearly always knows, and handing the question to another thread costs
 * twenty times as much as the answer. Where the notebook directory is on a network drive, whose server may be gone, the
 * first question of each request waits on another thread; those behind it follow an answer that has just come.
 */
import { lstatSync, realpathSync, statSync, type Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { HttpError } from '../../http-error.js';
import type { Entry } from '../notebook-manager.js';
import { cleanPath, isHidden, nameOf, parentOf } from '../paths.js';
import type { ContentHashes } from './content-hashes.js';
import { entryOf } from './file-entry.js';
import { errorCode } from './file-errors.js';
import { isWritable } from './file-read.js';
import { isOnNetworkNow } from './network-file-systems.js';

/** At once, or later from a network drive. */
export type Answer<T> = T | Promise<T>;

export class FileLooks {
  readonly root: string;
  /** an answer may take long */
  readonly isSlow: boolean;
  readonly #allowHidden: boolean;
  readonly #hashes: ContentHashes;

  /** @param root absolute */
  constructor(root: string, allowHidden: boolean, hashes: ContentHashes, isSlow = isOnNetworkNow(root)) {
    this.root = root;
    this.isSlow = isSlow;
    this.#allowHidden = allowHidden;
    this.#hashes = hashes;
  }

  /** @throws HttpError 404 for hidden names and for whatever would lie outside */
  locate(path: string): string {
    const clean = cleanPath(path);
    if (!this.#allowHidden && isHidden(clean)) throw notFound(path);
    const location = join(this.root, clean);
    if (location !== this.root && !location.startsWith(withSeparator(this.root))) {
      throw new HttpError(404, `${path} is outside root contents directory`);
    }
    return location;
  }

  /** Whether lists have it. */
  isServed(name: string): boolean {
    return this.#allowHidden || !name.startsWith('.');
  }

  /** Whether a change of it is told: not of our own temporary files, nor of what is hidden. */
  isSeen(name: string): boolean {
    return this.#allowHidden ? !/^\.nbserver-.*\.tmp$|^\.~/.test(name) : !name.startsWith('.');
  }

  /**
   * @returns undefined when nothing is there
   * @throws HttpError 400 for a link that leads nowhere and for what is neither file nor directory
   */
  stats(path: string, location: string): Answer<Stats | undefined> {
    if (!this.isSlow) return this.#servable(path, location, statIfThere(location));
    return stat(location)
      .catch(onlyIfMissing)
      .then((stats) => this.#servable(path, location, stats));
  }

  #servable(path: string, location: string, stats: Stats | undefined): Stats | undefined {
    if (stats !== undefined) {
      if (!stats.isFile() && !stats.isDirectory()) throw special(path);
      return stats;
    }
    if (!isLink(location)) return undefined;
    throw new HttpError(400, `${path} is a link to something that does not exist`, 'bad type');
  }

  entry(path: string, location: string, stats: Stats): Entry {
    const entry = entryOf(nameOf(path), stats, isWritable(location));
    if (entry === undefined) throw special(path);
    const hash = this.#hashes.get(entry.revision);
    return hash === undefined ? entry : { ...entry, hash };
  }

  /** Where a link leads; the place itself when nothing is there. */
  target(location: string): Answer<string> {
    return this.isSlow ? realpath(location).catch(() => location) : targetOf(location);
  }

  /** @throws HttpError 404 when there is no directory for it */
  async checkParent(path: string): Promise<void> {
    const parent = parentOf(path);
    const stats = await this.stats(parent, this.locate(parent));
    if (!stats?.isDirectory()) throw new HttpError(404, `No such directory: ${parent}`);
  }
}

function statIfThere(location: string): Stats | undefined {
  try {
    return statSync(location, { throwIfNoEntry: false });
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

function onlyIfMissing(error: unknown): undefined {
  if (!['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) throw error;
}

function isLink(location: string): boolean {
  try {
    return lstatSync(location, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  } catch {
    // something on the way is no directory: there is no link either
    return false;
  }
}

function withSeparator(directory: string): string {
  return directory.endsWith(sep) ? directory : directory + sep;
}

/** As `FileLooks.target`, without waiting. */
export function targetOf(location: string): string {
  try {
    return realpathSync.native(location);
  } catch {
    // it does not exist, or leads nowhere: who watches it waits for it to come
    return location;
  }
}

export function notFound(path: string): HttpError {
  return new HttpError(404, `No such file or directory: ${path}`);
}

export function special(path: string): HttpError {
  return new HttpError(400, `${path} is not a regular file or directory, and is not opened`, 'bad type');
}
