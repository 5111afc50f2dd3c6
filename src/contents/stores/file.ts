/**
 * The built-in store: notebooks and files in a directory of this machine.
 *
 * Symbolic links that somebody put there are followed, wherever they lead (people link their data sets); removing one
 * removes the link alone. FIFOs, sockets and devices are never opened.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream, realpathSync, statSync, type BigIntStats } from 'node:fs';
import { access, cp, mkdir, open, readdir, realpath, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { HttpError } from '../../http-error.js';
import {
  NotebookManager,
  type Closeable,
  type Entry,
  type EntryPage,
  type Revision,
  type Trash,
} from '../notebook-manager.js';
import { cleanPath, isHidden, nameOf, parentOf } from '../paths.js';
import { DirectoryWatches, type DirectoryListener } from './directory-watches.js';
import { FileCheckpoints } from './file-checkpoints.js';
import { entryOf, modeAllowsWrite, revisionOf } from './file-entry.js';
import { errorCode, onPath } from './file-errors.js';
import { lstatIfThere, move } from './file-move.js';
import { FileTrash } from './file-trash.js';
import { finishInterrupted } from './overwrite.js';
import { PathTurns } from './path-turns.js';
import { LeftBehind } from './left-behind.js';
import { replaceFile } from './replace-file.js';
import { backupBeside, leftBackup } from './write-places.js';

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

/** Bytes: some milliseconds' worth. */
const HASHED_AT_ONCE = 4_000_000;
/** How many entries of a list are looked at before others get their turn; 200 take about a millisecond. */
const SLICE = 200;
/** How many files are remembered with the hash of their content. */
const REMEMBERED = 1000;
/** Bytes that are read from the disk at a time. */
const CHUNK = 1 << 18;

