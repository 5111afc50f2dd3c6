/**
 * The Jupyter contents model over any store: types, formats, untitled names, copies, checkpoints, hidden names
 * (jupyter_server 2, "Contents API"). One method for each thing that a client can ask; `router.ts` only translates.
 */
import type { Readable } from 'node:stream';
import { HttpError } from '../http-error.js';
import { silentLog, type Log } from '../log.js';
import type { NotebookFile } from '../notebook/index.js';
import type { ContentsEvent } from '../protocol/events.js';
import type { CheckpointModel, ContentsModel } from '../protocol/rest-models.js';
import { copyInto, copyTo, createUntitled } from './create.js';
import {
  bareModel,
  bytesOfContent,
  fileContent,
  hashOf,
  timestamp,
  typeOf,
  type ModelType,
} from './models.js';
import { isUnlisted } from './names.js';
import type { Closeable, Entry, NotebookManager, Revision } from './notebook-manager.js';
import { NotebookContent } from './notebook-content.js';
import { MERGE_CONFLICT, Notebooks } from './notebooks.js';
import type { OpenDocuments } from './open-documents.js';
import { cleanPath, isHidden, joinPath, nameOf, parentOf } from './paths.js';
import { collect } from './read-all.js';
import type { SentModel } from './read-body.js';
import type { NotebookTrust } from './trust/notebook-trust.js';
import { Uploads } from './uploads.js';

export interface ContentsOptions {
  /** names that begin with a dot are served; default false */
  allowHidden?: boolean;
  /** DELETE removes directories with what is in them; default false: 400 unless they are empty */
  alwaysDeleteDirectories?: boolean;
  /** largest body of a PUT, in bytes; default 512 MiB */
  maxBodySize?: number;
  /** without it nothing is trusted */
  trust?: NotebookTrust;
  log?: Log;
}

export interface GetOptions {
  /** what the client expects there; anything but directory and notebook means file */
  type?: string;
  format?: 'text' | 'base64';
  /** default true */
  content?: boolean;
  /** with the SHA-256 of the bytes; default false */
  hash?: boolean;
}

const DEFAULT_MAX_BODY = 512 * 1024 * 1024;

export class Contents {
  /** Filled by who builds the server, when there are live documents. */
  openDocuments?: OpenDocuments;
  /** Filled by who builds the server: is told of what clients did, once it is done. */
  onEvent?: (event: ContentsEvent) => void;
  readonly store: NotebookManager;
  readonly allowHidden: boolean;
  readonly maxBodySize: number;
  /** Which outputs may do something in a page; undefined when nothing is trusted. */
  readonly outputTrust: NotebookTrust | undefined;
  readonly #recursive: boolean;
  readonly #notebooks: Notebooks;
  readonly #uploads = new Uploads();

