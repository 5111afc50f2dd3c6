/**
 * The entries of directories, for lists. What did not change since the last list is the same `Entry` object again, so that
 * whoever made something of it (its JSON) has that still: between two lists of 10,000 files few of them change.
 */
import { readdirSync, statSync, type BigIntStats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entry } from '../notebook-manager.js';
import { entryOf, modeAllowsWrite } from './file-entry.js';

/** How many entries are looked at before others get their turn; 200 take about a millisecond. */
const SLICE = 200;
/** Entries that are remembered, of all directories together. */
const MOST = 20_000;

/** What a change changes, as `stat` gives it without BigInt, which is twice as fast: times to a quarter of a microsecond. */
interface Listed {
  entry: Entry;
  dev: number;
  ino: number;
  size: number;
  mode: number;
  mtimeMs: number;
  ctimeMs: number;
}

export class ListedEntries {
  readonly #directories = new Map<string, ReadonlyMap<string, Listed>>();
  #count = 0;
  /** what the next look at a directory will show */
  readonly #next = new Map<string, Promise<Entry[]>>();

  /**
   * All of a directory. Requests that came together (several pages that were told of one change) get one look at it,
   * which begins when all of them are there.
   *
   * @param isServed  of a name
   */
  all(directory: string, isServed: (name: string) => boolean): Promise<Entry[]> {
    const next = this.#next.get(directory) ?? this.#look(directory, isServed);
    this.#next.set(directory, next);
    return next;
  }

  async #look(directory: string, isServed: (name: string) => boolean): Promise<Entry[]> {
    await new Promise((done) => setImmediate(done));
    this.#next.delete(directory);
    return this.of(directory, (await this.names(directory)).filter(isServed));
  }

  /** Without waiting, when it was short the last time. */
  async names(directory: string): Promise<string[]> {
    const isShort = (this.#directories.get(directory)?.size ?? SLICE) < SLICE;
    return isShort ? readdirSync(directory) : readdir(directory);
  }

  /**
   * @param directory absolute
   * @param names     of what is in it
   * @returns entries in the order of the names; broken links, loops and what is no file are left out
   */
  async of(directory: string, names: readonly string[]): Promise<Entry[]> {
    const before = this.#directories.get(directory);
    const now = new Map<string, Listed>();
    const entries: Entry[] = [];
    for (let i = 0; i < names.length; i++) {
      if (i > 0 && i % SLICE === 0) await new Promise((done) => setImmediate(done));
      const name = names[i] as string;
      const listed = lookAgain(join(directory, name), name, before?.get(name));
      if (listed === undefined) continue;
      now.set(name, listed);
      entries.push(listed.entry);
    }
    this.#keep(directory, now);
    return entries;
  }

  #keep(directory: string, listed: ReadonlyMap<string, Listed>): void {
    this.#forget(directory);
    if (listed.size > MOST) return;
    this.#directories.set(directory, listed);
    this.#count += listed.size;
    for (const oldest of this.#directories.keys()) {
      if (this.#count <= MOST) return;
      this.#forget(oldest);
    }
  }

  #forget(directory: string): void {
    this.#count -= this.#directories.get(directory)?.size ?? 0;
    this.#directories.delete(directory);
  }
}

function lookAgain(location: string, name: string, before: Listed | undefined): Listed | undefined {
  try {
    if (before !== undefined && isUnchanged(location, before)) return before;
    const stats = statSync(location, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? undefined : listed(name, stats);
  } catch {
    // loops and what we may not look at: a list shows what can be opened
    return undefined;
  }
}

function isUnchanged(location: string, before: Listed): boolean {
  const now = statSync(location, { throwIfNoEntry: false });
  return (
    now?.ctimeMs === before.ctimeMs &&
    now.mtimeMs === before.mtimeMs &&
    now.size === before.size &&
    now.ino === before.ino &&
    now.mode === before.mode &&
    now.dev === before.dev
  );
}

function listed(name: string, stats: BigIntStats): Listed | undefined {
  const entry = entryOf(name, stats, modeAllowsWrite(stats));
  if (entry === undefined) return undefined;
  return {
    entry,
    dev: Number(stats.dev),
    ino: Number(stats.ino),
    size: Number(stats.size),
    mode: Number(stats.mode),
    mtimeMs: milliseconds(stats.mtimeNs),
    ctimeMs: milliseconds(stats.ctimeNs),
  };
}

/** As Node makes them for `Stats`, to the last bit. */
function milliseconds(ns: bigint): number {
  return Number(ns / 1_000_000_000n) * 1000 + Number(ns % 1_000_000_000n) / 1e6;
}
