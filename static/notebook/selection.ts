/**
 * Which cells are selected, and whether the keyboard acts on cells (command mode) or writes into one (edit mode).
 *
 * In command mode the real focus is on the cell's section, so that a screen reader is where the selection is.
 */
import type { CellId } from '../../src/notebook/types.js';

export type Mode = 'command' | 'edit';

export interface SelectionOrder {
  readonly ids: readonly CellId[];
  indexOf(id: CellId): number;
}

export class Selection {
  #anchor: CellId | null = null;
  #head: CellId | null = null;
  #mode: Mode = 'command';

  constructor(
    private readonly order: () => SelectionOrder,
    private readonly onChange: () => void,
  ) {}

  /** The cell that commands act on and that has the focus. */
  get current(): CellId | null {
    return this.#head;
  }

  get mode(): Mode {
    return this.#mode;
  }

  /** The selected cells in the order of the notebook. */
  get cells(): CellId[] {
    if (this.#head === null) return [];
    const order = this.order();
    const head = order.indexOf(this.#head);
    const anchor = this.#anchor === null ? head : order.indexOf(this.#anchor);
    if (head < 0) return [];
    return order.ids.slice(Math.min(head, anchor < 0 ? head : anchor), Math.max(head, anchor) + 1);
  }

  /** Selects one cell. */
  select(id: CellId | null, mode: Mode = 'command'): void {
    this.#set(id, id, mode);
  }

  /** Selects from where the selection began up to `id`. */
  extendTo(id: CellId): void {
    this.#set(this.#anchor ?? id, id, 'command');
  }

  selectAll(): void {
    const { ids } = this.order();
    this.#set(ids[0] ?? null, ids.at(-1) ?? null, 'command');
  }

  setMode(mode: Mode): void {
    this.#set(mode === 'edit' ? this.#head : this.#anchor, this.#head, mode);
  }

  #set(anchor: CellId | null, head: CellId | null, mode: Mode): void {
    if (anchor === this.#anchor && head === this.#head && mode === this.#mode) return;
    this.#anchor = anchor;
    this.#head = head;
    this.#mode = mode;
    this.onChange();
  }
}
