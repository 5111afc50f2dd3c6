/** Links inside the notebook, and the part of the address behind `#`. */
import type { CellId } from '../../src/notebook/types.js';
import { nextTask } from '../base/slices.js';
import { allDone } from './soon.js';
import type { NotebookContext } from './notebook-context.js';
import { decodeAnchor, findAnchor } from './rich/anchors.js';
import { loadRich } from './rich/load-rich.js';

/** Milliseconds of one task that drawing may take */
const SLICE = 8;

export class Anchors {
  readonly #notebook: NotebookContext;
  readonly #cells: HTMLElement;
  /** what is looked for just now */
  #wanted = '';

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
    this.#wanted = anchor;
    const found = findAnchor(this.#cells, anchor);
    if (found !== undefined) return found.scrollIntoView({ block: 'start' });
    // Headings have their anchors when markdown is drawn, which needs that module first.
    loadRich().then(
      () => this.#search(anchor),
      () => undefined,
    );
  }

  /** Markdown that is not drawn yet may hold the anchor: it is drawn until it is found, what has its words in it first. */
  async #search(anchor: string): Promise<void> {
    const { view, list } = this.#notebook;
    await nextTask(); // those who wait for the module, too, ask to be drawn now
    await allDone();
    if (this.#wanted !== anchor) return;
    const words = lettersOf(decodeAnchor(anchor));
    const texts = [...view.cells()].filter(({ cell }) => cell.cell_type === 'markdown');
    const [likely, others]: [CellId[], CellId[]] = [[], []];
    for (const { id, cell } of texts) (lettersOf(cell.source).includes(words) ? likely : others).push(id);
    let found = findAnchor(this.#cells, anchor);
    for (let i = 0, until = performance.now() + SLICE; found === undefined && i < texts.length; i++) {
      if (performance.now() > until) {
        await nextTask();
        if (this.#wanted !== anchor) return;
        until = performance.now() + SLICE;
      }
      const cell = list.view(likely[i] ?? others[i - likely.length] ?? '');
      if (cell === undefined) continue;
      if (!cell.isFilled) cell.fill();
      found = findAnchor(cell.element, anchor);
    }
    found?.scrollIntoView({ block: 'start' });
  }
}

/** Without what markdown and the anchor's spelling put between them. */
function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}
