/**
 * The entries of directories, for lists. What did not change since the last list is the same `Entry` object again, and
 * where nothing changed at all, the same frozen array: whoever made something of them (their JSON) has that still. Between two
 * lists of 10,000 files few of them change.
 */
import { readdirSync, statSync, type Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BoundedMap } from '../bounded-map.js';
import { findAhead } from '../find-ahead.js';
import type { Entry } from '../notebook-manager.js';
import { entryOf, modeAllowsWrite } from './file-entry.js';

/** How many entries are looked at before others get their turn. */
const SLICE = 200;
/** Questions to a network drive at a time. */
const AT_ONCE = 16;
/** Entries that are remembered, of all directories together. */
const MOST = 20_000;

/** What a change changes; an entry that cannot be opened has none of it, and is looked at each time. */
interface Listed {
  name: string;
  entry: Entry | undefined;
  dev: number;
  ino: number;
  size: number;
  mode: number;
  mtimeMs: number;
  ctimeMs: number;
}

interface Directory {
  listed: readonly Listed[];
  entries: Entry[];
}

export class ListedEntries {
  readonly #isSlow: boolean;
  readonly #directories = new BoundedMap<string, Directory>(MOST);
  /** what the next look at a directory will show */
  readonly #next = new Map<string, Promise<Entry[]>>();

  /** @param isSlow  the directories are on a network drive, whose answers are not waited for one by one */
  constructor(isSlow = false) {
    this.#isSlow = isSlow;
  }

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

  /** Without waiting, when one slice was enough the last time. */
  async names(directory: string): Promise<string[]> {
    const isShort = !this.#isSlow && (this.#directories.get(directory)?.listed.length ?? SLICE) < SLICE;
    return isShort ? readdirSync(directory) : readdir(directory);
  }

  /**
   * @param directory absolute
   * @param names     of what is in it
   * @returns entries in the order of the names; broken links, loops and what is no file are left out
   */
  async of(directory: string, names: readonly string[]): Promise<Entry[]> {
    const before = this.#directories.get(directory);
    const look = this.#isSlow ? lookFromAfar : lookAgain;
    const now = await look(directory, names, before?.listed ?? []);
    const entries = before !== undefined && isSame(now, before.listed) ? before.entries : entriesOf(now);
    this.#directories.set(directory, { listed: now, entries }, now.length);
    return entries;
  }
}

function isSame(now: readonly Listed[], before: readonly Listed[]): boolean {
  return now.length === before.length && now.every((each, i) => each === before[i]);
}

function entriesOf(listed: readonly Listed[]): Entry[] {
  const entries = listed.flatMap(({ entry }) => entry ?? []);
  Object.freeze(entries);
  return entries;
}

/** Both times the file system gives the names in the same order, but for those that came or went. */
async function lookAgain(
  directory: string,
  names: readonly string[],
  before: readonly Listed[],
): Promise<Listed[]> {
  const now: Listed[] = [];
  const prefix = directory.endsWith('/') ? directory : `${directory}/`;
  let at = 0;
  for (const name of names) {
    const found = findAhead(before, at, (each) => each.name === name);
    if (found >= 0) at = found + 1;
    now.push(listedOf(name, statsAt(prefix + name), before[found]));
    if (now.length % SLICE === 0) await new Promise((done) => setImmediate(done));
  }
  return now;
}

/** Several at a time: each is a round trip. */
async function lookFromAfar(
  directory: string,
  names: readonly string[],
  before: readonly Listed[],
): Promise<Listed[]> {
  const known = new Map(before.map((each) => [each.name, each]));
  const now: Listed[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some = names.slice(at, at + AT_ONCE).map(async (name) => {
      const stats = await stat(join(directory, name)).catch(() => undefined);
      return listedOf(name, stats, known.get(name));
    });
    now.push(...(await Promise.all(some)));
  }
  return now;
}

function statsAt(location: string): Stats | undefined {
  try {
    return statSync(location, { throwIfNoEntry: false });
  } catch {
    // loops and what we may not look at: a list shows what can be opened
    return undefined;
  }
}

/** What is known of it, when that is still so. */
function listedOf(name: string, stats: Stats | undefined, known: Listed | undefined): Listed {
  if (stats !== undefined)
    return known !== undefined && isUnchanged(stats, known) ? known : listed(name, stats);
  return known?.entry === undefined && known !== undefined ? known : nothing(name);
}

function isUnchanged(now: Stats, before: Listed): boolean {
  return (
    now.ctimeMs === before.ctimeMs &&
    now.mtimeMs === before.mtimeMs &&
    now.size === before.size &&
    now.ino === before.ino &&
    now.mode === before.mode &&
    now.dev === before.dev
  );
}

function listed(name: string, stats: Stats): Listed {
  const { dev, ino, size, mode, mtimeMs, ctimeMs } = stats;
  return {
    name,
    entry: entryOf(name, stats, modeAllowsWrite(stats)),
    dev,
    ino,
    size,
    mode,
    mtimeMs,
    ctimeMs,
  };
}

function nothing(name: string): Listed {
  return { name, entry: undefined, dev: 0, ino: 0, size: 0, mode: 0, mtimeMs: 0, ctimeMs: 0 };
}
