/** A file in parts of one size. Each is read once for its bytes and its hash, and the next one while one is on its way. */

export interface Part {
  bytes: ArrayBuffer;
  /** SHA-256; undefined where the browser does not hash */
  hash: Uint8Array | undefined;
}

export class FileParts {
  readonly #file: File;
  /** bytes of each but the last */
  readonly size: number;
  readonly count: number;
  /** in hex, of the parts that were read, from 0 */
  readonly #hashes: string[] = [];
  /** the part that is read before it is asked for */
  #ahead: { at: number; part: Promise<Part> } | undefined;

  constructor(file: File, size: number) {
    this.#file = file;
    this.size = size;
    this.count = Math.max(1, Math.ceil(file.size / size));
  }

  /** @param at  from 0 */
  async take(at: number): Promise<Part> {
    const part = this.#ahead?.at === at ? this.#ahead.part : this.#read(at);
    this.#ahead = undefined;
    const taken = await part;
    if (at + 1 < this.count) {
      const next = this.#read(at + 1);
      next.catch(() => undefined); // told to who takes it
      this.#ahead = { at: at + 1, part: next };
    }
    return taken;
  }

  /** In hex; undefined where the browser does not hash. */
  async hash(at: number): Promise<string | undefined> {
    if (this.#hashes[at] === undefined && canHash()) await this.#read(at);
    return this.#hashes[at];
  }

  async #read(at: number): Promise<Part> {
    const bytes = await bytesOf(this.#file.slice(at * this.size, (at + 1) * this.size));
    if (!canHash()) return { bytes, hash: undefined };
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    this.#hashes[at] = hexOf(hash);
    return { bytes, hash };
  }
}

/** Browsers hash only on pages that nobody between can have changed: https, or this computer. */
export const canHash = (): boolean => globalThis.crypto?.subtle !== undefined;

export const hexOf = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** SHA-256 in hex; undefined where the browser does not hash. */
export async function sha256Of(bytes: BufferSource): Promise<string | undefined> {
  return canHash() ? hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))) : undefined;
}

/** @throws Error with a sentence */
export async function bytesOf(part: Blob): Promise<ArrayBuffer> {
  try {
    return await part.arrayBuffer();
  } catch (error) {
    throw new Error('The file cannot be read; it may have changed or been removed meanwhile.', {
      cause: error,
    });
  }
}
