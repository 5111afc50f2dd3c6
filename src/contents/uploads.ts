/**
 * Files that arrive in chunks (JupyterLab sends large ones so): collected in the state directory, and written to the store
 * when the last one is there. Until then what was under the name stays as it is. An upload that was cut goes on with the
 * chunk that is missing, also after the server was started anew; one that nobody goes on with is removed. Chunks are not
 * brought to the disk one by one: after a power cut an upload begins anew.
 *
 * Jupyter's clients say neither which upload a chunk belongs to nor how long the whole is. Ours say both, so that two
 * uploads of one path never mix, and that a last chunk alone is never taken for the file.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { HttpError } from '../http-error.js';
import {
  CollectedChunks,
  DamagedUpload,
  sizeOf,
  type Collected,
  type CollectedChunk,
} from './collected-chunks.js';
import { errorCode } from './stores/file-errors.js';

/** How long an upload may wait for its next chunk, in ms. */
const PATIENCE = 24 * 60 * 60 * 1000;
/** How long a last chunk that comes twice is known for what it is, in ms. */
const MEMORY = 10 * 60 * 1000;
/** Between two looks for uploads that nobody goes on with, in ms. */
const BETWEEN_SWEEPS = 60 * 60 * 1000;

/** One chunk of a file, as a client sends it. */
export interface Chunk {
  /** 1 for the first (an earlier upload to this path is given up), then 2, 3, …; -1 for the last */
  number: number;
  bytes: Buffer;
  /** of the bytes, in hex */
  sha256: string;
  /** which upload it belongs to (`upload` of the request, ours); without one the path says so */
  upload?: string | undefined;
  /** bytes of the whole file (`total_size` of the request, ours) */
  total?: number | undefined;
}

export interface UploadEnd<T> {
  /** called with the whole file after the last chunk */
  finish(body: Readable | Buffer): Promise<T>;
  /** what is there now, asked when the last chunk comes a second time */
  again(): Promise<T | undefined>;
}

export type Progress<T> = { done: T } | { size: number; started: Date };

/** How far an upload has come. */
export interface UploadStatus {
  /** 1 when none is going on */
  next: number;
  chunks: readonly CollectedChunk[];
}

export class Uploads {
  readonly #place: string;
  readonly #directory: string;
  readonly #isTemporary: boolean;
  /** the last chunk of uploads that were written: key → its hash */
  readonly #finished = new Map<string, { last: string; at: number }>();
  /** one chunk after the other for each key */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #sweeps: NodeJS.Timeout;
  /** the last look for uploads that nobody goes on with */
  #swept: Promise<void>;

