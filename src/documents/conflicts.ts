/**
 * Texts that did not go together: what a cell has, and what somebody else wanted it to have. Kept until a person has
 * chosen. Both sides stay readable whatever happens to the cell meanwhile.
 */
import { randomUUID } from 'node:crypto';
import type { CellConflict } from '../protocol/document-messages.js';

/** Of one document; the oldest give way, and stay in its history. */
const MOST_CONFLICTS = 200;

export class Conflicts {
  #conflicts: CellConflict[] = [];

  get list(): readonly CellConflict[] {
    return this.#conflicts;
  }

  add(conflicts: readonly Omit<CellConflict, 'id' | 'at'>[]): void {
    const at = new Date().toISOString();
    const isSame = (a: Omit<CellConflict, 'id' | 'at'>, b: CellConflict) =>
      a.cell === b.cell && a.theirs === b.theirs;
    const fresh = conflicts.filter((one) => !this.#conflicts.some((known) => isSame(one, known)));
    this.#conflicts.push(...fresh.map((one) => ({ id: randomUUID(), at, ...one })));
    if (this.#conflicts.length > MOST_CONFLICTS) this.#conflicts = this.#conflicts.slice(-MOST_CONFLICTS);
  }

  /** @returns whether it was there */
  resolve(id: string): boolean {
    const before = this.#conflicts.length;
    this.#conflicts = this.#conflicts.filter((one) => one.id !== id);
    return this.#conflicts.length < before;
  }
}
