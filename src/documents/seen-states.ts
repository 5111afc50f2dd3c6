/**
 * What other clients saw of an open notebook: a client that saves the whole of it (JupyterLab, VS Code) says nothing of
 * what it started from, and what our pages typed meanwhile must not go with its save.
 */
import type { NotebookState } from '../notebook/notebook-state.js';

const MOST_STATES = 8;

export class SeenStates {
  readonly #states: NotebookState[] = [];

  /** A client was sent this, or sent it. It must not change afterwards. */
  note(state: NotebookState): void {
    const last = this.#states.at(-1);
    if (last !== undefined && changedCells(last, state, 1) === 0) this.#states.pop();
    this.#states.push(state);
    if (this.#states.length > MOST_STATES) this.#states.shift();
  }

  /** The state that a client most likely started from which now saves `sent`: the one that it changed the least. */
  baseOf(sent: NotebookState): NotebookState | undefined {
    let best: NotebookState | undefined;
    let fewest = Infinity;
    for (const state of [...this.#states].reverse()) {
      const changed = changedCells(state, sent, fewest);
      if (changed < fewest) [best, fewest] = [state, changed];
    }
    return best;
  }
}

/** Cells that are not in both with the same text; counted up to `most`. */
function changedCells(a: NotebookState, b: NotebookState, most: number): number {
  let changed = 0;
  for (const cell of a.cells()) {
    const other = b.cell(cell.id);
    const isSame = other !== undefined && (other === cell || other.peek().source === cell.peek().source);
    if (!isSame) changed += 1;
    if (changed >= most) return changed;
  }
  for (const id of b.ids) if (!a.has(id)) changed += 1;
  return changed;
}
