/** Creates files under names that the server finds: untitled ones and copies (jupyter_server 2, "Contents API"). */
import { HttpError } from '../http-error.js';
import { newNotebook } from '../notebook/index.js';
import type { ContentsModel } from '../protocol/rest-models.js';
import { bareModel } from './models.js';
import { copyNames, untitledNames } from './names.js';
import type { Entry, EntryPage, NotebookManager } from './notebook-manager.js';
import { joinPath, nameOf } from './paths.js';

/**
 * @param directory exists
 * @param type      `notebook`, `file` or `directory`; without one the extension decides
 * @param ext       extension of a file, with its dot
 */
export async function createUntitled(
  store: NotebookManager,
  directory: string,
  { type, ext }: { type?: unknown; ext?: unknown },
): Promise<ContentsModel> {
  const extension = ext ?? '';
  if (typeof extension !== 'string' || extension.includes('/')) {
    throw new HttpError(400, '\'ext\' must be a text like ".txt"');
  }
  switch (type ?? (extension === '.ipynb' ? 'notebook' : 'file')) {
    case 'directory':
      return firstFree(store, directory, untitledNames('Untitled Folder', true), async (path) =>
        bareModel(path, await store.makeDirectory(path), 'directory'),
      );
    case 'notebook':
      return firstFree(store, directory, untitledNames('Untitled.ipynb', false), async (path) =>
        bareModel(path, await store.write(path, Buffer.from(newNotebook()), { absent: true }), 'notebook'),
      );
    case 'file':
      return firstFree(store, directory, untitledNames(`untitled${extension}`, false), async (path) =>
        bareModel(path, await store.write(path, Buffer.alloc(0), { absent: true }), 'file'),
      );
    default:
      throw new HttpError(400, `Unknown type: ${String(type).slice(0, 60)}; use notebook, file or directory`);
  }
}

/** Copies a file into a directory that exists, under its own name or the next free one. */
export async function copyInto(
  store: NotebookManager,
  source: string,
  directory: string,
  copyAs: typeof copyTo,
): Promise<ContentsModel> {
  return firstFree(store, directory, copyNames(nameOf(source)), (path) => copyAs(store, source, path));
}

/** As jupyter_server's `max_copy_folder_size_mb`. */
const LARGEST_DIRECTORY = 500_000_000;
const MOST_ENTRIES = 10_000;

/**
 * With all that is in it, but for names that are not served.
 *
 * @throws HttpError 409 when something is there, 400 for a directory that is too large, or goes in circles by links
 */
export async function copyDirectory(
  store: NotebookManager,
  source: string,
  path: string,
  isServed: (name: string) => boolean,
): Promise<ContentsModel> {
  const inside: { path: string; entry: Entry }[] = [];
  let size = 0;
  for await (const found of walk(store, source, isServed)) {
    inside.push(found);
    size += found.entry.size ?? 0;
    if (size > LARGEST_DIRECTORY || inside.length > MOST_ENTRIES) {
      throw new HttpError(
        400,
        `${source} is too large to be copied here: more than ${LARGEST_DIRECTORY / 1e6} MB or ${MOST_ENTRIES} files`,
      );
    }
  }
  const made = await store.makeDirectory(path);
  for (const { path: from, entry } of inside) {
    const to = path + from.slice(source.length);
    if (entry.kind === 'directory') await store.makeDirectory(to);
    else await copyTo(store, from, to);
  }
  return bareModel(path, made, 'directory');
}

/**
 * Everything below a directory, each directory before what is in it; never in circles.
 *
 * @param isServed    false for names that are left out: hidden ones, mostly
 * @param unreadable  is told of a directory that cannot be listed, and the rest goes on; without it that is an error
 */
export async function* walk(
  store: Pick<NotebookManager, 'list' | 'identity'>,
  directory: string,
  isServed: (name: string) => boolean,
  unreadable?: (directory: string, error: unknown) => void,
  around: readonly string[] = [],
): AsyncGenerator<{ path: string; entry: Entry }> {
  let inside = around;
  let page: EntryPage | undefined;
  do {
    try {
      if (page === undefined) {
        const identity = await store.identity?.(directory);
        // a link to a directory that it is in itself leads round in a circle
        if (identity !== undefined && around.includes(identity)) return;
        if (identity !== undefined) inside = [...around, identity];
      }
      page = await store.list(directory, page?.next === undefined ? {} : { after: page.next });
    } catch (error) {
      if (unreadable === undefined) throw error;
      return unreadable(directory, error);
    }
    for (const entry of page.entries) {
      if (!isServed(entry.name)) continue;
      const path = joinPath(directory, entry.name);
      yield { path, entry };
      if (entry.kind === 'directory') yield* walk(store, path, isServed, unreadable, inside);
    }
  } while (page.next !== undefined);
}

/** @throws HttpError 409 when something is there */
export async function copyTo(store: NotebookManager, source: string, path: string): Promise<ContentsModel> {
  const { body } = await store.read(source);
  return bareModel(path, await store.write(path, body, { absent: true }));
}

/** Tries names until one is free; two clients at once get two names. */
async function firstFree(
  store: NotebookManager,
  directory: string,
  names: Iterable<string>,
  make: (path: string) => Promise<ContentsModel>,
): Promise<ContentsModel> {
  for (const name of names) {
    const path = joinPath(directory, name);
    try {
      if ((await store.stat(path)) === undefined) return await make(path);
    } catch (error) {
      // 409: taken meanwhile; `bad type`: a broken link or a socket has the name
      const isTaken = error instanceof HttpError && (error.status === 409 || error.reason === 'bad type');
      if (!isTaken) throw error;
    }
  }
  throw new HttpError(409, `No free name in ${directory}`);
}
