/** What clients save, as models of the contents API: whole or in chunks, on a condition, with the owner's hooks around it. */
import { HttpError } from '../http-error.js';
import { notebookContent, readNotebook, saveContent, SentContent } from '../notebook/index.js';
import type { ContentsModel } from '../protocol/rest-models.js';
import { changedError, checkConditions, tagOf, type Conditions, type When } from './conditions.js';
import type { ModelReader } from './model-reader.js';
import { bareModel, bytesOfContent, type ModelType } from './models.js';
import type { Entry, NotebookManager } from './notebook-manager.js';
import type { Notebooks } from './notebooks.js';
import type { OpenDocument } from './open-documents.js';
import { nameOf, parentOf } from './paths.js';
import type { SentModel } from './read-body.js';
import type { HookRunner, SavedModel } from './save-hooks.js';
import type { ServedPaths } from './served-paths.js';
import { chunkOfModel } from './sent-chunk.js';
import type { Chunk, Uploads } from './uploads.js';

export interface SaveResult {
  model: ContentsModel;
  /** nothing was there before */
  created: boolean;
  /** of what is there now; undefined before it is whole */
  tag?: string;
  /** what listeners are told; undefined: nothing happened yet */
  action?: 'create' | 'save' | 'upload';
}

/** `hooked`: what the owner's hook made of the bytes, when it changed them. */
export interface WrittenBytes {
  entry: Entry;
  hooked?: Buffer;
}

interface Saved {
  model: ContentsModel;
  entry: Entry;
}

export interface ModelSaverParts {
  store: NotebookManager;
  paths: ServedPaths;
  reader: ModelReader;
  notebooks: Notebooks;
  uploads: Uploads;
  hooks: HookRunner;
  findOpen(path: string): OpenDocument | undefined;
}

export class ModelSaver {
  readonly #parts: ModelSaverParts;

  constructor(parts: ModelSaverParts) {
    this.#parts = parts;
  }

