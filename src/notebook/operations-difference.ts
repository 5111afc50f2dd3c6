/** The operations that lead from one notebook to another: for a page that has to catch up, and for files changed elsewhere. */
import { ChangeSet, type Text } from '@codemirror/state';
import { increasingRun } from './increasing-run.js';
import { CellState, NotebookState } from './notebook-state.js';
import { apply } from './operations-apply.js';
import type { Operation } from './operations-types.js';
import type { Cell, CellId } from './types.js';

/**
 * @param from  is not changed; cells that both states share (`===`) cost nothing
 * @returns operations that, applied to `from` in order, make it equal to `to`
 */
export function difference(from: NotebookState, to: NotebookState): Operation[] {
  const ops: Operation[] = [];
  const order = new NotebookState({}, from.cells());
  const push = (op: Operation) => {
    ops.push(op);
    apply(order, op);
  };
  if (from.metadata !== to.metadata && !sameJson(from.metadata, to.metadata)) {
    ops.push({ op: 'set-metadata', id: null, metadata: to.metadata });
  }
  for (const id of [...from.ids]) if (!to.has(id)) push({ op: 'delete-cell', id });
  const stays = longestRun(order.ids, to);
  let before: CellId | null = null;
  for (const cell of to.cells()) {
    const { id } = cell;
    const old = from.cell(id);
    if (old === undefined) {
      push({ op: 'insert-cell', cell: cell.cell, after: before });
      if (cell.execution !== undefined) ops.push({ op: 'set-execution', id, execution: cell.execution });
    } else {
      if (!stays.has(id)) push({ op: 'move-cell', id, after: before });
      ops.push(...cellDifference(old, cell));
    }
    before = id;
  }
  return ops;
}

/** The operations that make one version of a cell another. */
export function cellDifference(from: CellState, to: CellState): Operation[] {
  if (from === to) return [];
  const { id } = to;
  const ops: Operation[] = [];
  let was = from;
  const push = (op: Operation, next: CellState) => {
    ops.push(op);
    was = next;
  };
  if (was.cell.cell_type !== to.cell.cell_type) {
    const { cell_type, outputs, execution_count, attachments } = to.cell;
    const op: Operation = {
      op: 'set-cell-type',
      id,
      cell_type,
      restore: { outputs, execution_count, attachments },
    };
    push(op, applied(was, op));
  }
  const edit = textDifference(was.text, to.text);
  if (edit !== null) ops.push({ op: 'edit-source', id, changes: edit.toJSON() });
  if (!sameJson(was.cell.metadata, to.cell.metadata)) {
    ops.push({ op: 'set-metadata', id, metadata: to.cell.metadata });
  }
  if (!sameJson(was.cell.attachments, to.cell.attachments)) {
    ops.push({ op: 'set-attachments', id, attachments: to.cell.attachments });
  }
  if (to.cell.cell_type !== 'code') return ops;
  if (!sameOutputs(was.cell, to.cell)) {
    const { outputs = [], execution_count = null } = to.cell;
    ops.push({ op: 'set-outputs', id, outputs, execution_count });
  }
  if (!sameJson(was.run, to.run)) ops.push({ op: 'set-execution', id, execution: to.run });
  return ops;
}

/** The smallest single replacement that leads from one text to the other; null when they are equal. */
export function textDifference(from: Text, to: Text): ChangeSet | null {
  if (from.eq(to)) return null;
  const a = from.toString();
  const b = to.toString();
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < most - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const insert = b.slice(head, b.length - tail);
  return ChangeSet.of({ from: head, to: a.length - tail, insert }, a.length);
}

export function sameJson(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Equal up to what no file holds (display ids) or that the run tells better (the count). */
function sameOutputs(a: Cell, b: Cell): boolean {
  return (
    a.execution_count === b.execution_count && (a.outputs === b.outputs || sameJson(a.outputs, b.outputs))
  );
}

function applied(cell: CellState, op: Operation): CellState {
  const alone = new NotebookState({}, [cell]);
  apply(alone, op);
  return alone.cell(cell.id) ?? cell;
}

/** The ids that need not move: a longest increasing run of old places, read in the new order. */
function longestRun(oldOrder: readonly CellId[], to: NotebookState): Set<CellId> {
  const place = new Map(oldOrder.map((id, index) => [id, index]));
  const ids = to.ids.filter((id) => place.has(id));
  const stays = new Set(increasingRun(ids.map((id) => place.get(id) ?? -1)));
  return new Set(ids.filter((_, index) => stays.has(index)));
}
