/** SHA-256 of file contents, by revision: tells a file that was only touched from one that was changed. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { Revision } from '../notebook-manager.js';

/** How many states of files are remembered. */
const REMEMBERED = 1000;
/** Bytes that are hashed before others get their turn: less than a millisecond. */
const STEP = 1 << 19;

export class ContentHashes {
  readonly #known = new Map<Revision, string>();

  get(revision: Revision): string | undefined {
    return this.#known.get(revision);
  }

  remember(revision: Revision, hash: string): void {
    this.#known.delete(revision);
    this.#known.set(revision, hash);
    if (this.#known.size <= REMEMBERED) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

export async function hashBytes(bytes: Buffer): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += STEP) {
    if (at > 0) await new Promise((done) => setImmediate(done));
    hash.update(bytes.subarray(at, at + STEP));
  }
  return hash.digest('hex');
}

/** A body that is hashed while it passes; `hash` is for when all of it has. */
export function hashedBody(body: Readable): { body: Readable; hash(): string } {
  const hash = createHash('sha256');
  async function* passing(): AsyncGenerator<Buffer> {
    for await (const chunk of body) {
      hash.update(chunk as Buffer);
      yield chunk as Buffer;
    }
  }
  return { body: Readable.from(passing()), hash: () => hash.digest('hex') };
}

export async function hashFile(location: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(location, { highWaterMark: STEP })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
