/** Applies operations to a state. Costs what the operation touches, never the size of the notebook. */
import { CellState, type NotebookState } from './notebook-state.js';
import type { Operation, SetCellType } from './operations-types.js';
import { OperationError, readChanges } from './operations-changes.js';
import { invert } from './operations-invert.js';

/**
 * Applies one operation in place.
 *
 * @returns the operation as it took effect: the same object, or one with another anchor; null when it changed nothing
 *          (its cell is gone, the cell to insert is there already, the output to change does not exist)
 * @throws {OperationError} when a source edit was made on another text
 */
export function apply(state: NotebookState, op: Operation): Operation | null {
  if (op.op === 'insert-cell') {
    if (state.has(op.cell.id)) return null;
    const after = state.anchor(op.after);
    state.insert(new CellState(op.cell.id, op.cell), after);
    return after === op.after ? op : { ...op, after };
  }
  if (op.op === 'set-metadata' && op.id === null) {
    state.metadata = op.metadata;
    return op;
  }
  const cell = op.id === null ? undefined : state.cell(op.id);
  if (cell === undefined) return null;
  if (op.op === 'delete-cell') {
    state.remove(op.id);
    return op;
  }
  if (op.op === 'move-cell') {
    const after = state.anchor(op.after);
    if (after === op.id || after === state.before(op.id)) return null;
    state.move(op.id, after);
    return after === op.after ? op : { ...op, after };
  }
  const changed = applyToCell(cell, op);
  if (changed === null) return null;
  state.replace(changed);
  return op;
}

/** What a batch did: the operations that took effect, and those that lead back, both in order. */
export interface Applied {
  applied: Operation[];
  inverse: Operation[];
}

/**
 * Applies a batch: all of it, or, when one operation does not fit, nothing.
 *
 * @throws {OperationError} as `apply`; the state is as it was before
 */
export function applyAll(state: NotebookState, ops: readonly Operation[]): Applied {
  const applied: Operation[] = [];
  const inverse: Operation[] = [];
  try {
    for (const op of ops) {
      const back = invert(op, state);
      const effect = apply(state, op);
      if (effect === null) continue;
      applied.push(effect);
      inverse.unshift(...back);
    }
  } catch (error) {
    for (const op of inverse) apply(state, op);
    throw error;
  }
  return { applied, inverse };
}

/** The operations that change the inside of one cell. */
export type CellOperation = Exclude<
  Operation,
  { op: 'insert-cell' } | { op: 'delete-cell' } | { op: 'move-cell' }
>;

/** @returns the changed cell, or null when nothing changed */
export function applyToCell(state: CellState, op: CellOperation): CellState | null {
  const { cell } = state;
  switch (op.op) {
    case 'edit-source':
      return edit(state, op.changes);
    case 'set-cell-type':
      return cell.cell_type === op.cell_type ? null : setType(state, op);
    case 'set-metadata':
      return state.with({ metadata: op.metadata });
    case 'set-attachments':
      return cell.cell_type === 'code' ? null : state.with({ attachments: op.attachments });
    default:
      break;
  }
  if (cell.cell_type !== 'code') return null;
  const outputs = cell.outputs ?? [];
  switch (op.op) {
    case 'clear-outputs':
      return op.keepCount === true
        ? state.with({ outputs: [] })
        : withCount(state.with({ outputs: [], execution_count: null }), null);
    case 'set-outputs':
      return withCount(
        state.with({ outputs: op.outputs, execution_count: op.execution_count }),
        op.execution_count,
      );
    case 'append-output':
      return op.outputs.length === 0 ? null : state.with({ outputs: [...outputs, ...op.outputs] });
    case 'extend-stream': {
      const stream = outputs[op.index];
      if (stream?.output_type === 'reference' && stream.of === 'stream') {
        const more = (stream.more ?? '') + op.text;
        return state.with({ outputs: outputs.with(op.index, { ...stream, more }) });
      }
      if (stream?.output_type !== 'stream') return null;
      // Engines keep a sum of strings as a rope and join it when it is read, so a long run stays linear.
      return state.with({ outputs: outputs.with(op.index, { ...stream, text: stream.text + op.text }) });
    }
    case 'replace-output':
      if (outputs[op.index] === undefined) return null;
      return state.with({ outputs: outputs.with(op.index, op.output) });
    case 'set-execution': {
      const { state: running, started, finished, status, reason } = op.execution;
      const plain = running === 'idle' && [started, finished, status, reason].every((v) => v === undefined);
      const counted = state.withExecution(op.execution);
      return plain ? counted.withExecution(undefined) : counted;
    }
  }
}

function edit(state: CellState, json: unknown): CellState {
  const changes = readChanges(json);
  if (changes.length !== state.text.length) {
    throw new OperationError(
      `An edit of cell ${state.id} was made on another text (${changes.length} characters, the cell has ${state.text.length}).`,
    );
  }
  return state.withText(changes.apply(state.text));
}

function setType(state: CellState, op: SetCellType): CellState {
  const typed =
    op.cell_type === 'code'
      ? state.with({
          cell_type: 'code',
          outputs: op.restore?.outputs ?? [],
          execution_count: op.restore?.execution_count ?? null,
          attachments: undefined,
        })
      : state.with({
          cell_type: op.cell_type,
          outputs: undefined,
          execution_count: undefined,
          attachments: op.restore?.attachments ?? state.cell.attachments,
        });
  return typed.execution === undefined ? typed : new CellState(typed.id, typed.cell);
}

function withCount(state: CellState, count: number | null): CellState {
  return state.execution === undefined ? state : state.withExecution({ ...state.execution, count });
}
