/**
 * The built-in store: notebooks and files in a directory of this machine.
 *
 * Symbolic links that somebody put there are followed, wherever they lead (people link their data sets); removing one
 * removes the link alone. FIFOs, sockets and devices are never opened.
 */
import { statSync } from 'node:fs';
import { mkdir, readdir, realpath, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { HttpError } from '../../http-error.js';
import type { When } from '../conditions.js';
import {
  NotebookManager,
  type Closeable,
  type Entry,
  type EntryPage,
  type Opened,
  type Trash,
} from '../notebook-manager.js';
import { ContentHashes, hashBytes } from './content-hashes.js';
import { DirectoryWatches, type DirectoryListener } from './directory-watches.js';
import { FileCheckpoints } from './file-checkpoints.js';
import { onPath } from './file-errors.js';
import { FileLooks, notFound, special, targetOf } from './file-looks.js';
import { lstatIfThere, move } from './file-move.js';
import { OpenFile } from './file-read.js';
import { FileTrash } from './file-trash.js';
import { FileWrites } from './file-writes.js';
import { ListedEntries } from './listed-entries.js';
import { PathTurns } from './path-turns.js';

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
  readonly #looks: FileLooks;
  readonly #writes: FileWrites;
  readonly #hashes = new ContentHashes();
  readonly #listed: ListedEntries;
  readonly #watches: DirectoryWatches;
  readonly #turns = new PathTurns();

  /** @param isSlow  as a network drive, whose answers may take long; default: by the kind of the file system */
  constructor(options: FileNotebookManagerOptions, isSlow?: boolean) {
    super();
    const root = resolve(options.notebook_dir);
    this.#looks = new FileLooks(root, options.allow_hidden ?? false, this.#hashes, isSlow);
    this.#listed = new ListedEntries(this.#looks.isSlow);
    this.#watches = this.#looks.isSlow ? new DirectoryWatches({}, () => true) : new DirectoryWatches();
    const locate = (path: string): string => this.#looks.locate(path);
    this.checkpoints = new FileCheckpoints(root, locate, options.checkpoints_per_file ?? 10);
    this.trash = new FileTrash({ root, home: options.trash_dir ?? homeTrash(), locate });
    this.#writes = new FileWrites({
      looks: this.#looks,
      turns: this.#turns,
      hashes: this.#hashes,
      checkpoints: this.checkpoints,
      isAtomic: options.use_atomic_writing ?? true,
      inPlace: options.file_write === 'in-place',
    });
  }

  infoString(): string {
    return `Serving notebooks from local directory: ${this.#looks.root}`;
  }

  async stat(path: string): Promise<Entry | undefined> {
    const file = this.#looks.locate(path);
    return onPath(path, async () => {
      const stats = await this.#looks.stats(path, file);
      return stats === undefined ? undefined : this.#looks.entry(path, file, stats);
    });
  }

  async list(path: string, { after, limit }: { after?: string; limit?: number } = {}): Promise<EntryPage> {
    const directory = this.#looks.locate(path);
    const isServed = (name: string): boolean => this.#looks.isServed(name);
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
    const location = this.#looks.locate(path);
    return onPath(path, async () => {
      const stats = await this.#looks.stats(path, location);
      if (stats === undefined) throw notFound(path);
      if (stats.isDirectory()) throw new HttpError(400, `${path} is a directory, not a file`, 'bad type');
      await this.#writes.finish(location);
      const file = new OpenFile(location, range);
      try {
        if (!file.stats.isFile()) throw special(path);
        const entry = this.#looks.entry(path, location, file.stats);
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

  async write(path: string, body: Buffer | Readable, when: When = {}): Promise<Entry> {
    return this.#writes.write(path, body, when);
  }

  override async recover(path: string): Promise<boolean> {
    return this.#writes.recover(path);
  }

  async makeDirectory(path: string): Promise<Entry> {
    const location = this.#looks.locate(path);
    return onPath(path, async () => {
      if (path !== '') {
        await this.#looks.checkParent(path);
        await mkdir(location);
      }
      const entry = await this.stat(path);
      if (entry === undefined) throw notFound(path);
      return entry;
    });
  }

  async rename(from: string, to: string): Promise<Entry> {
    const source = this.#looks.locate(from);
    const target = this.#looks.locate(to);
    if (from === '' || to === '') throw new HttpError(400, 'The notebook directory itself cannot be renamed');
    await onPath(from, () =>
      this.#turns.take([source, target], async () => {
        const old = await lstatIfThere(source);
        if (old === undefined) throw notFound(from);
        if (from === to) return;
        await this.#looks.checkParent(to);
        await onPath(to, () => move(source, target, old));
      }),
    );
    const entry = await this.stat(to);
    if (entry === undefined) throw notFound(to);
    return entry;
  }

  async remove(path: string, options: { recursive?: boolean } = {}): Promise<void> {
    const location = this.#looks.locate(path);
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
    let at = this.#looks.locate(path);
    for (;;) {
      if (isDirectory(at) || at === this.#looks.root) return at;
      at = dirname(at);
    }
  }

  override async identity(path: string): Promise<string> {
    return onPath(path, () => realpath(this.#looks.locate(path)));
  }

  /** Tells of changes in a directory, or of one file, whoever made them. */
  override watch(path: string, onChange: () => void): Closeable {
    const location = this.#looks.locate(path);
    if (!this.#looks.isSlow) {
      return this.#watch(location, targetOf(location), isDirectory(location), onChange);
    }
    let watch: Closeable | undefined;
    let isClosed = false;
    void this.#lookSlowly(location).then(({ target, isDirectory }) => {
      if (!isClosed) watch = this.#watch(location, target, isDirectory, onChange);
    });
    return {
      close: () => {
        isClosed = true;
        return watch?.close();
      },
    };
  }

  async #lookSlowly(location: string): Promise<{ target: string; isDirectory: boolean }> {
    const target = await this.#looks.target(location);
    const stats = await stat(target).catch(() => undefined);
    return { target, isDirectory: stats?.isDirectory() === true };
  }

  #watch(location: string, target: string, isDirectory: boolean, onChange: () => void): Closeable {
    if (isDirectory) {
      return this.#watches.add(location, (names) => {
        if (names.size === 0 || [...names].some((name) => this.#looks.isSeen(name))) onChange();
      });
    }
    // Of a file its directory is watched: editors replace files, and a watch would stay on the old one.
    const listen = (file: string): Closeable => {
      const listener: DirectoryListener = (names) => {
        if (names.size === 0 || names.has(basename(file))) onChange();
      };
      return this.#watches.add(dirname(file), listener);
    };
    const watches = [...new Set([location, target])].map(listen);
    return { close: () => void watches.map((each) => each.close()) };
  }

  override async close(): Promise<void> {
    this.#watches.close();
  }
}

function isDirectory(location: string): boolean {
  try {
    return statSync(location, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false; // a file stands in its way, it may not be looked at, its drive is gone
  }
}

function homeTrash(): string {
  return join(process.env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'Trash');
}
