/**
 * The Jupyter contents model over any store: types, formats, untitled names, copies, checkpoints, hidden names
 * (jupyter_server 2, "Contents API"). One method for each thing that a client can ask; `router.ts` only translates.
 */
import { HttpError } from '../http-error.js';
import { silentLog, type Log } from '../log.js';
import type { NotebookFile } from '../notebook/index.js';
import type { ContentsEvent } from '../protocol/events.js';
import type { CheckpointModel, ContentsModel } from '../protocol/rest-models.js';
import type { Conditions, When } from './conditions.js';
import { copyDirectory, copyInto, copyTo, createUntitled } from './create.js';
import { DirectoryContent } from './directory-content.js';
import { ModelReader, modelTag, type GetOptions } from './model-reader.js';
import { ModelSaver, type SaveResult, type WrittenBytes } from './model-saver.js';
import { bareModel, timestamp } from './models.js';
import type { Closeable, Entry, NotebookManager, Opened } from './notebook-manager.js';
import { NotebookContent } from './notebook-content.js';
import { Notebooks } from './notebooks.js';
import type { OpenDocument, OpenDocuments } from './open-documents.js';
import { cleanPath, parentOf } from './paths.js';
import { wholeOf } from './read-all.js';
import type { SentModel } from './read-body.js';
import { HookRunner, type SaveHooks } from './save-hooks.js';
import { mustBeFile, ServedPaths, type Found } from './served-paths.js';
import { TrashCan } from './trash-can.js';
import type { NotebookTrust } from './trust/notebook-trust.js';
import { Uploads, type Chunk, type UploadStatus } from './uploads.js';

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

const DEFAULT_MAX_BODY = 512 * 1024 * 1024;

export interface DeleteOptions {
  /** a directory with what is in it, when it is removed for good; otherwise it must be empty, as in Jupyter */
  recursive?: boolean;
  /** past the trash */
  permanent?: boolean;
  /** `If-Match` */
  match?: string | undefined;
}

export class Contents {
  /** Filled by who builds the server, when there are live documents. */
  openDocuments?: OpenDocuments;
  /** Filled by who builds the server: is told of what clients did, once it is done. */
  onEvent?: (event: ContentsEvent) => void;
  readonly store: NotebookManager;
  readonly maxBodySize: number;
  /** Which outputs may do something in a page; undefined when nothing is trusted. */
  readonly outputTrust: NotebookTrust | undefined;
  readonly #recursive: boolean;
  readonly #trash: TrashCan | undefined;
  readonly #paths: ServedPaths;
  readonly #notebooks: Notebooks;
  readonly #uploads: Uploads;
  readonly #reader: ModelReader;
  readonly #saver: ModelSaver;

