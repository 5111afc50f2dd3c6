/**
 * What other clients saw of an open notebook: a client that saves the whole of it (JupyterLab, VS Code) says nothing of
 * what it started from, and what our pages typed meanwhile must not go with its save.
 */
import type { NotebookState } from '../notebook/notebook-state.js';

const MOST_STATES = 8;

export class SeenStates {
  readonly #states: NotebookState[] = [];

  /**
   * A client was sent this, or sent it. It must not change afterwards.
   *
   * @param since  what it started from, as far as can be told. It goes on from what it sent: when it undoes that, it sends
   *   `since` again, and means it.
   */
  note(state: NotebookState, since?: NotebookState): void {
    const at = since === undefined ? -1 : this.#states.indexOf(since);
    if (at >= 0) this.#states.splice(at, 1);
    const last = this.#states.at(-1);
    if (last !== undefined && changedShare(last, state) === 0) this.#states.pop();
    this.#states.push(state);
    if (this.#states.length > MOST_STATES) this.#states.shift();
  }

  /**
   * The state that a client most likely started from which now saves `sent`: the one that it changed the least, in
   * proportion, and of several such the last. (By number alone, a notebook that was small once would be taken for
   * the start of one that a client wrote anew, and what was in it since would come back.)
   */
  baseOf(sent: NotebookState): NotebookState | undefined {
    let best: NotebookState | undefined;
    let least = Infinity;
    for (const state of [...this.#states].reverse()) {
      const share = changedShare(state, sent);
      if (share < least) [best, least] = [state, share];
    }
    return best;
  }
}

/** Of all cells of both, the share that is not in both with the same text. */
function changedShare(a: NotebookState, b: NotebookState): number {
  let all = 0;
  let changed = 0;
  for (const cell of a.cells()) {
    const other = b.cell(cell.id);
    const isSame = other !== undefined && (other === cell || other.peek().source === cell.peek().source);
    all += 1;
    if (!isSame) changed += 1;
  }
  for (const id of b.ids) {
    if (a.has(id)) continue;
    all += 1;
    changed += 1;
  }
  return all === 0 ? 0 : changed / all;
}
