/**
 * Files that arrive in chunks (JupyterLab sends large ones so): collected in the data directory, and written to the store
 * when the last one is there. Until then what was under the name stays as it is. An upload that was cut goes on with the
 * chunk that is missing, also after the server was started anew; one that nobody goes on with is removed. Chunks are not
 * brought to the disk one by one: after a power cut an upload begins anew.
 *
 * Jupyter's clients say neither which upload a chunk belongs to nor how long the whole is. Ours say both, so that two
 * uploads of one path never mix, and that a last chunk alone is never taken for the file.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { HttpError } from '../http-error.js';
import { bodyOfFile } from './body-of-file.js';
import { errorCode } from './stores/file-errors.js';

/** What is known of an upload between two chunks; stands beside the bytes, so that it outlives the server. */
interface UploadState {
  path: string;
  /** bytes so far */
  size: number;
  /** the number of the chunk that comes next */
  next: number;
  /** SHA-256 of the last chunk, to know it again when its answer was lost and it is sent once more */
  last: string;
  /** the chunk -1 is among them: only the write to the store is missing */
  complete?: boolean;
  /** ISO 8601 */
  started: string;
  /** of the machine: chunks are on the disk for sure only until it is started anew */
  boot: string;
}

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

export class Uploads {
  readonly #directory: string;
  readonly #isTemporary: boolean;
  /** the last chunk of uploads that were written: key → its hash */
  readonly #finished = new Map<string, { last: string; at: number }>();
  /** one chunk after the other for each key */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #sweeps: NodeJS.Timeout;
  /** the last look for uploads that nobody goes on with */
  #swept: Promise<void>;

  /** @param directory for the servers of this user alone; default: a temporary one, removed by `close` */
  constructor(directory?: string) {
    this.#isTemporary = directory === undefined;
    this.#directory = directory ?? join(tmpdir(), `nbserver-uploads-${randomBytes(8).toString('hex')}`);
    this.#swept = this.#sweep();
    this.#sweeps = setInterval(() => (this.#swept = this.#sweep()), BETWEEN_SWEEPS).unref();
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
    const { number, bytes, total } = chunk;
    const hash = hashOf(bytes);
    const upload = number === 1 ? await this.#begin(key, path) : await this.#find(key, path);
    if (upload === undefined) return this.#alone(key, path, chunk, hash, end);
    // Its answer was lost on the way, or it could not be written then: it is here already.
    const isHere = hash === upload.last && (number === -1 ? upload.complete : number === upload.next - 1);
    if (number !== -1) {
      if (isHere === true && number !== 1) return progressOf(upload);
      if (number !== upload.next) throw notNext(path, number, upload.next);
      await this.#append(key, upload, bytes, hash);
      return progressOf(upload);
    }
    if (isHere !== true) {
      if (total !== undefined && upload.size + bytes.length !== total)
        throw notNext(path, number, upload.next);
      await this.#append(key, { ...upload, complete: true }, bytes, hash);
    }
    const done = await end.finish(bodyOfFile(this.#contentOf(key)));
    this.#finished.set(key, { last: hash, at: Date.now() });
    await this.#remove(key);
    return { done };
  }

  /** A chunk without an upload: a file that fits into one, or a last chunk whose answer was lost. */
  async #alone<T>(
    key: string,
    path: string,
    { number, bytes, total }: Chunk,
    hash: string,
    { finish, again }: UploadEnd<T>,
  ): Promise<Progress<T>> {
    if (number !== -1) throw notNext(path, number, 1);
    const finished = this.#finished.get(key);
    if (finished?.last === hash && Date.now() - finished.at < MEMORY) {
      const there = await again();
      if (there !== undefined) return { done: there };
    }
    if (total !== undefined && bytes.length !== total) throw notNext(path, number, 1);
    return { done: await finish(bytes) };
  }

  async #begin(key: string, path: string): Promise<UploadState> {
    this.#finished.delete(key);
    await this.#collecting(path, async () => {
      await this.#remove(key);
      await mkdir(this.#folderOf(key), { recursive: true, mode: 0o700 });
    });
    return { path, size: 0, next: 1, last: '', started: new Date().toISOString(), boot: await bootId() };
  }

  /** On the disk: a server that was started anew finds it, too. */
  async #find(key: string, path: string): Promise<UploadState | undefined> {
    try {
      const text = await readFile(join(this.#folderOf(key), 'state.json'), 'utf8');
      const state = JSON.parse(text) as UploadState;
      return state.boot === (await bootId()) && state.path === path ? state : undefined;
    } catch {
      // none was begun, or one was cut in its first chunk: it begins anew
      return undefined;
    }
  }

  /** Bytes that a kill left behind the known size are written over. */
  async #append(key: string, upload: UploadState, bytes: Buffer, hash: string): Promise<void> {
    await this.#collecting(upload.path, () => this.#write(key, upload, bytes, hash));
  }

  /** What goes wrong here is about the directory of uploads, not about the file that is sent. */
  async #collecting<T>(path: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw collectingError(error, path, this.#directory);
    }
  }

  async #write(key: string, upload: UploadState, bytes: Buffer, hash: string): Promise<void> {
    const file = await open(this.#contentOf(key), upload.next === 1 ? 'w' : 'r+', 0o600);
    try {
      for (let done = 0; done < bytes.length;) {
        done += (await file.write(bytes, done, bytes.length - done, upload.size + done)).bytesWritten;
      }
      await file.truncate(upload.size + bytes.length);
    } finally {
      await file.close();
    }
    upload.size += bytes.length;
    upload.next += 1;
    upload.last = hash;
    const state = join(this.#folderOf(key), 'state.json');
    await writeFile(`${state}.new`, JSON.stringify(upload), { mode: 0o600 });
    await rename(`${state}.new`, state);
  }

  /** Gives an upload up, after the chunk that is being taken. */
  async drop(path: string, upload?: string): Promise<void> {
    const key = keyOf(path, upload);
    await this.#inTurn(key, () => this.#remove(key));
  }

  async #remove(key: string): Promise<void> {
    await rm(this.#folderOf(key), { recursive: true, force: true });
  }

  /** Uploads that nobody went on with. */
  async #sweep(): Promise<void> {
    for (const [key, { at }] of this.#finished) if (Date.now() - at > MEMORY) this.#finished.delete(key);
    for (const name of await readdir(this.#directory).catch(() => [])) {
      const folder = join(this.#directory, name);
      const stats = await stat(folder).catch(() => undefined);
      if (stats !== undefined && Date.now() - stats.mtimeMs > PATIENCE)
        // what cannot be removed now is met again in an hour
        await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  #contentOf(key: string): string {
    return join(this.#folderOf(key), 'content');
  }

  #folderOf(key: string): string {
    return join(this.#directory, hashOf(Buffer.from(key)).slice(0, 32));
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

/**
 * Refuses a chunk that is not what was sent. A file of any size is whole when each of its chunks was.
 *
 * @param sha256  `chunk_sha256` of the request (ours, hex): clients of Jupyter send none
 * @throws HttpError 400
 */
export function checkChunk(bytes: Buffer, sha256: unknown): void {
  if (sha256 === undefined || sha256 === null || sha256 === hashOf(bytes)) return;
  throw new HttpError(
    400,
    'What arrived is not what was sent: the hash of the chunk differs. Send it again.',
    'wrong hash',
  );
}

function progressOf({ size, started }: UploadState): { size: number; started: Date } {
  return { size, started: new Date(started) };
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

/** Another one after each start of the machine; '' where that is not to be had. */
async function bootId(): Promise<string> {
  const id = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return id.trim();
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
