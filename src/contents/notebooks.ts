/**
 * Notebooks between store and API: reading one (repaired after a crash, where the store can), its model with content,
 * and saving what a client sends over what is there. A notebook that is open as a live document is read from and saved
 * through that.
 */
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import {
  contentAround,
  contentCell,
  NotebookError,
  isObject,
  newNotebook,
  notebookContent,
  notebookProblem,
  readNotebook,
  saveContent,
  type JsonObject,
  type NotebookFile,
} from '../notebook/index.js';
import type { ContentsModel } from '../protocol/rest-models.js';
import { bareModel, hashOf } from './models.js';
import type { Entry, NotebookManager } from './notebook-manager.js';
import type { NotebookTrust, OpenDocument } from './open-documents.js';
import { keepBeside } from './keep-beside.js';
import { readAll } from './read-all.js';
import { isTrustedByClient, markTrusted } from './trusted-flags.js';

export interface NotebooksParts {
  store: NotebookManager;
  trust: NotebookTrust | undefined;
  log: Log;
  findOpen(path: string): OpenDocument | undefined;
}

export class Notebooks {
  readonly #parts: NotebooksParts;

  constructor(parts: NotebooksParts) {
    this.#parts = parts;
  }

  /** @throws HttpError 400 with the place of what cannot be read */
  async read(path: string): Promise<{ entry: Entry; file: NotebookFile }> {
    const { store, log } = this.#parts;
    const { entry, bytes } = await readAll(store, path);
    try {
      return { entry, file: readNotebook(bytes) };
    } catch (error) {
      const problem = notebookProblem(error);
      if (problem === undefined) throw error;
      if (store.recover !== undefined && (await store.recover(path))) {
        log.warn(
          `${path} was damaged (${problem}); its last good state was brought back from a copy beside it`,
        );
        const again = await readAll(store, path);
        return { entry: again.entry, file: readNotebook(again.bytes) };
      }
      throw new HttpError(400, `${path}: ${problem}`, isConflict(error) ? MERGE_CONFLICT : undefined);
    }
  }

  async model(
    path: string,
    entry: Entry,
    wanted: { content: boolean; hash: boolean },
  ): Promise<ContentsModel> {
    const { store, trust } = this.#parts;
    const open = this.#parts.findOpen(path);
    let model = bareModel(path, entry, 'notebook');
    if (wanted.hash) {
      await open?.flush();
      const { entry: hashed, bytes } = await readAll(store, path);
      model = { ...bareModel(path, hashed, 'notebook'), ...hashOf(bytes) };
    }
    if (!wanted.content) return model;
    if (open !== undefined) return withContent(model, open.content());
    const { entry: read, file } = await this.read(path);
    const content = await contentOf(file);
    if (await trust?.isTrusted(content)) markTrusted(content);
    const { hash, hash_algorithm } = model;
    return withContent({ ...bareModel(path, read, 'notebook'), hash, hash_algorithm }, content);
  }

  /**
   * @param content what the client sent; undefined makes a new notebook empty
   * @param old     what is there now
   * @throws HttpError 400 when the content is no notebook at all; one that breaks the format is saved and has a `message`
   */
  async save(path: string, content: unknown, old: Entry | undefined): Promise<ContentsModel> {
    const { store, trust } = this.#parts;
    if (content === undefined && old !== undefined) throw new HttpError(400, 'No content provided');
    const sent = content ?? notebookContent(readNotebook(newNotebook()), false);
    const open = this.#parts.findOpen(path);
    const before = old === undefined || open !== undefined ? undefined : await this.#there(path);
    const file = resultOf(path, before?.upgradedFrom === undefined ? before : undefined, sent);
    if (before?.upgradedFrom !== undefined) await this.#keepOldFormat(path, before.upgradedFrom);
    const entry =
      open === undefined ? await store.write(path, asBuffer(file)) : await open.save(await contentOf(file));
    const message = await problemOf(checkedForm(sent, file));
    if (trust !== undefined && isTrustedByClient(sent)) await trust.trust(await contentOf(file));
    if ((await store.checkpoints.list(path)).length === 0) await this.#firstCheckpoint(path);
    const model = bareModel(path, entry, 'notebook');
    return message === undefined ? model : { ...model, message };
  }

  /** From now on this notebook counts as trusted, for as long as its content stays what it is. */
  async trust(path: string): Promise<void> {
    const { trust, findOpen } = this.#parts;
    if (trust === undefined) throw new HttpError(501, 'This server keeps no record of trusted notebooks');
    await trust.trust(findOpen(path)?.content() ?? (await contentOf((await this.read(path)).file)));
  }

  /** What a save is written over; undefined when there is no notebook that can be read. */
  async #there(path: string): Promise<NotebookFile | undefined> {
    try {
      return (await this.read(path)).file;
    } catch (error) {
      if (error instanceof HttpError && error.status < 500) return undefined;
      throw error;
    }
  }

  /** Programs of its time do not read what replaces it: the old file is kept beside it. */
  async #keepOldFormat(path: string, from: number): Promise<void> {
    const { store, log } = this.#parts;
    const copy = await keepBeside(store, path, (await readAll(store, path)).bytes, `v${from}`);
    log.info(
      `${path} was in the old notebook format ${from}; before it was saved in format 4, it was copied to ${copy}`,
    );
  }

  /** The file is saved; that it has no checkpoint yet is not worth an error. */
  async #firstCheckpoint(path: string): Promise<void> {
    try {
      await this.#parts.store.checkpoints.create(path);
    } catch (error) {
      this.#parts.log.warn(
        `No checkpoint of ${path}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}

/** The reason of the 400 by which a client can tell that the file wants a text editor. */
export const MERGE_CONFLICT = 'merge conflict';

function isConflict(error: unknown): boolean {
  return error instanceof NotebookError && error.isMergeConflict;
}

function resultOf(path: string, before: NotebookFile | undefined, content: unknown): NotebookFile {
  try {
    return saveContent(before, content);
  } catch (error) {
    const problem = notebookProblem(error);
    if (problem === undefined) throw error;
    throw new HttpError(400, `${path} was not saved: ${problem}`);
  }
}

/** What a save is judged by: what was sent, but for ids, which the server gave to cells that had none. */
function checkedForm(sent: unknown, file: NotebookFile): unknown {
  if (!isObject(sent) || (sent['nbformat'] ?? 4) !== 4) return notebookContent(file, false);
  const cells = Array.isArray(sent['cells']) ? sent['cells'] : [];
  return {
    metadata: {},
    ...sent,
    nbformat: 4,
    nbformat_minor: file.nbformatMinor,
    cells: cells.map((cell, i) =>
      isObject(cell) && file.hasIds ? { ...cell, id: file.cells[i]?.id } : cell,
    ),
  };
}

/** The schemas are loaded when the first notebook is. */
async function problemOf(content: unknown): Promise<string | undefined> {
  const { checkNotebook } = await import('../notebook/validate.js');
  return checkNotebook(content).message;
}

async function withContent(model: ContentsModel, content: JsonObject): Promise<ContentsModel> {
  const message = await problemOf(content);
  const full: ContentsModel = { ...model, content, format: 'json' };
  return message === undefined ? full : { ...full, message };
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

function asBuffer(file: NotebookFile): Buffer {
  const bytes = file.toBytes();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
