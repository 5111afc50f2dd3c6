/**
 * The Jupyter contents model over any store: types, formats, untitled names, copies, checkpoints, hidden names
 * (jupyter_server 2, "Contents API"). One method for each thing that a client can ask; `router.ts` only translates.
 */
import { createHash } from 'node:crypto';
import { HttpError } from '../http-error.js';
import { silentLog, type Log } from '../log.js';
import {
  notebookContent,
  readNotebook,
  saveContent,
  SentContent,
  type NotebookFile,
} from '../notebook/index.js';
import type { ContentsEvent } from '../protocol/events.js';
import type { CheckpointModel, ContentsModel } from '../protocol/rest-models.js';
import { changedError, checkConditions, tagOf, type Conditions, type When } from './conditions.js';
import { copyDirectory, copyInto, copyTo, createUntitled } from './create.js';
import { DirectoryContent, DirectoryTexts } from './directory-content.js';
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
import type { Closeable, Entry, NotebookManager, Opened, Revision } from './notebook-manager.js';
import { NotebookContent } from './notebook-content.js';
import { MERGE_CONFLICT, Notebooks } from './notebooks.js';
import type { OpenDocuments } from './open-documents.js';
import { cleanPath, isHidden, nameOf, parentOf } from './paths.js';
import { wholeOf } from './read-all.js';
import { HookRunner, type SaveHooks, type SavedModel } from './save-hooks.js';
import type { SentModel } from './read-body.js';
import { TrashCan } from './trash-can.js';
import type { NotebookTrust } from './trust/notebook-trust.js';
import { checkChunk, Uploads } from './uploads.js';

export interface ContentsOptions {
  /** names that begin with a dot are served; default false */
  allowHidden?: boolean;
  /** DELETE removes directories with what is in them; default false: 400 unless they are empty */
  alwaysDeleteDirectories?: boolean;
  /** what is deleted goes to the store's trash, where it has one; default true */
  deleteToTrash?: boolean;
  /** where files that arrive in chunks are collected; default: a temporary directory */
  uploadDirectory?: string;
  /** run around each save */
  hooks?: SaveHooks;
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
/** More bytes than this do not fit into one JSON text, as base64, in a JavaScript string. */
const LARGEST_CONTENT = 256 * 1024 * 1024;

/** `hooked`: what the owner's hook made of the bytes, when it changed them. */
export interface WrittenBytes {
  entry: Entry;
  hooked?: Buffer;
}

export interface SaveResult {
  model: ContentsModel;
  /** nothing was there before */
  created: boolean;
  /** of what is there now; undefined before it is whole */
  tag?: string;
}

export interface DeleteOptions {
  /** a directory with what is in it, when it is removed for good; otherwise it must be empty, as in Jupyter */
  recursive?: boolean;
  /** past the trash */
  permanent?: boolean;
  /** `If-Match` */
  match?: string | undefined;
}

/** What was there when a request looked: at a clean path that may be served. */
export interface Found {
  path: string;
  entry: Entry;
}

interface Saved {
  model: ContentsModel;
  entry: Entry;
}

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
  readonly #trash: TrashCan | undefined;
  readonly #notebooks: Notebooks;
  readonly #texts = new DirectoryTexts();
  readonly #uploads: Uploads;
  readonly #hooks: HookRunner;

