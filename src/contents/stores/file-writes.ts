/**
 * Writes of the file store: on a condition that is looked at again just before the new bytes take their place, and what
 * another program wrote in between is kept as a checkpoint.
 */
import { accessSync, constants, type Stats } from 'node:fs';
import { cp, open, realpath, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { HttpError } from '../../http-error.js';
import { bodyOfFile } from '../body-of-file.js';
import type { When } from '../conditions.js';
import { fitName } from '../names.js';
import type { Entry, Revision } from '../notebook-manager.js';
import { nameOf } from '../paths.js';
import { hashBytes, hashedBody, hashFile, type ContentHashes } from './content-hashes.js';
import type { FileCheckpoints } from './file-checkpoints.js';
import { revisionOf } from './file-entry.js';
import { errorCode, onPath } from './file-errors.js';
import { notFound, targetOf, type FileLooks } from './file-looks.js';
import { lstatIfThere } from './file-move.js';
import { LeftBehind } from './left-behind.js';
import { finishInterrupted } from './overwrite.js';
import type { PathTurns } from './path-turns.js';
import { replaceFile } from './replace-file.js';
import { writeAll } from './write-body.js';
import { backupBeside, leftBackup, mayHaveBackup } from './write-places.js';

export interface FileWritesParts {
  looks: FileLooks;
  turns: PathTurns;
  hashes: ContentHashes;
  checkpoints: FileCheckpoints;
  /** a crash or a full disk costs nothing */
  isAtomic: boolean;
  /** overwrite files where renaming would do */
  inPlace: boolean;
}

export class FileWrites {
  readonly #parts: FileWritesParts;
  readonly #leftBehind = new LeftBehind();

  constructor(parts: FileWritesParts) {
    this.#parts = parts;
  }

  async write(path: string, body: Buffer | Readable, when: When): Promise<Entry> {
    try {
      return await this.#inTurn(path, body, when);
    } finally {
      // A refused one has not been read, and would keep its file open.
      if (!Buffer.isBuffer(body)) body.destroy();
    }
  }

  async #inTurn(path: string, body: Buffer | Readable, when: When): Promise<Entry> {
    const location = this.#parts.looks.locate(path);
    if (path === '')
      throw new HttpError(400, 'The notebook directory itself cannot be written as a file', 'bad type');
    const answer = this.#parts.looks.target(location);
    // known at once, it takes its turn at once, in front of what is asked next
    const target = typeof answer === 'string' ? answer : await answer;
    // two names of one file wait for each other
    const places = [...new Set([location, target])];
    return onPath(path, () => this.#parts.turns.take(places, () => this.#write(path, location, body, when)));
  }

  async #write(path: string, location: string, given: Buffer | Readable, when: When): Promise<Entry> {
    const { looks, hashes, isAtomic, inPlace } = this.#parts;
    const stats = await looks.stats(path, location);
    if (stats === undefined) await looks.checkParent(path);
    else if (!stats.isFile()) throw new HttpError(400, `${path} is a directory, not a file`, 'bad type');
    if (when.absent && stats !== undefined) throw new HttpError(409, `File already exists: ${path}`);
    const target = stats === undefined ? location : targetOf(location);
    // a rename would get around the rights of the file itself
    if (stats !== undefined) accessSync(target, constants.W_OK);
    if (stats !== undefined && leftBackup(target) !== undefined) await finishInterrupted(target);
    // while others wait for the disk
    const whole = Buffer.isBuffer(given) ? hashBytes(given) : undefined;
    const passing = !Buffer.isBuffer(given) && path.endsWith('.ipynb') ? hashedBody(given) : undefined;
    const body = passing?.body ?? given;
    const check = async (): Promise<void> => {
      if (when.revision !== undefined) await this.#checkRevision(path, location, when.revision);
    };
    await check();
    if (isAtomic || when.absent) {
      await this.#leftBehind.clear(dirname(target));
      await replaceFile(target, body, {
        beforeCommit: check,
        absent: when.absent === true,
        inPlace,
        onReplaced: (old, then) => this.#keepForeign(path, old, then, stats),
      });
    } else {
      const file = await open(target, 'w');
      try {
        await writeAll(file, body);
      } finally {
        await file.close();
      }
    }
    const written = await looks.stats(path, location);
    if (written === undefined) throw notFound(path);
    const hash = passing === undefined ? await whole : passing.hash();
    if (hash !== undefined) hashes.remember(revisionOf(written), hash);
    return looks.entry(path, location, written);
  }

  /** Somebody wrote the file after we had looked at it: what they wrote becomes a checkpoint. */
  async #keepForeign(path: string, old: string, then: Stats, seen: Stats | undefined): Promise<void> {
    if (then.size === seen?.size && then.mtimeMs === seen.mtimeMs) return;
    try {
      await this.#parts.checkpoints.adopt(path, old);
    } catch (error) {
      // The new bytes are in place, and their writer has been told nothing yet: the old ones are kept beside them.
      if (errorCode(error) === undefined) throw error;
      const target = join(dirname(this.#parts.looks.locate(path)), fitName(nameOf(path), '.replaced'));
      await cp(old, target, { force: true });
    }
  }

  /** @throws HttpError 409 when the content is not the one of that revision any more */
  async #checkRevision(path: string, location: string, revision: Revision): Promise<void> {
    const { looks, hashes } = this.#parts;
    const stats = await looks.stats(path, location);
    if (stats === undefined) throw new HttpError(409, `${path} does not exist any more`, 'changed');
    const now = revisionOf(stats);
    if (now === revision) return;
    const hash = hashes.get(revision);
    if (hash !== undefined && hash === (await hashFile(location))) return;
    throw new HttpError(409, `${path} was changed by another program since it was read`, 'changed');
  }

  /** Brings a write to its end that a kill interrupted, of a file that is read next. */
  async finish(location: string): Promise<void> {
    if (!mayHaveBackup(location)) return;
    const target = targetOf(location);
    if (leftBackup(target) === undefined) return;
    await this.#parts.turns.take([target], () => finishInterrupted(target));
  }

  /**
   * After a crash while a file was written in place, brings its old content back from the copy beside it. The damaged
   * one is kept as `NAME.invalid`.
   *
   * @returns whether there was a copy
   */
  async recover(path: string): Promise<boolean> {
    const location = this.#parts.looks.locate(path);
    return onPath(path, () =>
      this.#parts.turns.take([location], async () => {
        const target = await realpath(location);
        const backup = backupBeside(target);
        const stats = await lstatIfThere(backup);
        if (!stats?.isFile()) return false;
        await cp(target, join(dirname(target), fitName(basename(target), '.invalid')));
        await replaceFile(target, bodyOfFile(backup));
        await unlink(backup);
        return true;
      }),
    );
  }
}
