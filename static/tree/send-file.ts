/** One file on its way to the server: small ones in one request, large ones in chunks, over broken connections, until all has arrived. */
import type { ContentsModel, UploadModel } from '../../src/protocol/rest-models.js';
import { api, ApiError } from '../base/api.js';
import { encodePath } from '../base/urls.js';
import { bytesOf, canHash, FileParts, hexOf, sha256Of } from './file-parts.js';

/** Bytes of a chunk; smaller files are sent in one request. */
export const CHUNK = 4 * 1024 * 1024;

/** For proxies that take no larger requests than nginx does unless it is told to: 1 MB. */
const SMALL_CHUNK = 512 * 1024;

/** From here on the server is asked whether a name is taken before the file is sent. Bytes */
const WORTH_ASKING = 256 * 1024;

/** Pauses before a broken connection is tried again, in ms; the last one again and again, for as long as the page is there. */
const PAUSES = [500, 1000, 2000, 4000, 8000, 15_000];

/** How often an upload begins anew because the server does not know it any more. */
const MOST_BEGINNINGS = 5;

/** What goes through on the way to the server, as far as this page has seen. Bytes */
let chunkSize = CHUNK;

/** Something has the name, and nobody has said that it may be replaced. */
export class TakenError extends Error {}

export interface SenderWatch {
  /** bytes that have arrived */
  onProgress(bytes: number): void;
  /** A sentence that says why nothing arrives at the moment; undefined when it goes on. */
  onWaiting(why: string | undefined): void;
}

export class FileSender {
  readonly #file: File;
  readonly #watch: SenderWatch;
  readonly #abort = new AbortController();
  #parts: FileParts;
  /** the chunk that is sent next, from 1: an upload that broke off goes on there */
  #next = 1;
  #beginnings = 0;
  /** what chunks are sent to, and by which name this upload goes there */
  #begun: { path: string; id: string } | undefined;

  constructor(file: File, watch: SenderWatch) {
    this.#file = file;
    this.#watch = watch;
    this.#parts = new FileParts(file, chunkSize);
  }

  get isCancelled(): boolean {
    return this.#abort.signal.aborted;
  }

  /** What has arrived is given up, on the server, too. */
  cancel(): void {
    this.#abort.abort();
    this.#giveUp();
  }

