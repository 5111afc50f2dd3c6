/** Text that is not saved yet, kept in this browser (IndexedDB), so that a closed tab or a crash loses nothing. */

export interface Draft {
  path: string;
  /** the text of the file that it was made from */
  base: string;
  text: string;
  /** ms since the epoch */
  at: number;
}

const STORE = 'drafts';

export class Drafts {
  readonly #place: string;
  #database: Promise<IDBDatabase> | undefined;

  /** @param place  names where the files are: other ones may be served at the same address later */
  constructor(place: string) {
    this.#place = place;
  }

  /** undefined when there is none, or the browser keeps nothing for this page */
  async get(path: string): Promise<Draft | undefined> {
    try {
      return await this.#ask<Draft | undefined>('readonly', (store) => store.get(this.#key(path)));
    } catch {
      return undefined; // private windows may have no storage: the page works without drafts
    }
  }

  /** @throws when the browser keeps nothing, for example because its disk is full */
  async put(draft: Draft): Promise<void> {
    await this.#ask('readwrite', (store) => store.put({ ...draft, path: this.#key(draft.path) }));
  }

  /** @param texts  it is removed only when it is one of these */
  async remove(path: string, texts: readonly (string | undefined)[]): Promise<void> {
    try {
      const kept = await this.get(path);
      if (kept !== undefined && texts.includes(kept.text))
        await this.#ask('readwrite', (store) => store.delete(this.#key(path)));
    } catch {
      // nothing could be kept, so nothing is left
    }
  }

  #key(path: string): string {
    return `${this.#place}/${path}`;
  }

  async #ask<T>(mode: IDBTransactionMode, request: (store: IDBObjectStore) => IDBRequest): Promise<T> {
    const database = await (this.#database ??= open(() => (this.#database = undefined)));
    return new Promise<T>((resolve, reject) => {
      const asked = request(database.transaction(STORE, mode).objectStore(STORE));
      asked.onsuccess = () => resolve(asked.result as T);
      asked.onerror = () => reject(asked.error ?? new Error('The browser does not answer.'));
    });
  }
}

/** @param closed  called when the database is closed because a logout in another tab deletes it */
function open(closed: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open('nbserver.edit', 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: 'path' });
    asked.onsuccess = () => {
      const database = asked.result;
      database.onversionchange = () => {
        database.close();
        closed();
      };
      resolve(database);
    };
    asked.onerror = () => reject(asked.error ?? new Error('The browser keeps nothing for this page.'));
  });
}
