/**
 * What was typed here and is not on disk yet, kept in the browser (IndexedDB) until it is: when the page is closed or dies
 * without a connection, the next page that opens the notebook puts it back.
 *
 * One entry for each page. A page that is alive still sends it itself.
 */
import type { CellId, CellType } from '../../src/notebook/types.js';
import { LivePages } from '../base/live-pages.js';

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
  readonly #pages: LivePages;
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
    this.#pages = new LivePages('nbserver.journal', page);
  }

  /** Something changed, or was saved. */
  changed(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#write();
    }, DELAY);
  }

  /** The entries that pages which are gone have left for this notebook, the oldest first; they stay until they are forgotten. */
  async left(path: string): Promise<JournalEntry[]> {
    const all = await this.#use('readonly', (entries) => entries.getAll() as IDBRequest<JournalEntry[]>);
    const here = (all ?? []).filter(
      ({ place, page, path: of }) => place === this.#place && of === path && page !== this.#page,
    );
    if (here.length === 0) return [];
    const alive = await this.#pages.names();
    return here.filter(({ page }) => !alive.has(page)).sort((a, b) => a.at - b.at);
  }

  /** What they hold is safe. */
  async forget(entries: readonly JournalEntry[]): Promise<void> {
    for (const { page } of entries) await this.#use('readwrite', (kept) => kept.delete(page));
  }

  /** @returns undefined when the browser does not keep anything: the notebook works without */
  async #use<T>(
    mode: IDBTransactionMode,
    act: (store: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T | undefined> {
    const database = await open();
    if (database === undefined) return undefined;
    try {
      return await done(act(store(database, mode)));
    } catch {
      return undefined; // a broken database of the browser must not keep the notebook shut
    } finally {
      database.close();
    }
  }

  async #write(): Promise<void> {
    const { path, cells } = this.#unsaved();
    if (cells.length === 0 && !this.#written) return;
    const entry: JournalEntry = { page: this.#page, place: this.#place, path, at: Date.now(), cells };
    // when the disk of the browser is full or private browsing forbids it, the page itself still has everything
    if (cells.length === 0) await this.#use('readwrite', (entries) => entries.delete(this.#page));
    else await this.#use('readwrite', (entries) => entries.put(entry));
    this.#written = cells.length > 0;
  }
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
