/** Checkpoints of the file store: Jupyter's own, so that either server can go back to what the other kept. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { HttpError } from '../../http-error.js';
import { CHECKPOINT_DIRECTORY, CHECKPOINT_ID, checkpointName, noCheckpoint } from '../checkpoint-names.js';
import type { Checkpoints } from '../notebook-manager.js';
import { errorCode, onPath } from './file-errors.js';
import { replaceFile } from './replace-file.js';

export class FileCheckpoints implements Checkpoints {
  readonly #root: string;
  readonly #locate: (path: string) => string;

  /** @param locate checks a path of the API and makes it absolute */
  constructor(root: string, locate: (path: string) => string) {
    this.#root = root;
    this.#locate = locate;
  }

  async create(path: string): Promise<{ id: string; modified: Date }> {
    const file = this.#locate(path);
    return onPath(path, async () => {
      const stats = await stat(file);
      if (!stats.isFile())
        throw new HttpError(400, `Only files have checkpoints; ${path} is not one`, 'bad type');
      const copy = await this.#place(file);
      await replaceFile(copy, createReadStream(file));
      return { id: CHECKPOINT_ID, modified: (await stat(copy)).mtime };
    });
  }

  async list(path: string): Promise<{ id: string; modified: Date }[]> {
    const found = await this.#find(path);
    return found === undefined ? [] : [{ id: CHECKPOINT_ID, modified: found.modified }];
  }

  async restore(path: string, id: string): Promise<void> {
    const found = await this.#find(path);
    if (id !== CHECKPOINT_ID || found === undefined) throw noCheckpoint(path, id);
    await onPath(path, () => replaceFile(this.#locate(path), createReadStream(found.location)));
  }

  async remove(path: string, id: string): Promise<void> {
    const found = await this.#find(path);
    if (id !== CHECKPOINT_ID || found === undefined) throw noCheckpoint(path, id);
    await onPath(path, () => rm(found.location));
  }

  async renamed(from: string, to: string): Promise<void> {
    const found = await this.#find(from);
    if (found === undefined) return;
    await onPath(to, async () => {
      const target = await this.#place(this.#locate(to));
      try {
        await rename(found.location, target);
      } catch (error) {
        if (errorCode(error) !== 'EXDEV') throw error;
        await replaceFile(target, createReadStream(found.location));
        await rm(found.location);
      }
    });
  }

  async removed(path: string): Promise<void> {
    const found = await this.#find(path);
    if (found !== undefined) await onPath(path, () => rm(found.location));
  }

  async #find(path: string): Promise<{ location: string; modified: Date } | undefined> {
    const file = this.#locate(path);
    return onPath(path, async () => {
      for (const directory of [besideOf(file), this.#elsewhere(file)]) {
        const location = join(directory, checkpointName(basename(file)));
        try {
          const stats = await lstat(location);
          if (stats.isFile()) return { location, modified: stats.mtime };
        } catch (error) {
          if (!['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(errorCode(error) ?? '')) throw error;
        }
      }
      return undefined;
    });
  }

  /** The place for a checkpoint, its directory made: beside the file, or elsewhere when nothing can be made there. */
  async #place(file: string): Promise<string> {
    try {
      await mkdir(besideOf(file), { recursive: true });
      return join(besideOf(file), checkpointName(basename(file)));
    } catch (error) {
      if (!['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? '')) throw error;
    }
    const directory = this.#elsewhere(file);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await checkOwn(this.#elsewhereRoot());
    return join(directory, checkpointName(basename(file)));
  }

  #elsewhere(file: string): string {
    const hash = createHash('sha256').update(this.#root).update('\0').update(dirname(file)).digest('hex');
    return join(this.#elsewhereRoot(), hash.slice(0, 32));
  }

  #elsewhereRoot(): string {
    return join(tmpdir(), `nbserver-checkpoints-${process.getuid?.() ?? 0}`);
  }
}

function besideOf(file: string): string {
  return join(dirname(file), CHECKPOINT_DIRECTORY);
}

/** Anybody can make a name in the temporary directory; what is not ours alone gets none of our content. */
async function checkOwn(directory: string): Promise<void> {
  const stats = await lstat(directory);
  if (!stats.isDirectory() || stats.uid !== process.getuid?.() || (stats.mode & 0o077) !== 0) {
    throw new HttpError(403, `Checkpoints cannot be kept: ${directory} belongs to somebody else`);
  }
}
