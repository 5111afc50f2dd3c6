/** What of a document goes into its history: what it was when it was opened, and then each state that is named. */
import type { CellId, Output } from '../notebook/types.js';
import type { NotebookState } from '../notebook/notebook-state.js';
import type { DocumentHistory } from './history.js';
import type { HistoryReason } from './history-store.js';

export class DocumentPast {
  /** as it was opened, until something is kept for the first time */
  #opened: NotebookState | undefined;

  /** @param opened  must not change afterwards */
  constructor(
    readonly history: DocumentHistory | undefined,
    opened: NotebookState,
  ) {
    this.#opened = opened;
  }

  record(state: NotebookState, why: HistoryReason): void {
    if (this.history === undefined) return;
    if (this.#opened !== undefined) void this.history.record(this.#opened, 'opened');
    this.#opened = undefined;
    void this.history.record(state, why);
  }

  /** What a cell has printed since it was deleted. @param orphan  a name, under which the latest counts */
  recordOrphan(cell: CellId, outputs: Output[], orphan: string): void {
    void this.history?.recordOrphan(cell, outputs, orphan);
  }

  /** Everything is forgotten, also what was not kept yet. @throws {HttpError} 500 when something is still there */
  async forgetAll(): Promise<void> {
    this.#opened = undefined;
    await this.history?.forgetAll();
  }
}
