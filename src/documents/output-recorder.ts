/**
 * Turns what a kernel says about the cells we ran into operations on the document, whether a page looks on or not.
 *
 * The rules are Jupyter's (messaging 5.4, "Messages on the IOPub channel"): neighbouring text of one stream is one output;
 * `clear_output(wait=True)` clears when the next output comes; `update_display_data` changes every display with that id;
 * output that comes after the cell has ended still belongs to it. What comes within 50 ms becomes one batch, and a cell
 * that changes much in each batch waits longer for the next: at most 20 operations a second.
 */
import { DEEPEST_VALUE, isNestedDeeper } from '../notebook/json-depth.js';
import type { NotebookState } from '../notebook/notebook-state.js';
import type { Operation } from '../notebook/operations.js';
import { overwrites, withoutOverwritten } from '../notebook/overwritten-text.js';
import type { CellId, MimeBundle, JsonObject, Output } from '../notebook/types.js';
import {
  clearOutputContent,
  displayContent,
  errorContent,
  executeInputContent,
  executeResultContent,
  parseObject,
  streamContent,
  type DisplayContent,
} from '../protocol/kernel-messages.js';
import { CutText } from './cut-text.js';

export interface RecorderOptions {
  /** the document now; read again for every batch */
  state(): NotebookState;
  emit(ops: Operation[]): void;
  /** ms between two batches; default 50 */
  interval?: number;
  /** characters of streams that one run of a cell keeps from its beginning; default 10,000,000 */
  streamLimit?: number;
  /** and from its end, for each stream; default 200,000 */
  tailLimit?: number;
  /** output of a cell that was deleted while it ran */
  orphaned?(cell: CellId, outputs: Output[]): void;
}

/** Characters with `\r` and backspaces that are kept as they came; then only what a terminal would show stays. */
const MOST_RAW = 64_000;
/** ms between two batches at most, and at least while the end of a long text moves on. */
const LONGEST_PAUSE = 2_000;
const TAIL_PAUSE = 500;

/** In place of an output that no page and no file could take. */
const TOO_DEEP = `[An output is left out: its JSON is nested more than ${DEEPEST_VALUE} levels deep.]\n`;

/** Runs that may still bring late output, from threads and callbacks. */
const MOST_RUNS = 2_000;

type Pending =
  | { kind: 'stream'; cell: CellId; run: Run; name: 'stdout' | 'stderr'; text: string }
  | { kind: 'tail'; cell: CellId; tail: CutText }
  | { kind: 'output'; cell: CellId; output: Output }
  | { kind: 'clear'; cell: CellId }
  | { kind: 'update'; display: DisplayContent; id: string };

interface Run {
  cell: CellId;
  /** characters of streams so far, up to the limit */
  written: number;
  /** characters that came with overwritten ones and were not collapsed yet */
  raw: number;
  /** by stream: what came beyond the limit */
  tails: Map<string, CutText>;
  clearNext: boolean;
}

export class OutputRecorder {
  readonly #options: Required<Omit<RecorderOptions, 'orphaned'>> & Pick<RecorderOptions, 'orphaned'>;
  readonly #runs = new Map<string, Run>();
  /** display id → cells that had an output with it */
  readonly #displays = new Map<string, Set<CellId>>();
  #pending: Pending[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** not before, ms since 1970 */
  #next = 0;

  constructor(options: RecorderOptions) {
    this.#options = { interval: 50, streamLimit: 10_000_000, tailLimit: 200_000, ...options };
  }

