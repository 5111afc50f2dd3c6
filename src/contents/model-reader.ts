/** What is in a store as models of the contents API, with their content as it is sent. */
import { createHash } from 'node:crypto';
import { HttpError } from '../http-error.js';
import { mergeConflictSentence } from '../notebook/index.js';
import { MERGE_CONFLICT, type ContentsModel } from '../protocol/rest-models.js';
import { BoundedMap } from './bounded-map.js';
import { tagOf } from './conditions.js';
import { DirectoryTexts } from './directory-content.js';
import { bareModel, fileContent, hashOf, typeOf } from './models.js';
import { isUnlisted } from './names.js';
import type { Entry, NotebookManager } from './notebook-manager.js';
import type { Notebooks } from './notebooks.js';
import { readAll } from './read-all.js';
import type { Found, ServedPaths } from './served-paths.js';

export interface GetOptions {
  /** what the client expects there; anything but directory and notebook means file */
  type?: string;
  format?: 'text' | 'base64';
  /** default true */
  content?: boolean;
  /** with the SHA-256 of the bytes; default false */
  hash?: boolean;
}

/** More bytes than this do not fit into one JSON text, as base64, in a JavaScript string. */
const LARGEST_CONTENT = 256 * 1024 * 1024;
/** Hashes that are remembered. */
const MOST_HASHES = 1000;
/** A file that was written since then could be written again without another time to tell it by. ms */
const SETTLED = 2_000;

export class ModelReader {
  readonly #store: NotebookManager;
  readonly #notebooks: Notebooks;
  readonly #texts: DirectoryTexts;
  /** by path and revision */
  readonly #hashes = new BoundedMap<string, string>(MOST_HASHES);

  constructor(store: NotebookManager, notebooks: Notebooks, paths: ServedPaths) {
    this.#store = store;
    this.#notebooks = notebooks;
    this.#texts = new DirectoryTexts((name) => paths.isListed(name) && !isUnlisted(name));
  }

  /** The content of notebooks and directories is text: a `NotebookContent` or a `DirectoryContent`. */
  async read(found: Found, options: GetOptions): Promise<ContentsModel> {
    const { path, entry } = found;
    const { type } = options;
    if (entry.kind === 'directory') {
      if (type !== undefined && type !== 'directory') {
        throw new HttpError(400, `${path} is a directory, not a ${type}`, 'bad type');
      }
      return this.#directory(path, entry, options.content ?? true);
    }
    if (type === 'directory') throw new HttpError(400, `${path} is not a directory`, 'bad type');
    const asNotebook = type === 'notebook' || (type === undefined && typeOf(entry) === 'notebook');
    if (!asNotebook) return this.#file(found, options);
    const wanted = { content: options.content ?? true, hash: options.hash ?? false };
    try {
      return await this.#notebooks.model(path, entry, wanted);
    } catch (error) {
      const isForEditor = error instanceof HttpError && error.reason === MERGE_CONFLICT;
      if (!isForEditor || type !== undefined) throw error;
      return this.#file(found, { ...options, format: 'text' });
    }
  }

  async #directory(path: string, entry: Entry, content: boolean): Promise<ContentsModel> {
    const model = bareModel(path, entry, 'directory');
    if (!content) return model;
    return {
      ...model,
      content: await this.#texts.of(path, await listAll(this.#store, path)),
      format: 'json',
    };
  }

  async #file(found: Found, options: GetOptions): Promise<ContentsModel> {
    const { path, entry } = found;
    const model = bareModel(path, entry, 'file');
    if (options.content === false) {
      if (!options.hash) return model;
      return { ...model, hash: await this.hash(path, entry), hash_algorithm: 'sha256' };
    }
    if ((entry.size ?? 0) > LARGEST_CONTENT) {
      const size = Math.round((entry.size ?? 0) / 1e6);
      throw new HttpError(
        413,
        `${path} has ${size} MB, too much for one JSON text: fetch it from files/${path}`,
      );
    }
    const { bytes, entry: read } = await readAll(this.#store, path);
    const hash = options.hash ? hashOf(bytes) : undefined;
    if (hash !== undefined) this.#remember(path, read, hash.hash);
    const full = { ...bareModel(path, read, 'file'), ...fileContent(path, bytes, options.format), ...hash };
    const conflict = typeOf(entry) === 'notebook' ? mergeConflictSentence(bytes) : undefined;
    return conflict === undefined ? full : { ...full, message: `${path}: ${conflict}` };
  }

  /**
   * SHA-256. Where a file is too large for memory, it is read in pieces; one that nobody has changed is not read again: editors ask
   * whenever something in its folder changes.
   */
  async hash(path: string, entry: Entry): Promise<string> {
    const known = entry.hash ?? this.#hashes.get(hashKey(path, entry));
    if (known !== undefined) return known;
    const sha256 = createHash('sha256');
    const opened = await this.#store.read(path);
    for await (const chunk of opened.body) sha256.update(chunk as Buffer);
    const hash = sha256.digest('hex');
    this.#remember(path, opened.entry, hash);
    return hash;
  }

  #remember(path: string, entry: Entry, hash: string): void {
    if (entry.modified.getTime() < Date.now() - SETTLED) this.#hashes.set(hashKey(path, entry), hash, 1);
  }
}

function hashKey(path: string, { revision }: Entry): string {
  return `${path}\0${revision}`;
}

/** The first page as it is, when it is the only one. */
async function listAll(store: NotebookManager, path: string): Promise<readonly Entry[]> {
  let page = await store.list(path);
  if (page.next === undefined) return page.entries;
  const all = [...page.entries];
  while (page.next !== undefined) {
    page = await store.list(path, { after: page.next });
    for (const entry of page.entries) all.push(entry);
  }
  return all;
}

/** The tag (`ETag`) of what is read by these options. */
export function modelTag(entry: Entry, options: GetOptions): string {
  const { type = '', format = '', content = true, hash = false } = options;
  return tagOf(entry.revision, `${type}${format}${content ? '' : '-'}${hash ? 'h' : ''}`);
}
