/** The last of what a terminal printed, for a page that comes back: bounded, and complete enough to draw from. */
import { withoutQueries } from './queries.js';

/** UTF-16 units; about ten thousand full lines. A browser draws as much in some ten milliseconds. */
export const SCROLLBACK_LENGTH = 1_000_000;

const MODE = /\x1b\[\?([\d;]+)([hl])/g;

export class Scrollback {
  readonly #limit: number;
  #chunks: string[] = [];
  #length = 0;
  #cut = false;
  /** private modes as the text that was dropped left them: alternate screen, mouse, hidden cursor, … */
  readonly #modes = new Map<string, 'h' | 'l'>();

  constructor(limit = SCROLLBACK_LENGTH) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  push(text: string): void {
    this.#chunks.push(text);
    this.#length += text.length;
    if (this.#length > this.#limit) this.#drop();
  }

  /** Text that brings an empty terminal to where this one is, without questions that it would answer. */
  replay(): string {
    const text = withoutQueries(this.#chunks.join(''));
    if (!this.#cut) return text;
    const modes = [...this.#modes].map(([mode, end]) => `\x1b[?${mode}${end}`).join('');
    // The first line has lost its beginning, perhaps in the middle of an escape sequence.
    return modes + text.slice(text.indexOf('\n') + 1);
  }

  #drop(): void {
    let count = 0;
    for (let at = 0; this.#length > this.#limit && at < this.#chunks.length; at += 1, count += 1) {
      const text = this.#chunks[at] ?? '';
      this.#length -= text.length;
      for (const [, modes = '', end] of text.matchAll(MODE)) {
        for (const mode of modes.split(';')) this.#modes.set(mode, end === 'h' ? 'h' : 'l');
      }
    }
    this.#chunks.splice(0, count);
    this.#cut = true;
  }
}
