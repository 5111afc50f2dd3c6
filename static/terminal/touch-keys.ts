/** Keys that a phone's keyboard lacks. Ctrl holds for the next character. */
import type { Terminal } from '@xterm/xterm';

const ARROWS: Record<string, string> = { '↑': 'A', '↓': 'B', '→': 'C', '←': 'D' };

export class TouchKeys {
  readonly #control: HTMLElement | null;

  constructor(bar: HTMLElement, terminal: Terminal, send: (text: string) => void) {
    this.#control = bar.querySelector('[data-key="Ctrl"]');
    // The screen keyboard goes away when the terminal loses focus.
    bar.addEventListener('pointerdown', (event) => event.preventDefault());
    bar.addEventListener('click', (event) => {
      const button = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-key]') : null;
      const key = button?.dataset['key'];
      if (key === undefined) return;
      const arrow = ARROWS[key];
      if (key === 'Ctrl') this.#setControl(!this.#held);
      else if (key === 'Esc') send('\x1b');
      else if (key === 'Tab') send('\t');
      else if (arrow !== undefined)
        send(`\x1b${terminal.modes.applicationCursorKeysMode ? 'O' : '['}${arrow}`);
      terminal.focus();
    });
  }

  /** What is sent for a typed text: with Ctrl held, a letter becomes its control character. */
  apply(text: string): string {
    if (!this.#held || text.length !== 1) return text;
    this.#setControl(false);
    const code = text.toUpperCase().charCodeAt(0);
    return code >= 64 && code < 96 ? String.fromCharCode(code - 64) : text;
  }

  get #held(): boolean {
    return this.#control?.getAttribute('aria-pressed') === 'true';
  }

  #setControl(held: boolean): void {
    this.#control?.setAttribute('aria-pressed', String(held));
  }
}
