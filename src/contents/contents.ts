/**
 * The Jupyter contents model over any store: types, formats, untitled names, copies, checkpoints, hidden names
 * (jupyter_server 2, "Contents API"). One method for each thing that a client can ask; `router.ts` only translates.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { HttpError } from '../http-error.js';
import { silentLog, type Log } from '../log.js';
import {
  contentAround,
  contentCell,
  newNotebook,
  notebookContent,
  notebookProblem,
  readNotebook,
  saveContent,
  validationMessage,
  type JsonObject,
  type NotebookFile,
} from '../notebook/index.js';
import type { CheckpointModel, ContentsModel } from '../protocol/rest-models.js';
import { bareModel, bytesOfContent, fileContent, timestamp, typeOf, type ModelType } from './models.js';
import { copyNames, isUnlisted, untitledNames } from './names.js';
import type { Entry, NotebookManager, Revision } from './notebook-manager.js';
import type { NotebookTrust, OpenDocuments } from './open-documents.js';
import { Uploads } from './uploads.js';
import { cleanPath, isHidden, joinPath, nameOf, parentOf } from './paths.js';

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
  readonly store: NotebookManager;
  readonly allowHidden: boolean;
  readonly maxBodySize: number;
  readonly #recursive: boolean;
  readonly #trust: NotebookTrust | undefined;
  readonly #log: Log;
  readonly #uploads = new Uploads();

  constructor(store: NotebookManager, options: ContentsOptions = {}) {
    this.store = store;
    this.allowHidden = options.allowHidden ?? false;
    this.maxBodySize = options.maxBodySize ?? DEFAULT_MAX_BODY;
    this.#recursive = options.alwaysDeleteDirectories ?? false;
    this.#trust = options.trust;
    this.#log = options.log ?? silentLog;
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
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk as Buffer);
    return {
      entry,
      bytes: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks),
    };
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
    const { entry, bytes } = await this.readBytes(clean);
    try {
      return { entry, file: readNotebook(bytes) };
    } catch (error) {
      const problem = notebookProblem(error);
      if (problem === undefined) throw error;
      if (this.store.recover !== undefined && (await this.store.recover(clean))) {
        this.#log.warn(
          `${clean} was damaged (${problem}); its last good state was brought back from a copy beside it`,
        );
        const again = await this.readBytes(clean);
        return { entry: again.entry, file: readNotebook(again.bytes) };
      }
      throw new HttpError(400, `${clean}: ${problem}`);
    }
  }

  /** Where a kernel for this path starts; undefined when the store has no local files. */
  kernelDirectory(path: string): string | undefined {
    return this.store.kernelDirectory?.(cleanPath(path));
  }

  // The API's models.

  async get(path: string, options: GetOptions = {}): Promise<ContentsModel> {
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
    return asNotebook ? this.#getNotebook(clean, entry, options) : this.#getFile(clean, entry, options);
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

  async #getNotebook(path: string, entry: Entry, options: GetOptions): Promise<ContentsModel> {
    const model = bareModel(path, entry, 'notebook');
    if (options.content === false && !options.hash) return model;
    const open = this.openDocuments?.find(path);
    if (options.hash) {
      await open?.flush();
      Object.assign(model, hashOf((await this.readBytes(path)).bytes));
    }
    if (options.content === false) return model;
    if (open !== undefined) return withNotebook(model, open.content());
    const { entry: read, file } = await this.readNotebook(path);
    const content = await contentOf(file);
    if (await this.#trust?.isTrusted(content)) markTrusted(content);
    const current = {
      ...bareModel(path, read, 'notebook'),
      hash: model.hash,
      hash_algorithm: model.hash_algorithm,
    };
    return withNotebook(current, content);
  }

  async #getFile(path: string, entry: Entry, options: GetOptions): Promise<ContentsModel> {
    const model = bareModel(path, entry, 'file');
    if (options.content === false && !options.hash) return model;
    const { bytes, entry: read } = await this.readBytes(path);
    const hash = options.hash ? hashOf(bytes) : {};
    if (options.content === false) return { ...model, ...hash };
    return { ...bareModel(path, read, 'file'), ...fileContent(path, bytes, options.format), ...hash };
  }

  /** PUT with a body. `created`: nothing was there before. */
  async save(path: string, body: JsonObject): Promise<{ model: ContentsModel; created: boolean }> {
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
    if (type === 'notebook') return this.#saveNotebook(clean, body['content'], old);
    const bytes =
      body['content'] === undefined && old === undefined
        ? Buffer.alloc(0)
        : bytesOfContent(body['format'], body['content']);
    const entry = await this.store.write(clean, bytes);
    return { model: bareModel(clean, entry, 'file'), created: old === undefined };
  }

  async #saveChunk(
    path: string,
    type: ModelType,
    body: JsonObject,
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

  async #saveNotebook(
    path: string,
    content: unknown,
    old: Entry | undefined,
  ): Promise<{ model: ContentsModel; created: boolean }> {
    if (content === undefined && old !== undefined) throw new HttpError(400, 'No content provided');
    const open = this.openDocuments?.find(path);
    const before = old === undefined || open !== undefined ? undefined : await this.#notebookThere(path);
    const file = this.#resultOf(path, before, content ?? newContent());
    const entry =
      open === undefined
        ? await this.store.write(path, asBuffer(file))
        : await open.save(await contentOf(file));
    const message = validationMessage(checkedForm(content, file));
    await this.#signWhenTrusted(content, file);
    const model = bareModel(path, entry, 'notebook');
    if ((await this.store.checkpoints.list(path)).length === 0) await this.#firstCheckpoint(path);
    return { model: message === undefined ? model : { ...model, message }, created: old === undefined };
  }

  /** What a save is written over; undefined when there is no notebook that can be read. */
  async #notebookThere(path: string): Promise<NotebookFile | undefined> {
    try {
      const { file } = await this.readNotebook(path);
      return file;
    } catch (error) {
      if (error instanceof HttpError && error.status < 500) return undefined;
      throw error;
    }
  }

  #resultOf(path: string, before: NotebookFile | undefined, content: unknown): NotebookFile {
    try {
      return saveContent(before?.upgradedFrom === undefined ? before : undefined, content);
    } catch (error) {
      const problem = notebookProblem(error);
      if (problem === undefined) throw error;
      throw new HttpError(400, `${path} was not saved: ${problem}`);
    }
  }

  /** Signs what was saved when nothing in it is foreign: the client says so of each code cell that shows something. */
  async #signWhenTrusted(sent: unknown, saved: NotebookFile): Promise<void> {
    if (this.#trust !== undefined && isTrustedByClient(sent)) await this.#trust.trust(await contentOf(saved));
  }

  /** The file is saved; that it has no checkpoint yet is not worth an error. */
  async #firstCheckpoint(path: string): Promise<void> {
    try {
      await this.store.checkpoints.create(path);
    } catch (error) {
      this.#log.warn(`No checkpoint of ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** POST to a directory: a new file, notebook or directory under a free name. */
  async createUntitled(
    directory: string,
    options: { type?: unknown; ext?: unknown } = {},
  ): Promise<ContentsModel> {
    const parent = await this.#directoryFor(directory);
    const ext = options.ext === undefined || options.ext === null ? '' : options.ext;
    if (typeof ext !== 'string' || ext.includes('/'))
      throw new HttpError(400, '\'ext\' must be a text like ".txt"');
    const type = options.type ?? (ext === '.ipynb' ? 'notebook' : 'file');
    if (type === 'directory') {
      return this.#create(parent, untitledNames('Untitled Folder', true), async (path) =>
        bareModel(path, await this.store.makeDirectory(path), 'directory'),
      );
    }
    if (type !== 'notebook' && type !== 'file') {
      throw new HttpError(
        400,
        `Unknown type: ${JSON.stringify(type)?.slice(0, 60)}; use notebook, file or directory`,
      );
    }
    const name = type === 'notebook' ? 'Untitled.ipynb' : `untitled${ext}`;
    const bytes = type === 'notebook' ? Buffer.from(newNotebook()) : Buffer.alloc(0);
    this.#allowed(joinPath(parent, name), 'create');
    return this.#create(parent, untitledNames(name, false), async (path) =>
      bareModel(path, await this.store.write(path, bytes, { absent: true }), type),
    );
  }

  /** POST with `copy_from`. `to` is a directory, or the path of the copy when nothing is there. */
  async copy(from: string, to: string): Promise<ContentsModel> {
    const source = this.#allowed(from, 'copy');
    const target = this.#allowed(to, 'copy to');
    const entry = await this.#mustExist(source);
    if (entry.kind === 'directory') throw new HttpError(400, `Can't copy directories: ${source}`);
    await this.openDocuments?.find(source)?.flush();
    const there = await this.store.stat(target);
    const write = async (path: string): Promise<ContentsModel> => {
      const { body } = await this.store.read(source);
      return bareModel(path, await this.store.write(path, body, { absent: true }));
    };
    if (there === undefined) {
      await this.#directoryFor(parentOf(target));
      return write(target);
    }
    if (there.kind !== 'directory') throw new HttpError(409, `File already exists: ${target}`);
    return this.#create(target, copyNames(nameOf(source)), write);
  }

  /** Tries names until one is free; two clients at once get two names. */
  async #create(
    directory: string,
    names: Iterable<string>,
    make: (path: string) => Promise<ContentsModel>,
  ): Promise<ContentsModel> {
    for (const name of names) {
      const path = joinPath(directory, name);
      try {
        if ((await this.store.stat(path)) === undefined) return await make(path);
      } catch (error) {
        // 409: taken meanwhile; 400: a broken link or a socket has the name
        const isTaken = error instanceof HttpError && (error.status === 409 || error.reason === 'bad type');
        if (!isTaken) throw error;
      }
    }
    throw new HttpError(409, `No free name in ${directory}`);
  }

  async rename(from: string, to: string): Promise<ContentsModel> {
    const source = this.#allowed(from, 'rename');
    const target = this.#allowed(to, 'rename to');
    if (source === '') throw new HttpError(400, 'The root directory cannot be renamed');
    if (target === '') throw new HttpError(409, 'File already exists: the root directory');
    await this.openDocuments?.find(source)?.flush();
    const entry = await this.store.rename(source, target);
    if (source !== target) {
      if (entry.kind === 'file') await this.store.checkpoints.renamed(source, target);
      await this.openDocuments?.renamed(source, target);
    }
    return bareModel(target, entry);
  }

  async delete(path: string): Promise<void> {
    const clean = this.#allowed(path, 'delete');
    if (clean === '') throw new HttpError(400, "Can't delete root");
    await this.store.remove(clean, { recursive: this.#recursive });
    await this.store.checkpoints.removed(clean);
    await this.openDocuments?.removed(clean);
  }

  /** From now on this notebook counts as trusted, for as long as its content stays what it is. */
  async trust(path: string): Promise<void> {
    const clean = cleanPath(path);
    if (this.#trust === undefined)
      throw new HttpError(501, 'This server keeps no record of trusted notebooks');
    const content =
      this.openDocuments?.find(clean)?.content() ??
      notebookContent((await this.readNotebook(clean)).file, false);
    await this.#trust.trust(content);
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

function typeOfBody(path: string, body: JsonObject, old: Entry | undefined): ModelType {
  const { type } = body;
  if (type === 'directory' || type === 'file' || type === 'notebook') return type;
  if (type !== undefined && type !== null) {
    throw new HttpError(400, `Unhandled contents type: ${JSON.stringify(type).slice(0, 60)}`);
  }
  if (old !== undefined) throw new HttpError(400, 'No file type provided');
  return path.endsWith('.ipynb') ? 'notebook' : 'file';
}

function withNotebook(model: ContentsModel, content: JsonObject): ContentsModel {
  const message = validationMessage(content);
  const full: ContentsModel = { ...model, content, format: 'json' };
  return message === undefined ? full : { ...full, message };
}

/** Every code cell is marked as trusted, or has no output but text streams and errors (nbformat, "check_cells"). */
function isTrustedByClient(content: unknown): boolean {
  const cells = isRecord(content) && Array.isArray(content['cells']) ? content['cells'] : [];
  return cells.every((cell: unknown) => {
    if (!isRecord(cell) || cell['cell_type'] !== 'code') return true;
    if (isRecord(cell['metadata']) && cell['metadata']['trusted'] === true) return true;
    const outputs: unknown[] = Array.isArray(cell['outputs']) ? cell['outputs'] : [];
    return outputs.every(
      (output) =>
        isRecord(output) && (output['output_type'] === 'stream' || output['output_type'] === 'error'),
    );
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How many bytes of cells are parsed before other requests get their turn: a few milliseconds' worth. */
const PARSED_AT_ONCE = 1 << 20;

async function contentOf(file: NotebookFile): Promise<JsonObject> {
  const cells: JsonObject[] = [];
  let parsed = 0;
  for (const cell of file.cells) {
    cells.push(contentCell(file, cell, false));
    parsed += cell.bytes.length;
    if (parsed > PARSED_AT_ONCE) {
      parsed = 0;
      await new Promise((done) => setImmediate(done));
    }
  }
  return contentAround(file, cells);
}

/** What a save is judged by: what was sent, but for ids, which the server gave to cells that had none. */
function checkedForm(sent: unknown, file: NotebookFile): unknown {
  if (!isRecord(sent) || (sent['nbformat'] ?? 4) !== 4) return notebookContent(file, false);
  const cells: unknown[] = Array.isArray(sent['cells']) ? sent['cells'] : [];
  return {
    metadata: {},
    ...sent,
    nbformat: 4,
    nbformat_minor: file.nbformatMinor,
    cells: cells.map((cell, i) =>
      isRecord(cell) && file.hasIds ? { ...cell, id: file.cells[i]?.id } : cell,
    ),
  };
}

function markTrusted(content: JsonObject): void {
  for (const cell of Array.isArray(content['cells']) ? content['cells'] : []) {
    if (isRecord(cell) && isRecord(cell['metadata']) && cell['cell_type'] === 'code')
      cell['metadata']['trusted'] = true;
  }
}

function newContent(): JsonObject {
  return notebookContent(readNotebook(newNotebook()), false);
}

function asBuffer(file: NotebookFile): Buffer {
  const bytes = file.toBytes();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hashOf(bytes: Buffer): { hash: string; hash_algorithm: string } {
  return { hash: createHash('sha256').update(bytes).digest('hex'), hash_algorithm: 'sha256' };
}

function checkpointModel(checkpoint: { id: string; modified: Date }): CheckpointModel {
  return { id: checkpoint.id, last_modified: timestamp(checkpoint.modified) };
}
