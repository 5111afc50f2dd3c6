/** What is deleted goes into a hidden directory `.trash` of the same store: what a store gets for free. */
import { randomBytes } from 'node:crypto';
import { HttpError } from '../http-error.js';
import type { NotebookManager, Trash, TrashedEntry } from './notebook-manager.js';
import { cleanPath, joinPath, nameOf } from './paths.js';
import { readAll } from './read-all.js';

export const TRASH_DIRECTORY = '.trash';

type Store = Pick<
  NotebookManager,
  'stat' | 'list' | 'read' | 'write' | 'makeDirectory' | 'rename' | 'remove'
>;

/** `.trash/<id>.json` says where `.trash/<id>` was. */
export class TrashBeside implements Trash {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async put(path: string): Promise<string> {
    const id = `${new Date().toISOString().replace(/\D/g, '')}-${randomBytes(3).toString('hex')}`;
    if ((await this.#store.stat(TRASH_DIRECTORY)) === undefined)
      await this.#store.makeDirectory(TRASH_DIRECTORY);
    const note = Buffer.from(JSON.stringify({ path: cleanPath(path), deleted: new Date().toISOString() }));
    await this.#store.write(placeOf(`${id}.json`), note);
    try {
      await this.#store.rename(path, placeOf(id));
    } catch (error) {
      await this.#store.remove(placeOf(`${id}.json`));
      throw error;
    }
    return id;
  }

  async list(): Promise<TrashedEntry[]> {
    if ((await this.#store.stat(TRASH_DIRECTORY)) === undefined) return [];
    const found: TrashedEntry[] = [];
    let after: string | undefined;
    do {
      const page = await this.#store.list(TRASH_DIRECTORY, after === undefined ? {} : { after });
      for (const { name } of page.entries) {
        const entry = name.endsWith('.json') ? await this.#entry(name.slice(0, -5)) : undefined;
        if (entry !== undefined) found.push(entry);
      }
      after = page.next;
    } while (after !== undefined);
    return found;
  }

  async restore(id: string, to?: string): Promise<string> {
    const { path } = await this.#find(id);
    const target = cleanPath(to ?? path);
    await this.#store.rename(placeOf(id), target);
    await this.#store.remove(placeOf(`${id}.json`));
    return target;
  }

  async remove(id: string): Promise<void> {
    await this.#find(id);
    await this.#store.remove(placeOf(id), { recursive: true });
    await this.#store.remove(placeOf(`${id}.json`));
  }

  async #find(id: string): Promise<TrashedEntry> {
    const entry = /^[\w-]+$/.test(id) ? await this.#entry(id) : undefined;
    if (entry === undefined) throw notInTrash(id);
    return entry;
  }

  async #entry(id: string): Promise<TrashedEntry | undefined> {
    const there = await this.#store.stat(placeOf(id));
    if (there === undefined || (await this.#store.stat(placeOf(`${id}.json`))) === undefined)
      return undefined;
    const { bytes } = await readAll(this.#store, placeOf(`${id}.json`));
    const { path, deleted } = parseNote(bytes.toString('utf8'), id);
    const { kind, size } = there;
    return { id, path, name: nameOf(path), kind, size, deleted };
  }
}

/** A note that cannot be read costs the name, not what it is about. */
function parseNote(text: string, id: string): { path: string; deleted: Date } {
  let note: unknown;
  try {
    note = JSON.parse(text);
  } catch {
    note = undefined;
  }
  const { path, deleted } = (note ?? {}) as { path?: unknown; deleted?: unknown };
  return {
    path: typeof path === 'string' ? path : id,
    deleted: new Date(typeof deleted === 'string' ? deleted : 0),
  };
}

export function notInTrash(id: string): HttpError {
  return new HttpError(404, `There is nothing in the trash with the id ${id.slice(0, 100)}`);
}

function placeOf(name: string): string {
  return joinPath(TRASH_DIRECTORY, name);
}
