/**
 * Turns what a kernel has printed meanwhile into operations, knowing what the operations before it in the batch do to the
 * list of outputs: neighbouring text of one stream is one output, and whole outputs in a row are one operation.
 */
import type { NotebookState } from '../notebook/notebook-state.js';
import type { Operation } from '../notebook/operations.js';
import { MOST_RAW, overwrites, withoutOverwritten } from '../notebook/overwritten-text.js';
import type { CellId, Output } from '../notebook/types.js';
import type { DisplayContent } from '../protocol/kernel-messages.js';
import type { CutText } from './cut-text.js';
import { bundleOf } from './kernel-outputs.js';

/** Display ids that are remembered; the oldest give way. */
const MOST_DISPLAYS = 10_000;

/** What the batch needs to know of the run that text belongs to. */
export interface RawText {
  /** characters that came with overwritten ones and were not collapsed yet */
  raw: number;
  /** UTF-16 units of its last stream in which nothing can be overwritten any more: lines that are collapsed and over */
  settled: number;
  /** characters of streams that count for the limit */
  written: number;
}

export type Pending =
  | { kind: 'stream'; cell: CellId; run: RawText; name: 'stdout' | 'stderr'; text: string }
  | { kind: 'tail'; cell: CellId; tail: CutText }
  | { kind: 'output'; cell: CellId; output: Output }
  | { kind: 'clear'; cell: CellId }
  | { kind: 'update'; display: DisplayContent; id: string };

type OutputOperation = Extract<
  Operation,
  { op: 'append-output' | 'extend-stream' | 'replace-output' | 'clear-outputs' }
>;

export interface Batch {
  ops: Operation[];
  /** outputs of cells that are not there */
  orphans: Map<CellId, Output[]>;
  /** what may not become an operation yet, in order */
  held: Pending[];
}

export class OutputBatch {
  readonly #ops: Operation[] = [];
  readonly #orphans = new Map<CellId, Output[]>();
  /** outputs of the cells of this batch, as they are after the operations so far */
  readonly #outputs = new Map<CellId, Output[]>();
  readonly #counts = new Map<CellId, number>();
  /** the list of the last operation, when it is the one that appends to this cell */
  #appending: { id: CellId; outputs: Output[] } | undefined;

  /**
   * @param displays  display id → cells that had an output with it
   * @param room      how many operations a cell may have
   */
  constructor(
    private readonly state: NotebookState,
    private readonly displays: Map<string, Set<CellId>>,
    private readonly room: (cell: CellId) => number,
  ) {}

  build(pending: readonly Pending[]): Batch {
    const held: Pending[] = [];
    const isHeld = new Set<CellId>();
    for (const item of pending) {
      const cells = item.kind === 'update' ? [...(this.displays.get(item.id) ?? [])] : [item.cell];
      const full = cells.filter((cell) => isHeld.has(cell) || (this.#isFull(cell) && !this.#joins(item)));
      if (full.length > 0) {
        // What follows in the cell waits as well: its order stays.
        for (const cell of full) isHeld.add(cell);
        held.push(item);
      } else {
        this.#take(item);
      }
    }
    return { ops: this.#ops, orphans: this.#orphans, held };
  }

  #take(item: Pending): void {
    switch (item.kind) {
      case 'stream':
        this.#stream(item);
        break;
      case 'tail':
        this.#tail(item.cell, item.tail);
        break;
      case 'output':
        this.#append(item.cell, item.output);
        break;
      case 'clear':
        this.#clear(item.cell);
        break;
      case 'update':
        this.#update(item.id, item.display);
        break;
    }
  }

  #isFull(cell: CellId): boolean {
    return (this.#counts.get(cell) ?? 0) >= this.room(cell);
  }

  /** Whether it makes no operation of its own. */
  #joins(item: Pending): boolean {
    return (item.kind === 'stream' || item.kind === 'output') && this.#appending?.id === item.cell;
  }

  #add(op: OutputOperation): void {
    this.#ops.push(op);
    this.#appending = undefined;
    this.#counts.set(op.id, (this.#counts.get(op.id) ?? 0) + 1);
  }

