/** Links inside the notebook, and the part of the address behind `#`. */
import type { NotebookContext } from './notebook-context.js';
import { findAnchor } from './rich/anchors.js';
import { loadRich, richModule } from './rich/load-rich.js';

export class Anchors {
  readonly #notebook: NotebookContext;
  readonly #cells: HTMLElement;

  constructor(notebook: NotebookContext, cells: HTMLElement) {
    this.#notebook = notebook;
    this.#cells = cells;
    cells.addEventListener('click', (event) => {
      const link = event.target instanceof Element ? event.target.closest('a[href^="#"]') : null;
      if (link === null) return;
      event.preventDefault();
      this.#goTo(link.getAttribute('href') ?? '');
    });
    addEventListener('hashchange', () => this.goToHash());
  }

  goToHash(): void {
    if (location.hash.length > 1) this.#goTo(location.hash);
  }

  #goTo(anchor: string): void {
    const found = this.#find(anchor);
    if (found !== undefined || richModule() !== undefined) return found?.scrollIntoView({ block: 'start' });
    // Headings have their anchors when markdown is drawn, which needs that module first.
    loadRich().then(
      () => this.#goTo(anchor),
      () => undefined,
    );
  }

  /** Markdown that is not drawn yet may hold the anchor: it is drawn until it is found. */
  #find(anchor: string): Element | undefined {
    const { view, list } = this.#notebook;
    let found = findAnchor(this.#cells, anchor);
    if (richModule() === undefined) return found;
    for (const id of view.ids) {
      if (found !== undefined) break;
      const cell = list.view(id);
      if (cell === undefined || cell.isFilled || cell.type !== 'markdown') continue;
      list.fill(id);
      found = findAnchor(cell.element, anchor);
    }
    return found;
  }
}