export class FileNotebookManager extends NotebookManager {
  override readonly checkpoints: FileCheckpoints;
  override readonly trash: Trash | undefined;
  readonly #root: string;
  readonly #allowHidden: boolean;
  readonly #atomic: boolean;
  readonly #inPlace: boolean;
  /** Revision → SHA-256 of the content at that time, to tell a touched file from a changed one. */
  readonly #hashes = new Map<Revision, string>();
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
      const stats = await this.#stats(path, file);
      return stats === undefined ? undefined : this.#entry(path, file, stats);
    });
  }

  async list(path: string, page: { after?: string; limit?: number } = {}): Promise<EntryPage> {
    const directory = this.#locate(path);
    let names = await onPath(path, () => readdir(directory));
    if (!this.#allowHidden) names = names.filter((name) => !name.startsWith('.'));
    const { after, limit } = page;
    let next: string | undefined;
    if (after !== undefined || limit !== undefined) {
      names.sort();
      if (after !== undefined) names = names.filter((name) => name > after);
      if (limit !== undefined && names.length > limit) {
        names = names.slice(0, limit);
        next = names.at(-1);
      }
    }
    const entries: Entry[] = [];
    for (let i = 0; i < names.length; i++) {
      if (i > 0 && i % SLICE === 0) await new Promise((done) => setImmediate(done));
      const name = names[i] as string;
      const entry = listedEntry(join(directory, name), name);
      if (entry !== undefined) entries.push(entry);
    }
    return next === undefined ? { entries } : { entries, next };
  }

  async read(
    path: string,
    range?: { start: number; end: number },
  ): Promise<{ entry: Entry; body: Readable }> {
    const location = this.#locate(path);
    return onPath(path, async () => {
      if ((await this.#stats(path, location)) === undefined) throw notFound(path);
      await this.#finish(location);
      // not blocking: should it have become a FIFO since we looked, opening must not wait for its other end
      const file = await open(location, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const stats = await file.stat({ bigint: true });
        if (stats.isDirectory()) throw new HttpError(400, `${path} is a directory, not a file`, 'bad type');
        if (!stats.isFile()) throw special(path);
        const entry = await this.#entry(path, location, stats);
        const size = Number(stats.size);
        // a range is what the caller saw of an earlier stat; the file may have become shorter since
        const start = range?.start ?? 0;
        const end = Math.min(range?.end ?? Infinity, size - 1);
        if (start > end) {
          await file.close();
          return { entry, body: Readable.from([]) };
        }
        const body = createReadStream(location, { fd: file, start, end, highWaterMark: CHUNK });
        if (range !== undefined || !path.endsWith('.ipynb')) return { entry, body };
        return { entry, body: Readable.from(this.#hashed(body, entry.revision), { objectMode: false }) };
      } catch (error) {
        await file.close();
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
    const stats = await this.#stats(path, location);
    if (stats === undefined) await this.#checkParent(path);
    else if (!stats.isFile()) throw new HttpError(400, `${path} is a directory, not a file`, 'bad type');
    if (when.absent && stats !== undefined) throw new HttpError(409, `File already exists: ${path}`);
    const target = stats === undefined ? location : await realpath(location);
    // a rename would get around the rights of the file itself
    if (stats !== undefined) await access(target, constants.W_OK);
    if (stats !== undefined && leftBackup(target) !== undefined) await finishInterrupted(target);
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
    if (Buffer.isBuffer(body)) this.#remember(revisionOf(written), await hashBytes(body));
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
    const target = targetOf(location);
    if (leftBackup(target) === undefined) return;
    await this.#turns.take([target], () => finishInterrupted(target));
  }

  async makeDirectory(path: string): Promise<Entry> {
    const location = this.#locate(path);
    return onPath(path, async () => {
      if (path !== '') {
        await this.#checkParent(path);
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
        await this.#checkParent(to);
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
    const location = join(this.#root, ...clean.split('/'));
    const inside = relative(this.#root, location);
    if (inside === '..' || inside.startsWith(`..${sep}`)) {
      throw new HttpError(404, `${path} is outside root contents directory`);
    }
    return location;
  }

  /**
   * @returns undefined when nothing is there
   * @throws HttpError 400 for a link that leads nowhere and for what is neither file nor directory
   */
  async #stats(path: string, location: string): Promise<BigIntStats | undefined> {
    try {
      const stats = await stat(location, { bigint: true });
      if (!stats.isFile() && !stats.isDirectory()) throw special(path);
      return stats;
    } catch (error) {
      const code = errorCode(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
      if ((await lstatIfThere(location)) === undefined) return undefined;
      throw new HttpError(400, `${path} is a link to something that does not exist`, 'bad type');
    }
  }

  async #entry(path: string, location: string, stats: BigIntStats): Promise<Entry> {
    const writable = await access(location, constants.W_OK).then(
      () => true,
      () => false,
    );
    const entry = entryOf(nameOf(path), stats, writable);
    if (entry === undefined) throw special(path);
    const hash = this.#hashes.get(entry.revision);
    return hash === undefined ? entry : { ...entry, hash };
  }

  async #checkParent(path: string): Promise<void> {
    const parent = parentOf(path);
    const stats = await this.#stats(parent, this.#locate(parent));
    if (!stats?.isDirectory()) throw new HttpError(404, `No such directory: ${parent}`);
  }

  /** @throws HttpError 409 when the content is not the one of that revision any more */
  async #checkRevision(path: string, location: string, revision: Revision): Promise<void> {
    const stats = await this.#stats(path, location);
    if (stats === undefined) throw new HttpError(409, `${path} does not exist any more`, 'changed');
    const now = revisionOf(stats);
    if (now === revision) return;
    const hash = this.#hashes.get(revision);
    if (hash !== undefined && hash === (await hashFile(location))) return;
    throw new HttpError(409, `${path} was changed by another program since it was read`, 'changed');
  }

  async *#hashed(body: Readable, revision: Revision): AsyncGenerator<Buffer> {
    const hash = createHash('sha256');
    for await (const chunk of body) {
      hash.update(chunk as Buffer);
      yield chunk as Buffer;
    }
    this.#remember(revision, hash.digest('hex'));
  }

  #remember(revision: Revision, hash: string): void {
    this.#hashes.delete(revision);
    this.#hashes.set(revision, hash);
    if (this.#hashes.size > REMEMBERED) {
      const [oldest] = this.#hashes.keys();
      if (oldest !== undefined) this.#hashes.delete(oldest);
    }
  }
}

function listedEntry(location: string, name: string): Entry | undefined {
  try {
    const stats = statSync(location, { bigint: true });
    return entryOf(name, stats, modeAllowsWrite(stats));
  } catch {
    // broken links, loops and what we may not look at: a list shows what can be opened
    return undefined;
  }
}

/** Others get their turn meanwhile. */
async function hashBytes(bytes: Buffer): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += HASHED_AT_ONCE) {
    if (at > 0) await new Promise((done) => setImmediate(done));
    hash.update(bytes.subarray(at, at + HASHED_AT_ONCE));
  }
  return hash.digest('hex');
}

async function hashFile(location: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(location)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Where a link leads; the place itself when nothing is there. */
function targetOf(location: string): string {
  try {
    return realpathSync(location);
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
