/** The table of contents beside the notebook: the headings of its markdown cells; a click goes there. */
import type { NotebookState } from '../../../src/notebook/notebook-state.js';
import type { CellId } from '../../../src/notebook/types.js';
import { iconElement } from '../../base/icon-element.js';
import { headingsOf, type Heading } from './headings.js';

export interface ContentsHost {
  /** the notebook as it is now: the page may have built it anew since the last time */
  view(): NotebookState;
  current(): CellId | null;
  goTo(cell: CellId, heading: Heading): void;
  close(): void;
}

/** Milliseconds after a change until the list follows */
const DELAY = 300;

export class TableOfContents {
  readonly element = document.createElement('nav');
  readonly #list = document.createElement('ol');
  readonly #host: ContentsHost;
  /** by cell state: a text that did not change is not parsed again */
  #known = new Map<CellId, { source: string; headings: Heading[] }>();
  #entries: { cell: CellId; link: HTMLElement }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ContentsHost) {
    this.#host = host;
    this.element.className = 'contents-panel';
    this.element.setAttribute('aria-label', 'Table of contents');
    const head = document.createElement('div');
    head.className = 'panel-head';
    const title = document.createElement('h2');
    title.textContent = 'Contents';
    const close = document.createElement('button');
    close.type = 'button';
    close.className = 'button';
    close.title = 'Close the table of contents';
    close.setAttribute('aria-label', close.title);
    close.append(iconElement('close'));
    close.addEventListener('click', () => host.close());
    head.append(title, close);
    this.element.append(head, this.#list);
    this.draw();
  }

  /** The notebook changed; the list follows a little later. */
  changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.draw(), DELAY);
  }

  /** Marks the section that the selected cell is in. */
  selectionChanged(): void {
    const current = this.#host.current();
    const at = current === null ? -1 : this.#host.view().indexOf(current);
    let inside: HTMLElement | undefined;
    for (const { cell, link } of this.#entries) {
      link.removeAttribute('aria-current');
      if (this.#host.view().indexOf(cell) <= at) inside = link;
    }
    inside?.setAttribute('aria-current', 'true');
  }

  draw(): void {
    clearTimeout(this.#timer);
    const known = new Map<CellId, { source: string; headings: Heading[] }>();
    this.#entries = [];
    const items: HTMLElement[] = [];
    for (const { id, cell } of this.#host.view().cells()) {
      if (cell.cell_type !== 'markdown') continue;
      const before = this.#known.get(id);
      const headings = before?.source === cell.source ? before.headings : headingsOf(cell.source);
      known.set(id, { source: cell.source, headings });
      for (const heading of headings) items.push(this.#item(id, heading));
    }
    this.#known = known;
    if (items.length === 0) {
      const empty = document.createElement('li');
      empty.className = 'note';
      empty.textContent = 'There are no headings yet. A markdown line that begins with # is one.';
      items.push(empty);
    }
    this.#list.replaceChildren(...items);
    this.selectionChanged();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.element.remove();
  }

  #item(cell: CellId, heading: Heading): HTMLElement {
    const item = document.createElement('li');
    const link = document.createElement('button');
    link.type = 'button';
    link.dataset['level'] = String(heading.level);
    link.textContent = heading.text;
    link.addEventListener('click', () => this.#host.goTo(cell, heading));
    item.append(link);
    this.#entries.push({ cell, link });
    return item;
  }
}
