/**
 * Keeps the journal of a document that is saved on request only, whatever happens to its folder: what cannot be written there
 * costs the journal, never the notebook; people are told, and it is tried again.
 */
import type { Log } from '../log.js';
import { messageOf } from '../message-of.js';
import type { NotebookState } from '../notebook/notebook-state.js';
import { difference, type Operation } from '../notebook/operations.js';
import type { DocumentPages } from './document-pages.js';
import type { DocumentStorage } from './document-storage.js';
import { isKept, type EditJournal } from './edit-journal.js';

/** ms from one attempt to the next, while it cannot be written */
const RETRY = 10_000;

export class JournalKeeper {
  /** when it may be tried again, ms since 1970; undefined: it is written */
  #retryAt: number | undefined;
  /** also when nobody changes anything meanwhile */
  #timer: NodeJS.Timeout | undefined;
  /** the folder is being moved */
  #isHeld = false;
  #missed: { state: NotebookState; isDirty: boolean } | undefined;

  constructor(
    private readonly journal: EditJournal,
    private readonly storage: Pick<DocumentStorage, 'path' | 'onDisk' | 'base'>,
    private readonly log: Log,
    private readonly pages: DocumentPages,
    /** it is time to try again: `retry` */
    private readonly onRetry: () => void,
  ) {}

  /** Whether it has everything. */
  get isKept(): boolean {
    return this.#retryAt === undefined && !this.#isHeld;
  }

  /** Another attempt, for a journal that could not be written. */
  retry(state: NotebookState, isDirty: boolean): void {
    if (!this.isKept) this.saved(state, isDirty);
  }

  /** Operations were applied. @param state  with them */
  touched(ops: readonly Operation[], state: NotebookState): void {
    if (!ops.some(isKept)) return;
    if (this.#isHeld) {
      this.#missed = { state, isDirty: true };
      return;
    }
    if (this.#retryAt !== undefined && Date.now() < this.#retryAt) return;
    this.#try(() => {
      if (this.journal.isBegun) this.journal.append(ops);
      else this.#begin(state);
    });
  }

  /** The file is another one. @param isDirty  whether it does not have everything */
  saved(state: NotebookState, isDirty: boolean): void {
    if (this.#isHeld) {
      this.#missed = { state, isDirty };
      return;
    }
    this.#try(() => {
      if (isDirty) this.#begin(state);
      else this.journal.clear();
    });
  }

  /** Nobody will ask for it any more. */
  clear(): void {
    this.#try(() => this.journal.clear());
  }

  /** The notebook moves: nothing is written until `movedTo`. */
  hold(): void {
    this.#isHeld = true;
  }

  /** The notebook was moved, and the folder with it. */
  movedTo(directory: string, path: string): void {
    this.journal.movedTo(directory, path);
    this.#isHeld = false;
    const missed = this.#missed;
    this.#missed = undefined;
    if (missed !== undefined) this.saved(missed.state, missed.isDirty);
  }

  /** Nothing is tried any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #begin(state: NotebookState): void {
    this.journal.begin(this.storage.onDisk, difference(this.storage.base(state), state));
  }

  #try(act: () => void): void {
    const { path } = this.storage;
    try {
      act();
      if (this.#retryAt !== undefined) this.log.info(`What is not saved of ${path} is kept again.`);
      this.#retryAt = undefined;
      this.close();
    } catch (error) {
      const isFirst = this.#retryAt === undefined;
      this.#retryAt = Date.now() + RETRY;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(this.onRetry, RETRY).unref();
      if (!isFirst) return;
      const reason = messageOf(error);
      const message = `What is not saved of ${path} cannot be kept by the server just now (${reason}). Save the notebook: until then it is in memory alone.`;
      this.log.error(message);
      this.pages.broadcast({ type: 'notice', level: 'error', message });
    }
  }
}
