/** One file on its way to the server: small ones in one request, large ones in chunks, over broken connections, until all has arrived. */
import type { ContentsModel } from '../../src/protocol/rest-models.js';
import { api, ApiError } from '../base/api.js';
import { encodePath } from '../base/urls.js';

/** Base64 makes a request a third longer; the server counts at most 512 MiB, and progress wants small steps. */
export const CHUNK = 4 * 1024 * 1024;

/** From here on the server is asked whether a name is taken before the file is sent. Bytes */
const WORTH_ASKING = 256 * 1024;

/** Pauses before a broken connection is tried again, in ms; after the last the person decides. */
const PAUSES = [500, 1000, 2000, 4000, 8000, 15_000];

/** How often an upload begins anew because the server does not know it any more. */
const MOST_BEGINNINGS = 5;

/** Something has the name, and nobody has said that it may be replaced. */
export class TakenError extends Error {}

export class FileSender {
  readonly #file: File;
  readonly #onProgress: (bytes: number) => void;
  readonly #abort = new AbortController();
  /** Names this upload among others to the same path, which another tab may send. */
  readonly #id = randomId();
  readonly #count: number;
  /** the chunk that is sent next, from 1: an upload that broke off goes on there */
  #next = 1;
  #beginnings = 0;
  /** the path that chunks were sent to */
  #begun: string | undefined;

  constructor(file: File, onProgress: (bytes: number) => void) {
    this.#file = file;
    this.#onProgress = onProgress;
    this.#count = Math.max(1, Math.ceil(file.size / CHUNK));
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
    if (this.#begun === undefined) return;
    const address = `api/uploads/${encodePath(this.#begun)}?upload=${this.#id}`;
    // A server that cannot be told gives it up by itself after a day.
    void api.delete(address, { keepalive: true }).catch(() => undefined);
    this.#begun = undefined;
  }

  /**
   * Sends the file to its end, and checks that what arrived is what was sent.
   *
   * @param path  from the root of the notebooks
   * @throws TakenError, unless `replace`
   */
  async send(path: string, replace: boolean): Promise<void> {
    const { signal } = this.#abort;
    if (this.#begun !== undefined && this.#begun !== path) {
      this.#giveUp();
      this.#next = 1;
    }
    this.#beginnings = 0;
    if (!replace && this.#next === 1 && this.#file.size > WORTH_ASKING && (await this.#isTaken(path))) {
      throw new TakenError();
    }
    let reached = 0;
    for (let broken = 0; ; broken += 1) {
      try {
        const answer = await this.#sendChunks(path, replace);
        if (await this.#hasArrived(path, answer)) return;
        this.#next = 1;
        throw new Error('What arrived is not what was sent. Please try again.');
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ApiError)) throw error;
        const isTaken = error.status === 409 && !replace;
        // What has the name may be this file itself: the answer to its last chunk was lost.
        if (isTaken && broken > 0 && (await this.#arrivedUnseen(path))) return;
        if (isTaken) throw new TakenError();
        // Counted anew when it got further meanwhile: on a bad line a large file meets many breaks.
        if (this.#next > reached) broken = 0;
        reached = this.#next;
        const pause = PAUSES[broken];
        if (pause === undefined || !mayGoOn(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
        signal.throwIfAborted();
        if (await this.#arrivedUnseen(path)) return;
      }
    }
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
    if (this.#next < this.#count) return false;
    try {
      return await this.#hasArrived(path);
    } catch (error) {
      if (error instanceof ApiError && mayGoOn(error)) return false;
      throw error;
    }
  }

  /**
   * One PUT for a small file; else chunk 1, 2, … and -1 for the last (Jupyter's chunked uploads).
   *
   * @returns what the server says of the file that it has written
   */
  async #sendChunks(path: string, replace: boolean): Promise<ContentsModel | undefined> {
    const { signal } = this.#abort;
    let answer: ContentsModel | undefined;
    while (this.#next <= this.#count) {
      const part = this.#file.slice((this.#next - 1) * CHUNK, this.#next * CHUNK);
      const content = await toBase64(part);
      signal.throwIfAborted();
      const body = { type: 'file', format: 'base64', content, ...(await this.#chunkFields(part)) };
      if (this.#count > 1) this.#begun = path;
      try {
        answer = await api.put<ContentsModel>(contentsAddress(path), body, { signal, ifNoneMatch: !replace });
        this.#next += 1;
      } catch (error) {
        // It took this chunk although its answer was lost; or it gave the upload up, and all begins again.
        const expected = nextChunkOf(error);
        if (expected === undefined) throw error;
        if (expected <= this.#next) this.#beginnings += 1;
        if (this.#beginnings > MOST_BEGINNINGS) throw error;
        this.#next = expected <= this.#count ? expected : 1;
      }
      if (this.#count > 1) this.#onProgress(Math.min(this.#file.size, (this.#next - 1) * CHUNK));
    }
    return answer;
  }

  async #chunkFields(part: Blob): Promise<object> {
    if (this.#count === 1) return {};
    return {
      chunk: this.#next === this.#count ? -1 : this.#next,
      chunk_sha256: (await sha256Of(part)) ?? null,
      upload: this.#id,
      total_size: this.#file.size,
    };
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
    // A notebook may be written in another form than it was sent.
    if (path.endsWith('.ipynb') && model.size !== size) return true;
    if (model.size !== size) return false;
    if (!hashes || model.hash === null || model.hash_algorithm !== 'sha256') return true;
    return (await sha256Of(this.#file)) === model.hash;
  }
}

/**
 * Files up to here are compared by their content once more when they are there, larger ones by their size: hashing needs the
 * whole file in memory. Their chunks were compared one by one.
 */
const HASHED = 256 * 1024 * 1024;

/** A connection or proxy broke, or a chunk arrived damaged. A full disk (507) stays full until somebody makes room. */
const mayGoOn = ({ unreachable, status, reason }: ApiError): boolean =>
  unreachable || (status >= 502 && status !== 507) || reason === 'wrong hash';

/** What the server says that it waits for, when it does not want the chunk that it was sent. */
function nextChunkOf(error: unknown): number | undefined {
  if (!(error instanceof ApiError) || error.status !== 400) return undefined;
  const { body } = error;
  const next =
    typeof body === 'object' && body !== null && 'next_chunk' in body ? body.next_chunk : undefined;
  return typeof next === 'number' && next >= 1 ? next : undefined;
}

const contentsAddress = (path: string) => `api/contents/${encodePath(path)}`;

/** Also where a page is not secure, where browsers have no randomUUID. */
const randomId = () => [...crypto.getRandomValues(new Uint8Array(12))].map(hex).join('');

const hex = (byte: number) => byte.toString(16).padStart(2, '0');

/** Browsers hash only on pages that nobody between can have changed: https, or this computer. */
const canHash = (): boolean => globalThis.crypto?.subtle !== undefined;

/** In hex; undefined where the browser does not hash. */
async function sha256Of(part: Blob): Promise<string | undefined> {
  if (!canHash()) return undefined;
  return [...new Uint8Array(await crypto.subtle.digest('SHA-256', await part.arrayBuffer()))]
    .map(hex)
    .join('');
}

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
