/**
 * The trash of the file store is the one of the desktop (freedesktop.org, "Trash specification" 1.0), so that what was
 * deleted here is found in the file manager, too. Where that is on another file system, the trash at the top of this one is used, and
 * `.trash` in the notebook directory where that cannot be.
 */
import type { Stats } from 'node:fs';
import { lstat, mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { HttpError } from '../../http-error.js';
import { cutToBytes } from '../names.js';
import type { Trash, TrashedEntry } from '../notebook-manager.js';
import { TRASH_DIRECTORY, notInTrash } from '../trash-beside.js';
import { errorCode, onPath } from './file-errors.js';
import { lstatIfThere, move } from './file-move.js';
import { formatTrashInfo, parseTrashInfo } from './trash-info.js';

interface Can {
  /** one letter, the beginning of the ids of what is in it */
  letter: string;
  /** has `files/` and `info/` */
  directory: string;
  /** paths in it are relative to this; undefined: absolute */
  top?: string;
}

interface Found {
  can: Can;
  name: string;
  original: string;
  deleted: Date;
}

export interface FileTrashPlaces {
  /** the notebook directory */
  root: string;
  /** the trash of the desktop */
  home: string;
  /** checks a path of the API and makes it absolute */
  locate(path: string): string;
}

export class FileTrash implements Trash {
  readonly #places: FileTrashPlaces;

  constructor(places: FileTrashPlaces) {
    this.#places = places;
  }

  async put(path: string): Promise<string> {
    const location = this.#places.locate(path);
    return onPath(path, async () => {
      const stats = await lstat(location);
      const problems: string[] = [];
      for (const can of await this.#cansFor(location, stats)) {
        try {
          return idOf({ can, name: await putInto(can, location) });
        } catch (error) {
          // this one is full, read-only or of another file system: the next
          problems.push(`${can.directory}: ${errorCode(error) ?? String(error)}`);
        }
      }
      throw new HttpError(
        403,
        `${path} could not be moved to the trash (${problems.join('; ')}). delete_to_trash: false deletes for good`,
      );
    });
  }

  async list(): Promise<TrashedEntry[]> {
    const entries: TrashedEntry[] = [];
    for (const found of await this.#found()) {
      const stats = await lstatIfThere(join(found.can.directory, 'files', found.name));
      if (stats === undefined) continue;
      entries.push({
        id: idOf(found),
        path: this.#pathOf(found.original),
        name: basename(found.original),
        kind: stats.isDirectory() ? 'directory' : 'file',
        size: stats.isDirectory() ? undefined : stats.size,
        deleted: found.deleted,
      });
    }
    return entries.sort((a, b) => b.deleted.getTime() - a.deleted.getTime());
  }

  async restore(id: string, to?: string): Promise<string> {
    const found = await this.#find(id);
    const path = to ?? this.#pathOf(found.original);
    const target = this.#places.locate(path);
    return onPath(path, async () => {
      const source = join(found.can.directory, 'files', found.name);
      // the directory that it was in may have been deleted after it
      await mkdir(dirname(target), { recursive: true });
      await move(source, target, await lstat(source));
      await rm(infoFile(found.can, found.name), { force: true });
      return path;
    });
  }

  async remove(id: string): Promise<void> {
    const { can, name } = await this.#find(id);
    await onPath(name, async () => {
      await rm(join(can.directory, 'files', name), { recursive: true, force: true });
      await rm(infoFile(can, name), { force: true });
    });
  }

  #pathOf(original: string): string {
    return relative(this.#places.root, original).split(sep).join('/');
  }

  async #find(id: string): Promise<Found> {
    const found = (await this.#found()).find((each) => idOf(each) === id);
    if (found === undefined) throw notInTrash(id);
    return found;
  }

  /** What came from the notebook directory; the rest of the desktop's trash is none of our business. */
  async #found(): Promise<Found[]> {
    const all: Found[] = [];
    for (const can of await this.#cans()) {
      const names = await readdir(join(can.directory, 'info')).catch(() => []);
      for (const file of names.filter((each) => each.endsWith('.trashinfo'))) {
        const text = await readFile(join(can.directory, 'info', file), 'utf8').catch(() => '');
        const info = parseTrashInfo(text);
        if (info === undefined) continue;
        const original = resolve(can.top ?? '/', info.path);
        const isOurs = original.startsWith(`${this.#places.root}${sep}`) || this.#places.root === sep;
        if (!isOurs) continue;
        const name = file.slice(0, -'.trashinfo'.length);
        all.push({ can, name, original, deleted: info.deleted });
      }
    }
    return all;
  }

  async #cansFor(location: string, stats: Stats): Promise<Can[]> {
    const cans = await this.#cans();
    const fits = await Promise.all(cans.map(async (can) => (await deviceOf(can.directory)) === stats.dev));
    const top = await topOf(dirname(location), stats.dev);
    const own = cans.some((can) => can.top === top) ? [] : topCans(top);
    return [...cans.filter((_, i) => fits[i]), ...own];
  }

  /** In the order in which they are tried. */
  async #cans(): Promise<Can[]> {
    const { root, home } = this.#places;
    const stats = await lstat(root);
    const isSame = (await deviceOf(home)) === stats.dev;
    return [
      { letter: 'h', directory: home },
      ...(isSame ? [] : topCans(await topOf(root, stats.dev))),
      { letter: 'r', directory: join(root, TRASH_DIRECTORY), top: root },
    ];
  }
}