  /** @param path  clean, and may be changed */
  async save(path: string, body: SentModel, conditions: Conditions): Promise<SaveResult> {
    if (body['copy_from'] !== undefined) {
      throw new HttpError(
        400,
        'Cannot copy with PUT, only POST: send copy_from to the directory for the copy',
      );
    }
    const old = await this.#parts.store.stat(path);
    const type = typeOfBody(path, body, old);
    if (type === 'directory') return this.#saveDirectory(path, old);
    if (old?.kind === 'directory')
      throw new HttpError(400, `${path} is a directory, not a ${type}`, 'bad type');
    const when = await this.check(path, old, conditions);
    if (body['chunk'] !== undefined) {
      if (type !== 'file')
        throw new HttpError(400, `File type "${type}" is not supported for large file transfer`);
      return this.#conditionally(path, when, () => this.#addChunk(path, chunkOfModel(body), old, when));
    }
    const { model, entry } = await this.#conditionally(path, when, () =>
      type === 'notebook'
        ? this.#saveNotebook(path, body['content'], old, when)
        : this.#saveFile(path, body, old, when),
    );
    const hash = entry.hash === undefined ? {} : { hash: entry.hash, hash_algorithm: 'sha256' };
    const created = old === undefined;
    const action = created ? 'create' : 'save';
    return { model: { ...model, ...hash }, created, tag: tagOf(entry.revision), action };
  }

  /** As `save` with a chunk in its body. */
  async saveChunk(path: string, chunk: Chunk, conditions: Conditions): Promise<SaveResult> {
    const old = await this.#parts.store.stat(path);
    if (old?.kind === 'directory') throw new HttpError(400, `${path} is a directory, not a file`, 'bad type');
    const when = await this.check(path, old, conditions);
    return this.#conditionally(path, when, () => this.#addChunk(path, chunk, old, when));
  }

  /** The bytes of a notebook or file, as the server itself saves them. */
  async saveBytes(path: string, bytes: Buffer, when: When | undefined): Promise<WrittenBytes> {
    const { store, hooks } = this.#parts;
    if (hooks.isEmpty || !path.endsWith('.ipynb')) return { entry: await store.write(path, bytes, when) };
    const file = readNotebook(bytes);
    const content = notebookContent(file, false);
    const before = JSON.stringify(content);
    const model = await this.#beforeSave(path, { type: 'notebook', format: 'json', content });
    const isChanged = JSON.stringify(model.content) !== before;
    const hooked = isChanged ? Buffer.from(saveContent(file, model.content).toBytes()) : undefined;
    const entry = await store.write(path, hooked ?? bytes, when);
    await this.#afterSave(path, model);
    return hooked === undefined ? { entry } : { entry, hooked };
  }

  /**
   * @param entry  what is there
   * @returns what must hold when the store writes
   * @throws HttpError 409 when a condition does not hold now
   */
  async check(path: string, entry: Entry | undefined, conditions: Conditions): Promise<When> {
    if (conditions.match === undefined && conditions.noneMatch === undefined) return {};
    const { store, reader, findOpen } = this.#parts;
    const open = findOpen(path);
    await open?.flush();
    const now = open === undefined ? entry : await store.stat(path);
    return checkConditions(path, now, conditions, async () => now && reader.hash(path, now));
  }

  /** A condition that held before and does not when the store writes is answered with what is there now. */
  async #conditionally<T>(path: string, when: When, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      const isChanged = error instanceof HttpError && error.status === 409 && when.revision !== undefined;
      if (!isChanged) throw error;
      const { store, reader } = this.#parts;
      const now = await store.stat(path);
      throw await changedError(path, now, async () => now && reader.hash(path, now));
    }
  }

  async #saveNotebook(path: string, content: unknown, old: Entry | undefined, when: When): Promise<Saved> {
    const { notebooks, hooks, findOpen } = this.#parts;
    // open notebooks are saved by their document, whose writes pass the hooks
    if (hooks.isEmpty || content === undefined || findOpen(path) !== undefined) {
      return notebooks.save(path, content, old, when);
    }
    const value = content instanceof SentContent ? content.value() : content;
    const model = await this.#beforeSave(path, { type: 'notebook', format: 'json', content: value });
    const saved = await notebooks.save(path, model.content, old, when);
    await this.#afterSave(path, model);
    return saved;
  }

  async #saveFile(path: string, body: SentModel, old: Entry | undefined, when: When): Promise<Saved> {
    const { store, hooks } = this.#parts;
    let { format, content } = body;
    if (content === undefined && old === undefined) [format, content] = ['text', ''];
    const given = bytesOfContent(format, content);
    const written = (entry: Entry): Saved => ({ entry, model: bareModel(path, entry, 'file') });
    if (hooks.isEmpty) return written(await store.write(path, given, when));
    const sent: SavedModel = { type: 'file', format: format as 'text' | 'base64', content };
    const model = await this.#beforeSave(path, sent);
    const saved = written(await store.write(path, bytesOfContent(model.format, model.content), when));
    await this.#afterSave(path, model);
    return saved;
  }

  async #addChunk(path: string, chunk: Chunk, old: Entry | undefined, when: When): Promise<SaveResult> {
    const { store, paths, uploads } = this.#parts;
    if (old === undefined) await paths.directory(parentOf(path));
    const result = await uploads.add(path, chunk, {
      finish: (whole) => store.write(path, whole, when),
      again: () => store.stat(path),
    });
    if ('done' in result) {
      const { done } = result;
      const model = bareModel(path, done, 'file');
      return { model, created: false, tag: tagOf(done.revision), action: 'upload' };
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
    return { model: bareModel(path, entry, 'file'), created: chunk.number === 1 };
  }

  async #saveDirectory(path: string, old: Entry | undefined): Promise<SaveResult> {
    if (old?.kind === 'file') throw new HttpError(400, `Not a directory: ${path} is a file`, 'bad type');
    const entry = old ?? (await this.#parts.store.makeDirectory(path));
    // the peers answer 201 for a directory that was there, too
    const result = { model: bareModel(path, entry, 'directory'), created: true };
    return old === undefined ? { ...result, action: 'create' } : result;
  }

  #beforeSave(path: string, model: SavedModel): Promise<SavedModel> {
    return this.#parts.hooks.before(model, { path, directory: this.#directoryOf(path) });
  }

  #afterSave(path: string, model: SavedModel): Promise<void> {
    return this.#parts.hooks.after(model, { path, directory: this.#directoryOf(path) });
  }

  #directoryOf(path: string): string | undefined {
    return this.#parts.store.kernelDirectory?.(parentOf(path));
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
