/**
 * Answers that were asked for again without a change (a page that is reloaded, several clients on one notebook, the
 * pictures of a page): the third time and later they are sent from memory. Bounded; large ones are never kept.
 */
import { BoundedMap } from './bounded-map.js';

interface Kept {
  /** of the file, and of what is trusted */
  state: string;
  /** undefined: asked for once so far */
  text?: Uint8Array;
  message?: string | undefined;
}

export interface Bounds {
  /** bytes of one answer */
  largest: number;
  /** bytes of all */
  most: number;
}

/** Answers whose state is remembered. */
const MOST_STATES = 200;

export class SentAgain {
  readonly #bounds: Bounds;
  readonly #kept: BoundedMap<string, Kept>;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
    this.#kept = new BoundedMap(bounds.most);
  }

  /** @returns the text as it was sent before; undefined when it has to be made */
  find(path: string, state: string): { text: Uint8Array; message: string | undefined } | undefined {
    const kept = this.#kept.get(path);
    if (kept?.state !== state || kept.text === undefined) return undefined;
    return { text: kept.text, message: kept.message };
  }

  /** Whether the text that is made now is worth keeping: it was asked for before, and is not large. */
  isWanted(path: string, state: string, size: number | undefined): boolean {
    const isAgain = this.#kept.get(path)?.state === state;
    if (!isAgain) this.#put(path, { state });
    return isAgain && (size ?? Infinity) <= this.#bounds.largest;
  }

  keep(path: string, state: string, text: Uint8Array, message: string | undefined): void {
    if (text.length <= this.#bounds.largest) this.#put(path, { state, text, message });
  }

  /** Each weighs so much at least that no more than `MOST_STATES` fit. */
  #put(path: string, kept: Kept): void {
    const least = this.#bounds.most / MOST_STATES;
    this.#kept.set(path, kept, Math.max(kept.text?.length ?? 0, least));
  }
}
