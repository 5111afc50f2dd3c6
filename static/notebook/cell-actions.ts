/** What a person does to cells, as operations on the document. Pure: a state and what is meant in, operations out. */
import { ChangeSet } from '@codemirror/state';
import { freeCellId } from '../../src/notebook/cell-id.js';
import type { NotebookState } from '../../src/notebook/notebook-state.js';
import type { Operation } from '../../src/notebook/operations.js';
import type { Cell, CellId, CellType, JsonObject } from '../../src/notebook/types.js';

export function emptyCell(state: NotebookState, type: CellType = 'code', source = ''): Cell {
  const cell: Cell = { id: freeCellId(state), cell_type: type, source, metadata: {} };
  return type === 'code' ? { ...cell, outputs: [], execution_count: null } : cell;
}

/** Whether the text of a cell may be changed here: `editable: false` of its metadata says no. */
export function isEditable({ metadata }: Pick<Cell, 'metadata'>): boolean {
  return metadata['editable'] !== false;
}

export function isDeletable({ metadata }: Pick<Cell, 'metadata'>): boolean {
  return metadata['deletable'] !== false;
}

/** Whether a cell may be split, or merged with others: that changes its text and takes cells away. */
export function isFree(cell: Pick<Cell, 'metadata'>): boolean {
  return isEditable(cell) && isDeletable(cell);
}

/** Cells with `deletable: false` stay. A notebook is never left without a cell. */
export function deleteCells(state: NotebookState, ids: readonly CellId[]): Operation[] {
  const ops: Operation[] = ids
    .filter((id) => mayBe(state, id, isDeletable))
    .map((id) => ({ op: 'delete-cell', id }));
  if (ops.length > 0 && ops.length === state.length) {
    ops.push({ op: 'insert-cell', cell: emptyCell(state), after: null });
  }
  return ops;
}

function mayBe(state: NotebookState, id: CellId, what: (cell: Cell) => boolean): boolean {
  const cell = state.cell(id);
  return cell !== undefined && what(cell.cell);
}

/** The neighbour above goes below the block: one operation, however many cells are selected. */
export function moveCells(
  state: NotebookState,
  ids: readonly CellId[],
  direction: 'up' | 'down',
): Operation[] {
  const first = ids[0];
  const last = ids.at(-1);
  if (first === undefined || last === undefined) return [];
  if (direction === 'up') {
    const above = state.before(first);
    return above === null ? [] : [{ op: 'move-cell', id: above, after: last }];
  }
  const below = state.ids[state.indexOf(last) + 1];
  return below === undefined ? [] : [{ op: 'move-cell', id: below, after: state.before(first) }];
}

/** Puts cells, in their order, behind `after` (null: at the top); `after` may be one of them. */
export function moveCellsTo(state: NotebookState, ids: readonly CellId[], after: CellId | null): Operation[] {
  const moving = new Set(ids);
  let place = after;
  while (place !== null && moving.has(place)) place = state.before(place);
  const ops: Operation[] = [];
  for (const id of ids) {
    if (state.before(id) !== place || ops.length > 0) ops.push({ op: 'move-cell', id, after: place });
    place = id;
  }
  return ops;
}

/** Cells with `editable: false` stay as they are. */
export function changeType(state: NotebookState, ids: readonly CellId[], type: CellType): Operation[] {
  return ids
    .filter((id) => state.cell(id)?.cell.cell_type !== type && mayBe(state, id, isEditable))
    .map((id) => ({ op: 'set-cell-type', id, cell_type: type }));
}

/** Makes a markdown heading of the first line, as the keys 1 to 6 do; a heading changes its level. */
export function toHeading(state: NotebookState, id: CellId, level: number): Operation[] {
  const cell = state.cell(id);
  if (cell === undefined || !isEditable(cell.cell)) return [];
  const line = cell.text.line(1);
  const mark = /^\s*#*\s*/.exec(line.text)?.[0] ?? '';
  const edit = ChangeSet.of({ from: 0, to: mark.length, insert: `${'#'.repeat(level)} ` }, cell.text.length);
  return [...changeType(state, [id], 'markdown'), { op: 'edit-source', id, changes: edit.toJSON() }];
}

/**
 * Cuts a cell at the carets: the parts before them become new cells above; the last part keeps the cell, and with it
 * the outputs. Line ends at the cuts go. A cell that is not free stays whole.
 */
export function splitCell(state: NotebookState, id: CellId, carets: readonly number[]): Operation[] {
  const cell = state.cell(id);
  if (cell === undefined || !isFree(cell.cell)) return [];
  const text = cell.text.toString();
  const cuts = [...new Set(carets)].filter((at) => at >= 0 && at <= text.length).sort((a, b) => a - b);
  const last = cuts.at(-1);
  if (last === undefined) return [];
  const ops: Operation[] = [];
  const taken = new Set(state.ids);
  let after = state.before(id);
  let from = 0;
  for (const cut of cuts) {
    const part = text.slice(from, cut).replace(/^\n+|\n+$/g, '');
    const fresh = { ...emptyCell(state, cell.cell.cell_type, part), id: freeCellId(taken) };
    taken.add(fresh.id);
    ops.push({ op: 'insert-cell', cell: fresh, after });
    after = fresh.id;
    from = cut;
  }
  const gone = last + (/^\n+/.exec(text.slice(last))?.[0].length ?? 0);
  if (gone > 0) {
    const edit = ChangeSet.of({ from: 0, to: gone, insert: '' }, text.length);
    ops.push({ op: 'edit-source', id, changes: edit.toJSON() });
  }
  return ops;
}

