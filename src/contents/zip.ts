/** A directory, or a selection of what is in it, as one zip archive that is made while it is sent. */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { messageOf } from '../message-of.js';
import { zipName } from '../zip-name.js';
import { isCompressible } from './compressed.js';
import type { Contents } from './contents.js';
import { walk } from './create.js';
import { mimeTypeOf } from './models.js';
import { joinPath } from './paths.js';

/**
 * Each file is opened when its turn comes, and read as fast as the client takes it. What cannot be read is named in a
 * text of its own: an archive must not look complete when it is not.
 *
 * @param names  what of the directory; undefined: everything
 * @param out    gets the archive; when it is closed early, nothing more is read
 */
export async function sendZip(
  contents: Contents,
  directory: string,
  names: readonly string[] | undefined,
  out: Writable,
): Promise<void> {
  const { ZipFile } = await import('yazl');
  const zip = new ZipFile();
  const missing: string[] = [];
  zip.outputStream.pipe(out);
  // Asked once for all files; a client that goes away with an error is gone just the same.
  const gone = once(out, 'close').catch(() => undefined);
  const nameIn = (path: string) => path.slice(directory === '' ? 0 : directory.length + 1);
  const unreadable = (path: string, error: unknown) => {
    if (path === directory) throw error;
    missing.push(`${nameIn(path)}: ${messageOf(error)}`);
  };
  for await (const { path, entry } of selected(contents, directory, names, unreadable)) {
    if (out.destroyed) break;
    const name = zipName(nameIn(path));
    if (entry.kind === 'directory') {
      zip.addEmptyDirectory(name, { mtime: entry.modified });
      continue;
    }
    let body: Readable;
    try {
      ({ body } = await contents.openFile(path));
    } catch (error) {
      unreadable(path, error);
      continue;
    }
    const compress = isCompressible(mimeTypeOf(path) ?? 'text/plain');
    try {
      zip.addReadStream(body, name, { mtime: entry.modified, compress });
      await Promise.race([once(body, 'close'), gone]);
    } finally {
      body.destroy();
    }
  }
  if (missing.length > 0) {
    zip.addBuffer(Buffer.from(`These could not be read:\n\n${missing.join('\n')}\n`), 'NOT INCLUDED.txt');
  }
  zip.end();
}

async function* selected(
  contents: Contents,
  directory: string,
  names: readonly string[] | undefined,
  unreadable: (path: string, error: unknown) => void,
): ReturnType<typeof walk> {
  const isServed = (name: string) => contents.isServed(name);
  if (names === undefined) {
    yield* walk(contents.store, directory, isServed, unreadable);
    return;
  }
  for (const name of names) {
    const path = joinPath(directory, name);
    const entry = await contents.stat(path);
    if (entry === undefined) continue;
    yield { path, entry };
    if (entry.kind === 'directory') yield* walk(contents.store, path, isServed, unreadable);
  }
}
