/**
 * The built-in store: notebooks and files in a directory of this machine.
 *
 * Symbolic links that somebody put there are followed, wherever they lead (people link their data sets); removing one
 * removes the link alone. FIFOs, sockets and devices are never opened.
 */
import { constants, createReadStream, lstatSync, realpathSync, statSync, type BigIntStats } from 'node:fs';
import { access, cp, mkdir, open, readdir, realpath, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { HttpError } from '../../http-error.js';
import {
  NotebookManager,
  type Closeable,
  type Entry,
  type EntryPage,
  type Opened,
  type Revision,
  type Trash,
} from '../notebook-manager.js';
import { cleanPath, isHidden, nameOf, parentOf } from '../paths.js';
import { ContentHashes, hashBytes, hashFile } from './content-hashes.js';
import { DirectoryWatches, type DirectoryListener } from './directory-watches.js';
import { FileCheckpoints } from './file-checkpoints.js';
import { entryOf, revisionOf } from './file-entry.js';
import { errorCode, onPath } from './file-errors.js';
import { lstatIfThere, move } from './file-move.js';
import { isWritable, OpenFile } from './file-read.js';
import { FileTrash } from './file-trash.js';
import { finishInterrupted } from './overwrite.js';
import { PathTurns } from './path-turns.js';
import { LeftBehind } from './left-behind.js';
import { ListedEntries } from './listed-entries.js';
import { replaceFile } from './replace-file.js';
import { backupBeside, leftBackup, mayHaveBackup } from './write-places.js';

/** As they stand in the configuration (section `FileNotebookManager`). */
export interface FileNotebookManagerOptions {
  /** the directory that is served; absolute, or relative to the current one */
  notebook_dir: string;
  /** serve names that begin with a dot; default false */
  allow_hidden?: boolean;
  /** a crash or a full disk costs nothing; default true */
  use_atomic_writing?: boolean;
  /** how: beside the file and then renamed over it (default), or in place after a copy of the old bytes */
  file_write?: 'rename' | 'in-place';
  /** how many checkpoints are kept for each file; default 10 */
  checkpoints_per_file?: number;
  /** the desktop's trash; default: `Trash` in XDG_DATA_HOME or ~/.local/share */
  trash_dir?: string;
}

export class FileNotebookManager extends NotebookManager {
  override readonly checkpoints: FileCheckpoints;
  override readonly trash: Trash | undefined;
  readonly #root: string;
  readonly #allowHidden: boolean;
  readonly #atomic: boolean;
  readonly #inPlace: boolean;
  readonly #hashes = new ContentHashes();
  readonly #listed = new ListedEntries();
  readonly #watches = new DirectoryWatches();
  readonly #turns = new PathTurns();
  readonly #leftBehind = new LeftBehind();

  constructor(options: FileNotebookManagerOptions) {
    super();
    this.#root = resolve(options.notebook_dir);
    this.#allowHidden = options.allow_hidden ?? false;
    this.#atomic = options.use_atomic_writing ?? true;
    this.#inPlace = options.file_write === 'in-place';
    const locate = (path: string): string => this.#locate(path);
    this.checkpoints = new FileCheckpoints(this.#root, locate, options.checkpoints_per_file ?? 10);
    this.trash = new FileTrash({ root: this.#root, home: options.trash_dir ?? homeTrash(), locate });
  }

  infoString(): string {
    return `Serving notebooks from local directory: ${this.#root}`;
  }

  async stat(path: string): Promise<Entry | undefined> {
    const file = this.#locate(path);
    return onPath(path, async () => {
      const stats = this.#stats(path, file);
      return stats === undefined ? undefined : this.#entry(path, file, stats);
    });
  }

  async list(path: string, { after, limit }: { after?: string; limit?: number } = {}): Promise<EntryPage> {
    const directory = this.#locate(path);
    const isServed = (name: string): boolean => this.#allowHidden || !name.startsWith('.');
    return onPath(path, async () => {
      if (after === undefined && limit === undefined)
        return { entries: await this.#listed.all(directory, isServed) };
      const names = (await this.#listed.names(directory)).filter(isServed).sort();
      const left = after === undefined ? names : names.filter((name) => name > after);
      const page = left.slice(0, limit);
      const entries = await this.#listed.of(directory, page);
      const next = page.length < left.length ? page.at(-1) : undefined;
      return next === undefined ? { entries } : { entries, next };
    });
  }

  async read(path: string, range?: { start: number; end: number }): Promise<Opened> {
    const location = this.#locate(path);
    return onPath(path, async () => {
      const stats = this.#stats(path, location);
      if (stats === undefined) throw notFound(path);
      if (stats.isDirectory()) throw new HttpError(400, `${path} is a directory, not a file`, 'bad type');
      await this.#finish(location);
      const file = new OpenFile(location, range);
      try {
        if (!file.stats.isFile()) throw special(path);
        const entry = this.#entry(path, location, file.stats);
        if (range !== undefined) return { entry, body: file.body };
        return {
          entry,
          get body() {
            return file.body;
          },
          whole: async () => {
            const bytes = await onPath(path, () => file.whole());
            if (path.endsWith('.ipynb') && entry.hash === undefined)
              this.#hashes.remember(entry.revision, await hashBytes(bytes));
            return bytes;
          },
        };
      } catch (error) {
        file.close();
        throw error;
      }
    });
  }

  async write(
    path: string,
    body: Buffer | Readable,
    when: { revision?: Revision; absent?: true } = {},
  ): Promise<Entry> {
    const location = this.#locate(path);
    if (path === '')
      throw new HttpError(400, 'The notebook directory itself cannot be written as a file', 'bad type');
    // two names of one file wait for each other
    const places = [...new Set([location, targetOf(location)])];
    return onPath(path, () => this.#turns.take(places, () => this.#write(path, location, body, when)));
  }

  async #write(
    path: string,
    location: string,
    body: Buffer | Readable,
    when: { revision?: Revision; absent?: true },
  ): Promise<Entry> {
    const stats = this.#stats(path, location);
    if (stats === undefined) this.#checkParent(path);
    else if (!stats.isFile()) throw new HttpError(400, `${path} is a directory, not a file`, 'bad type');
    if (when.absent && stats !== undefined) throw new HttpError(409, `File already exists: ${path}`);
    const target = stats === undefined ? location : await realpath(location);
    // a rename would get around the rights of the file itself
    if (stats !== undefined) await access(target, constants.W_OK);
    if (stats !== undefined && leftBackup(target) !== undefined) await finishInterrupted(target);
    // while others wait for the disk
    const hashing = Buffer.isBuffer(body) ? hashBytes(body) : undefined;
    const check = async (): Promise<void> => {
      if (when.revision !== undefined) await this.#checkRevision(path, location, when.revision);
    };
    await check();
    if (this.#atomic || when.absent) {
      await this.#leftBehind.clear(dirname(target));
      await replaceFile(target, body, {
        beforeCommit: check,
        absent: when.absent === true,
        inPlace: this.#inPlace,
        onReplaced: (old, then) => this.#keepForeign(path, old, then, stats),
      });
    } else {
      const file = await open(target, 'w');
      try {
        if (Buffer.isBuffer(body)) await file.writeFile(body);
        else for await (const chunk of body) await file.writeFile(chunk as Buffer);
      } finally {
        await file.close();
      }
    }
    const written = await stat(location, { bigint: true });
    if (hashing !== undefined) this.#hashes.remember(revisionOf(written), await hashing);
    return this.#entry(path, location, written);
  }

  /** Somebody wrote the file after we had looked at it: what they wrote becomes a checkpoint. */
  async #keepForeign(
    path: string,
    old: string,
    then: BigIntStats,
    seen: BigIntStats | undefined,
  ): Promise<void> {
    if (then.size === seen?.size && then.mtimeNs === seen.mtimeNs) return;
    try {
      await this.checkpoints.adopt(path, old);
    } catch (error) {
      // The new bytes are in place, and their writer has been told nothing yet: the old ones are kept beside them.
      if (errorCode(error) === undefined) throw error;
      const target = join(dirname(this.#locate(path)), `${nameOf(path)}.replaced`);
      await cp(old, target, { force: true });
    }
  }

  /** A write that a kill interrupted, whose file is read next. */
  async #finish(location: string): Promise<void> {
    if (!mayHaveBackup(location)) return;
    const target = targetOf(location);
    if (leftBackup(target) === undefined) return;
    await this.#turns.take([target], () => finishInterrupted(target));
  }

  async makeDirectory(path: string): Promise<Entry> {
    const location = this.#locate(path);
    return onPath(path, async () => {
      if (path !== '') {
        this.#checkParent(path);
        await mkdir(location);
      }
      const entry = await this.stat(path);
      if (entry === undefined) throw notFound(path);
      return entry;
    });
  }

  async rename(from: string, to: string): Promise<Entry> {
    const source = this.#locate(from);
    const target = this.#locate(to);
    if (from === '' || to === '') throw new HttpError(400, 'The notebook directory itself cannot be renamed');
    await onPath(from, () =>
      this.#turns.take([source, target], async () => {
        const old = await lstatIfThere(source);
        if (old === undefined) throw notFound(from);
        if (from === to) return;
        this.#checkParent(to);
        await onPath(to, () => move(source, target, old));
      }),
    );
    const entry = await this.stat(to);
    if (entry === undefined) throw notFound(to);
    return entry;
  }

  async remove(path: string, options: { recursive?: boolean } = {}): Promise<void> {
    const location = this.#locate(path);
    if (path === '') throw new HttpError(400, "Can't delete root");
    await onPath(path, () =>
      this.#turns.take([location], async () => {
        const stats = await lstatIfThere(location);
        if (stats === undefined) throw notFound(path);
        if (!stats.isDirectory()) await unlink(location);
        else if (options.recursive) await rm(location, { recursive: true });
        else {
          const names = await readdir(location);
          if (names.some((name) => name !== '.ipynb_checkpoints')) {
            throw new HttpError(400, `Directory ${path} not empty`);
          }
          await rm(join(location, '.ipynb_checkpoints'), { recursive: true, force: true });
          await rmdir(location);
        }
      }),
    );
  }

  override kernelDirectory(path: string): string {
    let at = this.#locate(path);
    for (;;) {
      const stats = statSync(at, { throwIfNoEntry: false });
      if (stats?.isDirectory() || at === this.#root) return at;
      at = dirname(at);
    }
  }

  override async identity(path: string): Promise<string> {
    return onPath(path, () => realpath(this.#locate(path)));
  }

  /** Tells of changes in a directory, or of one file, whoever made them. */
  override watch(path: string, onChange: () => void): Closeable {
    const location = this.#locate(path);
    if (statSync(location, { throwIfNoEntry: false })?.isDirectory()) {
      return this.#watches.add(location, (names) => {
        if (names.size === 0 || [...names].some((name) => this.#isSeen(name))) onChange();
      });
    }
    // Of a file its directory is watched: editors replace files, and a watch would stay on the old one.
    const listen = (file: string): Closeable => {
      const listener: DirectoryListener = (names) => {
        if (names.size === 0 || names.has(basename(file))) onChange();
      };
      return this.#watches.add(dirname(file), listener);
    };
    const target = targetOf(location);
    const watches = [...new Set([location, target])].map(listen);
    return { close: () => void watches.map((each) => each.close()) };
  }

  /** Not our own temporary files, and nothing hidden. */
  #isSeen(name: string): boolean {
    return this.#allowHidden ? !/^\.nbserver-.*\.tmp$|^\.~/.test(name) : !name.startsWith('.');
  }

  override async close(): Promise<void> {
    this.#watches.close();
  }

  /**
   * After a crash while a file was written in place, brings its old content back from the copy beside it. The damaged
   * one is kept as `NAME.invalid`.
   *
   * @returns whether there was a copy
   */
  override async recover(path: string): Promise<boolean> {
    const location = this.#locate(path);
    return onPath(path, () =>
      this.#turns.take([location], async () => {
        const target = await realpath(location);
        const backup = backupBeside(target);
        const stats = await lstatIfThere(backup);
        if (!stats?.isFile()) return false;
        await cp(target, `${target}.invalid`);
        await replaceFile(target, createReadStream(backup));
        await unlink(backup);
        return true;
      }),
    );
  }

  /** @throws HttpError 404 for hidden names and for whatever would lie outside */
  #locate(path: string): string {
    const clean = cleanPath(path);
    if (!this.#allowHidden && isHidden(clean)) throw notFound(path);
    const location = join(this.#root, clean);
    if (location !== this.#root && !location.startsWith(withSeparator(this.#root))) {
      throw new HttpError(404, `${path} is outside root contents directory`);
    }
    return location;
  }

  /**
   * Without waiting: the kernel nearly always knows, and handing the question to another thread costs twenty times as much
   * as the answer.
   *
   * @returns undefined when nothing is there
   * @throws HttpError 400 for a link that leads nowhere and for what is neither file nor directory
   */
  #stats(path: string, location: string): BigIntStats | undefined {
    const stats = statIfThere(location);
    if (stats !== undefined) {
      if (!stats.isFile() && !stats.isDirectory()) throw special(path);
      return stats;
    }
    if (!isLink(location)) return undefined;
    throw new HttpError(400, `${path} is a link to something that does not exist`, 'bad type');
  }

  #entry(path: string, location: string, stats: BigIntStats): Entry {
    const entry = entryOf(nameOf(path), stats, isWritable(location));
    if (entry === undefined) throw special(path);
    const hash = this.#hashes.get(entry.revision);
    return hash === undefined ? entry : { ...entry, hash };
  }

  #checkParent(path: string): void {
    const parent = parentOf(path);
    const stats = this.#stats(parent, this.#locate(parent));
    if (!stats?.isDirectory()) throw new HttpError(404, `No such directory: ${parent}`);
  }

  /** @throws HttpError 409 when the content is not the one of that revision any more */
  async #checkRevision(path: string, location: string, revision: Revision): Promise<void> {
    const stats = this.#stats(path, location);
    if (stats === undefined) throw new HttpError(409, `${path} does not exist any more`, 'changed');
    const now = revisionOf(stats);
    if (now === revision) return;
    const hash = this.#hashes.get(revision);
    if (hash !== undefined && hash === (await hashFile(location))) return;
    throw new HttpError(409, `${path} was changed by another program since it was read`, 'changed');
  }
}

function statIfThere(location: string): BigIntStats | undefined {
  try {
    return statSync(location, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
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

/** Where a link leads; the place itself when nothing is there. */
function targetOf(location: string): string {
  try {
    return realpathSync.native(location);
  } catch {
    // it does not exist, or leads nowhere: who watches it waits for it to come
    return location;
  }
}

function homeTrash(): string {
  return join(process.env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'Trash');
}

function notFound(path: string): HttpError {
  return new HttpError(404, `No such file or directory: ${path}`);
}

function special(path: string): HttpError {
  return new HttpError(400, `${path} is not a regular file or directory, and is not opened`, 'bad type');
}
