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

/**
 * An id for a cell whose file has none, the same every time that cell is read: a page that comes back to a server which
 * was started again finds its cells.
 *
 * @param text  what makes the cell this one; equal cells get different ids by their order
 */
export function derivedCellId(text: Uint8Array, taken: { has(id: CellId): boolean }): CellId {
  // FNV-1a
  let hash = 0x811c9dc5;
  for (const byte of text) hash = Math.imul(hash ^ byte, 0x01000193);
  for (let number = hash >>> 0; ; number = (number + 1) >>> 0) {
    const id = number.toString(16).padStart(8, '0');
    if (!taken.has(id)) return id;
  }
}
