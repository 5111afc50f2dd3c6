/**
 * When what a kernel prints becomes operations: at most 20 a second for one cell, whatever the kernel does. What comes too
 * soon waits. Some of the 20 are left for what cannot wait: a save, a page that comes back, a cell that is deleted.
 */
import type { Operation } from '../notebook/operations.js';
import type { CellId } from '../notebook/types.js';

const SECOND = 1_000;
/** ms from one operation of a cell to its next; 17 a second, as the 20 hold also for what comes between */
export const OPERATION_PAUSE = 60;

export class OutputPace {
  /** cell → when its operations of the last second were made, ms since 1970 */
  readonly #times = new Map<CellId, number[]>();

  /** @param pause  ms from one operation of a cell to its next; default 60 */
  constructor(private readonly pause: number) {}

  /** How many operations this cell may have now. */
  room(cell: CellId, now: number): number {
    const times = this.#times.get(cell);
    if (times === undefined) return this.#most;
    const first = times.findIndex((time) => time > now - SECOND);
    times.splice(0, first < 0 ? times.length : first);
    if (times.length === 0) this.#times.delete(cell);
    return Math.max(0, this.#most - times.length);
  }

  /** Operations were made. @returns ms that the next ones are to wait */
  made(ops: readonly Operation[], now: number): number {
    const counts = new Map<CellId, number>();
    for (const op of ops) {
      if (op.op === 'insert-cell' || op.id === null) continue;
      counts.set(op.id, (counts.get(op.id) ?? 0) + 1);
    }
    for (const [cell, count] of counts) {
      const times = this.#times.get(cell) ?? [];
      this.#times.set(cell, times);
      for (let n = 0; n < count; n += 1) times.push(now);
    }
    return Math.max(0, ...counts.values()) * this.pause;
  }

  clear(): void {
    this.#times.clear();
  }

  get #most(): number {
    return Math.ceil(SECOND / this.pause);
  }
}