  /** The output of this request belongs to `cell`. */
  begin(msgId: string, cell: CellId): void {
    this.#runs.set(msgId, { cell, written: 0, raw: 0, tails: new Map(), clearNext: false });
    if (this.#runs.size <= MOST_RUNS) return;
    const oldest = this.#runs.keys().next();
    if (oldest.done !== true) this.#runs.delete(oldest.value);
  }

  /** A message on iopub. @param parent  msg_id of the request that it belongs to */
  message(type: string, parent: string, bytes: Uint8Array): void {
    const run = this.#runs.get(parent);
    if (run === undefined) return;
    const content = parseObject(bytes);
    if (isNestedDeeper(content)) {
      this.#stream(run, 'stderr', TOO_DEEP);
      return;
    }
    switch (type) {
      case 'stream': {
        const stream = streamContent(content);
        if (stream !== undefined) this.#stream(run, stream.name, stream.text);
        break;
      }
      case 'display_data': {
        const display = displayContent(content);
        if (display !== undefined) this.#output(run, { output_type: 'display_data', ...bundle(display) });
        break;
      }
      case 'execute_result': {
        const result = executeResultContent(content);
        if (result === undefined) break;
        const { execution_count } = result;
        this.#output(run, { output_type: 'execute_result', execution_count, ...bundle(result) });
        break;
      }
      case 'error': {
        const error = errorContent(content);
        if (error !== undefined) this.#output(run, { output_type: 'error', ...error });
        break;
      }
      case 'clear_output':
        if (clearOutputContent(content).wait) run.clearNext = true;
        else this.#clear(run);
        break;
      case 'update_display_data': {
        const display = displayContent(content);
        const id = display?.transient?.display_id;
        if (display !== undefined && id !== undefined) this.#update(id, display);
        break;
      }
      case 'execute_input': {
        const input = executeInputContent(content);
        if (input !== undefined) this.#count(run, input.execution_count);
        break;
      }
      default:
        break;
    }
  }

  /** Text that the server itself adds to a running cell, as the echo of an answer to `input()`. */
  write(msgId: string, text: string): void {
    const run = this.#runs.get(msgId);
    if (run !== undefined) this.#stream(run, 'stdout', text);
  }

  /** Makes operations of everything that waits, now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { interval, emit } = this.#options;
    this.#next = Date.now() + interval;
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    const { ops, orphans } = new BatchBuilder(this.#options.state(), this.#displays).build(pending);
    const hasTail = pending.some(({ kind }) => kind === 'tail');
    const pause = Math.max(mostPerCell(ops) * interval, hasTail ? TAIL_PAUSE : 0);
    this.#next = Date.now() + Math.min(pause, LONGEST_PAUSE);
    for (const [cell, outputs] of orphans) this.#options.orphaned?.(cell, outputs);
    if (ops.length > 0) emit(ops);
  }

  close(): void {
    this.flush();
    this.#runs.clear();
    this.#displays.clear();
  }

  #stream(run: Run, name: 'stdout' | 'stderr', text: string): void {
    if (text === '') return;
    this.#clearIfAsked(run);
    const room = this.#options.streamLimit - run.written;
    const kept = text.length > room ? text.slice(0, Math.max(0, room)) : text;
    run.written += kept.length;
    if (kept !== '') {
      const last = this.#pending.findLast((item) => item.kind !== 'update' && item.cell === run.cell);
      if (last?.kind === 'stream' && last.name === name) last.text += kept;
      else this.#pending.push({ kind: 'stream', cell: run.cell, run, name, text: kept });
    }
    if (kept.length < text.length) this.#beyond(run, name, text.slice(kept.length));
    this.#schedule();
  }

  #beyond(run: Run, name: 'stdout' | 'stderr', text: string): void {
    const tail = run.tails.get(name) ?? new CutText(name, this.#options.tailLimit);
    run.tails.set(name, tail);
    tail.add(text);
    const waits = this.#pending.some((item) => item.kind === 'tail' && item.tail === tail);
    if (!waits) this.#pending.push({ kind: 'tail', cell: run.cell, tail });
  }

  #output(run: Run, output: Output): void {
    this.#clearIfAsked(run);
    this.#pending.push({ kind: 'output', cell: run.cell, output });
    this.#schedule();
  }

  #clearIfAsked(run: Run): void {
    if (run.clearNext) this.#clear(run);
  }

  /** What waits for the cell would be cleared at once: it need not become operations. */
  #clear(run: Run): void {
    run.clearNext = false;
    run.written = 0;
    run.tails.clear();
    this.#pending = this.#pending.filter((item) => item.kind === 'update' || item.cell !== run.cell);
    this.#pending.push({ kind: 'clear', cell: run.cell });
    this.#schedule();
  }