  constructor(store: NotebookManager, options: ContentsOptions = {}) {
    this.store = store;
    this.allowHidden = options.allowHidden ?? false;
    this.maxBodySize = options.maxBodySize ?? DEFAULT_MAX_BODY;
    this.#recursive = options.alwaysDeleteDirectories ?? false;
    this.outputTrust = options.trust;
    this.#notebooks = new Notebooks({
      store,
      trust: options.trust,
      log: options.log ?? silentLog,
      findOpen: (path) => this.openDocuments?.find(path),
    });
  }

  /** Gives up unfinished uploads. The store is closed by who made it. */
  async close(): Promise<void> {
    await this.#uploads.close();
  }

  // Bytes, for live documents and the /files route.

  /** undefined when nothing is there (or it is hidden). */
  async stat(path: string): Promise<Entry | undefined> {
    const clean = cleanPath(path);
    return this.#isRefused(clean) ? undefined : this.store.stat(clean);
  }

  /** @throws HttpError 404, and 400 for a directory */
  async openFile(
    path: string,
    range?: { start: number; end: number },
  ): Promise<{ entry: Entry; body: Readable }> {
    const clean = cleanPath(path);
    const entry = await this.#mustExist(clean);
    if (entry.kind === 'directory')
      throw new HttpError(400, `${clean} is a directory, not a file`, 'bad type');
    return this.store.read(clean, range);
  }

  async readBytes(path: string): Promise<{ entry: Entry; bytes: Buffer }> {
    const { entry, body } = await this.openFile(path);
    return { entry, bytes: await collect(body) };
  }

  /** All or nothing. @throws HttpError 409 when `revision` or `absent` does not hold */
  async writeBytes(
    path: string,
    bytes: Uint8Array,
    when?: { revision?: Revision; absent?: true },
  ): Promise<Entry> {
    const clean = this.#allowed(path, 'write');
    return this.store.write(clean, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), when);
  }

  /** A notebook as it is on disk, after a crash repaired from the copy that the store kept. */
  async readNotebook(path: string): Promise<{ entry: Entry; file: NotebookFile }> {
    const clean = cleanPath(path);
    const entry = await this.#mustExist(clean);
    if (entry.kind === 'directory')
      throw new HttpError(400, `${clean} is a directory, not a notebook`, 'bad type');
    return this.#notebooks.read(clean);
  }

  /** Calls back when the files of a directory change; undefined when it is hidden or the store cannot tell. */
  watch(path: string, onChange: () => void): Closeable | undefined {
    const clean = cleanPath(path);
    return this.#isRefused(clean) ? undefined : this.store.watch?.(clean, onChange);
  }

  /** Where a kernel for this path starts; undefined when the store has no local files. */
  kernelDirectory(path: string): string | undefined {
    return this.store.kernelDirectory?.(cleanPath(path));
  }

  // The API's models.

  async get(path: string, options: GetOptions = {}): Promise<ContentsModel> {
    const model = await this.getForSending(path, options);
    if (!(model.content instanceof NotebookContent)) return model;
    const content = model.content.value();
    const message = model.content.message();
    return message === undefined ? { ...model, content } : { ...model, content, message };
  }

  /** As `get`, but the content of a notebook is a `NotebookContent`: text that is made while it is sent. */
  async getForSending(path: string, options: GetOptions = {}): Promise<ContentsModel> {
    const clean = cleanPath(path);
    const entry = await this.#mustExist(clean);
    const { type } = options;
    if (entry.kind === 'directory') {
      if (type !== undefined && type !== 'directory') {
        throw new HttpError(400, `${clean} is a directory, not a ${type}`, 'bad type');
      }
      return this.#getDirectory(clean, entry, options.content ?? true);
    }
    if (type === 'directory') throw new HttpError(400, `${clean} is not a directory`, 'bad type');
    const asNotebook = type === 'notebook' || (type === undefined && typeOf(entry) === 'notebook');
    if (!asNotebook) return this.#getFile(clean, entry, options);
    const wanted = { content: options.content ?? true, hash: options.hash ?? false };
    try {
      return await this.#notebooks.model(clean, entry, wanted);
    } catch (error) {
      const isForEditor = error instanceof HttpError && error.reason === MERGE_CONFLICT;
      if (!isForEditor || type !== undefined) throw error;
      return {
        ...(await this.#getFile(clean, entry, { ...options, format: 'text' })),
        message: error.message,
      };
    }
  }

  async #getDirectory(path: string, entry: Entry, content: boolean): Promise<ContentsModel> {
    const model = bareModel(path, entry, 'directory');
    if (!content) return model;
    const children: ContentsModel[] = [];
    let after: string | undefined;
    do {
      const page = await this.store.list(path, after === undefined ? {} : { after });
      for (const child of page.entries) {
        if (isUnlisted(child.name) || (!this.allowHidden && child.name.startsWith('.'))) continue;
        children.push(bareModel(joinPath(path, child.name), child));
      }
      after = page.next;
    } while (after !== undefined);
    return { ...model, content: children, format: 'json' };
  }

  async #getFile(path: string, entry: Entry, options: GetOptions): Promise<ContentsModel> {
    const model = bareModel(path, entry, 'file');
    if (options.content === false && !options.hash) return model;
    const { bytes, entry: read } = await this.readBytes(path);
    const hash = options.hash ? hashOf(bytes) : {};
    if (options.content === false) return { ...model, ...hash };
    return { ...bareModel(path, read, 'file'), ...fileContent(path, bytes, options.format), ...hash };
  }

  /**
   * PUT with a body. `created`: nothing was there before.
   *
   * @param ifMatch  the hash (sha256, as `hash=1` tells it) that a file must have; the answer holds the new one
   * @throws HttpError 409 with the `hash` of what is there, when that is something else or nothing (`hash: null`)
   */
  async save(
    path: string,
    body: SentModel,
    ifMatch?: string,
  ): Promise<{ model: ContentsModel; created: boolean }> {
    const clean = this.#allowed(path, 'save');
    if (body['copy_from'] !== undefined) {
      throw new HttpError(
        400,
        'Cannot copy with PUT, only POST: send copy_from to the directory for the copy',
      );
    }
    const old = await this.store.stat(clean);
    const type = typeOfBody(clean, body, old);
    if (type === 'directory') return this.#saveDirectory(clean, old);
    if (old?.kind === 'directory')
      throw new HttpError(400, `${clean} is a directory, not a ${type}`, 'bad type');
    if (body['chunk'] !== undefined) return this.#saveChunk(clean, type, body, old);
    if (type === 'notebook') {
      return { model: await this.#notebooks.save(clean, body['content'], old), created: old === undefined };
    }
    const bytes =
      body['content'] === undefined && old === undefined
        ? Buffer.alloc(0)
        : bytesOfContent(body['format'], body['content']);
    const revision = ifMatch === undefined ? undefined : await this.#revisionOf(clean, ifMatch, old);
    const entry = await this.store.write(clean, bytes, revision === undefined ? undefined : { revision });
    const hash = ifMatch === undefined ? {} : hashOf(bytes);
    return { model: { ...bareModel(clean, entry, 'file'), ...hash }, created: old === undefined };
  }

  /** The revision of a file that has the hash. */
  async #revisionOf(path: string, wanted: string, old: Entry | undefined): Promise<string> {
    const read = old === undefined ? undefined : await this.readBytes(path);
    const hash = read === undefined ? null : (hashOf(read.bytes).hash ?? null);
    if (read !== undefined && hash === wanted) return read.entry.revision;
    const message = read === undefined ? `${path} does not exist any more` : `${path} was changed meanwhile`;
    throw new HttpError(409, message, 'changed', { hash });
  }

  async #saveChunk(
    path: string,
    type: ModelType,
    body: SentModel,
    old: Entry | undefined,
  ): Promise<{ model: ContentsModel; created: boolean }> {
    const { chunk } = body;
    if (type !== 'file')
      throw new HttpError(400, `File type "${type}" is not supported for large file transfer`);
    if (typeof chunk !== 'number' || !Number.isInteger(chunk) || chunk < -1 || chunk === 0) {
      throw new HttpError(400, "'chunk' must be 1 for the first one, 2, 3 and so on, and -1 for the last");
    }
    if (old === undefined) await this.#directoryFor(parentOf(path));
    const bytes = bytesOfContent(body['format'], body['content']);
    const result = await this.#uploads.add(path, chunk, bytes, (whole) => this.store.write(path, whole));
    if ('done' in result) return { model: bareModel(path, result.done, 'file'), created: false };
    const { size, started } = result;
    const entry = {
      name: nameOf(path),
      kind: 'file' as const,
      size,
      modified: started,
      writable: true,
      revision: '',
    };
    return { model: bareModel(path, entry, 'file'), created: chunk === 1 };
  }

  async #saveDirectory(
    path: string,
    old: Entry | undefined,
  ): Promise<{ model: ContentsModel; created: boolean }> {
    if (old?.kind === 'file') throw new HttpError(400, `Not a directory: ${path} is a file`, 'bad type');
    const entry = old ?? (await this.store.makeDirectory(path));
    // the peers answer 201 for a directory that was there, too
    return { model: bareModel(path, entry, 'directory'), created: true };
  }

  /** POST to a directory: a new file, notebook or directory under a free name. */
  async createUntitled(
    directory: string,
    options: { type?: unknown; ext?: unknown } = {},
  ): Promise<ContentsModel> {
    return createUntitled(this.store, await this.#directoryFor(directory), options);
  }

  /** POST with `copy_from`. `to` is a directory, or the path of the copy when nothing is there. */
  async copy(from: string, to: string): Promise<ContentsModel> {
    const source = this.#allowed(from, 'copy');
    const target = this.#allowed(to, 'copy to');
    const entry = await this.#mustExist(source);
    if (entry.kind === 'directory') throw new HttpError(400, `Can't copy directories: ${source}`);
    await this.openDocuments?.find(source)?.flush();
    const there = await this.store.stat(target);
    if (there === undefined) {
      await this.#directoryFor(parentOf(target));
      return copyTo(this.store, source, target);
    }
    if (there.kind !== 'directory') throw new HttpError(409, `File already exists: ${target}`);
    return copyInto(this.store, source, target);
  }

  async rename(from: string, to: string): Promise<ContentsModel> {
    const source = this.#allowed(from, 'rename');
    const target = this.#allowed(to, 'rename to');
    if (source === '') throw new HttpError(400, 'The root directory cannot be renamed');
    if (target === '') throw new HttpError(409, 'File already exists: the root directory');
    await this.openDocuments?.find(source)?.flush();
    const entry = await this.store.rename(source, target);
    if (source !== target) {
      // At once: until it knows, an open document misses its file.
      await this.openDocuments?.renamed(source, target);
      if (entry.kind === 'file') await this.store.checkpoints.renamed(source, target);
    }
    return bareModel(target, entry);
  }

  /** @param options.recursive  a directory with what is in it; otherwise it must be empty, as in Jupyter */
  async delete(path: string, options: { recursive?: boolean } = {}): Promise<void> {
    const clean = this.#allowed(path, 'delete');
    if (clean === '') throw new HttpError(400, "Can't delete root");
    await this.store.remove(clean, { recursive: this.#recursive || options.recursive === true });
    await this.store.checkpoints.removed(clean);
    await this.openDocuments?.removed(clean);
  }

  /** From now on the outputs of this notebook count as trusted, for as long as they stay what they are. */
  async trust(path: string): Promise<void> {
    const clean = cleanPath(path);
    await this.#mustExist(clean);
    await this.#notebooks.trust(clean);
  }

  async listCheckpoints(path: string): Promise<CheckpointModel[]> {
    const clean = cleanPath(path);
    await this.#mustExist(clean);
    return (await this.store.checkpoints.list(clean)).map(checkpointModel);
  }

  async createCheckpoint(path: string): Promise<CheckpointModel> {
    const clean = this.#allowed(path, 'keep a checkpoint of');
    await this.#mustExist(clean);
    await this.openDocuments?.find(clean)?.flush();
    return checkpointModel(await this.store.checkpoints.create(clean));
  }

  async restoreCheckpoint(path: string, id: string): Promise<void> {
    const clean = this.#allowed(path, 'restore');
    await this.#mustExist(clean);
    await this.store.checkpoints.restore(clean, id);
    await this.openDocuments?.find(clean)?.reload();
  }

  async deleteCheckpoint(path: string, id: string): Promise<void> {
    const clean = this.#allowed(path, 'delete a checkpoint of');
    await this.#mustExist(clean);
    await this.store.checkpoints.remove(clean, id);
  }

  /** @throws HttpError 404 when nothing is there or it is hidden */
  async #mustExist(path: string): Promise<Entry> {
    const entry = this.#isRefused(path) ? undefined : await this.store.stat(path);
    if (entry === undefined) throw new HttpError(404, `file or directory does not exist: '${path}'`);
    return entry;
  }

  async #directoryFor(path: string): Promise<string> {
    const clean = this.#allowed(path, 'create in');
    const entry = await this.store.stat(clean);
    if (entry === undefined) throw new HttpError(404, `No such directory: ${clean}`);
    if (entry.kind === 'file') throw new HttpError(400, 'Cannot POST to files, use PUT instead.');
    return clean;
  }

  /** A clean path that may be changed. @throws HttpError 400 for hidden names */
  #allowed(path: string, what: string): string {
    const clean = cleanPath(path);
    if (this.#isRefused(clean)) {
      throw new HttpError(400, `Cannot ${what} '${clean}': it is hidden, and allow_hidden is off`);
    }
    return clean;
  }

  #isRefused(path: string): boolean {
    return !this.allowHidden && isHidden(path);
  }
}

function typeOfBody(path: string, body: SentModel, old: Entry | undefined): ModelType {
  const { type } = body;
  if (type === 'directory' || type === 'file' || type === 'notebook') return type;
  if (type !== undefined && type !== null) {
    throw new HttpError(400, `Unhandled contents type: ${JSON.stringify(type).slice(0, 60)}`);
  }
  if (old !== undefined) throw new HttpError(400, 'No file type provided');
  return path.endsWith('.ipynb') ? 'notebook' : 'file';
}

function checkpointModel(checkpoint: { id: string; modified: Date }): CheckpointModel {
  return { id: checkpoint.id, last_modified: timestamp(checkpoint.modified) };
}
