/** The cells of the notebook in the page, in the order of the document; changes only what the operations name. */
import type { NotebookState } from '../../../src/notebook/notebook-state.js';
import type { Operation } from '../../../src/notebook/operations.js';
import type { CellId } from '../../../src/notebook/types.js';
import type { CellHost } from './cell-host.js';
import { CellView } from './cell-view.js';
import { ViewportFiller } from './viewport-filler.js';

export class CellList {
  readonly #container: HTMLElement;
  readonly #host: CellHost;
  readonly #filler: ViewportFiller;
  readonly #views = new Map<CellId, CellView>();
  #state: NotebookState;
  readonly #dirty = new Set<CellId>();
  #orderDirty = false;
  #frame = 0;
  #lineNumbers = false;
  #onRemoved: (id: CellId, before: CellId | null) => void;

  constructor(
    container: HTMLElement,
    scroller: HTMLElement,
    state: NotebookState,
    host: CellHost,
    onRemoved: (id: CellId, before: CellId | null) => void,
  ) {
    this.#container = container;
    this.#host = host;
    this.#state = state;
    this.#filler = new ViewportFiller(scroller);
    this.#onRemoved = onRemoved;
  }

  get isEmpty(): boolean {
    return this.#views.size === 0;
  }

  view(id: CellId): CellView | undefined {
    return this.#views.get(id);
  }

  views(): Iterable<CellView> {
    return this.#views.values();
  }

  /** The document is another one (a first or a new snapshot); views of cells that stay are kept. */
  replace(state: NotebookState): void {
    this.#state = state;
    for (const id of state.ids) this.#dirty.add(id);
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
    for (const id of this.#dirty) {
      const state = this.#state.cell(id);
      const view = this.#views.get(id);
      if (state !== undefined && view !== undefined) view.update(state);
    }
    this.#dirty.clear();
    if (this.#orderDirty) this.#order();
    this.#orderDirty = false;
  }

  /** Makes sure that a cell is complete, because it will be scrolled to or runs. */
  fill(id: CellId): void {
    const view = this.#views.get(id);
    if (view !== undefined && !view.isFilled) this.#filler.fillNow(view);
  }

  showLineNumbers(on: boolean): void {
    this.#lineNumbers = on;
    for (const view of this.#views.values()) view.source.showNumbers(on && view.type === 'code');
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#filler.close();
    for (const view of this.#views.values()) view.dispose();
    this.#views.clear();
  }

  #order(): void {
    this.#removeGone();
    const fresh = document.createDocumentFragment();
    let next = this.#container.firstElementChild;
    for (const id of this.#state.ids) {
      const view = this.#views.get(id) ?? this.#make(id);
      if (view === undefined) continue;
      if (view.element === next) {
        if (fresh.childNodes.length > 0) this.#container.insertBefore(fresh, next);
        next = next.nextElementSibling;
      } else if (view.element.isConnected) {
        // The cell that follows in the page may only have to step aside: the one that moved keeps its focus.
        this.#container.insertBefore(fresh, next);
        moveBefore(this.#container, view.element, next);
      } else {
        fresh.append(view.element);
      }
    }
    this.#container.insertBefore(fresh, next);
    let number = 0;
    for (const id of this.#state.ids) this.#views.get(id)?.setPlace(++number, this.#state.length);
  }

  #removeGone(): void {
    for (const [id, view] of this.#views) {
      if (this.#state.has(id)) continue;
      const before = view.element.previousElementSibling;
      this.#views.delete(id);
      this.#filler.remove(view);
      view.dispose();
      this.#onRemoved(id, before instanceof HTMLElement ? (before.dataset['cellId'] ?? null) : null);
    }
  }

  #make(id: CellId): CellView | undefined {
    const state = this.#state.cell(id);
    if (state === undefined) return undefined;
    const view = new CellView(state, this.#host);
    if (this.#lineNumbers && view.type === 'code') view.source.showNumbers(true);
    this.#views.set(id, view);
    this.#filler.add(view);
    return view;
  }
}

/** Moves an element and keeps its focus, scroll and frames where the browser can. */
function moveBefore(parent: HTMLElement, element: HTMLElement, next: Element | null): void {
  const target = parent as HTMLElement & { moveBefore?(node: Node, child: Node | null): void };
  if (target.moveBefore !== undefined) return target.moveBefore(element, next);
  const active = document.activeElement;
  const hadFocus = active instanceof HTMLElement && element.contains(active);
  parent.insertBefore(element, next);
  if (hadFocus) active.focus({ preventScroll: true });
}
