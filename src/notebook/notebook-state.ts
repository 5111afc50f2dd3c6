/**
 * The state that operations change: the cells of an open notebook in order, by id, each parsed only when somebody
 * looks at it. Server and page use the same class.
 *
 * A `CellState` is never changed, only replaced, so that two states may share it and "is it still the same?" is `===`.
 * The list of cells is a plain array: finding one of 5,000 ids in it takes microseconds.
 */
import { Text } from '@codemirror/state';
import type { CellExecution } from './operations-types.js';
import type { Cell, CellId, JsonObject } from './types.js';

/** CodeMirror counts every line end as one position; an edit is counted on the text split like this. */
const LINE_END = /\r\n?|\n/;

export function sourceText(source: string): Text {
  return Text.of(source.split(LINE_END));
}

/** The cell's own part of a state: its content and how its run stands. */
export class CellState {
  #cell: Cell | undefined;
  #text: Text | undefined;
  readonly #load: () => Cell;

  /**
   * @param content    the cell, or how to parse it when it is needed
   * @param execution  absent: idle, with the count that the cell has
   * @param origin     what the cell was read from, as long as nothing of it that reaches the file was changed;
   *                   opaque here, the writer of the file uses it to write the same bytes again
   */
  constructor(
    readonly id: CellId,
    content: Cell | (() => Cell),
    readonly execution?: CellExecution,
    readonly origin?: object,
  ) {
    if (typeof content === 'function') {
      this.#load = content;
    } else {
      this.#cell = content;
      this.#load = () => content;
    }
  }

  /** The parsed cell; kept from then on. */
  get cell(): Cell {
    return (this.#cell ??= this.#load());
  }

  /** The parsed cell, not kept when it was not: for passes over the whole notebook. */
  peek(): Cell {
    return this.#cell ?? this.#load();
  }

  get isParsed(): boolean {
    return this.#cell !== undefined;
  }

  /** The source as an editor holds it (line ends are `\n`). */
  get text(): Text {
    return (this.#text ??= sourceText(this.cell.source));
  }

  /** The count and times as the page shows them. */
  get run(): CellExecution {
    return this.execution ?? { state: 'idle', count: this.cell.execution_count ?? null };
  }

  /** A copy with some fields changed; a field given as undefined goes away. */
  with(fields: Partial<Cell>): CellState {
    const cell: Cell = { ...this.cell, ...fields };
    for (const name of ['attachments', 'outputs', 'execution_count'] as const) {
      if (cell[name] === undefined) delete cell[name];
    }
    const changed = new CellState(this.id, cell, this.execution);
    if (fields.source === undefined) changed.#text = this.#text;
    return changed;
  }

  withText(text: Text): CellState {
    const changed = this.with({ source: text.toString() });
    changed.#text = text;
    return changed;
  }

  /** The same version of the cell, which now stands in the file. */
  withOrigin(origin: object): CellState {
    const stored = new CellState(this.id, this.#cell ?? this.#load, this.execution, origin);
    stored.#text = this.#text;
    return stored;
  }

  /** The count goes into the cell; everything else of an execution is not part of the file. */
  withExecution(execution: CellExecution | undefined): CellState {
    const count = execution?.count ?? null;
    const sameFile = execution === undefined || count === (this.cell.execution_count ?? null);
    const base = sameFile ? this : this.with({ execution_count: count });
    const changed = new CellState(this.id, base.cell, execution, sameFile ? this.origin : undefined);
    changed.#text = this.#text;
    return changed;
  }
}

/** How many deleted cells are remembered as places to insert behind. */
const REMEMBERED = 10_000;

export class NotebookState {
  metadata: JsonObject;
  #order: CellId[] = [];
  readonly #cells = new Map<CellId, CellState>();
  /** Deleted cell → the cell that stood before it then. */
  readonly #gone = new Map<CellId, CellId | null>();

  constructor(metadata: JsonObject = {}, cells: Iterable<CellState> = []) {
    this.metadata = metadata;
    for (const cell of cells) {
      this.#order.push(cell.id);
      this.#cells.set(cell.id, cell);
    }
  }

  static fromCells(metadata: JsonObject, cells: readonly Cell[]): NotebookState {
    return new NotebookState(
      metadata,
      cells.map((cell) => new CellState(cell.id, cell)),
    );
  }

  get length(): number {
    return this.#order.length;
  }

  /** The ids in order. Not to be kept: it changes with the state. */
  get ids(): readonly CellId[] {
    return this.#order;
  }

  /** The cells in order. */
  *cells(): Generator<CellState> {
    for (const id of this.#order) {
      const cell = this.#cells.get(id);
      if (cell !== undefined) yield cell;
    }
  }

  cell(id: CellId): CellState | undefined {
    return this.#cells.get(id);
  }

  has(id: CellId): boolean {
    return this.#cells.has(id);
  }

  indexOf(id: CellId): number {
    return this.#order.indexOf(id);
  }

  /** The id in front of a cell that is there; null for the first one. */
  before(id: CellId): CellId | null {
    return this.#order[this.#order.indexOf(id) - 1] ?? null;
  }

  /**
   * Where `after` is now: itself, or, when it was deleted, what stood before it then. An id that was never heard of
   * means the end of the notebook.
   */
  anchor(after: CellId | null): CellId | null {
    let place = after;
    while (place !== null && !this.#cells.has(place)) {
      const before = this.#gone.get(place);
      if (before === undefined) return this.#order.at(-1) ?? null;
      place = before;
    }
    return place;
  }

  /** @param after  null (top) or a cell that is there */
  insert(cell: CellState, after: CellId | null): void {
    this.#order.splice(this.#place(after), 0, cell.id);
    this.#cells.set(cell.id, cell);
    this.#gone.delete(cell.id);
  }

  remove(id: CellId): void {
    const index = this.#order.indexOf(id);
    if (index < 0) return;
    this.bury(id, this.#order[index - 1] ?? null);
    this.#order.splice(index, 1);
    this.#cells.delete(id);
  }

  /** @param after  null (top) or another cell that is there */
  move(id: CellId, after: CellId | null): void {
    this.#order.splice(this.#order.indexOf(id), 1);
    this.#order.splice(this.#place(after), 0, id);
  }

  /** Puts another version of a cell that is there. */
  replace(cell: CellState): void {
    if (this.#cells.has(cell.id)) this.#cells.set(cell.id, cell);
  }

  /** Remembers where a cell that is not there would stand. */
  bury(id: CellId, before: CellId | null): void {
    this.#gone.delete(id);
    this.#gone.set(id, before);
    if (this.#gone.size > REMEMBERED) {
      const oldest = this.#gone.keys().next();
      if (oldest.done !== true) this.#gone.delete(oldest.value);
    }
  }

  /** A second state with the same cells, to be changed on its own. */
  copy(): NotebookState {
    const copy = new NotebookState(this.metadata, this.cells());
    for (const [id, before] of this.#gone) copy.#gone.set(id, before);
    return copy;
  }

  #place(after: CellId | null): number {
    return after === null ? 0 : this.#order.indexOf(after) + 1;
  }
}
