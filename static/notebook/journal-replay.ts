/** Puts back into an open notebook what an earlier page could not save. */
import { continues } from '../../src/notebook/text-continued.js';
import { textDifference } from '../../src/notebook/operations-difference.js';
import { sourceText, type NotebookState } from '../../src/notebook/notebook-state.js';
import type { Operation } from '../../src/notebook/operations.js';
import type { CellId } from '../../src/notebook/types.js';
import { emptyCell } from './cell-actions.js';
import type { JournalEntry } from './journal.js';

export interface Replay {
  ops: Operation[];
  /** texts of cells that were changed elsewhere meanwhile: the server merges them, or a person has to choose */
  conflicts: { cell: CellId; text: string; base: string | null }[];
}

/**
 * What is there already needs nothing, also when more was typed behind it (an entry is a moment older than what the page
 * sent); a text that nobody else touched is put back; anything else is a conflict.
 */
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
      const from = base === null ? undefined : sourceText(base);
      if (from !== undefined && continues(from, wanted, cell.text)) continue;
      const isKnown = from !== undefined && (cell.text.eq(from) || continues(from, cell.text, wanted));
      if (isKnown && changes !== null) ops.push({ op: 'edit-source', id, changes: changes.toJSON() });
      else conflicts.push({ cell: id, text, base });
    }
  }
  return { ops, conflicts };
}