  /**
   * @param place      says which files these are uploads to: servers of other folders may share the directory
   * @param directory  for the servers of this user alone; default: a temporary one, removed by `close`
   */
  constructor(place: string, directory?: string) {
    this.#place = place;
    this.#isTemporary = directory === undefined;
    this.#directory = directory ?? join(tmpdir(), `nbserver-uploads-${randomBytes(8).toString('hex')}`);
    this.#swept = this.#sweep();
    this.#sweeps = setInterval(() => {
      this.#swept = this.#sweep();
    }, BETWEEN_SWEEPS).unref();
  }

  /** Unfinished uploads stay, to be gone on with after the next start. */
  async close(): Promise<void> {
    clearInterval(this.#sweeps);
    await Promise.allSettled([this.#swept, ...this.#turns.values()]);
    if (this.#isTemporary) await rm(this.#directory, { recursive: true, force: true });
  }

  /**
   * Takes one chunk.
   *
   * @returns what `finish` gives; before that the size so far
   * @throws HttpError 400 for a chunk that does not follow the one before; `next_chunk` says which would
   */
  async add<T>(path: string, chunk: Chunk, end: UploadEnd<T>): Promise<Progress<T>> {
    const key = keyOf(path, chunk.upload);
    return this.#inTurn(key, () => this.#add(key, path, chunk, end));
  }

  async #inTurn<T>(key: string, act: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(key) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(act);
    this.#turns.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(key) === mine) this.#turns.delete(key);
    }
  }

  async #add<T>(key: string, path: string, chunk: Chunk, end: UploadEnd<T>): Promise<Progress<T>> {
    const { number, bytes, sha256, total } = chunk;
    const on = this.#on(key);
    const upload = number === 1 ? await this.#begin(key, path) : await on.find(path);
    if (upload === undefined) return this.#alone(key, path, chunk, end);
    const last = upload.chunks.at(-1);
    // Its answer was lost on the way, or it could not be written then: it is here already.
    const isHere =
      last?.sha256 === sha256 && (number === -1 ? last.isLast === true : number === upload.chunks.length);
    const append = (isLast: boolean): Promise<void> =>
      this.#collecting(path, () =>
        on.append(upload, bytes, { size: bytes.length, sha256, ...(isLast ? { isLast } : {}) }),
      );
    if (number !== -1) {
      if (!isHere) {
        if (number !== nextOf(upload)) throw notNext(path, number, nextOf(upload));
        await append(false);
      }
      return { size: sizeOf(upload.chunks), started: new Date(upload.started) };
    }
    if (!isHere) {
      if (total !== undefined && sizeOf(upload.chunks) + bytes.length !== total)
        throw notNext(path, number, nextOf(upload));
      await append(true);
    }
    const done = await this.#finish(key, path, upload, end);
    this.#finished.set(key, { last: sha256, at: Date.now() });
    await on.remove();
    return { done };
  }

  async #finish<T>(key: string, path: string, upload: Collected, end: UploadEnd<T>): Promise<T> {
    const body = this.#on(key).whole(upload);
    try {
      return await end.finish(body);
    } catch (error) {
      // a store may say in its own words that the body broke off
      if (!(body.errored instanceof DamagedUpload)) throw error;
      await this.#on(key).remove();
      throw damaged(path, this.#directory);
    }
  }

  /** A chunk without an upload: a file that fits into one, or a last chunk whose answer was lost. */
  async #alone<T>(
    key: string,
    path: string,
    { number, bytes, sha256, total }: Chunk,
    { finish, again }: UploadEnd<T>,
  ): Promise<Progress<T>> {
    if (number !== -1) throw notNext(path, number, 1);
    const finished = this.#finished.get(key);
    if (finished?.last === sha256 && Date.now() - finished.at < MEMORY) {
      const there = await again();
      if (there !== undefined) return { done: there };
    }
    if (total !== undefined && bytes.length !== total) throw notNext(path, number, 1);
    return { done: await finish(bytes) };
  }

  async #begin(key: string, path: string): Promise<Collected> {
    this.#finished.delete(key);
    return this.#collecting(path, () => this.#on(key).begin(path));
  }

  /** What goes wrong here is about the directory of uploads, not about the file that is sent. */
  async #collecting<T>(path: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw collectingError(error, path, this.#directory);
    }
  }

  async status(path: string, upload?: string): Promise<UploadStatus> {
    const key = keyOf(path, upload);
    const found = await this.#inTurn(key, () => this.#on(key).find(path));
    return found === undefined ? { next: 1, chunks: [] } : { next: nextOf(found), chunks: found.chunks };
  }

  /** Gives an upload up, after the chunk that is being taken. */
  async drop(path: string, upload?: string): Promise<void> {
    const key = keyOf(path, upload);
    await this.#inTurn(key, () => this.#on(key).remove());
  }

  /** Uploads that nobody went on with. */
  async #sweep(): Promise<void> {
    for (const [key, { at }] of this.#finished) if (Date.now() - at > MEMORY) this.#finished.delete(key);
    for (const name of await readdir(this.#directory).catch(() => [])) {
      const chunks = new CollectedChunks(join(this.#directory, name));
      const touched = await chunks.touched();
      // what cannot be removed now is met again in an hour
      if (touched !== undefined && Date.now() - touched > PATIENCE)
        await chunks.remove().catch(() => undefined);
    }
  }

  #on(key: string): CollectedChunks {
    return new CollectedChunks(join(this.#directory, hashOf(`${this.#place}\0${key}`).slice(0, 32)));
  }
}

/** What names one upload among those of a path. */
export function isUploadId(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
}

/** No path holds a NUL. */
function keyOf(path: string, upload: string | undefined): string {
  return upload === undefined ? path : `${path}\0${upload}`;
}

function nextOf({ chunks }: Collected): number {
  return chunks.length + 1;
}

function notNext(path: string, chunk: number, next: number): HttpError {
  const sentence =
    next === 1
      ? `No upload of ${path} is going on; begin with chunk 1`
      : `Chunk ${next} of ${path} is expected, not ${chunk}`;
  return new HttpError(400, sentence, null, { next_chunk: next });
}

/** @returns a sentence that names the directory of uploads, for what its disk or its rights can cause */
function collectingError(error: unknown, path: string, directory: string): unknown {
  const where = `${directory}, where uploads are collected until they are whole`;
  const code = errorCode(error);
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new HttpError(
        507,
        `The disk is full at ${where}. What has arrived of ${path} is kept: make room there, and go on`,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new HttpError(500, `The server may not write to ${where} (${code}): ${path} cannot be taken`);
    case 'EIO':
    case 'ENOTDIR':
      return new HttpError(500, `Nothing can be written to ${where} (${code}): ${path} cannot be taken`);
    default:
      return error;
  }
}

function damaged(path: string, directory: string): HttpError {
  return new HttpError(
    500,
    `What was collected of ${path} is not what had arrived, and was not written: the disk of ${directory} may be failing. ` +
      'Send it again from its beginning',
    null,
    { next_chunk: 1 },
  );
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
