/**
 * The drawer at the bottom that shows help (`?`, `??`, the fourth Shift-Tab). Esc and Q close it; its upper edge is drawn up
 * and down with the mouse, a finger or the arrow keys (pattern "Window Splitter" of the ARIA Authoring Practices).
 */
import { iconElement } from '../base/icon-element.js';

/** Parts of the window's height, in percent */
const LOWEST = 10;
const HIGHEST = 80;
const FIRST = 35;
/** what one press of an arrow key changes */
const STEP = 5;

export class Pager {
  readonly element = document.createElement('aside');
  readonly #content = document.createElement('div');
  readonly #edge = document.createElement('div');
  #back: HTMLElement | undefined;
  #height = FIRST;

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
    this.#makeEdge();
    this.element.append(this.#edge, close, this.#content);
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

  #makeEdge(): void {
    const edge = this.#edge;
    edge.className = 'pager-edge';
    edge.tabIndex = 0;
    edge.setAttribute('role', 'separator');
    edge.setAttribute('aria-orientation', 'horizontal');
    edge.setAttribute('aria-label', 'Height of the help');
    edge.setAttribute('aria-valuemin', String(LOWEST));
    edge.setAttribute('aria-valuemax', String(HIGHEST));
    edge.title = 'Draw it to change the height of the help';
    this.#setHeight(FIRST);
    edge.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      event.preventDefault(); // no text is selected on the way
      edge.focus({ preventScroll: true });
      edge.setPointerCapture(event.pointerId);
    });
    edge.addEventListener('pointermove', (event) => {
      if (edge.hasPointerCapture(event.pointerId))
        this.#setHeight(((innerHeight - event.clientY) / innerHeight) * 100);
    });
    edge.addEventListener('keydown', (event) => {
      const heights: Record<string, number> = {
        ArrowUp: this.#height + STEP,
        ArrowDown: this.#height - STEP,
        Home: LOWEST,
        End: HIGHEST,
      };
      const height = heights[event.key];
      if (height === undefined) return;
      event.preventDefault();
      this.#setHeight(height);
    });
  }

  /** @param height  in percent of the window's */
  #setHeight(height: number): void {
    this.#height = Math.min(HIGHEST, Math.max(LOWEST, height));
    this.element.style.height = `${this.#height}vh`;
    this.#edge.setAttribute('aria-valuenow', String(Math.round(this.#height)));
  }

  close(): void {
    if (!this.isOpen) return;
    const hadFocus = this.element.contains(document.activeElement);
    this.element.hidden = true;
    this.#content.replaceChildren();
    if (hadFocus && this.#back?.isConnected === true) this.#back.focus({ preventScroll: true });
  }
}
