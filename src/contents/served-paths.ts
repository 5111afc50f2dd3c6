/** Which paths the contents API serves, and what is there: hidden names are refused before a store is asked. */
import { HttpError } from '../http-error.js';
import type { Entry, NotebookManager } from './notebook-manager.js';
import { cleanPath, isHidden } from './paths.js';

/** What was there when a request looked: at a clean path that may be served. */
export interface Found {
  path: string;
  entry: Entry;
}

export class ServedPaths {
  constructor(
    private readonly store: Pick<NotebookManager, 'stat'>,
    private readonly allowHidden: boolean,
  ) {}

  /** @returns the path in its one form; undefined when it is hidden */
  visible(path: string): string | undefined {
    const clean = cleanPath(path);
    return !this.allowHidden && isHidden(clean) ? undefined : clean;
  }

  /** A clean path that may be changed. @throws HttpError 400 for hidden names */
  changeable(path: string, what: string): string {
    const clean = this.visible(path);
    if (clean !== undefined) return clean;
    throw new HttpError(400, `Cannot ${what} '${cleanPath(path)}': it is hidden, and allow_hidden is off`);
  }

  /** @throws HttpError 404 when nothing is there or it is hidden */
  async find(path: string): Promise<Found> {
    const clean = this.visible(path);
    const entry = clean === undefined ? undefined : await this.store.stat(clean);
    if (clean === undefined || entry === undefined)
      throw new HttpError(404, `file or directory does not exist: '${cleanPath(path)}'`);
    return { path: clean, entry };
  }

  /** A directory in which something is to be made. @throws HttpError 404, and 400 for a file or a hidden one */
  async directory(path: string): Promise<string> {
    const clean = this.changeable(path, 'create in');
    const entry = await this.store.stat(clean);
    if (entry === undefined) throw new HttpError(404, `No such directory: ${clean}`);
    if (entry.kind === 'file') throw new HttpError(400, 'Cannot POST to files, use PUT instead.');
    return clean;
  }

  isListed(name: string): boolean {
    return this.allowHidden || !name.startsWith('.');
  }
}

/** @throws HttpError 400 for a directory */
export function mustBeFile(found: Found, what: 'file' | 'notebook'): Found {
  if (found.entry.kind === 'directory')
    throw new HttpError(400, `${found.path} is a directory, not a ${what}`, 'bad type');
  return found;
}
