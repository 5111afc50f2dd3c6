/**
 * The file under a document: read once, written on the condition that nobody else wrote it meanwhile. When somebody did,
 * nothing is written, and what they wrote is to be merged first.
 */
import {
  inSteps,
  keepBeside,
  keepOldFormat,
  parentOf,
  type Checkpoints,
  type Closeable,
  type Contents,
  type Entry,
} from '../contents/index.js';
import { HttpError } from '../http-error.js';
import { readNotebook, type NotebookFile } from '../notebook/index.js';
import { alignFile } from '../notebook/merge.js';
import type { NotebookState } from '../notebook/notebook-state.js';
import { sameJson } from '../notebook/operations.js';
import { adopt, adoptRead, fileInSteps, fileOf, isSpelledAs, stateOf } from './document-file.js';

/** What documents need of `Contents`. */
export type ContentsSource = Pick<
  Contents,
  'readNotebook' | 'readBytes' | 'writeBytes' | 'stat' | 'watch'
> & {
  store: { checkpoints: Pick<Checkpoints, 'create' | 'list'> };
};

export type Written =
  /**
   * `upgraded`: the format that the file had before, and the path of a copy of it, once; `hooked`: what was meant to be
   * written, where the owner's hook made something else of it
   */
  | {
      kind: 'written';
      entry: Entry;
      upgraded?: { from: number; copy: string };
      hooked?: Hooked;
    }
  /** somebody else wrote the file; nothing was written */
  | { kind: 'changed' }
  /** the file is not there any more; nothing was written */
  | { kind: 'gone' };

/** The notebook that was to be saved, and the one that is on disk. */
export interface Hooked {
  meant: NotebookState;
  written: NotebookState;
}

export interface ReadFile {
  entry: Entry;
  file: NotebookFile;
}

const MOST_ATTEMPTS = 4;

export class DocumentStorage {
  /** what the next save is written over: what is on disk, or what another client wants there */
  file: NotebookFile;
  /** on disk now, as far as we know */
  #onDisk: NotebookFile;
  entry: Entry;
  path: string;
  /** too large to be changed here, whatever the store allows */
  isReadOnly = false;
  #metadata: object;
  /** the file on disk is of this old format; before it is written over, it is copied */
  #oldFormat: number | undefined;

  private constructor(
    private readonly contents: ContentsSource,
    path: string,
    entry: Entry,
    file: NotebookFile,
  ) {
    this.path = path;
    this.entry = entry;
    this.file = file;
    this.#onDisk = file;
    this.#metadata = {};
    this.#oldFormat = file.upgradedFrom;
  }

  /** @throws {HttpError} 404 no such file, 400 not a notebook */
  static async open(contents: ContentsSource, path: string): Promise<DocumentStorage> {
    const { entry, file } = await contents.readNotebook(path);
    return new DocumentStorage(contents, path, entry, file);
  }

  get isWritable(): boolean {
    return this.entry.writable && !this.isReadOnly;
  }

  /** @param state  made from `file`: its metadata object is the one on disk */
  opened(state: NotebookState): void {
    this.#metadata = state.metadata;
  }

