/**
 * What a page does with its own unconfirmed work when it gets a whole notebook instead of the operations it missed.
 * Nothing that was typed is lost: an edit is applied again where the cell has a text that this page knows, and what is there
 * already needs nothing; otherwise a person chooses between both texts, or the text goes into a new cell below.
 */
import type { Text } from '@codemirror/state';
import type { CellState, NotebookState } from './notebook-state.js';
import { textDifference } from './operations-difference.js';
import type { Operation } from './operations-types.js';
import type { KnownTexts } from './page-unsaved.js';
import { continues } from './text-continued.js';
import type { Cell, CellId } from './types.js';

/** Text that has no cell any more. */
export interface LostText {
  /** the cell that it stood in */
  id: CellId;
  cell: Cell;
  /** the text that it was made from, where that is known */
  base?: string;
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
 * @param texts    cells whose text this page changed and nobody else has safely
 */
export function catchUp(
  next: NotebookState,
  view: NotebookState,
  waiting: readonly Operation[],
  texts: ReadonlyMap<CellId, KnownTexts>,
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
  for (const [id, { base, later }] of texts) {
    const own = view.cell(id);
    if (own === undefined || inserted.has(id)) continue;
    const known = [...later].reverse().concat(base ?? []);
    const theirs = next.cell(id) ?? sameUnderNewId(next, strangers, [own.text, ...known], view.indexOf(id));
    if (theirs === undefined) {
      if (base === null) ops.push({ op: 'insert-cell', cell: own.cell, after: view.before(id) });
      else if (own.text.length > 0) lost.push({ id, cell: own.cell });
      continue;
    }
    const changes = textDifference(theirs.text, own.text);
    if (changes === null || (base !== null && continues(base, own.text, theirs.text))) continue;
    if (
      known.some((text) => text.eq(theirs.text)) ||
      (base !== null && continues(base, theirs.text, own.text))
    ) {
      ops.push({ op: 'edit-source', id: theirs.id, changes: changes.toJSON() });
    } else if (own.text.length > 0) {
      lost.push({ id, cell: own.cell, ...(base === null ? {} : { base: base.toString() }) });
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
  texts: readonly Text[],
  place: number,
): CellState | undefined {
  for (const text of texts) {
    const found = strangers.filter((id) => next.cell(id)?.text.eq(text) === true);
    const id = found.find((one) => one === next.ids[place]) ?? found[0];
    if (id === undefined) continue;
    strangers.splice(strangers.indexOf(id), 1);
    return next.cell(id);
  }
  return undefined;
}
