/** Ids of cells (nbformat 4.5: 1 to 64 of `a-z A-Z 0-9 - _`, unique in a notebook). */
import type { CellId } from './types.js';

export function isCellId(value: unknown): value is CellId {
  return typeof value === 'string' && /^[a-zA-Z0-9_-]{1,64}$/.test(value);
}

/** Eight random hexadecimal digits, as Jupyter makes them. */
export function newCellId(): CellId {
  const [number = 0] = globalThis.crypto.getRandomValues(new Uint32Array(1));
  return number.toString(16).padStart(8, '0');
}

/** A new id that is not in `taken`. */
export function freeCellId(taken: { has(id: CellId): boolean }): CellId {
  for (;;) {
    const id = newCellId();
    if (!taken.has(id)) return id;
  }
}
