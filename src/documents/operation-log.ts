/**
 * The ordered side of a live document: puts the batches of all pages into one order, carries each over what its page had
 * not seen, and remembers enough to bring a returning page up to date. Pure, so that tests can run it with many pages.
 */
import type { NotebookState } from '../notebook/notebook-state.js';
import { applyAll, OperationError, Rebase, type Operation } from '../notebook/operations.js';
import type { OperationBatch } from '../protocol/document-messages.js';

/** How much is remembered: batches for returning pages, by count and rough size; changes of texts for late edits. */
const MOST_BATCHES = 5_000;
const MOST_CHARACTERS = 16_000_000;
const MOST_TEXT_CHANGES = 20_000;
/** Pages of one document that are remembered after they went; a page that comes back later gets a snapshot. */
const MOST_CLIENTS = 200;

export type Accepted =
  /** `batch` goes to the others; `changed`: its operations are not the ones that the page sent */
  | { kind: 'applied'; batch: OperationBatch; changed: boolean }
  /** nothing in it had an effect any more */
  | { kind: 'void' }
  /** it was dealt with before */
  | { kind: 'repeated' }
  | { kind: 'refused'; message: string }
  /** it was made on a revision that is not remembered any more */
  | { kind: 'stale' };

interface Client {
  seq: number;
  refused?: { seq: number; message: string };
}

interface TextChange {
  revision: number;
  client: string | undefined;
  op: Operation;
}

export class OperationLog {
  #revision = 0;
  #batches: { batch: OperationBatch; size: number }[] = [];
  #size = 0;
  #texts: TextChange[] = [];
  /** the oldest base that late edits can be carried on from */
  #textsFrom = 0;
  readonly #clients = new Map<string, Client>();

  constructor(readonly state: NotebookState) {}

  get revision(): number {
    return this.#revision;
  }

  /** The highest sequence number of a page that was dealt with; 0 when the page is not known. */
  seqOf(client: string): number {
    return this.#clients.get(client)?.seq ?? 0;
  }

  /** The last batch of a page that was refused, when it was the last one it sent. */
  refusedOf(client: string): { seq: number; message: string } | undefined {
    const known = this.#clients.get(client);
    return known?.refused?.seq === known?.seq ? known?.refused : undefined;
  }

  /** Notes a request that changes nothing by itself. @returns false when it was dealt with before */
  request(client: string, seq: number): boolean {
    return this.#next(client, seq) !== undefined;
  }

  /** A batch of a page. */
  accept(client: string, seq: number, base: number, ops: readonly Operation[]): Accepted {
    if (base > this.#revision) return { kind: 'refused', message: 'The batch is based on a later revision.' };
    if (base < this.#textsFrom && ops.some((op) => op.op === 'edit-source')) return { kind: 'stale' };
    const known = this.#next(client, seq);
    if (known === undefined) return { kind: 'repeated' };
    try {
      const applied = this.#applyCarried(ops, this.#unseen(client, base));
      if (applied.length === 0) return { kind: 'void' };
      const changed = applied.length !== ops.length || applied.some((op, index) => op !== ops[index]);
      return { kind: 'applied', batch: this.#record({ client, seq, ops: applied }), changed };
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      known.refused = { seq, message: error.message };
      return { kind: 'refused', message: error.message };
    }
  }

  /** Operations of the server itself. @returns undefined when none had an effect */
  append(ops: readonly Operation[]): OperationBatch | undefined {
    const { applied } = applyAll(this.state, ops);
    return applied.length === 0 ? undefined : this.#record({ ops: applied });
  }

  /** What a page missed that has seen `revision`; undefined when it is not remembered as a whole. */
  since(revision: number): OperationBatch[] | undefined {
    if (revision > this.#revision) return undefined;
    const first = this.#batches[0]?.batch.revision ?? this.#revision + 1;
    if (revision + 1 < first) return undefined;
    return this.#batches.slice(revision + 1 - first).map(({ batch }) => batch);
  }

  /** Applies a batch operation by operation, each carried over what its page had not seen; all or nothing. */
  #applyCarried(ops: readonly Operation[], unseen: Operation[]): Operation[] {
    const rebase = new Rebase(unseen);
    const done: Operation[] = [];
    const inverses: Operation[] = [];
    try {
      for (const op of ops) {
        const carried = rebase.carry(op, (id) => !this.state.has(id));
        if (carried === null) continue;
        const { applied, inverse } = applyAll(this.state, [carried]);
        done.push(...applied);
        inverses.unshift(...inverse);
      }
      return done;
    } catch (error) {
      applyAll(this.state, inverses);
      throw error;
    }
  }

  /** What changed texts since `base` and was not made by this page; looked up from the end, where it is near. */
  #unseen(client: string, base: number): Operation[] {
    let from = this.#texts.length;
    while (from > 0 && (this.#texts[from - 1]?.revision ?? 0) > base) from -= 1;
    return this.#texts.slice(from).flatMap((change) => (change.client === client ? [] : [change.op]));
  }

  #next(client: string, seq: number): Client | undefined {
    const known = this.#clients.get(client) ?? { seq: 0 };
    if (seq <= known.seq) return undefined;
    known.seq = seq;
    this.#clients.delete(client);
    this.#clients.set(client, known);
    if (this.#clients.size > MOST_CLIENTS) {
      const oldest = this.#clients.keys().next();
      if (oldest.done !== true) this.#clients.delete(oldest.value);
    }
    return known;
  }

  #record(part: Omit<OperationBatch, 'revision'>): OperationBatch {
    this.#revision += 1;
    const batch: OperationBatch = { revision: this.#revision, ...part };
    const size = batch.ops.reduce((sum, op) => sum + roughSize(op), 0);
    this.#batches.push({ batch, size });
    this.#size += size;
    while (this.#batches.length > MOST_BATCHES || this.#size > MOST_CHARACTERS) {
      this.#size -= this.#batches.shift()?.size ?? 0;
    }
    for (const op of batch.ops) {
      if (op.op !== 'edit-source' && op.op !== 'insert-cell' && op.op !== 'delete-cell') continue;
      this.#texts.push({ revision: batch.revision, client: part.client, op: withoutContent(op) });
    }
    if (this.#texts.length > MOST_TEXT_CHANGES) {
      const dropped = this.#texts.splice(0, this.#texts.length - MOST_TEXT_CHANGES / 2);
      this.#textsFrom = dropped.at(-1)?.revision ?? this.#textsFrom;
    }
    return batch;
  }
}

/** That a cell was put in is all that late edits need to know; its outputs may be large. */
function withoutContent(op: Operation): Operation {
  if (op.op !== 'insert-cell') return op;
  return {
    op: 'insert-cell',
    cell: { id: op.cell.id, cell_type: 'raw', source: '', metadata: {} },
    after: null,
  };
}

/** Characters that a value holds, without turning it into text; nested no deeper than a notebook may be. */
export function roughSize(value: unknown): number {
  if (typeof value === 'string') return 8 + value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let sum = 16;
  if (Array.isArray(value)) for (const part of value) sum += roughSize(part);
  else for (const [key, part] of Object.entries(value)) sum += 8 + key.length + roughSize(part);
  return sum;
}
