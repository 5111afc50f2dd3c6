/**
 * Moving cells with the mouse: a press at the left of a cell that is drawn up or down carries the cell, or all selected
 * ones, to where the line is shown. Fingers scroll there; they have the arrows of the toolbar.
 */
import type { CellId } from '../../../src/notebook/types.js';

export interface DragHost {
  readonly scroller: HTMLElement;
  canEdit(): boolean;
  /** the cells that move when this one is drawn */
  cellsWith(id: CellId): readonly CellId[];
  /** @param after  null: to the top */
  move(ids: readonly CellId[], after: CellId | null): void;
}

/** Pixels before a press becomes a drag */
const THRESHOLD = 6;
/** Pixels from the edge of the view in which it scrolls, and how far in one frame */
const EDGE = 50;
const STEP = 14;

export function enableDrag(cells: HTMLElement, host: DragHost): void {
  cells.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || event.pointerType !== 'mouse' || event.shiftKey || !host.canEdit()) return;
    const cell = grabbedCell(event);
    const id = cell?.dataset['cellId'];
    if (cell !== undefined && id !== undefined) new Drag(cells, host, id, event);
  });
}

/** The cell whose left margin was pressed; outputs have their own clicks there. */
function grabbedCell(event: PointerEvent): HTMLElement | undefined {
  if (
    !(event.target instanceof Element) ||
    event.target.closest('.outputs, a, button, input, select') !== null
  ) {
    return undefined;
  }
  const cell = event.target.closest<HTMLElement>('[data-cell-id]');
  if (cell === null) return undefined;
  const content = cell.querySelector(':scope > .markdown, :scope > .input > .source');
  const left = content?.getBoundingClientRect().left ?? 0;
  return event.clientX < left ? cell : undefined;
}

class Drag {
  readonly #cells: HTMLElement;
  readonly #host: DragHost;
  readonly #id: CellId;
  readonly #start: number;
  readonly #line = document.createElement('div');
  readonly #abort = new AbortController();
  #moving: readonly CellId[] | undefined;
  #y: number;
  #after: CellId | null | undefined;
  #frame = 0;

  constructor(cells: HTMLElement, host: DragHost, id: CellId, event: PointerEvent) {
    this.#cells = cells;
    this.#host = host;
    this.#id = id;
    this.#start = this.#y = event.clientY;
    this.#line.className = 'drop-line';
    const { signal } = this.#abort;
    document.addEventListener('pointermove', (move) => this.#move(move), { signal });
    document.addEventListener('pointerup', () => this.#end(true), { signal });
    document.addEventListener('pointercancel', () => this.#end(false), { signal });
    document.addEventListener(
      'keydown',
      (press) => {
        if (press.key !== 'Escape') return;
        press.stopPropagation();
        this.#end(false);
      },
      { signal, capture: true },
    );
  }

  #move(event: PointerEvent): void {
    this.#y = event.clientY;
    if (this.#moving === undefined) {
      if (Math.abs(this.#y - this.#start) < THRESHOLD) return;
      this.#moving = this.#host.cellsWith(this.#id);
      document.body.classList.add('dragging-cells');
      getSelection()?.removeAllRanges();
      this.#frame = requestAnimationFrame(() => this.#scroll());
    }
    event.preventDefault();
    this.#mark();
  }

  /** Shows the line between the two cells that the pointer is nearest to. */
  #mark(): void {
    const box = this.#cells.getBoundingClientRect();
    const element = document.elementFromPoint(box.left + box.width / 2, this.#y);
    const cell = element?.closest<HTMLElement>('[data-cell-id]');
    if (cell == null) return;
    const { top, height } = cell.getBoundingClientRect();
    const below = this.#y > top + height / 2;
    const before = below ? cell : previousCell(this.#cells, cell);
    this.#after = before?.dataset['cellId'] ?? null;
    this.#line.style.top = `${(below ? top + height : top) - box.top + this.#cells.offsetTop}px`;
    if (!this.#line.isConnected) this.#cells.after(this.#line);
  }

  #scroll(): void {
    const { top, bottom } = this.#host.scroller.getBoundingClientRect();
    const step = this.#y < top + EDGE ? -STEP : this.#y > bottom - EDGE ? STEP : 0;
    if (step !== 0) {
      this.#host.scroller.scrollBy(0, step);
      this.#mark();
    }
    this.#frame = requestAnimationFrame(() => this.#scroll());
  }

  #end(drop: boolean): void {
    this.#abort.abort();
    cancelAnimationFrame(this.#frame);
    this.#line.remove();
    document.body.classList.remove('dragging-cells');
    if (drop && this.#moving !== undefined && this.#after !== undefined) {
      this.#host.move(this.#moving, this.#after);
    }
  }
}

function previousCell(cells: HTMLElement, cell: HTMLElement): HTMLElement | undefined {
  const all = [...cells.querySelectorAll<HTMLElement>('[data-cell-id]')];
  return all[all.indexOf(cell) - 1];
}
