/** What takes an operation back. */
import type { NotebookState } from './notebook-state.js';
import type { Operation } from './operations-types.js';
import { readChanges } from './operations-changes.js';
import type { Cell, CellId } from './types.js';

/**
 * @param before  the state that `op` has not been applied to yet
 * @returns operations that, applied in order after `op`, lead back to `before`; none when `op` would change nothing
 */
export function invert(op: Operation, before: NotebookState): Operation[] {
  if (op.op === 'insert-cell') {
    return before.has(op.cell.id) ? [] : [{ op: 'delete-cell', id: op.cell.id }];
  }
  if (op.id === null) return [{ op: 'set-metadata', id: null, metadata: before.metadata }];
  const state = before.cell(op.id);
  if (state === undefined) return [];
  const { id, cell } = state;
  const run: Operation[] =
    state.execution === undefined ? [] : [{ op: 'set-execution', id, execution: state.execution }];
  switch (op.op) {
    case 'delete-cell':
      return [{ op: 'insert-cell', cell, after: before.before(id) }, ...run];
    case 'move-cell':
      return [{ op: 'move-cell', id, after: before.before(id) }];
    case 'edit-source':
      return [{ op: 'edit-source', id, changes: readChanges(op.changes).invert(state.text).toJSON() }];
    case 'set-metadata':
      return [{ op: 'set-metadata', id, metadata: cell.metadata }];
    case 'set-attachments':
      return [{ op: 'set-attachments', id, attachments: cell.attachments }];
    case 'set-cell-type':
      return [{ op: 'set-cell-type', id, cell_type: cell.cell_type, restore: lost(cell) }, ...run];
    case 'set-execution':
      return [{ op: 'set-execution', id, execution: state.run }];
    case 'extend-stream':
    case 'replace-output': {
      const output = cell.outputs?.[op.index];
      return output === undefined ? [] : [{ op: 'replace-output', id, index: op.index, output }];
    }
    case 'append-output':
    case 'clear-outputs':
    case 'set-outputs':
      return cell.cell_type === 'code' ? [oldOutputs(id, cell), ...run] : [];
  }
}

function oldOutputs(id: CellId, cell: Cell): Operation {
  return {
    op: 'set-outputs',
    id,
    outputs: cell.outputs ?? [],
    execution_count: cell.execution_count ?? null,
  };
}

function lost(cell: Cell): Pick<Cell, 'outputs' | 'execution_count' | 'attachments'> {
  return cell.cell_type === 'code'
    ? { outputs: cell.outputs ?? [], execution_count: cell.execution_count ?? null }
    : { attachments: cell.attachments };
}
