/**
 * Undo and redo of what a person did to the cells of a notebook on one page: inserted, deleted, moved, split. Undo inside
 * a text is the editor's own. Entries are inverses; edits that come in between are carried into them.
 */
import { carryOver } from './operations-rebase.js';
import type { EditSource, Operation } from './operations-types.js';

const MOST_ENTRIES = 200;

export class UndoStack {
  #undo: Operation[][] = [];
  #redo: Operation[][] = [];

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }

  get canRedo(): boolean {
    return this.#redo.length > 0;
  }

  /** @param inverse  leads back from the state after the action, in order */
  did(inverse: Operation[]): void {
    if (inverse.length === 0) return;
    this.#undo.push(inverse);
    if (this.#undo.length > MOST_ENTRIES) this.#undo.shift();
    this.#redo = [];
  }

  /** Performs the last entry with `perform`, which answers the inverse of what it did. */
  undo(perform: (ops: Operation[]) => Operation[]): boolean {
    return swap(this.#undo, this.#redo, perform);
  }

  redo(perform: (ops: Operation[]) => Operation[]): boolean {
    return swap(this.#redo, this.#undo, perform);
  }

  /** A text changed by an edit that is not an entry here. */
  edited(edit: EditSource): void {
    this.#undo = carryEntries(this.#undo, edit);
    this.#redo = carryEntries(this.#redo, edit);
  }

  clear(): void {
    this.#undo = [];
    this.#redo = [];
  }
}

function swap(from: Operation[][], to: Operation[][], perform: (ops: Operation[]) => Operation[]): boolean {
  const entry = from.pop();
  if (entry === undefined) return false;
  const inverse = perform(entry);
  if (inverse.length > 0) to.push(inverse);
  return true;
}

/** Newest entry first, the entries of a stack are one sequence of operations that leads back. */
function carryEntries(stack: Operation[][], edit: EditSource): Operation[][] {
  if (!stack.some((entry) => entry.some((op) => op.op === 'edit-source' && op.id === edit.id))) return stack;
  const newestFirst = [...stack].reverse();
  const { waiting } = carryOver(newestFirst.flat(), edit, () => true);
  let at = 0;
  const carried = newestFirst.map((entry) => {
    const part = waiting.slice(at, at + entry.length).filter((op) => op !== null);
    at += entry.length;
    return part;
  });
  return carried.reverse();
}
