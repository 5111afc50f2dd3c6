/** How far a run of several cells is: which cells wait or run, and how many are done since the queue was empty. */
import { signal } from '@preact/signals';
import type { NotebookState } from '../../src/notebook/notebook-state.js';
import type { CellExecution, Operation } from '../../src/notebook/operations.js';
import type { CellId } from '../../src/notebook/types.js';
import { serverNow } from './server-clock.js';

export interface Progress {
  /** cells that are done since the queue was empty */
  done: number;
  /** those and the ones that wait or run */
  total: number;
  /** cells that wait for their turn, without the one that runs */
  waiting: number;
}

export interface FinishedRun {
  cells: number;
  failed: number;
  /** milliseconds from the first cell's start */
  time: number;
}

const NOTHING: Progress = { done: 0, total: 0, waiting: 0 };

export class RunProgress {
  readonly now = signal<Progress>(NOTHING);
  readonly #onFinished = new Set<(run: FinishedRun) => void>();
  readonly #busy = new Map<CellId, CellExecution['state']>();
  #done = 0;
  #failed = 0;
  #since = 0;

  /** Calls `listener` when the queue is empty again. */
  onFinished(listener: (run: FinishedRun) => void): void {
    this.#onFinished.add(listener);
  }

  /** The document is another one: what runs now is all that is known. */
  replaced(view: NotebookState): void {
    this.#busy.clear();
    this.#done = this.#failed = 0;
    for (const { id, run } of view.cells()) if (run.state !== 'idle') this.#began(id, run);
    this.#show();
  }

  changed(ops: readonly Operation[]): void {
    let touched = false;
    for (const op of ops) {
      if (op.op === 'set-execution') this.#note(op.id, op.execution);
      else if (op.op === 'delete-cell') this.#busy.delete(op.id);
      else continue;
      touched = true;
    }
    if (touched) this.#show();
  }

  #note(id: CellId, execution: CellExecution): void {
    if (execution.state !== 'idle') return this.#began(id, execution);
    if (!this.#busy.delete(id)) return;
    this.#done++;
    if (execution.status !== 'ok') this.#failed++;
  }

  #began(id: CellId, execution: CellExecution): void {
    if (this.#busy.size === 0) this.#since = execution.started ?? serverNow();
    this.#busy.set(id, execution.state);
  }

  #show(): void {
    if (this.#busy.size === 0) {
      const finished = { cells: this.#done, failed: this.#failed, time: serverNow() - this.#since };
      this.#done = this.#failed = 0;
      this.now.value = NOTHING;
      if (finished.cells > 0) for (const listener of this.#onFinished) listener(finished);
      return;
    }
    let waiting = 0;
    for (const state of this.#busy.values()) if (state === 'queued') waiting++;
    this.now.value = { done: this.#done, total: this.#done + this.#busy.size, waiting };
  }
}