  #giveUp(): void {
    if (this.#begun !== undefined) {
      // A server that cannot be told gives it up by itself after a day.
      void api.delete(uploadAddress(this.#begun), { keepalive: true }).catch(() => undefined);
    }
    this.#begun = undefined;
    this.#next = 1;
  }

  /**
   * Sends the file to its end; what arrives is compared with what was sent.
   *
   * @param path  from the root of the notebooks
   * @throws TakenError, unless `replace`
   */
  async send(path: string, replace: boolean): Promise<void> {
    const { signal } = this.#abort;
    if (this.#begun !== undefined && this.#begun.path !== path) this.#giveUp();
    this.#beginnings = 0;
    if (!replace && this.#next === 1 && this.#file.size > WORTH_ASKING && (await this.#isTaken(path))) {
      throw new TakenError();
    }
    let reached = 0;
    for (let broken = 0; ; broken += 1) {
      try {
        await this.#sendAll(path, replace);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ApiError)) throw error;
        const isTaken = error.status === 409 && !replace;
        // What has the name may be this file itself: the answer to its last chunk was lost.
        if (isTaken && broken > 0 && (await this.#arrivedUnseen(path))) return;
        if (isTaken) throw new TakenError();
        if (error.status === 413 && this.#parts.size > SMALL_CHUNK) {
          this.#takeSmallChunks();
          continue;
        }
        // Counted anew when it got further meanwhile: on a bad line a large file meets many breaks.
        if (this.#next > reached) broken = 0;
        reached = this.#next;
        if (!mayGoOn(error, broken)) throw error.status === 413 ? tooLarge(error) : error;
        this.#watch.onWaiting(error.message);
        await pause(PAUSES[broken] ?? 15_000, signal);
        signal.throwIfAborted();
        this.#watch.onWaiting(undefined);
        // Nothing had the name when this began. Of what is replaced the old file may be what is there: it is sent once more.
        if (!replace && this.#parts.count > 1 && (await this.#arrivedUnseen(path))) return;
      }
    }
  }

  /** Something on the way takes no larger requests. */
  #takeSmallChunks(): void {
    chunkSize = SMALL_CHUNK;
    this.#giveUp();
    this.#parts = new FileParts(this.#file, SMALL_CHUNK);
    this.#watch.onProgress(0);
  }

  async #isTaken(path: string): Promise<boolean> {
    try {
      await api.get(`${contentsAddress(path)}?content=0`, { signal: this.#abort.signal });
      return true;
    } catch (error) {
      this.#abort.signal.throwIfAborted();
      if (error instanceof ApiError) return false; // what is wrong besides, the upload itself will say
      throw error;
    }
  }

  /** The connection broke at the last chunk: all may be there. One that breaks again says nothing. */
  async #arrivedUnseen(path: string): Promise<boolean> {
    if (this.#next < this.#parts.count) return false;
    try {
      return await this.#hasArrived(path);
    } catch (error) {
      if (error instanceof ApiError && mayGoOn(error, 0)) return false;
      throw error;
    }
  }

  async #sendAll(path: string, replace: boolean): Promise<void> {
    if (this.#parts.count > 1) return this.#sendChunks(path, replace);
    const { signal } = this.#abort;
    const content = await toBase64(this.#file);
    signal.throwIfAborted();
    const body = { type: 'file', format: 'base64', content };
    const address = contentsAddress(path);
    const answer = await api.put<ContentsModel>(address, body, { signal, ifNoneMatch: !replace });
    if (!(await this.#hasArrived(path, answer)))
      throw new Error('What arrived is not what was sent. Please try again.');
  }

  /** Chunk 1, 2, … and -1 for the last (Jupyter's chunked uploads), as bytes. The server compares each with its hash, and at the end all of them. */
  async #sendChunks(path: string, replace: boolean): Promise<void> {
    const { signal } = this.#abort;
    const { count } = this.#parts;
    const upload = this.#begun ?? { path, id: await this.#identify(path) };
    if (this.#begun === undefined) this.#next = await this.#whereToGoOn(upload);
    this.#begun = upload;
    while (this.#next <= count) {
      this.#watch.onProgress(Math.min(this.#file.size, (this.#next - 1) * this.#parts.size));
      const { bytes, hash } = await this.#parts.take(this.#next - 1);
      signal.throwIfAborted();
      const number = this.#next === count ? -1 : this.#next;
      const address = `${contentsAddress(path)}?chunk=${number}&upload=${upload.id}&total_size=${this.#file.size}`;
      const headers: Record<string, string> = { 'Content-Type': 'application/octet-stream' };
      if (hash !== undefined) headers['Content-Digest'] = `sha-256=:${btoa(String.fromCharCode(...hash))}:`;
      try {
        // of a Blob nobody who looks on takes a copy: the tools for developers need seconds for that of an ArrayBuffer
        await api.put(address, new Blob([bytes]), { signal, ifNoneMatch: !replace, headers });
        this.#next += 1;
      } catch (error) {
        // It took this chunk although its answer was lost; or it gave the upload up, and all begins again.
        if (!namesNextChunk(error)) throw error;
        const next = await this.#whereToGoOn(upload);
        if (next <= this.#next) this.#beginnings += 1;
        if (this.#beginnings > MOST_BEGINNINGS) throw error;
        this.#next = next;
      }
    }
  }

  /** What a file is known by when somebody chooses it again, after the page was loaded anew. */
  async #identify(path: string): Promise<string> {
    const { size, count } = this.#parts;
    if (!canHash()) return hexOf(crypto.getRandomValues(new Uint8Array(12)));
    const ends = [await this.#parts.hash(0), await this.#parts.hash(count - 1)];
    const facts = JSON.stringify([path, this.#file.size, this.#file.lastModified, size, ...ends]);
    return String(await sha256Of(new TextEncoder().encode(facts)));
  }

  /** @returns the first chunk that is not on the server; 1 when one that is there is another than the file's */
  async #whereToGoOn(upload: { path: string; id: string }): Promise<number> {
    const { chunks } = await api.get<UploadModel>(uploadAddress(upload), { signal: this.#abort.signal });
    for (const [at, { size, sha256 }] of chunks.entries()) {
      const isWhole = size === Math.min(this.#parts.size, this.#file.size - at * this.#parts.size);
      if (!isWhole || ((await this.#parts.hash(at)) ?? sha256) !== sha256) return 1;
      this.#abort.signal.throwIfAborted();
    }
    // when all are there, the answer to the last one is missing
    return Math.min(chunks.length + 1, this.#parts.count);
  }

  /** @param answer  to the last write; without a hash in it the server is asked */
  async #hasArrived(path: string, answer?: ContentsModel): Promise<boolean> {
    const { size } = this.#file;
    const hashes = size <= HASHED && canHash();
    const query = hashes ? 'content=0&hash=1' : 'content=0';
    let model: ContentsModel;
    try {
      model =
        answer?.hash != null
          ? answer
          : await api.get<ContentsModel>(`${contentsAddress(path)}?type=file&${query}`);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false;
      throw error;
    }
    // A notebook may be written in another form than it was sent; but what was there may be another notebook.
    if (path.endsWith('.ipynb') && model.size !== size) return answer !== undefined;
    if (model.size !== size) return false;
    if (!hashes || model.hash === null || model.hash_algorithm !== 'sha256') return true;
    return (await sha256Of(await bytesOf(this.#file))) === model.hash;
  }
}

/**
 * A file up to here whose last answer was lost is compared by its content, a larger one by its size: hashing needs the
 * whole file in memory. Its chunks were compared one by one.
 */
const HASHED = 256 * 1024 * 1024;

/**
 * A connection or proxy broke, for however long; or a chunk arrived damaged, which does not happen again and again. A full
 * disk (507) stays full until somebody makes room.
 */
const mayGoOn = ({ unreachable, status, reason }: ApiError, broken: number): boolean =>
  unreachable || (status >= 502 && status !== 507) || (reason === 'wrong hash' && broken < PAUSES.length);

/** Ends early when the browser says that there is a network again, and when the upload is cancelled. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(end, ms);
    function end(): void {
      clearTimeout(timer);
      globalThis.removeEventListener('online', end);
      signal.removeEventListener('abort', end);
      resolve();
    }
    globalThis.addEventListener('online', end);
    signal.addEventListener('abort', end);
  });
}

/** What the server says itself names the option; a proxy's own page says nothing to a person. */
function tooLarge(error: ApiError): Error {
  if (typeof error.body === 'object' && error.body !== null) return error;
  return new Error(
    'A proxy in front of the server takes no such large requests (413). The connection test in the menu More says which setting that is.',
  );
}

/** Whether the server says that it waits for another chunk than it was sent. */
function namesNextChunk(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { body } = error;
  return typeof body === 'object' && body !== null && 'next_chunk' in body;
}

const contentsAddress = (path: string) => `api/contents/${encodePath(path)}`;
const uploadAddress = ({ path, id }: { path: string; id: string }) =>
  `api/uploads/${encodePath(path)}?upload=${id}`;

function toBase64(part: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => {
      const address = reader.result as string; // a data: address
      resolve(address.slice(address.indexOf(',') + 1));
    });
    reader.addEventListener('error', () =>
      reject(new Error('The file cannot be read; it may have changed or been removed meanwhile.')),
    );
    reader.readAsDataURL(part);
  });
}