  constructor(store: NotebookManager, options: ContentsOptions = {}) {
    const { allowHidden = false, trust, log = silentLog } = options;
    this.store = store;
    this.maxBodySize = options.maxBodySize ?? DEFAULT_MAX_BODY;
    this.#recursive = options.alwaysDeleteDirectories ?? false;
    this.outputTrust = trust;
    if (store.trash !== undefined && (options.deleteToTrash ?? true))
      this.#trash = new TrashCan(store.trash, store.checkpoints, allowHidden);
    const findOpen = (path: string): OpenDocument | undefined => this.#findOpen(path);
    this.#paths = new ServedPaths(store, allowHidden);
    this.#uploads = new Uploads(store.infoString(), options.uploadDirectory);
    this.#notebooks = new Notebooks({ store, trust, log, findOpen });
    this.#reader = new ModelReader(store, this.#notebooks, this.#paths);
    this.#saver = new ModelSaver({
      store,
      paths: this.#paths,
      reader: this.#reader,
      notebooks: this.#notebooks,
      uploads: this.#uploads,
      hooks: new HookRunner(options.hooks ?? {}, log),
      findOpen,
    });
  }

  /** The store is closed by who made it. */
  async close(): Promise<void> {
    await this.#notebooks.settled();
    await this.#uploads.close();
  }

  #findOpen(path: string): OpenDocument | undefined {
    return this.openDocuments?.find(path);
  }

  #tell(event: ContentsEvent): void {
    this.onEvent?.(event);
  }

  // Bytes, for live documents and the /files route.

  /** Whether what is in a directory under this name is given out. */
  isServed(name: string): boolean {
    return this.#paths.isListed(name);
  }

  /** undefined when nothing is there (or it is hidden). */
  async stat(path: string): Promise<Entry | undefined> {
    const visible = this.#paths.visible(path);
    return visible === undefined ? undefined : this.store.stat(visible);
  }

  /** What is there, for requests that ask several things about it. @throws HttpError 404 */
  async find(path: string): Promise<Found> {
    return this.#paths.find(path);
  }

  /** @throws HttpError 404, and 400 for a directory */
  async openFile(path: string | Found, range?: { start: number; end: number }): Promise<Opened> {
    const found = typeof path === 'string' ? await this.#paths.find(path) : path;
    return this.store.read(mustBeFile(found, 'file').path, range);
  }

  async readBytes(path: string): Promise<{ entry: Entry; bytes: Buffer }> {
    return wholeOf(await this.openFile(path));
  }

  /** All or nothing. @throws HttpError 409 when `revision` or `absent` does not hold */
  async writeBytes(path: string, bytes: Uint8Array, when?: When): Promise<WrittenBytes> {
    const clean = this.#paths.changeable(path, 'write');
    const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const written = await this.#saver.saveBytes(clean, given, when);
    this.#tell({ action: 'save', path: clean });
    return written;
  }

  /** A notebook as it is on disk, after a crash repaired from the copy that the store kept. */
  async readNotebook(path: string): Promise<{ entry: Entry; file: NotebookFile }> {
    return this.#notebooks.read(mustBeFile(await this.#paths.find(path), 'notebook').path);
  }

  /** Calls back when the files of a directory change; undefined when it is hidden or the store cannot tell. */
  watch(path: string, onChange: () => void): Closeable | undefined {
    const visible = this.#paths.visible(path);
    return visible === undefined ? undefined : this.store.watch?.(visible, onChange);
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
    return this.#reader.read(found, options);
  }

  /**
   * The tag (`ETag`) of what `get` gives now; undefined where one is not worth it: lists, and notebooks that are open.
   */
  tag({ path, entry }: Found, options: GetOptions = {}): string | undefined {
    const isChanging = entry.kind === 'directory' || this.#findOpen(path) !== undefined;
    return isChanging ? undefined : modelTag(entry, options);
  }

  /** PUT with a body. */
  async save(path: string, body: SentModel, conditions: Conditions = {}): Promise<SaveResult> {
    const clean = this.#paths.changeable(path, 'save');
    return this.#told(clean, await this.#saver.save(clean, body, conditions));
  }

  /** PUT with the bytes of a chunk. */
  async saveChunk(path: string, chunk: Chunk, conditions: Conditions = {}): Promise<SaveResult> {
    const clean = this.#paths.changeable(path, 'upload to');
    return this.#told(clean, await this.#saver.saveChunk(clean, chunk, conditions));
  }

  #told(path: string, result: SaveResult): SaveResult {
    if (result.action !== undefined) this.#tell({ action: result.action, path });
    return result;
  }

  /** How far an upload in chunks has come. */
  async uploadStatus(path: string, upload?: string): Promise<UploadStatus> {
    return this.#uploads.status(this.#paths.changeable(path, 'upload to'), upload);
  }

  /** Gives up an upload in chunks: what has arrived of it goes away. */
  async dropUpload(path: string, upload?: string): Promise<void> {
    await this.#uploads.drop(this.#paths.changeable(path, 'upload to'), upload);
  }

  /** POST to a directory: a new file, notebook or directory under a free name. */
  async createUntitled(
    directory: string,
    options: { type?: unknown; ext?: unknown } = {},
  ): Promise<ContentsModel> {
    const model = await createUntitled(this.store, await this.#paths.directory(directory), options);
    this.#tell({ action: 'create', path: model.path });
    return model;
  }

  /** POST with `copy_from`. `to` is a directory, or the path of the copy when nothing is there. */
  async copy(from: string, to: string): Promise<ContentsModel> {
    const source = this.#paths.changeable(from, 'copy');
    const target = this.#paths.changeable(to, 'copy to');
    const { entry } = await this.#paths.find(source);
    const isInside = entry.kind === 'directory' && (target === source || target.startsWith(`${source}/`));
    if (source === '' || isInside)
      throw new HttpError(400, `${source || 'The root'} cannot be copied into itself`);
    const open = this.#findOpen(source);
    await open?.flush();
    const copyAs: typeof copyTo =
      entry.kind === 'directory'
        ? (store, of, path) => copyDirectory(store, of, path, (name) => this.isServed(name))
        : copyTo;
    const there = await this.store.stat(target);
    if (there === undefined) await this.#paths.directory(parentOf(target));
    else if (there.kind !== 'directory') throw new HttpError(409, `File already exists: ${target}`);
    let model =
      there === undefined
        ? await copyAs(this.store, source, target)
        : await copyInto(this.store, source, target, copyAs);
    // A copy is one of what the person sees.
    const unsaved = open?.unsaved();
    if (unsaved !== undefined) {
      const { entry } = await this.#saver.saveBytes(
        model.path,
        Buffer.from(unsaved.file.toBytes()),
        undefined,
      );
      model = bareModel(model.path, entry, 'notebook');
    }
    this.#tell({ action: 'copy', path: model.path, source_path: source });
    return model;
  }

  async rename(from: string, to: string, conditions: Conditions = {}): Promise<ContentsModel> {
    const source = this.#paths.changeable(from, 'rename');
    const target = this.#paths.changeable(to, 'rename to');
    if (source === '') throw new HttpError(400, 'The root directory cannot be renamed');
    if (target === '') throw new HttpError(409, 'File already exists: the root directory');
    await this.#settled(source);
    await this.#mustMatch(source, conditions);
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
    const clean = this.#paths.changeable(path, 'delete');
    if (clean === '') throw new HttpError(400, "Can't delete root");
    await this.#mustMatch(clean, options);
    if (this.#trash !== undefined && options.permanent !== true) {
      // with what is not on the disk yet
      await this.#settled(clean);
      await this.#trash.put(clean);
    } else {
      await this.#notebooks.settled();
      await this.store.remove(clean, { recursive: this.#recursive || options.recursive === true });
      await this.store.checkpoints.removed(clean);
    }
    await this.openDocuments?.removed(clean);
    this.#tell({ action: 'delete', path: clean });
  }

  async #mustMatch(path: string, { match }: Conditions): Promise<void> {
    if (match !== undefined) await this.#saver.check(path, await this.store.stat(path), { match });
  }

  /** Waits until all that was saved is on the disk, an open document and checkpoints included. */
  async #settled(path: string): Promise<void> {
    await this.#findOpen(path)?.flush();
    await this.#notebooks.settled();
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
    const target = to === undefined ? undefined : this.#paths.changeable(to, 'put back to');
    const path = await this.trash.restore(id, target);
    this.#tell({ action: 'create', path });
    return this.get(path, { content: false });
  }

  /**
   * From now on the outputs of this notebook count as trusted, for as long as they stay what they are.
   *
   * @param seen  the state of the open notebook that a person has seen
   * @throws HttpError 409 when outputs came from elsewhere since then
   */
  async trust(path: string, seen?: { epoch: string; revision: number }): Promise<void> {
    const { path: clean } = await this.#paths.find(path);
    if (seen !== undefined && (await this.#findOpen(clean)?.showed?.(seen)) === false)
      throw new HttpError(
        409,
        'Outputs came from elsewhere while the question was open. Look at them, and trust then.',
      );
    await this.#notebooks.trust(clean);
    this.#findOpen(clean)?.trusted?.();
  }

  async listCheckpoints(path: string): Promise<CheckpointModel[]> {
    const { path: clean } = await this.#paths.find(path);
    await this.#notebooks.settled();
    return (await this.store.checkpoints.list(clean)).map(checkpointModel);
  }

  async createCheckpoint(path: string): Promise<CheckpointModel> {
    const clean = await this.#existing(path, 'keep a checkpoint of');
    await this.#settled(clean);
    return checkpointModel(await this.store.checkpoints.create(clean));
  }

  async restoreCheckpoint(path: string, id: string): Promise<void> {
    const clean = await this.#existing(path, 'restore');
    await this.#settled(clean);
    await this.store.checkpoints.restore(clean, id);
    await this.#findOpen(clean)?.reload();
    this.#tell({ action: 'save', path: clean });
  }

  async deleteCheckpoint(path: string, id: string): Promise<void> {
    const clean = await this.#existing(path, 'delete a checkpoint of');
    await this.#notebooks.settled();
    await this.store.checkpoints.remove(clean, id);
  }

  async #existing(path: string, what: string): Promise<string> {
    return (await this.#paths.find(this.#paths.changeable(path, what))).path;
  }
}

function checkpointModel(checkpoint: { id: string; modified: Date }): CheckpointModel {
  return { id: checkpoint.id, last_modified: timestamp(checkpoint.modified) };
}