  /** The file as the state wants it, not written. */
  preview(state: NotebookState): NotebookFile {
    return fileOf(state, this.file, this.#metadata);
  }

  /**
   * Writes the state as it is at this moment; it may change meanwhile, and others get their turn.
   *
   * @param again  write a file that is gone anew, and over one that is no notebook any more (which is copied first)
   * @throws {HttpError} when the store refuses
   */
  async write(state: NotebookState, again: boolean): Promise<Written> {
    const saved = [...state.cells()];
    const { metadata } = state;
    const over = this.file;
    const written = await inSteps(fileInSteps(state, over, this.#metadata));
    const bytes = await inSteps(written.toBytesInSteps());
    const upgraded = await this.#keepOldFormat();
    const result = await this.#writeBytes(bytes, again);
    if (result.kind !== 'written') return result;
    const { entry, hooked } = result;
    this.#oldFormat = undefined;
    this.entry = entry;
    // Another client may have said meanwhile what the next save is to be written over.
    if (this.file === over) this.file = written;
    this.#onDisk = hooked === undefined ? written : alignFile(readNotebook(hooked), written);
    this.#metadata = metadata;
    adopt(state, saved, written);
    return {
      kind: 'written',
      entry,
      ...(upgraded === undefined ? {} : { upgraded }),
      ...(hooked === undefined ? {} : { hooked: this.#hooked(state, written) }),
    };
  }

  #hooked(state: NotebookState, meant: NotebookFile): Hooked {
    const known = stateOf(meant, state);
    return { meant: known, written: stateOf(this.#onDisk, known) };
  }

  /** Whether the file is still as we know it. Touched without a change counts as unchanged. */
  async check(): Promise<'same' | 'gone' | 'changed'> {
    const entry = await this.contents.stat(this.path);
    if (entry === undefined) return 'gone';
    if (entry.revision === this.entry.revision) return 'same';
    const { bytes, entry: read } = await this.contents.readBytes(this.path);
    if (!isSpelledAs(this.#onDisk, bytes)) return 'changed';
    this.entry = read;
    return 'same';
  }

  /** Calls back when something changes in the folder of the file; undefined when the store cannot tell. */
  watch(onChange: () => void): Closeable | undefined {
    return this.contents.watch(parentOf(this.path), onChange);
  }

  /**
   * What is on disk, for a merge: its cells have the ids that they have here.
   *
   * @throws as `open`
   */
  async read(): Promise<ReadFile> {
    const { entry, file } = await this.contents.readNotebook(this.path);
    return { entry, file: alignFile(file, this.#onDisk) };
  }

  /** What is on disk, as far as we know. */
  get onDisk(): NotebookFile {
    return this.#onDisk;
  }

  /** Before anything was made of the file: its cells get the ids that they had in `known`. */
  align(known: NotebookFile): void {
    this.file = alignFile(this.file, known);
    this.#onDisk = this.file;
  }

  /** The notebook as it was last on disk; cells that were not touched since are those of `state`. */
  base(state: NotebookState): NotebookState {
    return stateOf(this.#onDisk, state);
  }

  /**
   * From now on this is the file.
   *
   * @param state  what was made of both; its cells that the file has come from it from now on
   * @returns whether the file has all of it
   */
  replace({ entry, file }: ReadFile, state: NotebookState): boolean {
    this.entry = entry;
    this.file = file;
    this.#onDisk = file;
    this.#oldFormat = file.upgradedFrom;
    const sameMetadata = sameJson(state.metadata, file.metadata);
    this.#metadata = sameMetadata ? state.metadata : {};
    return adoptRead(state, file) && sameMetadata;
  }

  /** The file was moved to `path`, which is told already. @returns whether it is there */
  async moved(): Promise<boolean> {
    const entry = await this.contents.stat(this.path);
    // Moving may change what a revision is made of; the bytes are those that we know.
    if (entry !== undefined && entry.size === this.entry.size) this.entry = entry;
    return entry !== undefined;
  }

  /** @returns when the last checkpoint was made, ISO 8601 */
  async lastCheckpoint(): Promise<string | null> {
    const all = await this.contents.store.checkpoints.list(this.path);
    const times = all.map(({ modified }) => modified.getTime());
    return times.length === 0 ? null : new Date(Math.max(...times)).toISOString();
  }

  /** @returns its time, ISO 8601 */
  async createCheckpoint(): Promise<string> {
    const { modified } = await this.contents.store.checkpoints.create(this.path);
    return modified.toISOString();
  }

  async #writeBytes(
    bytes: Uint8Array,
    again: boolean,
  ): Promise<{ kind: 'written'; entry: Entry; hooked?: Buffer } | { kind: 'changed' } | { kind: 'gone' }> {
    let { revision } = this.entry;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return { kind: 'written', ...(await this.contents.writeBytes(this.path, bytes, { revision })) };
      } catch (error) {
        const lost = error instanceof HttpError && (error.status === 409 || error.status === 404);
        if (!lost || attempt === MOST_ATTEMPTS) throw error;
      }
      if ((await this.contents.stat(this.path)) === undefined) {
        if (!again) return { kind: 'gone' };
        return { kind: 'written', ...(await this.contents.writeBytes(this.path, bytes, { absent: true })) };
      }
      const theirs = await this.contents.readBytes(this.path);
      const isKnown = isSpelledAs(this.#onDisk, theirs.bytes) || theirs.bytes.equals(bytes);
      if (!isKnown) {
        if (!again || (await this.#isNotebook())) return { kind: 'changed' };
        await keepBeside(
          this.contents,
          this.path,
          theirs.bytes,
          `replaced-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`,
        );
      }
      ({ revision } = theirs.entry);
    }
  }

  async #isNotebook(): Promise<boolean> {
    try {
      await this.contents.readNotebook(this.path);
      return true;
    } catch (error) {
      if (error instanceof HttpError && error.status === 400) return false;
      throw error;
    }
  }

  async #keepOldFormat(): Promise<{ from: number; copy: string } | undefined> {
    const from = this.#oldFormat;
    if (from === undefined || (await this.contents.stat(this.path)) === undefined) return undefined;
    const { checkpoints } = this.contents.store;
    return { from, copy: await keepOldFormat(this.contents, checkpoints, this.path, from) };
  }
}