  #update(id: string, display: DisplayContent): void {
    this.#pending = this.#pending.filter((item) => item.kind !== 'update' || item.id !== id);
    this.#pending.push({ kind: 'update', id, display });
    this.#schedule();
  }

  #count(run: Run, count: number | null): void {
    this.flush();
    const now = this.#options.state().cell(run.cell)?.run;
    if (now?.state !== 'running') return;
    this.#options.emit([{ op: 'set-execution', id: run.cell, execution: { ...now, count } }]);
  }

  /** At once after a pause, so that a single output is fast; then at most one batch an interval. */
  #schedule(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.flush(), Math.max(0, this.#next - Date.now()));
  }
}

/** Turns what waited into operations, knowing what the operations before it in the batch do to the list of outputs. */
class BatchBuilder {
  readonly #ops: Operation[] = [];
  /** outputs of cells that are not there */
  readonly #orphans = new Map<CellId, Output[]>();
  /** outputs of the cells of this batch, as they are after the operations so far */
  readonly #outputs = new Map<CellId, Output[]>();

  constructor(
    private readonly state: NotebookState,
    private readonly displays: Map<string, Set<CellId>>,
  ) {}

  build(pending: readonly Pending[]): { ops: Operation[]; orphans: Map<CellId, Output[]> } {
    for (const item of pending) {
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
    return { ops: this.#ops, orphans: this.#orphans };
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
    if (!isNext) run.raw = 0;
    if (overwrites(text)) run.raw += text.length;
    const isTooRaw = run.raw > MOST_RAW;
    if (isTooRaw) run.raw = 0;
    if (outputs === undefined || !isNext) {
      this.#append(id, { output_type: 'stream', name, text: isTooRaw ? withoutOverwritten(text) : text });
      return;
    }
    const output: Output = { output_type: 'stream', name, text: last.text + text };
    if (isTooRaw) output.text = withoutOverwritten(output.text);
    outputs[index] = output;
    this.#ops.push(
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
    this.#ops.push({ op: 'replace-output', id, index, output });
  }

  #append(id: CellId, output: Output): void {
    const outputs = this.#of(id);
    if (outputs === undefined) {
      this.#orphans.set(id, [...(this.#orphans.get(id) ?? []), output]);
      return;
    }
    outputs.push(output);
    this.#ops.push({ op: 'append-output', id, output });
    if (!('transient' in output) || output.transient?.display_id === undefined) return;
    const cells = this.displays.get(output.transient.display_id) ?? new Set();
    this.displays.set(output.transient.display_id, cells.add(id));
  }

  #clear(id: CellId): void {
    const outputs = this.#of(id);
    if (outputs === undefined || outputs.length === 0) return;
    outputs.length = 0;
    this.#ops.push({ op: 'clear-outputs', id, keepCount: true });
  }

  #update(displayId: string, display: DisplayContent): void {
    for (const id of this.displays.get(displayId) ?? []) {
      this.#of(id)?.forEach((output, index, outputs) => {
        if (!('transient' in output) || output.transient?.display_id !== displayId) return;
        const changed: Output = { ...output, ...bundle(display), transient: output.transient };
        outputs[index] = changed;
        this.#ops.push({ op: 'replace-output', id, index, output: changed });
      });
    }
  }
}

/** What a kernel sends is JSON. */
function bundle(display: DisplayContent): {
  data: MimeBundle;
  metadata: JsonObject;
  transient?: { display_id?: string };
} {
  return {
    data: display.data as MimeBundle,
    metadata: display.metadata as JsonObject,
    ...(display.transient === undefined ? {} : { transient: display.transient }),
  };
}

function mostPerCell(ops: readonly Operation[]): number {
  const counts = new Map<CellId, number>();
  let most = 0;
  for (const op of ops) {
    if (op.op === 'insert-cell' || op.id === null) continue;
    const count = (counts.get(op.id) ?? 0) + 1;
    counts.set(op.id, count);
    most = Math.max(most, count);
  }
  return most;
}
