/**
 * Carries operations over others that were accepted first, by the scheme of @codemirror/collab: what the server
 * accepted first comes first. Only source edits need it; everything else is anchored on ids and is applied as it is.
 *
 * An edit whose cell was deleted meanwhile, or deleted and put back, has lost the text that it was made on: it is
 * dropped here, on the server and on the page alike, and the page brings its text into a new cell.
 */
import type { ChangeSet } from '@codemirror/state';
import type { Operation } from './operations-types.js';
import { readChanges } from './operations-changes.js';
import type { CellId } from './types.js';

/** The changes of a cell's text, or 'lost' when they do not lead from one text to the other any more. */
type Path = ChangeSet | 'lost';

/** A batch of one client, on its way over the operations that it had not seen. */
export class Rebase {
  readonly #over = new Map<CellId, Path>();

  /** @param accepted  in order, everything accepted since the base of the batch that its client did not make */
  constructor(accepted: Iterable<Operation>) {
    for (const op of accepted) {
      const id = textOf(op);
      if (id === null) continue;
      const before = this.#over.get(id);
      if (op.op !== 'edit-source') this.#over.set(id, 'lost');
      else if (before !== 'lost') this.#over.set(id, compose(before, readChanges(op.changes)));
    }
  }

  /**
   * Carries the next operation of the batch over.
   *
   * @param fits  asked for an insertion: whether the cell is not there yet, so that edits that follow are on its text
   * @returns the same object when nothing had to change, null when the operation is to be dropped
   */
  carry(op: Operation, fits: (id: CellId) => boolean): Operation | null {
    const id = textOf(op);
    if (id === null) return op;
    const over = this.#over.get(id);
    if (op.op === 'insert-cell') {
      if (fits(id)) this.#over.delete(id);
      else this.#over.set(id, 'lost');
      return op;
    }
    if (op.op !== 'edit-source' || over === undefined) return op;
    if (over === 'lost') return null;
    const changes = readChanges(op.changes);
    // Changes made on another text than the one they are carried over are not to be trusted: drop, do not guess.
    if (changes.length !== over.length) return null;
    this.#over.set(id, over.map(changes, true));
    return { ...op, changes: changes.map(over).toJSON() };
  }

  /** The accepted changes of a cell as they follow everything carried so far; null when there are none that do. */
  rest(id: CellId): ChangeSet | null {
    const over = this.#over.get(id);
    return over === undefined || over === 'lost' ? null : over;
  }
}

/** The cell whose text the operation changes or puts in place of another; null when it leaves all texts alone. */
function textOf(op: Operation): CellId | null {
  switch (op.op) {
    case 'edit-source':
    case 'delete-cell':
      return op.id;
    case 'insert-cell':
      return op.cell.id;
    default:
      return null;
  }
}

function compose(first: Path | undefined, second: ChangeSet): Path {
  if (first === undefined) return second;
  if (first === 'lost' || first.newLength !== second.length) return 'lost';
  return first.compose(second);
}

/** What becomes of a waiting sequence of operations when another one was accepted before it. */
export interface Carried {
  /** the waiting operations, made to follow the accepted one; dropped ones are null */
  waiting: (Operation | null)[];
  /** an accepted edit, made to follow the waiting operations; null when it does not reach the text they leave */
  edit: ChangeSet | null;
}

/**
 * Exchanges the order of waiting operations and one that the server accepted before them.
 *
 * @param waiting  operations that lead on from the state which `accepted` was applied to
 * @param has      whether a cell is there once `accepted` is applied and before the waiting ones are
 */
export function carryOver(
  waiting: readonly Operation[],
  accepted: Operation,
  has: (id: CellId) => boolean,
): Carried {
  const rebase = new Rebase([accepted]);
  const there = new Map<CellId, boolean>();
  const carried = waiting.map((op) => {
    const moved = rebase.carry(op, (id) => !(there.get(id) ?? has(id)));
    if (op.op === 'insert-cell') there.set(op.cell.id, true);
    if (op.op === 'delete-cell') there.set(op.id, false);
    return moved;
  });
  return { waiting: carried, edit: accepted.op === 'edit-source' ? rebase.rest(accepted.id) : null };
}
