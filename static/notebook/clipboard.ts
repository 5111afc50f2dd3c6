/**
 * Cells on the clipboard: kept by the page, told to the other notebooks that are open in this browser, and put on the
 * system clipboard as text, where the browser allows it.
 */
import type { Cell } from '../../src/notebook/types.js';

const channel = 'BroadcastChannel' in window ? new BroadcastChannel('nbserver.cells') : undefined;

export class CellClipboard {
  #cells: readonly Cell[] = [];

  constructor() {
    channel?.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (isCells(event.data)) this.#cells = event.data;
    });
  }

  get isEmpty(): boolean {
    return this.#cells.length === 0;
  }

  /** The cells that were copied last, here or in another tab. They have their old ids. */
  get cells(): readonly Cell[] {
    return this.#cells;
  }

  copy(cells: readonly Cell[]): void {
    this.#cells = structuredClone(cells);
    channel?.postMessage(this.#cells);
    const text = cells.map((cell) => cell.source).join('\n\n');
    // refused without a permission or over plain http: the cells can still be pasted as cells
    void navigator.clipboard?.writeText(text).catch(() => undefined);
  }
}

/** Another tab may run another version of the page. */
function isCells(value: unknown): value is Cell[] {
  return (
    Array.isArray(value) &&
    value.every((cell: unknown) => {
      if (typeof cell !== 'object' || cell === null) return false;
      const { cell_type, source, metadata } = cell as Partial<Cell>;
      return (
        ['code', 'markdown', 'raw'].includes(cell_type ?? '') &&
        typeof source === 'string' &&
        typeof metadata === 'object'
      );
    })
  );
}
