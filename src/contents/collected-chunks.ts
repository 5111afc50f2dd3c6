/**
 * The chunks of one upload on the disk, in a directory of its own: their bytes in one file, and beside it a log with a line
 * for each, so that a server that is started anew knows them. A line that a kill cut short is none.
 *
 * Bytes behind the last chunk of the log are written over by the next one, and never read.
 */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';

export interface CollectedChunk {
  /** bytes */
  size: number;
  /** in hex */
  sha256: string;
  /** the last of its file */
  isLast?: boolean;
}

interface LogHead {
  path: string;
  /** ISO 8601 */
  started: string;
  /** of the machine: chunks are on the disk for sure only until it is started anew */
  boot: string;
}

export interface Collected extends LogHead {
  chunks: CollectedChunk[];
}

/** What was read back is not what had arrived. */
export class DamagedUpload extends Error {}

/** Bytes that are read and hashed before others get their turn: about a millisecond. */
const PIECE = 1 << 19;

export class CollectedChunks {
  readonly #folder: string;

  /** @param folder  of this upload alone */
  constructor(folder: string) {
    this.#folder = folder;
  }

  get #content(): string {
    return join(this.#folder, 'content');
  }

  get #log(): string {
    return join(this.#folder, 'chunks.log');
  }

  /** In place of what was collected before. */
  async begin(path: string): Promise<Collected> {
    await this.remove();
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    return { path, started: new Date().toISOString(), boot: await bootId(), chunks: [] };
  }

  /** @returns undefined when no chunk is here that can be relied on: it begins anew */
  async find(path: string): Promise<Collected | undefined> {
    const lines = await readFile(this.#log, 'utf8').then(
      (text) => text.split('\n').map(parse),
      () => [], // none was begun, or one was cut in its first chunk
    );
    const [head, ...rest] = lines.filter((line) => line !== undefined);
    if (!isHead(head) || head.path !== path || head.boot !== (await bootId())) return undefined;
    return { ...head, chunks: rest.filter(isChunk) };
  }

  /** Takes the chunk into `upload`, too. */
  async append(upload: Collected, bytes: Buffer, chunk: CollectedChunk): Promise<void> {
    const { chunks, ...head } = upload;
    const isFirst = chunks.length === 0;
    const start = sizeOf(chunks);
    const file = await open(this.#content, isFirst ? 'w' : 'r+', 0o600);
    try {
      for (let done = 0; done < bytes.length;) {
        done += (await file.write(bytes, done, bytes.length - done, start + done)).bytesWritten;
      }
    } finally {
      await file.close();
    }
    // each line begins with its break: one that was cut spoils only itself
    const line = `\n${JSON.stringify(chunk)}`;
    if (isFirst) await writeFile(this.#log, JSON.stringify(head) + line, { mode: 0o600 });
    else await appendFile(this.#log, line);
    chunks.push(chunk);
  }

  /** All of the file, compared on the way with what had arrived. The stream fails with a `DamagedUpload` when it differs. */
  whole({ chunks }: Collected): Readable {
    const content = this.#content;
    async function* pieces(): AsyncGenerator<Buffer> {
      const file = await open(content);
      let at = 0;
      try {
        for (const { size, sha256 } of chunks) {
          const hash = createHash('sha256');
          for (const end = at + size; at < end;) {
            const piece = Buffer.allocUnsafe(Math.min(PIECE, end - at));
            const { bytesRead } = await file.read(piece, 0, piece.length, at);
            if (bytesRead === 0) throw new DamagedUpload();
            const read = piece.subarray(0, bytesRead);
            hash.update(read);
            at += bytesRead;
            yield read;
          }
          if (hash.digest('hex') !== sha256) throw new DamagedUpload();
        }
      } finally {
        await file.close();
      }
    }
    return Readable.from(pieces());
  }

  /** When the last chunk came; ms since 1970. undefined when nothing is there */
  async touched(): Promise<number | undefined> {
    const stats = await stat(this.#log).catch(() => stat(this.#folder).catch(() => undefined));
    return stats?.mtimeMs;
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Bytes. */
export function sizeOf(chunks: readonly CollectedChunk[]): number {
  return chunks.reduce((sum, { size }) => sum + size, 0);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // cut by a kill, before its chunk was answered
  }
}

function isHead(value: unknown): value is LogHead {
  return typeof value === 'object' && value !== null && 'path' in value && 'boot' in value;
}

function isChunk(value: unknown): value is CollectedChunk {
  return typeof value === 'object' && value !== null && 'size' in value && 'sha256' in value;
}

/** Another one after each start of the machine; '' where that is not to be had. */
async function bootId(): Promise<string> {
  const id = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return id.trim();
}
