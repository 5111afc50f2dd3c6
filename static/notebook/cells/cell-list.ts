/** The cells of the notebook in the page, in the order of the document; changes only what the operations name. */
import type { NotebookState } from '../../../src/notebook/notebook-state.js';
import type { Operation } from '../../../src/notebook/operations.js';
import type { CellId } from '../../../src/notebook/types.js';
import type { CellHost } from './cell-host.js';
import { CellGroups } from './cell-groups.js';
import { CellView } from './cell-view.js';
import { ViewportFiller } from './viewport-filler.js';

/** Milliseconds */
const NAMES_DELAY = 200;
/** Cells of a new document that are made at once: more than a screen shows. The others follow in slices. */
const FIRST = 50;
/** Milliseconds of one task that making cells may take */
const SLICE = 12;

export interface CellListHandlers {
  /** A cell is gone. */
  removed(id: CellId): void;
  /** All cells of a document are in the page. */
  complete(): void;
}

export class CellList {
  readonly #container: HTMLElement;
  readonly #host: CellHost;
  readonly #filler: ViewportFiller;
  readonly #groups: CellGroups;
  readonly #views = new Map<CellId, CellView>();
  readonly #state: () => NotebookState;
  readonly #dirty = new Set<CellId>();
  #orderDirty = false;
  #frame = 0;
  #namesTimer: ReturnType<typeof setTimeout> | undefined;
  #lineNumbers = false;
  readonly #handlers: CellListHandlers;
  /** Puts the cells of a new document into the page, one with each step; undefined when all of them are there. */
  #rest: Iterator<CellId, void> | undefined;
  #restTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param state  what to show; asked for each time, because the sync may build it anew at any change */
  constructor(
    container: HTMLElement,
    scroller: HTMLElement,
    state: () => NotebookState,
    host: CellHost,
    handlers: CellListHandlers,
  ) {
    this.#container = container;
    this.#host = host;
    this.#state = state;
    const viewOf = (element: Element) =>
      element instanceof HTMLElement ? this.#views.get(element.dataset['cellId'] ?? '') : undefined;
    this.#filler = new ViewportFiller(scroller, viewOf);
    this.#groups = new CellGroups(container, {
      added: (group) => this.#filler.watch(group),
      removed: (group) => this.#filler.forget(group),
      estimate: (element) => viewOf(element)?.estimate ?? 0,
    });
    this.#handlers = handlers;
  }

  get isEmpty(): boolean {
    return this.#views.size === 0;
  }

  /** The view of a cell. One that its turn has not come to yet is made now, with those in front of it. */
  view(id: CellId): CellView | undefined {
    if (this.#rest !== undefined && !this.#views.has(id) && this.#state().has(id)) {
      while (!this.#views.has(id) && this.#rest !== undefined) this.#step();
      this.#groups.settle();
    }
    return this.#views.get(id);
  }

  views(): Iterable<CellView> {
    return this.#views.values();
  }

  /** The document is another one (a first or a new snapshot); views of cells that stay are kept. */
  replaced(): void {
    // what the page's HTML showed in the place of the cells
    if (this.isEmpty) this.#container.replaceChildren();
    for (const id of this.#views.keys()) this.#dirty.add(id);
    this.#orderDirty = true;
    this.flush();
  }

  /** The state was changed by these operations; they are shown in the next frame, or by `flush`. */
  changed(ops: readonly Operation[]): void {
    for (const op of ops) {
      if (op.op === 'insert-cell') this.#orderDirty = true;
      else if (op.op === 'delete-cell' || op.op === 'move-cell') this.#orderDirty = true;
      else if (op.id !== null) this.#dirty.add(op.id);
    }
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.flush());
  }

  /** Shows now what has changed. */
  flush(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const state = this.#state();
    for (const id of this.#dirty) {
      const cell = state.cell(id);
      const view = this.#views.get(id);
      if (cell !== undefined && view !== undefined) view.update(cell);
    }
    this.#dirty.clear();
    if (this.#orderDirty) this.#order();
    this.#orderDirty = false;
  }

  /** Makes sure that a cell is complete, because it will be scrolled to or printed. */
  fill(id: CellId): void {
    const view = this.view(id);
    if (view !== undefined && !view.isFilled) view.fill();
  }

  /** Shows the markdown among these cells as HTML; what is far from the screen is drawn when it comes near. */
  render(ids: readonly CellId[]): void {
    for (const id of ids) this.#views.get(id)?.setRendered(true);
  }

  showLineNumbers(on: boolean): void {
    this.#lineNumbers = on;
    for (const view of this.#views.values()) view.source.showNumbers(on && view.type === 'code');
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#namesTimer);
    clearTimeout(this.#restTimer);
    this.#rest = undefined;
    this.#filler.close();
    for (const view of this.#views.values()) view.dispose();
    this.#views.clear();
  }

  /** Brings all cells into the order of the document; those of a new one only as far as a screen shows. */
  #order(): void {
    const isNew = this.#views.size === 0;
    const isGrowing = this.#rest !== undefined;
    const gone = this.#removeGone();
    clearTimeout(this.#restTimer);
    this.#rest = this.#placing();
    if (isNew) for (let placed = 0; placed < FIRST; placed++) this.#step();
    else {
      // while others are still to come, those that are there
      const left = new Set(this.#views.keys());
      while (this.#rest !== undefined && !(isGrowing && left.size === 0)) left.delete(this.#step() ?? '');
    }
    this.#settle();
    // told when the others are there, of which one may be selected now
    for (const id of gone) this.#handlers.removed(id);
  }

  /** Puts one cell behind another in each step. What the document has become meanwhile is put in order by `flush`. */
  *#placing(): Generator<CellId, void> {
    let previous: HTMLElement | null = null;
    for (const id of this.#state().ids) {
      const view: CellView | undefined = this.#views.get(id) ?? this.#make(id);
      if (view === undefined) continue;
      this.#groups.place(view.element, previous);
      previous = view.element;
      yield id;
    }
  }

  /** @returns the cell that was placed */
  #step(): CellId | undefined {
    const next = this.#rest?.next();
    if (next?.done === false) return next.value;
    if (next !== undefined) {
      this.#rest = undefined;
      this.#handlers.complete();
    }
    return undefined;
  }

  #settle(): void {
    this.#groups.settle();
    this.#filler.schedule();
    clearTimeout(this.#namesTimer);
    if (this.#rest === undefined) this.#namesTimer = setTimeout(() => this.#name(), NAMES_DELAY);
    else this.#restTimer = setTimeout(() => this.#placeSlice());
  }

  #placeSlice(): void {
    const end = performance.now() + SLICE;
    while (this.#rest !== undefined && performance.now() < end) this.#step();
    this.#settle();
  }

  /** `Code cell 12 of 340`: every cell's name changes with every insertion, and nobody reads them at once. */
  #name(from = 0): void {
    const { ids, length } = this.#state();
    const end = performance.now() + SLICE;
    for (const [at, id] of ids.entries()) {
      if (at < from) continue;
      this.#views.get(id)?.setPlace(at + 1, length);
      if (performance.now() < end) continue;
      this.#namesTimer = setTimeout(() => this.#name(at + 1));
      return;
    }
  }

  #removeGone(): CellId[] {
    const state = this.#state();
    const gone: CellId[] = [];
    for (const [id, view] of this.#views) {
      if (state.has(id)) continue;
      this.#views.delete(id);
      view.dispose();
      this.#groups.remove(view.element);
      gone.push(id);
    }
    return gone;
  }

  #make(id: CellId): CellView | undefined {
    const state = this.#state().cell(id);
    if (state === undefined) return undefined;
    const view = new CellView(state, this.#host);
    if (this.#lineNumbers && view.type === 'code') view.source.showNumbers(true);
    this.#views.set(id, view);
    return view;
  }
}