  constructor(store: NotebookManager, options: ContentsOptions = {}) {
    this.store = store;
    this.allowHidden = options.allowHidden ?? false;
    this.maxBodySize = options.maxBodySize ?? DEFAULT_MAX_BODY;
    this.#recursive = options.alwaysDeleteDirectories ?? false;
    this.outputTrust = options.trust;
    if (store.trash !== undefined && (options.deleteToTrash ?? true))
      this.#trash = new TrashCan(store.trash, store.checkpoints, this.allowHidden);
    this.#uploads = new Uploads(options.uploadDirectory);
    this.#hooks = new HookRunner(options.hooks ?? {}, options.log ?? silentLog);
    this.#notebooks = new Notebooks({
      store,
      trust: options.trust,
      log: options.log ?? silentLog,
      findOpen: (path) => this.openDocuments?.find(path),
    });
  }

  /** The store is closed by who made it. */
  async close(): Promise<void> {
    await this.#uploads.close();
  }

  // Bytes, for live documents and the /files route.

  /** undefined when nothing is there (or it is hidden). */
  async stat(path: string): Promise<Entry | undefined> {
    const clean = cleanPath(path);
    return this.#isRefused(clean) ? undefined : this.store.stat(clean);
  }

  /** What is there, for requests that ask several things about it. @throws HttpError 404 */
  async find(path: string): Promise<Found> {
    const clean = cleanPath(path);
    return { path: clean, entry: await this.#mustExist(clean) };
  }

  /** @throws HttpError 404, and 400 for a directory */
  async openFile(path: string | Found, range?: { start: number; end: number }): Promise<Opened> {
    const found = typeof path === 'string' ? await this.find(path) : path;
    if (found.entry.kind === 'directory')
      throw new HttpError(400, `${found.path} is a directory, not a file`, 'bad type');
    return this.store.read(found.path, range);
  }

  async readBytes(path: string | Found): Promise<{ entry: Entry; bytes: Buffer }> {
    return wholeOf(await this.openFile(path));
  }

  /** All or nothing. @throws HttpError 409 when `revision` or `absent` does not hold */
  async writeBytes(
    path: string,
    bytes: Uint8Array,
    when?: { revision?: Revision; absent?: true },
  ): Promise<WrittenBytes> {
    const clean = this.#allowed(path, 'write');
    const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const written = await this.#hooked(clean, given, (wanted) => this.store.write(clean, wanted, when));
    this.#tell({ action: 'save', path: clean });
    return written;
  }

  /** Saves the bytes of a notebook or file, with the owner's hooks around it. */
  async #hooked(
    path: string,
    bytes: Buffer,
    write: (bytes: Buffer) => Promise<Entry>,
  ): Promise<WrittenBytes> {
    if (this.#hooks.isEmpty || !path.endsWith('.ipynb')) return { entry: await write(bytes) };
    const file = readNotebook(bytes);
    const content = notebookContent(file, false);
    const before = JSON.stringify(content);
    const model = await this.#beforeSave(path, { type: 'notebook', format: 'json', content });
    const isChanged = JSON.stringify(model.content) !== before;
    const hooked = isChanged ? Buffer.from(saveContent(file, model.content).toBytes()) : undefined;
    const entry = await write(hooked ?? bytes);
    await this.#afterSave(path, model);
    return hooked === undefined ? { entry } : { entry, hooked };
  }

  #beforeSave(path: string, model: SavedModel): Promise<SavedModel> {
    return this.#hooks.before(model, { path, directory: this.store.kernelDirectory?.(parentOf(path)) });
  }

  #afterSave(path: string, model: SavedModel): Promise<void> {
    return this.#hooks.after(model, { path, directory: this.store.kernelDirectory?.(parentOf(path)) });
  }

  #tell(event: ContentsEvent): void {
    this.onEvent?.(event);
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
    const model = await this.getForSending(await this.find(path), options);
    const { content } = model;
    if (content instanceof DirectoryContent) return { ...model, content: content.value() };
    if (!(content instanceof NotebookContent)) return model;
    const value = content.value();
    const message = content.message();
    return message === undefined ? { ...model, content: value } : { ...model, content: value, message };
  }

  /** As `get`, but the content of notebooks and directories is text: a `NotebookContent` or a `DirectoryContent`. */
  async getForSending(found: Found, options: GetOptions = {}): Promise<ContentsModel> {
    const { path, entry } = found;
    const { type } = options;
    if (entry.kind === 'directory') {
      if (type !== undefined && type !== 'directory') {
        throw new HttpError(400, `${path} is a directory, not a ${type}`, 'bad type');
      }
      return this.#getDirectory(path, entry, options.content ?? true);
    }
    if (type === 'directory') throw new HttpError(400, `${path} is not a directory`, 'bad type');
    const asNotebook = type === 'notebook' || (type === undefined && typeOf(entry) === 'notebook');
    if (!asNotebook) return this.#getFile(found, options);
    const wanted = { content: options.content ?? true, hash: options.hash ?? false };
    try {
      return await this.#notebooks.model(path, entry, wanted);
    } catch (error) {
      const isForEditor = error instanceof HttpError && error.reason === MERGE_CONFLICT;
      if (!isForEditor || type !== undefined) throw error;
      return {
        ...(await this.#getFile(found, { ...options, format: 'text' })),
        message: error.message,
      };
    }
  }

  async #getDirectory(path: string, entry: Entry, content: boolean): Promise<ContentsModel> {
    const model = bareModel(path, entry, 'directory');
    if (!content) return model;
    const entries: Entry[] = [];
    let after: string | undefined;
    do {
      const page = await this.store.list(path, after === undefined ? {} : { after });
      for (const child of page.entries) {
        if (!isUnlisted(child.name) && (this.allowHidden || !child.name.startsWith('.'))) entries.push(child);
      }
      after = page.next;
    } while (after !== undefined);
    return { ...model, content: await this.#texts.of(path, entries), format: 'json' };
  }

  async #getFile(found: Found, options: GetOptions): Promise<ContentsModel> {
    const { path, entry } = found;
    const model = bareModel(path, entry, 'file');
    if (options.content === false) {
      if (!options.hash) return model;
      return { ...model, hash: await this.#hashOf(path, entry), hash_algorithm: 'sha256' };
    }
    if ((entry.size ?? 0) > LARGEST_CONTENT) {
      const size = Math.round((entry.size ?? 0) / 1e6);
      throw new HttpError(
        413,
        `${path} has ${size} MB, too much for one JSON text: fetch it from files/${path}`,
      );
    }
    const { bytes, entry: read } = await this.readBytes(found);
    const hash = options.hash ? hashOf(bytes) : {};
    return { ...bareModel(path, read, 'file'), ...fileContent(path, bytes, options.format), ...hash };
  }

  /** Where a file is too large for memory, it is read in pieces. */
  async #hashOf(path: string, entry: Entry): Promise<string> {
    if (entry.hash !== undefined) return entry.hash;
    const hash = createHash('sha256');
    for await (const chunk of (await this.store.read(path)).body) hash.update(chunk as Buffer);
    return hash.digest('hex');
  }

  /**
   * The tag (`ETag`) of what `get` gives now; undefined where one is not worth it: lists, and notebooks that are open.
   */
  tag({ path, entry }: Found, options: GetOptions = {}): string | undefined {
    if (entry.kind === 'directory' || this.openDocuments?.find(path) !== undefined) return undefined;
    const { type = '', format = '', content = true, hash = false } = options;
    return tagOf(entry.revision, `${type}${format}${content ? '' : '-'}${hash ? 'h' : ''}`);
  }

  /** PUT with a body. `created`: nothing was there before. */
  async save(path: string, body: SentModel, conditions: Conditions = {}): Promise<SaveResult> {
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
    const when = await this.#check(clean, old, conditions);
    if (body['chunk'] !== undefined) return this.#saveChunk(clean, type, body, old);
    const saved = await this.#conditionally(clean, when, () =>
      type === 'notebook'
        ? this.#saveNotebook(clean, body['content'], old, when)
        : this.#saveFile(clean, body, old, when),
    );
    this.#tell({ action: old === undefined ? 'create' : 'save', path: clean });
    const { model, entry } = saved;
    const hash = entry.hash === undefined ? {} : { hash: entry.hash, hash_algorithm: 'sha256' };
    return { model: { ...model, ...hash }, created: old === undefined, tag: tagOf(entry.revision) };
  }

  async #saveNotebook(path: string, content: unknown, old: Entry | undefined, when: When): Promise<Saved> {
    // open notebooks are saved by their document, whose writes pass the hooks
    if (this.#hooks.isEmpty || content === undefined || this.openDocuments?.find(path) !== undefined) {
      return this.#notebooks.save(path, content, old, when);
    }
    const value = content instanceof SentContent ? content.value() : content;
    const model = await this.#beforeSave(path, { type: 'notebook', format: 'json', content: value });
    const saved = await this.#notebooks.save(path, model.content, old, when);
    await this.#afterSave(path, model);
    return saved;
  }

  async #saveFile(path: string, body: SentModel, old: Entry | undefined, when: When): Promise<Saved> {
    let { format, content } = body;
    if (content === undefined && old === undefined) [format, content] = ['text', ''];
    const given = bytesOfContent(format, content);
    if (this.#hooks.isEmpty) return this.#written(path, await this.store.write(path, given, when));
    const sent: SavedModel = { type: 'file', format: format as 'text' | 'base64', content };
    const model = await this.#beforeSave(path, sent);
    const saved = this.#written(
      path,
      await this.store.write(path, bytesOfContent(model.format, model.content), when),
    );
    await this.#afterSave(path, model);
    return saved;
  }

  #written(path: string, entry: Entry): Saved {
    return { entry, model: bareModel(path, entry, 'file') };
  }

  /** @returns what must hold when the store writes. @throws HttpError 409 when a condition does not hold now */
  async #check(path: string, entry: Entry | undefined, conditions: Conditions): Promise<When> {
    if (conditions.match === undefined && conditions.noneMatch === undefined) return {};
    const open = this.openDocuments?.find(path);
    await open?.flush();
    const now = open === undefined ? entry : await this.store.stat(path);
    const hash = async (): Promise<string | undefined> => now && this.#hashOf(path, now);
    return checkConditions(path, now, conditions, hash);
  }

  /** A condition that held before and does not when the store writes is answered with what is there now. */
  async #conditionally<T>(path: string, when: When, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      const isChanged = error instanceof HttpError && error.status === 409 && when.revision !== undefined;
      if (!isChanged) throw error;
      const now = await this.store.stat(path);
      throw await changedError(path, now, async () => now && this.#hashOf(path, now));
    }
  }

  async #saveChunk(
    path: string,
    type: ModelType,
    body: SentModel,
    old: Entry | undefined,
  ): Promise<SaveResult> {
    const { chunk } = body;
    if (type !== 'file')
      throw new HttpError(400, `File type "${type}" is not supported for large file transfer`);
    if (typeof chunk !== 'number' || !Number.isInteger(chunk) || chunk < -1 || chunk === 0) {
      throw new HttpError(400, "'chunk' must be 1 for the first one, 2, 3 and so on, and -1 for the last");
    }
    if (old === undefined) await this.#directoryFor(parentOf(path));
    const bytes = bytesOfContent(body['format'], body['content']);
    checkChunk(bytes, body['chunk_sha256']);
    const result = await this.#uploads.add(path, chunk, bytes, {
      finish: (whole) => this.store.write(path, whole),
      again: () => this.store.stat(path),
    });
    if ('done' in result) {
      this.#tell({ action: 'upload', path });
      return {
        model: bareModel(path, result.done, 'file'),
        created: false,
        tag: tagOf(result.done.revision),
      };
    }
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

  async #saveDirectory(path: string, old: Entry | undefined): Promise<SaveResult> {
    if (old?.kind === 'file') throw new HttpError(400, `Not a directory: ${path} is a file`, 'bad type');
    const entry = old ?? (await this.store.makeDirectory(path));
    if (old === undefined) this.#tell({ action: 'create', path });
    // the peers answer 201 for a directory that was there, too
    return { model: bareModel(path, entry, 'directory'), created: true };
  }

  /** POST to a directory: a new file, notebook or directory under a free name. */
  async createUntitled(
    directory: string,
    options: { type?: unknown; ext?: unknown } = {},
  ): Promise<ContentsModel> {
    const model = await createUntitled(this.store, await this.#directoryFor(directory), options);
    this.#tell({ action: 'create', path: model.path });
    return model;
  }

  /** POST with `copy_from`. `to` is a directory, or the path of the copy when nothing is there. */
  async copy(from: string, to: string): Promise<ContentsModel> {
    const source = this.#allowed(from, 'copy');
    const target = this.#allowed(to, 'copy to');
    const entry = await this.#mustExist(source);
    const isInside = entry.kind === 'directory' && (target === source || target.startsWith(`${source}/`));
    if (source === '' || isInside)
      throw new HttpError(400, `${source || 'The root'} cannot be copied into itself`);
    await this.openDocuments?.find(source)?.flush();
    const copyAs = entry.kind === 'directory' ? copyDirectory : copyTo;
    const there = await this.store.stat(target);
    if (there === undefined) await this.#directoryFor(parentOf(target));
    else if (there.kind !== 'directory') throw new HttpError(409, `File already exists: ${target}`);
    const model =
      there === undefined
        ? await copyAs(this.store, source, target)
        : await copyInto(this.store, source, target, copyAs);
    this.#tell({ action: 'copy', path: model.path, source_path: source });
    return model;
  }

  async rename(from: string, to: string, conditions: Conditions = {}): Promise<ContentsModel> {
    const source = this.#allowed(from, 'rename');
    const target = this.#allowed(to, 'rename to');
    if (source === '') throw new HttpError(400, 'The root directory cannot be renamed');
    if (target === '') throw new HttpError(409, 'File already exists: the root directory');
    await this.openDocuments?.find(source)?.flush();
    if (conditions.match !== undefined) await this.#check(source, await this.store.stat(source), conditions);
    const entry = await this.store.rename(source, target);
    if (source !== target) {
      // At once: until it knows, an open document misses its file.
      await this.openDocuments?.renamed(source, target);
      if (entry.kind === 'file') await this.store.checkpoints.renamed(source, target);
      this.#tell({ action: 'rename', path: target, source_path: source });
    }
    return bareModel(target, entry);
  }

  /** Into the trash, where there is one; for good otherwise, and then a directory must be empty unless asked for. */
  async delete(path: string, options: DeleteOptions = {}): Promise<void> {
    const clean = this.#allowed(path, 'delete');
    if (clean === '') throw new HttpError(400, "Can't delete root");
    if (options.match !== undefined) await this.#check(clean, await this.store.stat(clean), options);
    if (this.#trash !== undefined && options.permanent !== true) {
      // with what is not on the disk yet
      await this.openDocuments?.find(clean)?.flush();
      await this.#trash.put(clean);
    } else {
      await this.store.remove(clean, { recursive: this.#recursive || options.recursive === true });
      await this.store.checkpoints.removed(clean);
    }
    await this.openDocuments?.removed(clean);
    this.#tell({ action: 'delete', path: clean });
  }

  /** Whether what is deleted can be had back. */
  get hasTrash(): boolean {
    return this.#trash !== undefined;
  }

  /** What was deleted. @throws HttpError 404 where that is gone at once */
  get trash(): TrashCan {
    if (this.#trash === undefined)
      throw new HttpError(404, 'There is no trash: what is deleted here is gone (option delete_to_trash)');
    return this.#trash;
  }

  /** @throws HttpError 404 for an unknown id, 409 when something has taken the place */
  async restoreFromTrash(id: string, to?: string): Promise<ContentsModel> {
    const target = to === undefined ? undefined : this.#allowed(to, 'put back to');
    const path = await this.trash.restore(id, target);
    this.#tell({ action: 'create', path });
    return this.get(path, { content: false });
  }

  /** From now on the outputs of this notebook count as trusted, for as long as they stay what they are. */
  async trust(path: string): Promise<void> {
    const clean = cleanPath(path);
    await this.#mustExist(clean);
    await this.#notebooks.trust(clean);
    this.openDocuments?.find(clean)?.trusted?.();
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
    await this.openDocuments?.find(clean)?.flush();
    await this.store.checkpoints.restore(clean, id);
    await this.openDocuments?.find(clean)?.reload();
    this.#tell({ action: 'save', path: clean });
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