/**
 * Joins cells into the first one, with an empty line between. Attachments come along; outputs of the others go. Nothing
 * happens when one of them is not free.
 */
export function mergeCells(state: NotebookState, ids: readonly CellId[]): Operation[] {
  const [firstId, ...others] = ids;
  const first = firstId === undefined ? undefined : state.cell(firstId);
  const rest = others.flatMap((id) => state.cell(id) ?? []);
  if (first === undefined || rest.length === 0) return [];
  if (![first, ...rest].every(({ cell }) => isFree(cell))) return [];
  const added = rest.map((cell) => `\n\n${cell.text.toString()}`).join('');
  const edit = ChangeSet.of({ from: first.text.length, insert: added }, first.text.length);
  const ops: Operation[] = [{ op: 'edit-source', id: first.id, changes: edit.toJSON() }];
  const attachments = Object.assign(
    {},
    ...[first, ...rest].map((cell) => cell.cell.attachments ?? {}),
  ) as NonNullable<Cell['attachments']>;
  if (first.cell.cell_type !== 'code' && rest.some((cell) => cell.cell.attachments !== undefined)) {
    ops.push({ op: 'set-attachments', id: first.id, attachments });
  }
  return [...ops, ...rest.map((cell): Operation => ({ op: 'delete-cell', id: cell.id }))];
}

/** Puts another text into a cell, or, when both are to stay, into a new one below it. */
export function takeText(state: NotebookState, id: CellId, text: string, both: boolean): Operation[] {
  const cell = state.cell(id);
  if (cell === undefined) return [];
  if (both) return [{ op: 'insert-cell', cell: emptyCell(state, cell.cell.cell_type, text), after: id }];
  const edit = ChangeSet.of({ from: 0, to: cell.text.length, insert: text }, cell.text.length);
  return [{ op: 'edit-source', id, changes: edit.toJSON() }];
}

/** Copies of cells behind `after`, with ids of their own. */
export function pasteCells(
  state: NotebookState,
  cells: readonly Cell[],
  after: CellId | null,
): { ops: Operation[]; ids: CellId[] } {
  const taken = new Set(state.ids);
  const ops: Operation[] = [];
  let place = after;
  for (const cell of cells) {
    const copy: Cell = { ...structuredClone(cell), id: freeCellId(taken) };
    taken.add(copy.id);
    ops.push({ op: 'insert-cell', cell: copy, after: place });
    place = copy.id;
  }
  return { ops, ids: ops.flatMap((op) => (op.op === 'insert-cell' ? [op.cell.id] : [])) };
}

/** Whether the outputs of a cell are hidden: the classic notebook's flag, or the newer one under `jupyter`. */
export function isCollapsed(metadata: JsonObject): boolean {
  return metadata['collapsed'] === true || jupyterFlags(metadata)['outputs_hidden'] === true;
}

/** The direction of writing that metadata of a cell or a notebook asks for; '' for none. */
export function directionOf({ direction }: JsonObject): 'rtl' | 'ltr' | '' {
  return direction === 'rtl' || direction === 'ltr' ? direction : '';
}

export function isSourceHidden(metadata: JsonObject): boolean {
  return jupyterFlags(metadata)['source_hidden'] === true;
}

/** Hides or shows the outputs of a cell; where both flags stand, both say the same afterwards. */
export function setCollapsed(state: NotebookState, id: CellId, on: boolean): Operation[] {
  const metadata = state.cell(id)?.cell.metadata;
  if (metadata === undefined || isCollapsed(metadata) === on) return [];
  const { collapsed: _old, ...rest } = metadata;
  const next = 'outputs_hidden' in jupyterFlags(rest) ? withJupyterFlag(rest, 'outputs_hidden', on) : rest;
  return [{ op: 'set-metadata', id, metadata: on ? { ...next, collapsed: true } : next }];
}

export function setSourceHidden(state: NotebookState, id: CellId, on: boolean): Operation[] {
  const metadata = state.cell(id)?.cell.metadata;
  if (metadata === undefined || isSourceHidden(metadata) === on) return [];
  return [{ op: 'set-metadata', id, metadata: withJupyterFlag(metadata, 'source_hidden', on) }];
}

function jupyterFlags({ jupyter }: JsonObject): JsonObject {
  return typeof jupyter === 'object' && jupyter !== null && !Array.isArray(jupyter) ? jupyter : {};
}

function withJupyterFlag(metadata: JsonObject, flag: string, on: boolean): JsonObject {
  const { jupyter: _old, ...rest } = metadata;
  const { [flag]: _flag, ...others } = jupyterFlags(metadata);
  const flags = on ? { ...others, [flag]: true } : others;
  return Object.keys(flags).length === 0 ? rest : { ...rest, jupyter: flags };
}

/**
 * Turns a flag of a cell's metadata on or off. A flag that is off is not written, except `scrolled`: without it long
 * output scrolls by itself.
 */
export function setFlag(state: NotebookState, id: CellId, name: string, on: boolean): Operation[] {
  const metadata = state.cell(id)?.cell.metadata;
  if (metadata === undefined) return [];
  const { [name]: old, ...others } = metadata;
  const next = on || name === 'scrolled' ? { ...others, [name]: on } : others;
  return old === next[name] ? [] : [{ op: 'set-metadata', id, metadata: next }];
}
