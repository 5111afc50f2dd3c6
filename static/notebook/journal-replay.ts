/** Puts back into an open notebook what an earlier page could not save. */
import { textDifference } from '../../src/notebook/operations-difference.js';
import { sourceText, type NotebookState } from '../../src/notebook/notebook-state.js';
import type { Operation } from '../../src/notebook/operations.js';
import type { CellId } from '../../src/notebook/types.js';
import { emptyCell } from './cell-actions.js';
import type { JournalEntry } from './journal.js';

export interface Replay {
  ops: Operation[];
  /** texts of cells that were changed elsewhere meanwhile: a person has to choose */
  conflicts: { cell: CellId; text: string }[];
}

/** What is there already needs nothing; a text that nobody else touched is put back; anything else is a conflict. */
export function replay(state: NotebookState, { cells }: JournalEntry): Replay {
  const ops: Operation[] = [];
  const conflicts: Replay['conflicts'] = [];
  for (const { id, type, base, text, after } of cells) {
    const cell = state.cell(id);
    const wanted = sourceText(text);
    if (cell === undefined) {
      if (base !== null && text.trim() === '') continue;
      ops.push({ op: 'insert-cell', cell: { ...emptyCell(state, type, text), id }, after });
    } else if (!cell.text.eq(wanted)) {
      const changes = textDifference(cell.text, wanted);
      if (base !== null && cell.text.eq(sourceText(base)) && changes !== null) {
        ops.push({ op: 'edit-source', id, changes: changes.toJSON() });
      } else {
        conflicts.push({ cell: id, text });
      }
    }
  }
  return { ops, conflicts };
}
