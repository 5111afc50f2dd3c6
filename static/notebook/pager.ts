/** The drawer at the bottom that shows help (`?`, `??`, the fourth Shift-Tab). Esc and Q close it. */
import { iconElement } from '../base/icon-element.js';

export class Pager {
  readonly element = document.createElement('aside');
  readonly #content = document.createElement('div');
  #back: HTMLElement | undefined;

  constructor() {
    this.element.className = 'pager';
    this.element.setAttribute('aria-label', 'Help');
    this.element.hidden = true;
    const close = document.createElement('button');
    close.type = 'button';
    close.className = 'button pager-close';
    close.title = 'Close (Esc)';
    close.setAttribute('aria-label', 'Close the help');
    close.append(iconElement('close'));
    close.addEventListener('click', () => this.close());
    this.#content.className = 'pager-content';
    this.#content.tabIndex = 0;
    this.#content.setAttribute('role', 'region');
    this.#content.setAttribute('aria-label', 'Help text');
    this.element.append(close, this.#content);
    this.element.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' && event.key !== 'q') return;
      event.stopPropagation();
      this.close();
    });
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  show(content: HTMLElement): void {
    const active = document.activeElement;
    if (!this.isOpen && active instanceof HTMLElement) this.#back = active;
    this.#content.replaceChildren(content);
    this.element.hidden = false;
    this.#content.scrollTop = 0;
  }

  close(): void {
    if (!this.isOpen) return;
    const hadFocus = this.element.contains(document.activeElement);
    this.element.hidden = true;
    this.#content.replaceChildren();
    if (hadFocus && this.#back?.isConnected === true) this.#back.focus({ preventScroll: true });
  }
}
