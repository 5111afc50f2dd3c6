/** A whole file of a store in one buffer. */
import type { Readable } from 'node:stream';
import type { Entry, NotebookManager, Opened } from './notebook-manager.js';

export async function readAll(
  store: Pick<NotebookManager, 'read'>,
  path: string,
): Promise<{ entry: Entry; bytes: Buffer }> {
  return wholeOf(await store.read(path));
}

export async function wholeOf(opened: Opened): Promise<{ entry: Entry; bytes: Buffer }> {
  const bytes = opened.whole === undefined ? await collect(opened.body) : await opened.whole();
  return { entry: opened.entry, bytes };
}

export async function collect(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) {
    chunks.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as Uint8Array | string));
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}
