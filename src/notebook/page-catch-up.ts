/**
 * What a page does with its own unconfirmed work when it gets a whole notebook instead of the operations it missed.
 * Nothing that was typed is lost: an edit is applied again where the cell still has the text that it was made on;
 * otherwise the text goes into a new cell below.
 */
import { ChangeSet, type Text } from '@codemirror/state';
import type { CellState, NotebookState } from './notebook-state.js';
import type { Operation } from './operations-types.js';
import type { Cell, CellId } from './types.js';

/** Text that has no cell any more. */
export interface LostText {
  /** the cell that it stood in */
  id: CellId;
  cell: Cell;
}

export interface CatchUp {
  /** to be performed on the new notebook */
  ops: Operation[];
  lost: LostText[];
}

/**
 * @param next     the new notebook; not changed
 * @param view     what the page showed
 * @param waiting  the page's unconfirmed operations, in order, that led to `view`
 * @param bases    cells whose text this page changed and nobody else has safely: the text before, null for a new cell
 */
export function catchUp(
  next: NotebookState,
  view: NotebookState,
  waiting: readonly Operation[],
  bases: ReadonlyMap<CellId, Text | null>,
): CatchUp {
  const ops: Operation[] = [];
  const lost: LostText[] = [];
  const inserted = new Set<CellId>();
  const deleted = new Set<CellId>();
  for (const op of waiting) {
    if (op.op === 'edit-source') continue;
    if (op.op === 'insert-cell') {
      const cell = view.cell(op.cell.id)?.cell;
      if (cell === undefined || (next.has(cell.id) && !deleted.has(cell.id))) continue;
      ops.push({ ...op, cell });
      inserted.add(cell.id);
    } else if (op.id === null || next.has(op.id) || inserted.has(op.id)) {
      if (op.op === 'delete-cell') deleted.add(op.id);
      ops.push(op);
    }
  }
  const strangers = next.ids.filter((id) => !view.has(id));
  for (const [id, base] of bases) {
    const own = view.cell(id);
    if (own === undefined || inserted.has(id)) continue;
    const theirs = next.cell(id) ?? sameUnderNewId(next, strangers, [own.text, base], view.indexOf(id));
    if (theirs?.text.eq(own.text) === true) continue;
    if (theirs !== undefined && base?.eq(theirs.text) === true) {
      const changes = ChangeSet.of({ from: 0, to: base.length, insert: own.text }, base.length);
      ops.push({ op: 'edit-source', id: theirs.id, changes: changes.toJSON() });
    } else if (theirs === undefined && base === null) {
      ops.push({ op: 'insert-cell', cell: own.cell, after: view.before(id) });
    } else if (own.text.length > 0) {
      lost.push({ id, cell: own.cell });
    }
  }
  return { ops, lost };
}

/**
 * A file below nbformat 4.5 has no ids: read again, an edited cell comes under another one. The cell with one of these
 * texts is taken for it, the one in the same place first; it is taken out of `strangers`.
 */
function sameUnderNewId(
  next: NotebookState,
  strangers: CellId[],
  texts: readonly (Text | null)[],
  place: number,
): CellState | undefined {
  for (const text of texts) {
    const found = strangers.filter((id) => text !== null && next.cell(id)?.text.eq(text) === true);
    const id = found.find((one) => one === next.ids[place]) ?? found[0];
    if (id === undefined) continue;
    strangers.splice(strangers.indexOf(id), 1);
    return next.cell(id);
  }
  return undefined;
}