  #of(id: CellId): Output[] | undefined {
    const known = this.#outputs.get(id);
    if (known !== undefined) return known;
    const cell = this.state.cell(id)?.cell;
    if (cell?.cell_type !== 'code') return undefined;
    const outputs = [...(cell.outputs ?? [])];
    this.#outputs.set(id, outputs);
    return outputs;
  }

  #stream({ cell: id, run, name, text }: Extract<Pending, { kind: 'stream' }>): void {
    const outputs = this.#of(id);
    const index = (outputs?.length ?? 0) - 1;
    const last = outputs?.[index];
    const isNext = last?.output_type === 'stream' && last.name === name;
    if (!isNext) Object.assign(run, { raw: 0, settled: 0 });
    if (overwrites(text)) run.raw += text.length;
    const isTooRaw = run.raw > MOST_RAW;
    if (outputs === undefined || !isNext) {
      this.#append(id, { output_type: 'stream', name, text: isTooRaw ? collapsed(text, run) : text });
      return;
    }
    const output: Output = { output_type: 'stream', name, text: last.text + text };
    if (isTooRaw) output.text = collapsed(output.text, run);
    outputs[index] = output;
    if (this.#appending?.id === id) {
      // Nobody has seen the beginning of it yet.
      this.#appending.outputs[this.#appending.outputs.length - 1] = output;
      return;
    }
    this.#add(
      isTooRaw ? { op: 'replace-output', id, index, output } : { op: 'extend-stream', id, index, text },
    );
  }

  #tail(id: CellId, tail: CutText): void {
    const { shown } = tail;
    const outputs = this.#of(id);
    const output = tail.output();
    const index = shown === undefined ? -1 : (outputs?.indexOf(shown) ?? -1);
    if (outputs === undefined || index < 0) {
      this.#append(id, output);
      return;
    }
    outputs[index] = output;
    this.#add({ op: 'replace-output', id, index, output });
  }

  #append(id: CellId, output: Output): void {
    const outputs = this.#of(id);
    if (outputs === undefined) {
      this.#orphans.set(id, [...(this.#orphans.get(id) ?? []), output]);
      return;
    }
    outputs.push(output);
    if (this.#appending?.id === id) {
      this.#appending.outputs.push(output);
    } else {
      const added = [output];
      this.#add({ op: 'append-output', id, outputs: added });
      this.#appending = { id, outputs: added };
    }
    if (!('transient' in output) || output.transient?.display_id === undefined) return;
    const { display_id: displayId } = output.transient;
    const cells = this.displays.get(displayId) ?? new Set();
    this.displays.delete(displayId);
    this.displays.set(displayId, cells.add(id));
    const [oldest] = this.displays.keys();
    if (this.displays.size > MOST_DISPLAYS && oldest !== undefined) this.displays.delete(oldest);
  }

  #clear(id: CellId): void {
    const outputs = this.#of(id);
    if (outputs === undefined || outputs.length === 0) return;
    outputs.length = 0;
    this.#add({ op: 'clear-outputs', id, keepCount: true });
  }

  #update(displayId: string, display: DisplayContent): void {
    for (const id of this.displays.get(displayId) ?? []) {
      this.#of(id)?.forEach((output, index, outputs) => {
        if (!('transient' in output) || output.transient?.display_id !== displayId) return;
        const changed: Output = { ...output, ...bundleOf(display), transient: output.transient };
        outputs[index] = changed;
        this.#add({ op: 'replace-output', id, index, output: changed });
      });
    }
  }
}

/** What a terminal would show of a stream; what it does not show any more counts for no limit. */
function collapsed(text: string, run: RawText): string {
  const shown = text.slice(0, run.settled) + withoutOverwritten(text.slice(run.settled));
  run.raw = 0;
  run.settled = shown.lastIndexOf('\n') + 1;
  run.written -= text.length - shown.length;
  return shown;
}
