/**
 * The file under a document: read once, written on the condition that nobody else wrote it meanwhile. When somebody did,
 * what they wrote is copied beside it first, so that neither side is lost.
 */
import type { Checkpoints, Contents, Entry } from '../contents/index.js';
import { HttpError } from '../http-error.js';
import type { NotebookFile } from '../notebook/index.js';
import type { NotebookState } from '../notebook/notebook-state.js';
import { adopt, fileOf } from './document-file.js';

/** What documents need of `Contents`. */
export type ContentsSource = Pick<Contents, 'readNotebook' | 'readBytes' | 'writeBytes' | 'stat'> & {
  store: { checkpoints: Pick<Checkpoints, 'create' | 'list'> };
};

export type Written =
  /**
   * `copy`: path of what somebody else had written, when there was something; `upgraded`: the format that the file had
   * before, and the path of a copy of it, once
   */
  | { kind: 'written'; entry: Entry; copy?: string; upgraded?: { from: number; copy: string } }
  /** the file is not there any more; nothing was written */
  | { kind: 'gone' };

const MOST_ATTEMPTS = 4;

export class DocumentStorage {
  /** what the next save is written over: what is on disk, or what another client wants there */
  file: NotebookFile;
  /** on disk now, as far as we know */
  #onDisk: NotebookFile;
  entry: Entry;
  path: string;
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

  /** @param state  made from `file`: its metadata object is the one on disk */
  opened(state: NotebookState): void {
    this.#metadata = state.metadata;
  }

  /** The file as the state wants it, not written. */
  preview(state: NotebookState): NotebookFile {
    return fileOf(state, this.file, this.#metadata);
  }

  /**
   * Writes the state.
   *
   * @param again  write a file that is gone anew
   * @throws {HttpError} when the store refuses
   */
  async write(state: NotebookState, again: boolean): Promise<Written> {
    const saved = [...state.cells()];
    const { metadata } = state;
    const written = this.preview(state);
    const bytes = written.toBytes();
    const upgraded = await this.#keepOldFormat();
    const result = await this.#writeBytes(bytes, again);
    if (result.kind === 'gone') return result;
    this.#oldFormat = undefined;
    this.entry = result.entry;
    this.file = written;
    this.#onDisk = written;
    this.#metadata = metadata;
    adopt(state, saved, written);
    return upgraded === undefined ? result : { ...result, upgraded };
  }

  /** Whether the file is still as we know it. Touched without a change counts as unchanged. */
  async check(): Promise<'same' | 'gone' | 'changed'> {
    const entry = await this.contents.stat(this.path);
    if (entry === undefined) return 'gone';
    if (entry.revision === this.entry.revision) return 'same';
    const { bytes, entry: read } = await this.contents.readBytes(this.path);
    if (!bytes.equals(this.#onDisk.toBytes())) return 'changed';
    this.entry = read;
    return 'same';
  }

  /** What is on disk, to be taken by `replace`. @throws as `open` */
  read(): Promise<{ entry: Entry; file: NotebookFile }> {
    return this.contents.readNotebook(this.path);
  }

  /** From now on this is the file. */
  replace({ entry, file }: { entry: Entry; file: NotebookFile }): void {
    this.entry = entry;
    this.file = file;
    this.#onDisk = file;
    this.#oldFormat = file.upgradedFrom;
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

  async #writeBytes(bytes: Uint8Array, again: boolean): Promise<Written> {
    let { revision } = this.entry;
    let copy: string | undefined;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const entry = await this.contents.writeBytes(this.path, bytes, { revision });
        return { kind: 'written', entry, ...(copy === undefined ? {} : { copy }) };
      } catch (error) {
        const lost = error instanceof HttpError && (error.status === 409 || error.status === 404);
        if (!lost || attempt === MOST_ATTEMPTS) throw error;
      }
      if ((await this.contents.stat(this.path)) === undefined) {
        if (!again) return { kind: 'gone' };
        const entry = await this.contents.writeBytes(this.path, bytes, { absent: true });
        return { kind: 'written', entry };
      }
      const theirs = await this.contents.readBytes(this.path);
      ({ revision } = theirs.entry);
      if (!theirs.bytes.equals(this.#onDisk.toBytes()) && !theirs.bytes.equals(bytes)) {
        const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
        copy = await this.#keep(theirs.bytes, `conflict-${time}`);
      }
    }
  }

  /** Not as the checkpoint: there is one only, and the next Ctrl-S takes its place. */
  async #keepOldFormat(): Promise<{ from: number; copy: string } | undefined> {
    const from = this.#oldFormat;
    if (from === undefined || (await this.contents.stat(this.path)) === undefined) return undefined;
    const { bytes } = await this.contents.readBytes(this.path);
    return { from, copy: await this.#keep(bytes, `v${from}`) };
  }

  /** Copies beside the file, unless the copy is there already. @returns the path of the copy */
  async #keep(bytes: Uint8Array, name: string): Promise<string> {
    for (let n = 0; ; n += 1) {
      const path = `${this.path.replace(/\.ipynb$/, '')}-${name}${n === 0 ? '' : `-${n}`}.ipynb`;
      try {
        await this.contents.writeBytes(path, bytes, { absent: true });
        return path;
      } catch (error) {
        if (!(error instanceof HttpError) || error.status !== 409 || n > 20) throw error;
      }
      if ((await this.contents.readBytes(path)).bytes.equals(bytes)) return path;
    }
  }
}
