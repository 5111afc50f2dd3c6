/**
 * Files that arrive in chunks (JupyterLab sends large ones so): collected in a temporary file, and written to the store
 * when the last one is there. Until then what was under the name stays as it is, and an upload that breaks off leaves
 * nothing.
 */
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { HttpError } from '../http-error.js';

interface Upload {
  folder: string;
  file: FileHandle;
  size: number;
  started: Date;
  /** the number of the chunk that comes next */
  next: number;
  abandoned: NodeJS.Timeout;
}

/** How long an upload may wait for its next chunk, in milliseconds. */
const PATIENCE = 60 * 60 * 1000;

export class Uploads {
  readonly #uploads = new Map<string, Upload>();

  /**
   * Takes one chunk.
   *
   * @param chunk 1 for the first (an earlier upload to this path is given up), then 2, 3, …; -1 for the last
   * @param finish called with the whole file after the last chunk
   * @returns what `finish` gives; before that the size so far
   * @throws HttpError 400 for a chunk that does not follow the one before
   */
  async add<T>(
    path: string,
    chunk: number,
    bytes: Buffer,
    finish: (body: Readable | Buffer) => Promise<T>,
  ): Promise<{ done: T } | { size: number; started: Date }> {
    if (chunk === 1) {
      await this.drop(path);
      await this.#begin(path);
    }
    const upload = this.#uploads.get(path);
    if (upload === undefined) {
      // a file that fits into one chunk, sent as its own last one
      if (chunk === -1) return { done: await finish(bytes) };
      throw new HttpError(400, `No upload of ${path} is going on; begin with chunk 1`);
    }
    if (chunk !== -1 && chunk !== upload.next) {
      throw new HttpError(400, `Chunk ${upload.next} of ${path} is expected, not ${chunk}`);
    }
    upload.next++;
    upload.abandoned.refresh();
    try {
      await upload.file.writeFile(bytes);
      upload.size += bytes.length;
      if (chunk !== -1) return { size: upload.size, started: upload.started };
      return { done: await finish(createReadStream(join(upload.folder, 'content'))) };
    } catch (error) {
      await this.drop(path);
      throw error;
    } finally {
      if (chunk === -1) await this.drop(path);
    }
  }

  async #begin(path: string): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'nbserver-upload-'));
    const file = await open(join(folder, 'content'), 'wx', 0o600);
    const abandoned = setTimeout(() => void this.drop(path), PATIENCE).unref();
    this.#uploads.set(path, { folder, file, size: 0, started: new Date(), next: 1, abandoned });
  }

  async drop(path: string): Promise<void> {
    const upload = this.#uploads.get(path);
    if (upload === undefined) return;
    this.#uploads.delete(path);
    clearTimeout(upload.abandoned);
    await upload.file.close();
    await rm(upload.folder, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    for (const path of [...this.#uploads.keys()]) await this.drop(path);
  }
}
