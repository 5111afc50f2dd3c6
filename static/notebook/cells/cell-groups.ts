/**
 * The cells of the page in groups of about 25. A group that is off the screen costs the browser nothing
 * (`content-visibility`); with every cell for itself, 3,000 cells made each key press four times as slow.
 */

const SIZE = 25;

export interface GroupHandlers {
  added(group: HTMLElement): void;
  removed(group: HTMLElement): void;
  /** pixels that a cell will need, roughly */
  estimate(cell: Element): number;
}

export class CellGroups {
  readonly #container: HTMLElement;
  readonly #handlers: GroupHandlers;
  readonly #changed = new Set<HTMLElement>();

  constructor(container: HTMLElement, handlers: GroupHandlers) {
    this.#container = container;
    this.#handlers = handlers;
  }

  /** Puts a cell right behind another one (null: first), if it is not there already. */
  place(cell: HTMLElement, previous: HTMLElement | null): void {
    if (this.#before(cell) === previous) return;
    const from = cell.parentElement;
    const group = this.#groupFor(previous);
    const next = previous === null ? group.firstElementChild : nextInGroup(previous, group);
    moveBefore(group, cell, next);
    this.#changed.add(group);
    if (from !== null) this.#shrunk(from);
  }

  remove(cell: HTMLElement): void {
    const group = cell.parentElement;
    cell.remove();
    if (group !== null) this.#shrunk(group);
  }

  /** Tells the browser how tall the changed groups will be. */
  settle(): void {
    for (const group of this.#changed) {
      let height = 0;
      for (const cell of group.children) height += this.#handlers.estimate(cell);
      group.style.setProperty('contain-intrinsic-size', `auto ${height}px`);
    }
    this.#changed.clear();
  }

  /** The cell in front; undefined when this one is not in the page. */
  #before(cell: HTMLElement): Element | null | undefined {
    const group = cell.parentElement;
    if (group === null) return undefined;
    return cell.previousElementSibling ?? group.previousElementSibling?.lastElementChild ?? null;
  }

  /** The group that the cell behind `previous` goes into; a full one is divided there. */
  #groupFor(previous: HTMLElement | null): HTMLElement {
    const group = previous?.parentElement ?? (this.#container.firstElementChild as HTMLElement | null);
    if (group === null) return this.#make(null);
    if (previous !== null && previous === group.lastElementChild && group.childElementCount >= SIZE) {
      return this.#make(group);
    }
    if (group.childElementCount < 2 * SIZE) return group;
    const rest = this.#make(group);
    const half = [...group.children].slice(SIZE) as HTMLElement[];
    for (const cell of half) moveBefore(rest, cell, null);
    this.#changed.add(rest).add(group);
    return previous !== null && previous.parentElement === rest ? rest : group;
  }

  #make(after: HTMLElement | null): HTMLElement {
    const group = document.createElement('div');
    group.className = 'cell-group';
    if (after === null) this.#container.prepend(group);
    else after.after(group);
    this.#handlers.added(group);
    return group;
  }

  #shrunk(group: HTMLElement): void {
    if (group.childElementCount > 0) {
      this.#changed.add(group);
    } else {
      this.#changed.delete(group);
      this.#handlers.removed(group);
      group.remove();
    }
  }
}

function nextInGroup(previous: HTMLElement, group: HTMLElement): Element | null {
  return previous.parentElement === group ? previous.nextElementSibling : group.firstElementChild;
}

/** Moves an element and keeps its focus, scroll and frames where the browser can. */
function moveBefore(parent: HTMLElement, element: HTMLElement, next: Element | null): void {
  const target = parent as HTMLElement & { moveBefore?(node: Node, child: Node | null): void };
  if (!element.isConnected) {
    parent.insertBefore(element, next);
  } else if (target.moveBefore !== undefined) {
    target.moveBefore(element, next);
  } else {
    const active = document.activeElement;
    const hadFocus = active instanceof HTMLElement && element.contains(active);
    parent.insertBefore(element, next);
    if (hadFocus) active.focus({ preventScroll: true });
  }
}
