/** Finds text in the terminal and its scrollback. The library comes with the first search. */
import type { ISearchOptions, SearchAddon } from '@xterm/addon-search';
import type { Terminal } from '@xterm/xterm';

const MARKS = {
  matchBackground: '#6b5a00',
  activeMatchBackground: '#b86000',
  matchOverviewRuler: '#d7ba3d',
  activeMatchColorOverviewRuler: '#ff9d00',
};
const OPTIONS: ISearchOptions = { decorations: MARKS };

export class SearchBar {
  readonly #form: HTMLFormElement;
  readonly #field: HTMLInputElement;
  readonly #count: HTMLElement;
  readonly #terminal: Terminal;
  #addon: Promise<SearchAddon> | undefined;

  constructor(form: HTMLFormElement, terminal: Terminal) {
    this.#form = form;
    this.#terminal = terminal;
    const field = form.querySelector('input');
    const count = form.querySelector<HTMLElement>('.search-count');
    if (field === null || count === null) throw new Error('The search bar is not complete.');
    this.#field = field;
    this.#count = count;
    field.addEventListener('input', () => void this.#find('next', { ...OPTIONS, incremental: true }));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#find('next');
    });
    form.addEventListener('click', (event) => {
      const step = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-step]') : null;
      if (step?.dataset['step'] === 'previous') void this.#find('previous');
      if (step?.dataset['step'] === 'close') this.close();
    });
    form.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.close();
      else if (event.key === 'Enter' && event.shiftKey) {
        event.preventDefault();
        void this.#find('previous');
      }
    });
  }

  open(): void {
    const selected = this.#terminal.getSelection();
    if (selected !== '' && !selected.includes('\n')) this.#field.value = selected;
    this.#form.hidden = false;
    this.#field.focus();
    this.#field.select();
    if (this.#field.value !== '') void this.#find('next', { ...OPTIONS, incremental: true });
  }

  close(): void {
    this.#form.hidden = true;
    void this.#addon?.then((addon) => addon.clearDecorations());
    this.#terminal.focus();
  }

  async #find(step: 'next' | 'previous', options = OPTIONS): Promise<void> {
    const addon = await (this.#addon ??= this.#load());
    const { value } = this.#field;
    if (value === '') {
      addon.clearDecorations();
      this.#count.textContent = '';
    } else if (step === 'next') addon.findNext(value, options);
    else addon.findPrevious(value, options);
  }

  async #load(): Promise<SearchAddon> {
    const { SearchAddon } = await import('@xterm/addon-search');
    const addon = new SearchAddon();
    this.#terminal.loadAddon(addon);
    addon.onDidChangeResults(({ resultIndex, resultCount }) => {
      if (this.#field.value === '') this.#count.textContent = '';
      else if (resultCount === 0) this.#count.textContent = 'No match';
      else if (resultIndex === -1) this.#count.textContent = 'Many';
      else this.#count.textContent = `${resultIndex + 1} of ${resultCount}`;
    });
    return addon;
  }
}
