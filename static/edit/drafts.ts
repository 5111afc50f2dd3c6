/**
 * Text that is not saved yet, kept in this browser (IndexedDB), so that a closed tab or a crash loses nothing. Each page keeps
 * its own; what pages that are gone have left is for the next one that opens the file.
 */
import { newCellId } from '../../src/notebook/cell-id.js';
import { LivePages } from '../base/live-pages.js';

export interface Draft {
  /** names it in the store */
  key: string;
  /** the text of the file that it was made from */
  base: string;
  text: string;
  /** ms since the epoch */
  at: number;
}

/** A text, which is made a string only when it is kept; the same object is the same text. */
interface Kept {
  toString(): string;
}

/** `path` is the key. What a draft was made from has a record of its own: it is as long, and changes seldom. */
interface StoredText {
  path: string;
  text: string;
  at: number;
  /** in records of the time when all pages of a file had one key */
  base?: string;
}
interface StoredBase {
  path: string;
  base: string;
}

const STORE = 'drafts';
/** Stands in a key where no path goes on. */
const END = '\0';
const BASE = `${END}base`;

export class Drafts {
  readonly #place: string;
  readonly #page = newCellId() + newCellId();
  readonly #pages = new LivePages('nbserver.edit', this.#page);
  #database: Promise<IDBDatabase> | undefined;
  #keptBase: { key: string; base: Kept } | undefined;
  #keptText: { text: Kept; at: number } | undefined;

  /** @param place  names where the files are: other ones may be served at the same address later */
  constructor(place: string) {
    this.#place = place;
  }

  /** What pages that are gone have left of a file, the newest first; nothing when the browser keeps nothing for this page. */
  async left(path: string): Promise<Draft[]> {
    const file = `${this.#place}/${path}`;
    try {
      const range = IDBKeyRange.bound(file, `${file}${END}\uffff`);
      const stored = await this.#ask<(StoredText | StoredBase)[]>('readonly', (store) => store.getAll(range));
      const bases = new Map(stored.flatMap((each) => ('text' in each ? [] : [[each.path, each.base]])));
      const drafts = stored.flatMap((each): Draft[] => {
        if (!('text' in each) || each.path === this.#keyOf(path)) return [];
        const { path: key, text, at, base = bases.get(key + BASE) ?? '' } = each;
        return [{ key, base, text, at }];
      });
      if (drafts.length === 0) return [];
      const alive = await this.#pages.names();
      const pageOf = ({ key }: Draft) => key.slice(file.length + END.length);
      return drafts.filter((draft) => !alive.has(pageOf(draft))).sort((a, b) => b.at - a.at);
    } catch {
      return []; // private windows may have no storage: the page works without drafts
    }
  }

  /**
   * A text that is kept again, as each page does when it goes away, is no newer for that.
   *
   * @throws when the browser keeps nothing, for example because its disk is full
   */
  async put(path: string, base: Kept, text: Kept): Promise<void> {
    const key = this.#keyOf(path);
    const at = this.#keptText?.text === text ? this.#keptText.at : Date.now();
    this.#keptText = { text, at };
    const stored: StoredText = { path: key, text: text.toString(), at };
    try {
      await this.#ask('readwrite', (store) => {
        if (this.#keptBase?.key !== key || this.#keptBase.base !== base) {
          store.put({ path: key + BASE, base: base.toString() } satisfies StoredBase);
          this.#keptBase = { key, base };
        }
        return store.put(stored);
      });
    } catch (error) {
      this.#keptBase = undefined;
      throw error;
    }
  }

  /** What this page keeps of a file; what other pages do is theirs. */
  async remove(path: string): Promise<void> {
    this.#keptBase = undefined;
    await this.#delete([this.#keyOf(path)]);
  }

  async drop(drafts: readonly Draft[]): Promise<void> {
    if (drafts.length > 0) await this.#delete(drafts.map(({ key }) => key));
  }

  async #delete(keys: readonly string[]): Promise<void> {
    try {
      for (const key of keys) {
        await this.#ask('readwrite', (store) => {
          store.delete(key + BASE);
          return store.delete(key);
        });
      }
    } catch {
      // nothing could be kept, so nothing is left
    }
  }

  #keyOf(path: string): string {
    return `${this.#place}/${path}${END}${this.#page}`;
  }

  async #ask<T>(mode: IDBTransactionMode, request: (store: IDBObjectStore) => IDBRequest): Promise<T> {
    const database = await (this.#database ??= open(() => {
      this.#database = undefined;
      this.#keptBase = undefined;
    }));
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
