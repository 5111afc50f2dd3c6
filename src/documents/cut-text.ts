/**
 * The end of what a cell prints beyond its limit: the beginning stays as it is, of the rest the last part is kept, and
 * what is left out between them is counted and stated.
 */
import { MOST_RAW, withoutOverwritten } from '../notebook/overwritten-text.js';
import type { StreamOutput } from '../notebook/types.js';

export class CutText {
  #chunks: string[] = [];
  #length = 0;
  #left = 0;
  /** what stands in the cell for it now */
  shown: StreamOutput | undefined;

  constructor(
    readonly name: 'stdout' | 'stderr',
    private readonly most: number,
  ) {}

  add(text: string): void {
    const kept = text.length > this.most ? copyOf(text.slice(-this.most)) : text;
    this.#left += text.length - kept.length;
    this.#chunks.push(kept);
    this.#length += kept.length;
    let first = this.#chunks[0];
    while (first !== undefined && this.#length - first.length >= this.most) {
      this.#chunks.shift();
      this.#length -= first.length;
      this.#left += first.length;
      first = this.#chunks[0];
    }
  }

  /** Text of which only the end is known. @param left  how much stands before it */
  addEnd(text: string, left: number): void {
    this.add(text);
    this.#left += left;
  }

  output(): StreamOutput {
    const text = this.#chunks.join('');
    const kept = copyOf(text.slice(-this.most));
    const left = this.#left + text.length - kept.length;
    const { name } = this;
    const seen = kept.length > MOST_RAW ? withoutOverwritten(kept) : kept;
    if (seen.length < kept.length) {
      this.#chunks = [seen];
      this.#length = seen.length;
      this.#left = left;
    }
    this.shown = { output_type: 'stream', name, text: left === 0 ? seen : `${notice(left)}${seen}` };
    return this.shown;
  }
}

/** A part of a text keeps all of it in memory; a kernel that prints fast sends megabytes at once. */
export function copyOf(part: string): string {
  return Buffer.from(part, 'utf16le').toString('utf16le');
}

function notice(left: number): string {
  const size = left >= 1e6 ? `${(left / 1e6).toFixed(1)} million` : left.toLocaleString('en');
  return `\n[${size} characters are left out here: a cell keeps the beginning and the end of what it prints.]\n`;
}
