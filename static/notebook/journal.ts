/**
 * What was typed here and is not on disk yet, kept in the browser (IndexedDB) until it is: when the page is closed or dies
 * without a connection, the next page that opens the notebook puts it back.
 *
 * One entry for each page; a page that is alive holds a lock of its name, so that nobody takes what it still sends itself.
 */
import type { CellId, CellType } from '../../src/notebook/types.js';

export interface JournalCell {
  id: CellId;
  type: CellType;
  /** before the first change; null: the cell is new */
  base: string | null;
  text: string;
  /** the cell in front, for a new cell */
  after: CellId | null;
}

export interface JournalEntry {
  /** name of the page that wrote it */
  page: string;
  /** of the notebooks: other ones may be served at the same address later */
  place: string;
  path: string;
  /** milliseconds since 1970 */
  at: number;
  cells: JournalCell[];
}

const DATABASE = 'nbserver';
const STORE = 'journal';
/** Milliseconds from a change to its entry */
const DELAY = 400;

export class Journal {
  readonly #page: string;
  readonly #place: string;
  readonly #unsaved: () => { path: string; cells: JournalCell[] };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #written = false;

  /**
   * @param page   a name that no other page has
   * @param place  names where the notebooks are
   */
  constructor(page: string, place: string, unsaved: () => { path: string; cells: JournalCell[] }) {
    this.#page = page;
    this.#place = place;
    this.#unsaved = unsaved;
    // held until the page is gone; without the API (plain http to another machine) entries are taken by age alone
    void navigator.locks?.request(lockName(page), () => new Promise(() => undefined));
  }

  /** Something changed, or was saved. */
  changed(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#write();
    }, DELAY);
  }

  /** Takes the entries that pages which are gone have left for this notebook. */
  async take(path: string): Promise<JournalEntry[]> {
    const held = new Set((await navigator.locks?.query())?.held?.map(({ name }) => name));
    const database = await open();
    if (database === undefined) return [];
    try {
      const all = await done(store(database, 'readonly').getAll() as IDBRequest<JournalEntry[]>);
      const left = all.filter(
        (entry) => entry.place === this.#place && entry.path === path && !held.has(lockName(entry.page)),
      );
      for (const { page } of left) await done(store(database, 'readwrite').delete(page));
      return left.sort((a, b) => a.at - b.at);
    } catch {
      return []; // a broken database of the browser must not keep the notebook shut
    } finally {
      database.close();
    }
  }

  async #write(): Promise<void> {
    const { path, cells } = this.#unsaved();
    if (cells.length === 0 && !this.#written) return;
    const database = await open();
    if (database === undefined) return;
    try {
      const entry: JournalEntry = { page: this.#page, place: this.#place, path, at: Date.now(), cells };
      const entries = store(database, 'readwrite');
      if (cells.length === 0) await done(entries.delete(this.#page));
      else await done(entries.put(entry));
      this.#written = cells.length > 0;
    } catch {
      // the disk of the browser is full or private browsing forbids it: the page itself still has everything
    } finally {
      database.close();
    }
  }
}

function lockName(page: string): string {
  return `nbserver.journal.${page}`;
}

function open(): Promise<IDBDatabase | undefined> {
  return new Promise((resolve) => {
    let request: IDBOpenDBRequest;
    try {
      request = indexedDB.open(DATABASE, 1);
    } catch {
      return resolve(undefined); // switched off
    }
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'page' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(undefined);
    request.onblocked = () => resolve(undefined);
  });
}

function store(database: IDBDatabase, mode: IDBTransactionMode): IDBObjectStore {
  return database.transaction(STORE, mode).objectStore(STORE);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('The browser could not store it.'));
  });
}
