/** What a page has done and the server has not confirmed yet, in order: batches of operations, runs and saves. */
import { ChangeSet } from '@codemirror/state';
import { readChanges } from './operations-changes.js';
import type { Operation } from './operations-types.js';
import type { CellId } from './types.js';

export interface OpsItem {
  kind: 'ops';
  /** given when it is sent for the first time; a resend carries the same number */
  seq?: number;
  ops: Operation[];
}
export interface RequestItem {
  kind: 'request';
  seq?: number;
  request:
    | { type: 'execute'; cells: CellId[] }
    | { type: 'save'; checkpoint?: boolean; unasked?: boolean }
    | { type: 'conflict'; cell: CellId; text: string; base?: string };
}
export type OutboxItem = OpsItem | RequestItem;

export class Outbox {
  #items: OutboxItem[] = [];
  /** how many of the first items are on their way */
  #sent = 0;
  #seq = 0;

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  get items(): readonly OutboxItem[] {
    return this.#items;
  }

  /** All operations that wait, in order. */
  get operations(): Operation[] {
    return this.#items.flatMap((item) => (item.kind === 'ops' ? item.ops : []));
  }

  addOperations(ops: readonly Operation[]): void {
    const last = this.#items.at(-1);
    // What has a number may have arrived, also when it is to be sent again.
    if (last?.kind === 'ops' && last.seq === undefined) {
      for (const op of ops) addMerged(last.ops, op);
    } else {
      this.#items.push({ kind: 'ops', ops: [...ops] });
    }
  }

  addRequest(request: RequestItem['request']): void {
    this.#items.push({ kind: 'request', request });
  }

  /** Takes the next item that may be sent now: one batch at a time, requests behind the operations before them. */
  next(): OutboxItem | undefined {
    const item = this.#items[this.#sent];
    if (item === undefined) return undefined;
    const sent = this.#items.slice(0, this.#sent);
    if (item.kind === 'ops' && sent.some((other) => other.kind === 'ops')) return undefined;
    item.seq ??= this.#seq += 1;
    this.#sent += 1;
    return item;
  }

  /** The connection was lost: everything that was on its way is to be sent again. */
  rewind(): void {
    this.#sent = 0;
  }

  /** Takes an item out that the server dealt with. */
  settle(seq: number): OutboxItem | undefined {
    const index = this.#items.findIndex((item) => item.seq === seq);
    return index < 0 ? undefined : this.#removeAt(index);
  }

  /** Takes everything out that has a number up to `seq`. */
  settleUpTo(seq: number): OutboxItem[] {
    const settled = this.#items.filter((item) => item.seq !== undefined && item.seq <= seq);
    for (const item of settled) this.#removeAt(this.#items.indexOf(item));
    return settled;
  }

  /** Replaces the waiting operations one by one; null takes one out. */
  rewrite(change: (ops: readonly Operation[]) => readonly (Operation | null)[]): void {
    const changed = change(this.operations);
    let at = 0;
    for (const item of this.#items) {
      if (item.kind !== 'ops') continue;
      const part = changed.slice(at, at + item.ops.length);
      at += item.ops.length;
      item.ops = part.filter((op) => op !== null);
    }
  }

  /** Starts over, keeping what `keep` says, none of it on its way. */
  reset(keep: readonly OutboxItem[]): void {
    this.#items = [...keep];
    this.#sent = 0;
  }

  #removeAt(index: number): OutboxItem | undefined {
    if (index < this.#sent) this.#sent -= 1;
    return this.#items.splice(index, 1)[0];
  }
}

/** Typing makes one edit a key: what waits in the same cell becomes one. */
function addMerged(ops: Operation[], op: Operation): void {
  const last = ops.at(-1);
  if (last?.op === 'edit-source' && op.op === 'edit-source' && last.id === op.id) {
    const first = readChanges(last.changes);
    const second: ChangeSet = readChanges(op.changes);
    if (first.newLength === second.length) {
      ops[ops.length - 1] = { ...op, changes: first.compose(second).toJSON() };
      return;
    }
  }
  ops.push(op);
}
