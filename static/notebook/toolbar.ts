/**
 * The toolbar, which the server has drawn already: gives its buttons their commands and keeps them enabled as those are.
 * Pattern "Toolbar" of the ARIA Authoring Practices: one stop for Tab, arrows inside.
 */
import type { CellType } from '../../src/notebook/types.js';
import type { CommandRegistry } from '../base/commands.js';
import { keyLabel } from '../base/keys.js';

export class Toolbar {
  readonly #element: HTMLElement;
  readonly #commands: CommandRegistry;
  readonly #type: HTMLSelectElement | null;
  #items: HTMLElement[] = [];

  /** @param back  gives the focus back to the cells */
  constructor(element: HTMLElement, commands: CommandRegistry, back: () => void) {
    this.#element = element;
    this.#commands = commands;
    this.#type = element.querySelector('select');
    this.#items = [...element.querySelectorAll<HTMLElement>('button, select')];
    this.#items.forEach((item, i) => (item.tabIndex = i === 0 ? 0 : -1));
    for (const button of this.#buttons()) {
      const id = button.dataset['command'] ?? '';
      const command = commands.get(id);
      const keys = commands.keysOf(id, 'command');
      const title = command?.title ?? command?.label ?? '';
      button.title = keys === undefined ? title : `${title} (${keyLabel(keys)})`;
      // keeps the focus, and with it the selection, where the work is
      button.addEventListener('pointerdown', (event) => event.preventDefault());
      button.addEventListener('click', () => {
        if (button.getAttribute('aria-disabled') !== 'true') void commands.run(id);
      });
    }
    this.#type?.addEventListener('change', () => {
      const type = this.#type?.value ?? 'code';
      // the keys that follow are meant for the cells
      void commands
        .run(`jupyter-notebook:change-cell-to-${type === 'heading' ? 'heading-1' : type}`)
        .then(back);
    });
    element.addEventListener('keydown', (event) => this.#onKey(event));
    element.addEventListener('focusin', (event) => {
      for (const item of this.#items) item.tabIndex = item === event.target ? 0 : -1;
    });
  }

  /** @param type  of the selected cells; undefined when they differ */
  update(type: CellType | undefined): void {
    for (const button of this.#buttons()) {
      const enabled = this.#commands.isEnabled(button.dataset['command'] ?? '');
      button.setAttribute('aria-disabled', String(!enabled));
    }
    if (this.#type === null) return;
    this.#type.value = type ?? '';
    this.#type.disabled = !this.#commands.isEnabled('jupyter-notebook:change-cell-to-code');
  }

  #buttons(): NodeListOf<HTMLButtonElement> {
    return this.#element.querySelectorAll<HTMLButtonElement>('button[data-command]');
  }

  #onKey(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };
    const step = steps[event.key];
    const at = this.#items.findIndex((item) => item === document.activeElement);
    const target =
      event.key === 'Home'
        ? this.#items[0]
        : event.key === 'End'
          ? this.#items.at(-1)
          : step === undefined || at < 0
            ? undefined
            : this.#items[(at + step + this.#items.length) % this.#items.length];
    if (target === undefined) return;
    event.preventDefault();
    target.focus();
  }
}
