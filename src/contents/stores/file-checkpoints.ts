/**
 * Checkpoints of the file store, several for each file. The newest is Jupyter's own (`NAME-checkpoint.ipynb`), so that
 * either server can go back to what the other kept; older ones lie beside it with their time in the name.
 */
import { createHash } from 'node:crypto';
import { copyFile, lstat, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { HttpError } from '../../http-error.js';
import { bodyOfFile } from '../body-of-file.js';
import {
  CHECKPOINT_DIRECTORY,
  CHECKPOINT_ID,
  checkpointName,
  datedCheckpointName,
  datedCheckpoints,
  isReplaced,
  noCheckpoint,
} from '../checkpoint-names.js';
import type { Checkpoints } from '../notebook-manager.js';
import { thinOut } from '../thin-out.js';
import { errorCode, onPath } from './file-errors.js';
import { makePrivateDirectory, privateDirectory } from './private-directory.js';
import { replaceFile } from './replace-file.js';
import { sameContent } from './same-content.js';

interface Version {
  id: string;
  location: string;
  modified: Date;
}

export class FileCheckpoints implements Checkpoints {
  readonly #root: string;
  readonly #locate: (path: string) => string;
  readonly #most: number;

  /**
   * @param locate checks a path of the API and makes it absolute
   * @param most   how many are kept for each file
   */
  constructor(root: string, locate: (path: string) => string, most: number) {
    this.#root = root;
    this.#locate = locate;
    this.#most = most;
  }

  async create(path: string): Promise<{ id: string; modified: Date }> {
    const file = this.#locate(path);
    return onPath(path, async () => {
      const stats = await stat(file);
      if (!stats.isFile())
        throw new HttpError(400, `Only files have checkpoints; ${path} is not one`, 'bad type');
      const directory = await this.#place(file);
      const newest = join(directory, checkpointName(basename(file)));
      if (await sameContent(file, newest)) {
        // nothing to keep that is not kept already
        await utimes(newest, new Date(), new Date());
      } else {
        await this.#setAside(newest, file, directory);
        await replaceFile(newest, bodyOfFile(file));
        await this.#thin(file);
      }
      return { id: CHECKPOINT_ID, modified: (await stat(newest)).mtime };
    });
  }

  async list(path: string): Promise<{ id: string; modified: Date }[]> {
    const versions = await onPath(path, () => this.#versions(this.#locate(path)));
    // Who removes the last checkpoint that was asked for expects none: clients of Jupyter know of one only.
    if (versions.every(({ id }) => isReplaced(id))) return [];
    return versions.map(({ id, modified }) => ({ id, modified }));
  }

  /** What is there now is kept as an older version, when no checkpoint has it. */
  async restore(path: string, id: string): Promise<void> {
    const file = this.#locate(path);
    const version = await this.#find(path, id);
    await onPath(path, async () => {
      const versions = await this.#versions(file);
      const isKept = await Promise.all(versions.map(({ location }) => sameContent(file, location)));
      const keep = (old: string): Promise<void> =>
        isKept.includes(true) ? Promise.resolve() : this.adopt(path, old, 'replaced-');
      await replaceFile(file, bodyOfFile(version.location), { onReplaced: keep });
    });
  }

  async remove(path: string, id: string): Promise<void> {
    const file = this.#locate(path);
    const version = await this.#find(path, id);
    await onPath(path, async () => {
      await rm(version.location);
      const last = (await this.#versions(file)).filter(({ id }) => !isReplaced(id)).at(-1);
      if (version.id !== CHECKPOINT_ID || last === undefined) return;
      // the one before is the newest now, and Jupyter is to find it
      await rename(last.location, join(dirname(last.location), checkpointName(basename(file))));
    });
  }

  async renamed(from: string, to: string): Promise<void> {
    const versions = await onPath(from, () => this.#versions(this.#locate(from)));
    if (versions.length === 0) return;
    await onPath(to, async () => {
      const target = this.#locate(to);
      const directory = await this.#place(target);
      for (const { id, location } of versions) {
        const name =
          id === CHECKPOINT_ID ? checkpointName(basename(target)) : datedCheckpointName(basename(target), id);
        await moveFile(location, join(directory, name));
      }
    });
  }

  async removed(path: string): Promise<void> {
    await onPath(path, async () => {
      for (const { location } of await this.#versions(this.#locate(path)))
        await rm(location, { force: true });
    });
  }

  /** Keeps a content of the file that nobody asked to keep: it was overwritten, or is about to be. */
  async adopt(path: string, content: string, why: 'replaced-' | '' = ''): Promise<void> {
    const file = this.#locate(path);
    const directory = await this.#place(file);
    const { mtime } = await stat(content);
    await copyFile(content, await freeDatedName(directory, basename(file), mtime, why));
    await this.#thin(file);
  }

  async #find(path: string, id: string): Promise<Version> {
    const versions = await onPath(path, () => this.#versions(this.#locate(path)));
    const version = versions.find((other) => other.id === id);
    if (version === undefined) throw noCheckpoint(path, id);
    return version;
  }

  /** The newest last, under Jupyter's id. */
  async #versions(file: string): Promise<Version[]> {
    const name = basename(file);
    const versions: Version[] = [];
    const newest: Version[] = [];
    for (const directory of [besideOf(file), this.#elsewhere(file)]) {
      for (const [other, id] of datedCheckpoints(await namesIn(directory), name)) {
        const location = join(directory, other);
        versions.push({ id, location, modified: (await lstat(location)).mtime });
      }
      const location = join(directory, checkpointName(name));
      const stats = await fileAt(location);
      if (stats !== undefined) newest.push({ id: CHECKPOINT_ID, location, modified: stats.mtime });
    }
    versions.sort((a, b) => (timeOf(a.id) < timeOf(b.id) ? -1 : 1));
    return [...versions, ...newest.slice(0, 1)];
  }

  /** The newest so far becomes one of the older ones. */
  async #setAside(newest: string, file: string, directory: string): Promise<void> {
    const stats = this.#most > 1 ? await fileAt(newest) : undefined;
    if (stats === undefined) return;
    try {
      await rename(newest, await freeDatedName(directory, basename(file), stats.mtime));
    } catch (error) {
      // a file system of shorter names: one that leaves no room for a time has one checkpoint
      if (errorCode(error) !== 'ENAMETOOLONG') throw error;
    }
  }

  async #thin(file: string): Promise<void> {
    const versions = await this.#versions(file);
    const times = versions.map(({ modified }) => modified.getTime());
    for (const index of thinOut(times, this.#most, Date.now())) {
      const gone = versions[index];
      if (gone !== undefined) await rm(gone.location, { force: true });
    }
  }

  /** The directory for checkpoints: beside the file, or elsewhere when nothing can be made there. */
  async #place(file: string): Promise<string> {
    try {
      await mkdir(besideOf(file), { recursive: true });
      return besideOf(file);
    } catch (error) {
      if (!['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? '')) throw error;
    }
    await makePrivateDirectory('checkpoints');
    await mkdir(this.#elsewhere(file), { recursive: true, mode: 0o700 });
    return this.#elsewhere(file);
  }

  #elsewhere(file: string): string {
    const hash = createHash('sha256').update(this.#root).update('\0').update(dirname(file)).digest('hex');
    return join(privateDirectory('checkpoints'), hash.slice(0, 32));
  }
}

function timeOf(id: string): string {
  return id.replace('replaced-', '');
}

function besideOf(file: string): string {
  return join(dirname(file), CHECKPOINT_DIRECTORY);
}

const missing = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EACCES'];

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (missing.includes(errorCode(error) ?? '')) return [];
    throw error;
  }
}

async function fileAt(location: string): Promise<{ mtime: Date } | undefined> {
  try {
    const stats = await lstat(location);
    return stats.isFile() ? stats : undefined;
  } catch (error) {
    if (missing.includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

async function freeDatedName(directory: string, name: string, time: Date, why = ''): Promise<string> {
  for (let ms = time.getTime(); ; ms++) {
    const id = why + new Date(ms).toISOString().replace(/[:.]/g, '-');
    const location = join(directory, datedCheckpointName(name, id));
    if ((await fileAt(location)) === undefined) return location;
  }
}

async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errorCode(error) !== 'EXDEV') throw error;
    await replaceFile(to, bodyOfFile(from));
    await rm(from);
  }
}
