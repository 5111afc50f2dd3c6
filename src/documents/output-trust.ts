/**
 * Which outputs may run active content: those that a kernel made here. What a file, a paste or another program brought is
 * foreign, unless it is word for word what ran here before (undo, a save by another client). Flags in the file count
 * for nothing.
 */
import { createHash } from 'node:crypto';
import type { NotebookState } from '../notebook/notebook-state.js';
import type { Operation } from '../notebook/operations.js';
import type { CellId, Output } from '../notebook/types.js';

/** Lists of outputs that left the document and may come back. */
const MOST_REMEMBERED = 1_000;

export class OutputTrust {
  readonly #foreign: Set<CellId>;
  readonly #ranHere = new Set<string>();

  /** @param foreign  the cells that were read from a file */
  constructor(foreign: Iterable<CellId>) {
    this.#foreign = new Set(foreign);
  }

  /** The cells that are foreign just now. */
  get foreign(): ReadonlySet<CellId> {
    return new Set(this.#foreign);
  }

  isForeign(id: CellId): boolean {
    return this.#foreign.has(id);
  }

  /** Before operations from outside apply: remembers trusted outputs that they take away. */
  before(ops: readonly Operation[], state: NotebookState): void {
    for (const op of ops) {
      const takes =
        op.op === 'delete-cell' ||
        op.op === 'clear-outputs' ||
        op.op === 'set-outputs' ||
        op.op === 'set-cell-type';
      if (!takes || this.#foreign.has(op.id)) continue;
      const outputs = state.cell(op.id)?.cell.outputs;
      if (outputs !== undefined && outputs.length > 0) this.#remember(hashOf(outputs));
    }
  }

  /** After operations from outside applied. @returns the cells whose outputs they brought, by trust */
  after(ops: readonly Operation[]): { trusted: CellId[]; untrusted: CellId[] } {
    const trusted = new Set<CellId>();
    const untrusted = new Set<CellId>();
    for (const op of ops) {
      const brought = broughtBy(op);
      if (brought === undefined) continue;
      const { id, outputs } = brought;
      const known = outputs.length === 0 || this.#ranHere.has(hashOf(outputs));
      (known ? trusted : untrusted).add(id);
      (known ? untrusted : trusted).delete(id);
      if (known) this.#foreign.delete(id);
      else this.#foreign.add(id);
    }
    return { trusted: [...trusted], untrusted: [...untrusted] };
  }

  /** How the cells stand whose outputs these operations brought. */
  of(ops: readonly Operation[]): { trusted: CellId[]; untrusted: CellId[] } {
    const ids = [...new Set(ops.flatMap((op) => broughtBy(op)?.id ?? []))];
    return {
      trusted: ids.filter((id) => !this.#foreign.has(id)),
      untrusted: ids.filter((id) => this.#foreign.has(id)),
    };
  }

  /** @returns the cells that were foreign */
  trustAll(): CellId[] {
    const all = [...this.#foreign];
    this.#foreign.clear();
    return all;
  }

  /** A kernel runs this cell: its old outputs are gone, its new ones are ours. */
  runs(id: CellId): void {
    this.#foreign.delete(id);
  }

  #remember(hash: string): void {
    this.#ranHere.delete(hash);
    this.#ranHere.add(hash);
    if (this.#ranHere.size <= MOST_REMEMBERED) return;
    const oldest = this.#ranHere.values().next();
    if (oldest.done !== true) this.#ranHere.delete(oldest.value);
  }
}

function broughtBy(op: Operation): { id: CellId; outputs: readonly Output[] } | undefined {
  switch (op.op) {
    case 'insert-cell':
      return { id: op.cell.id, outputs: op.cell.outputs ?? [] };
    case 'set-outputs':
      return { id: op.id, outputs: op.outputs };
    case 'set-cell-type':
      return { id: op.id, outputs: op.restore?.outputs ?? [] };
    case 'clear-outputs':
      return { id: op.id, outputs: [] };
    default:
      return undefined;
  }
}

/** Display ids live in memory only, so a client that saves through a file does not bring them back. */
function hashOf(outputs: readonly Output[]): string {
  const text = JSON.stringify(outputs, (key, value: unknown) => (key === 'transient' ? undefined : value));
  return createHash('sha256').update(text).digest('base64');
}
