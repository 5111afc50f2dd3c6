/**
 * Tells when something in a directory changes: one watch of the system for each directory that somebody looks at,
 * however much is in it, and regular looks where the system cannot tell (network file systems, no watches left).
 *
 * Not chokidar, which sets a watch on every file and looks at each first: docs/decisions/0004-watching-directories.md.
 */
import { statSync, watch, type FSWatcher } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Closeable } from '../notebook-manager.js';
import { isOnNetwork } from './network-file-systems.js';

/** @param names what changed; empty when it is not known */
export type DirectoryListener = (names: ReadonlySet<string>) => void;

export interface WatchTimes {
  /** ms between the first sign of a change and telling about it, so that a burst is told once */
  settle: number;
  /** ms between two looks at a directory that cannot be watched */
  poll: number;
}

/**
 * Whether the system does not tell of all changes there; default: by the kind of file system. Where that is known at once,
 * nothing is asked of the directory without waiting.
 */
export type MustPoll = (directory: string) => true | Promise<boolean>;

export class DirectoryWatches {
  readonly #watched = new Map<string, WatchedDirectory>();
  readonly #times: WatchTimes;
  readonly #mustPoll: MustPoll;

  constructor(times: Partial<WatchTimes> = {}, mustPoll: MustPoll = isOnNetwork) {
    this.#times = { settle: 50, poll: 4000, ...times };
    this.#mustPoll = mustPoll;
  }

  /** Directories that are looked at just now. */
  get size(): number {
    return this.#watched.size;
  }

  /** @param directory absolute; it need not exist, and is told about when it comes */
  add(directory: string, listener: DirectoryListener): Closeable {
    let watched = this.#watched.get(directory);
    if (watched === undefined) {
      watched = new WatchedDirectory(directory, this.#times, this.#mustPoll);
      this.#watched.set(directory, watched);
    }
    const { listeners } = watched;
    const mine: DirectoryListener = (names) => listener(names);
    listeners.add(mine);
    return {
      close: () => {
        if (!listeners.delete(mine) || listeners.size > 0) return;
        this.#watched.get(directory)?.close();
        this.#watched.delete(directory);
      },
    };
  }

  close(): void {
    for (const watched of this.#watched.values()) watched.close();
    this.#watched.clear();
  }
}

class WatchedDirectory {
  readonly listeners = new Set<DirectoryListener>();
  #watcher: FSWatcher | undefined;
  /** what the watch is on; another one at the same path is watched anew */
  #inode: string | undefined;
  #seen: Map<string, string> | undefined;
  #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(
    private readonly directory: string,
    private readonly times: WatchTimes,
    mustPoll: MustPoll,
  ) {
    const must = mustPoll(directory);
    if (must === true || !this.#watch()) this.#startPolling();
    else void must.then((now) => now && !this.#isClosed && this.#startPolling());
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  /** @returns false when the system has no watch for it: nothing there, or all of them are taken (ENOSPC, EMFILE) */
  #watch(): boolean {
    // Known before anything can replace it: what is asked for later may be of another one.
    this.#inode = inodeOf(this.directory);
    try {
      this.#watcher = watch(this.directory, { persistent: false }, (_event, name) => this.#noted(name));
    } catch {
      // what the system cannot watch is looked at from time to time
      return false;
    }
    this.#watcher.on('error', () => {
      this.#watcher?.close();
      this.#startPolling();
    });
    return true;
  }

  #noted(name: string | null): void {
    if (this.#isClosed || this.#seen !== undefined) return;
    if (name !== null) this.#changed.add(name);
    this.#timer ??= setTimeout(() => this.#settle(), this.times.settle).unref();
  }

  #settle(): void {
    this.#timer = undefined;
    const inode = inodeOf(this.directory);
    if (inode !== this.#inode) {
      // It was removed, moved, or replaced by another one: the watch is on what was there before.
      this.#watcher?.close();
      if (inode === undefined || !this.#watch()) this.#startPolling(false);
    }
    this.#tell();
  }

  #tell(): void {
    const names = this.#changed;
    this.#changed = new Set();
    for (const listener of this.listeners) listener(names);
  }

  /** @param isFirst  what is there at the first look is nothing new */
  #startPolling(isFirst = true): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    clearTimeout(this.#timer);
    this.#seen = new Map();
    void this.#look(isFirst);
  }

  /** @param isFirst there is nothing to compare with yet */
  async #look(isFirst: boolean): Promise<void> {
    const now = await signatures(this.directory);
    if (this.#isClosed) return;
    const before = this.#seen ?? new Map<string, string>();
    this.#seen = now;
    if (!isFirst) {
      for (const name of new Set([...before.keys(), ...now.keys()])) {
        if (before.get(name) !== now.get(name)) this.#changed.add(name);
      }
      if (this.#changed.size > 0) this.#tell();
    }
    this.#timer = setTimeout(() => void this.#look(false), this.times.poll).unref();
  }
}

/** How many files are looked at at the same time; on a network drive each look is a round trip. */
const AT_ONCE = 16;

/** Name → what changes when the file does. Empty for a directory that is not there. */
async function signatures(directory: string): Promise<Map<string, string>> {
  const names = await readdir(directory).catch(() => []);
  const found = new Map<string, string>();
  for (let i = 0; i < names.length; i += AT_ONCE) {
    await Promise.all(
      names.slice(i, i + AT_ONCE).map(async (name) => {
        // one that vanished meanwhile is not there
        const stats = await stat(join(directory, name)).catch(() => undefined);
        if (stats !== undefined)
          found.set(name, `${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`);
      }),
    );
  }
  return found;
}

function inodeOf(directory: string): string | undefined {
  try {
    const stats = statSync(directory, { throwIfNoEntry: false });
    return stats && `${stats.dev} ${stats.ino}`;
  } catch {
    // a directory on the way became a file, or may not be entered: it is not there for us
    return undefined;
  }
}
