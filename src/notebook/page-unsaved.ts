/**
 * What a page has changed and does not know to be on disk: a server that was killed starts from the file, and the page then
 * brings back what is not in it. The server may have saved more than it could still say, so that each text which it had
 * since is remembered: one of them is in the file, and nobody need be asked about it.
 */
import type { Text } from '@codemirror/state';
import type { NotebookState } from './notebook-state.js';
import type { Operation } from './operations-types.js';
import type { CellId } from './types.js';

/** The texts that the server's notebook may have in a cell which this page has changed. */
export interface KnownTexts {
  /** before the first change that is not known to be on disk; null: the cell is new */
  base: Text | null;
  /** since then, the oldest first */
  later: readonly Text[];
}

interface UnsavedText {
  base: Text | null;
  versions: { revision: number; text: Text }[];
  /** there are changes that the server has not confirmed */
  waits: boolean;
}

/** Of one cell; and of operations on cells as a whole. */
const MOST_VERSIONS = 1_000;
const MOST_OPERATIONS = 2_000;

export class UnsavedChanges {
  readonly #texts = new Map<CellId, UnsavedText>();
  #ops: { revision: number; op: Operation; texts?: (Text | null)[] }[] = [];
  /** deleted cells, with the texts that they had */
  readonly #deleted = new Map<CellId, (Text | null)[]>();

  /** An own operation is shown. @param text  of its cell before */
  performed(op: Operation, text: Text | null): void {
    if (op.op === 'insert-cell') this.#texts.set(op.cell.id, { base: null, versions: [], waits: true });
    if (op.op === 'delete-cell') {
      const { base = null, later = [] } = this.of(op.id) ?? {};
      this.#deleted.set(op.id, [text, ...later, base]);
      this.#texts.delete(op.id);
    }
    if (op.op !== 'edit-source') return;
    const known = this.#texts.get(op.id);
    if (known === undefined) this.#texts.set(op.id, { base: text, versions: [], waits: true });
    else known.waits = true;
  }

  /** The server has this text. @param waits  whether there is more that it has not confirmed; undefined: as before */
  confirmed(id: CellId, text: Text, revision: number, waits?: boolean): void {
    const known = this.#texts.get(id);
    if (known === undefined) return;
    known.versions.push({ revision, text });
    if (known.versions.length > MOST_VERSIONS) known.versions.shift();
    if (waits !== undefined) known.waits = waits;
  }

  /** The server has applied own operations. */
  accepted(ops: readonly Operation[], revision: number): void {
    for (const op of ops) {
      if (!isRepeated(op)) continue;
      const texts = op.op === 'delete-cell' ? this.#deleted.get(op.id) : undefined;
      this.#ops.push({ revision, op, ...(texts === undefined ? {} : { texts }) });
      if (op.op === 'delete-cell') this.#deleted.delete(op.id);
    }
    if (this.#ops.length > MOST_OPERATIONS) this.#ops = this.#ops.slice(-MOST_OPERATIONS);
  }

  /** An operation of somebody else: what this page did with that cell before is not to be done again. */
  doneByOthers(op: Operation): void {
    if (!isRepeated(op)) return;
    const id = cellOf(op);
    this.#ops = this.#ops.filter((one) => cellOf(one.op) !== id);
  }

  /** Everything up to this revision is on disk. */
  saved(revision: number): void {
    this.#ops = this.#ops.filter((one) => one.revision > revision);
    for (const [id, known] of this.#texts) {
      const next = known.versions.findIndex((version) => version.revision > revision);
      const onDisk = next < 0 ? known.versions : known.versions.slice(0, next);
      known.base = onDisk.at(-1)?.text ?? known.base;
      known.versions = known.versions.slice(onDisk.length);
      if (onDisk.length > 0 && known.versions.length === 0 && !known.waits) this.#texts.delete(id);
    }
  }

  get ids(): CellId[] {
    return [...this.#texts.keys()];
  }

  of(id: CellId): KnownTexts | undefined {
    const known = this.#texts.get(id);
    return known && { base: known.base, later: known.versions.map(({ text }) => text) };
  }

  /**
   * Own operations on whole cells that the server had applied, for a notebook that may not have them; deletions only where
   * nobody else has written into the cell.
   */
  operationsFor(next: NotebookState): Operation[] {
    return this.#ops.flatMap(({ op, texts }): Operation[] => {
      if (op.op !== 'delete-cell') return [op];
      const there = next.cell(op.id)?.text;
      const isOurs = there === undefined || texts?.some((text) => text?.eq(there) === true) !== false;
      return isOurs ? [op] : [];
    });
  }

  /** Starts over on another notebook. */
  clear(): void {
    this.#texts.clear();
    this.#deleted.clear();
    this.#ops = [];
  }
}

/** The cell that an operation is on; null: the notebook. */
export function cellOf(op: Operation): CellId | null {
  return op.op === 'insert-cell' ? op.cell.id : op.id;
}

/** Doing it again changes nothing that a kernel or another program made since. */
function isRepeated(op: Operation): boolean {
  switch (op.op) {
    case 'insert-cell':
    case 'delete-cell':
    case 'move-cell':
    case 'set-cell-type':
    case 'set-attachments':
      return true;
    case 'set-metadata':
      return op.id !== null;
    default:
      return false;
  }
}