/** At the top of a file system: in one that the administrator made for all, or in one for this user. */
function topCans(top: string): Can[] {
  const uid = process.getuid?.() ?? 0;
  return [{ letter: 't', directory: join(top, `.Trash-${uid}`), top }];
}

/** The directory up to which everything around `directory` is on one device. */
async function topOf(directory: string, device: number): Promise<string> {
  let top = directory;
  for (;;) {
    const parent = dirname(top);
    if (parent === top || (await deviceOf(parent)) !== device) return top;
    top = parent;
  }
}

/** Of the directory, or of the one that it would be made in. */
async function deviceOf(directory: string): Promise<number> {
  for (let at = directory; ; at = dirname(at)) {
    const stats = await lstatIfThere(at);
    if (stats !== undefined) return stats.dev;
  }
}

/**
 * Bytes of a name that is not free or too long: `.2.trashinfo` fits behind it also where names may have 143 bytes (eCryptfs). What
 * it was called stands in its note.
 */
const SHORTENED = 120;

/** @returns its name there */
async function putInto(can: Can, location: string): Promise<string> {
  for (const part of ['files', 'info']) {
    await mkdir(join(can.directory, part), { recursive: true, mode: 0o700 });
  }
  const text = formatTrashInfo({
    path: can.top === undefined ? location : relative(can.top, location),
    deleted: new Date(),
  });
  for (let n = 1; ; n++) {
    const name = n === 1 ? basename(location) : `${cutToBytes(basename(location), SHORTENED)}.${n}`;
    const info = infoFile(can, name);
    let file;
    try {
      // whoever makes this file first has the name
      file = await open(info, 'wx', 0o600);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') continue;
      if (errorCode(error) === 'ENAMETOOLONG' && n === 1) continue;
      throw error;
    }
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    const target = join(can.directory, 'files', name);
    try {
      // a file without a note: somebody else's rest, which is not replaced
      if ((await lstatIfThere(target)) !== undefined) throw Object.assign(new Error(), { code: 'EEXIST' });
      await rename(location, target);
      return name;
    } catch (error) {
      await rm(info, { force: true });
      if (errorCode(error) !== 'EEXIST') throw error;
    }
  }
}

function infoFile(can: Can, name: string): string {
  return join(can.directory, 'info', `${name}.trashinfo`);
}

function idOf({ can, name }: Pick<Found, 'can' | 'name'>): string {
  return `${can.letter}-${Buffer.from(name).toString('base64url')}`;
}
