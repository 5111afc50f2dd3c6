/** The contract of a store: a place that keeps notebooks and files, as bytes and entries. */
import type { Readable } from 'node:stream';
import { CheckpointsBeside } from './checkpoints-beside.js';
import { TrashBeside } from './trash-beside.js';

/** Opaque: equal revisions mean that nothing changed. */
export type Revision = string;

export interface Entry {
  /** last segment of the path; '' for the root */
  name: string;
  kind: 'file' | 'directory';
  /** bytes; undefined for directories, and where only reading would tell */
  size?: number | undefined;
  modified: Date;
  created?: Date | undefined;
  writable: boolean;
  revision: Revision;
  /** SHA-256 of the bytes in hexadecimal digits, where the store knows it without reading them */
  hash?: string | undefined;
}

export interface EntryPage {
  entries: readonly Entry[];
  /** pass it as `after` to get the next page; undefined on the last one */
  next?: string | undefined;
}

/** A file that is read: by `body` or by `whole`, one of them, once. */
export interface Opened {
  entry: Entry;
  readonly body: Readable;
  /** Where a store can do it with less work: all of `body` in one piece. Not for ranges. */
  whole?(): Promise<Buffer>;
}

export interface Closeable {
  close(): void | Promise<void>;
}

/** Versions of a file that its user can go back to, the newest last. `id` matches `[\w-]+`. */
export interface Checkpoints {
  create(path: string): Promise<{ id: string; modified: Date }>;
  list(path: string): Promise<{ id: string; modified: Date }[]>;
  /** @throws HttpError 404 when there is no such checkpoint */
  restore(path: string, id: string): Promise<void>;
  remove(path: string, id: string): Promise<void>;
  /** A file moved: its checkpoints follow. */
  renamed(from: string, to: string): Promise<void>;
  /** A file was deleted: so are its checkpoints. */
  removed(path: string): Promise<void>;
}

/** Something that was deleted and can be had back. */
export interface TrashedEntry {
  /** matches `[\w-]+` */
  id: string;
  /** where it was */
  path: string;
  name: string;
  kind: 'file' | 'directory';
  size?: number | undefined;
  deleted: Date;
}

/** Where deleted files and directories go until somebody empties it. */
export interface Trash {
  /** @returns the id in the list; without one its checkpoints are not kept */
  put(path: string): Promise<string | undefined>;
  list(): Promise<TrashedEntry[]>;
  /**
   * @param to  default: where it was
   * @returns where it is now
   * @throws HttpError 404 when there is nothing with that id, 409 when something has taken the place
   */
  restore(id: string, to?: string): Promise<string>;
  /** For good. @throws HttpError 404 */
  remove(id: string): Promise<void>;
}

/**
 * A place that keeps notebooks and files. Paths are '/'-separated, relative, without leading or trailing slash; '' is
 * the root. The Jupyter contents model, untitled names, copies and formats are written once above it (`contents.ts`).
 *
 * Every method may throw `HttpError` with a sentence for the user: 404 when a path or its parent is missing, 403
 * when the store refuses, 409 when `absent` is asked and the path exists or `revision` does not match any more.
 *
 * A store without real directories (an object store) may let them exist for as long as something is in them, or keep
 * the root as the only one and refuse to make others; `conformance` has an option for each.
 */
export abstract class NotebookManager {
  /** One line for the start message: "Serving notebooks from local directory: …". */
  abstract infoString(): string;
  abstract stat(path: string): Promise<Entry | undefined>;
  /**
   * Unsorted is fine. An entry that did not change may be given as the same object again, and where nothing changed the
   * same frozen array: what was made of them is used again, too, which makes long lists fast. Entries that cannot be read
   * (broken links, sockets, devices) are left out. A page may be shorter than `limit`; without `limit` a store may still
   * give pages.
   */
  abstract list(path: string, page?: { after?: string; limit?: number }): Promise<EntryPage>;
  /** `range`: first and last byte, inclusive. */
  abstract read(path: string, range?: { start: number; end: number }): Promise<Opened>;
  /** All or nothing: a crash, a full disk or a `body` that breaks off leaves the old bytes. */
  abstract write(
    path: string,
    body: Buffer | Readable,
    when?: { revision?: Revision; absent?: true },
  ): Promise<Entry>;
  abstract makeDirectory(path: string): Promise<Entry>;
  /** @throws HttpError 409 when `to` exists */
  abstract rename(from: string, to: string): Promise<Entry>;
  abstract remove(path: string, options?: { recursive?: boolean }): Promise<void>;
  /**
   * Stores that can tell when a file or something in a directory changed, whoever did it; others are asked on open, on
   * focus and before a save. `onChange` may be called once too often, and soon (a second) after the change.
   */
  watch?(path: string, onChange: () => void): Closeable;
  /** The same for two paths that lead to one directory; for stores with links. */
  identity?(path: string): Promise<string>;
  /** Directory on this machine where a kernel for `path` starts; undefined when the store has no local files. */
  kernelDirectory?(path: string): string | undefined;
  /**
   * Puts back what a crash during a write damaged, where the store kept a copy. Asked when a notebook cannot be read.
   *
   * @returns whether there was something to put back
   */
  recover?(path: string): Promise<boolean>;
  /** Kept as files beside the file, where Jupyter has them; a store may do better. */
  readonly checkpoints: Checkpoints = new CheckpointsBeside(this);
  /** A directory `.trash` of the same store; a store may do better, or have none: what is deleted is gone then. */
  readonly trash: Trash | undefined = new TrashBeside(this);
  async close(): Promise<void> {}
}
