/**
 * Turns what a kernel says about the cells we ran into operations on the document, whether a page looks on or not.
 *
 * The rules are Jupyter's (messaging 5.4, "Messages on the IOPub channel"): neighbouring text of one stream is one output;
 * `clear_output(wait=True)` clears when the next output comes; `update_display_data` changes every display with that id;
 * output that comes after the cell has ended still belongs to it. What comes within 50 ms becomes one batch.
 */
import { DEEPEST_VALUE, isNestedDeeper } from '../notebook/json-depth.js';
import type { NotebookState } from '../notebook/notebook-state.js';
import type { Operation } from '../notebook/operations.js';
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

export interface RecorderOptions {
  /** the document now; read again for every batch */
  state(): NotebookState;
  emit(ops: Operation[]): void;
  /** ms between two batches; default 50 */
  interval?: number;
  /** characters of streams that one run of a cell keeps; default 10,000,000 */
  streamLimit?: number;
}

/** In place of an output that no page and no file could take. */
const TOO_DEEP = `[An output is left out: its JSON is nested more than ${DEEPEST_VALUE} levels deep.]\n`;

/** Runs that may still bring late output, from threads and callbacks. */
const MOST_RUNS = 2_000;

type Pending =
  | { kind: 'stream'; cell: CellId; name: 'stdout' | 'stderr'; text: string }
  | { kind: 'output'; cell: CellId; output: Output }
  | { kind: 'clear'; cell: CellId }
  | { kind: 'update'; display: DisplayContent; id: string };

interface Run {
  cell: CellId;
  /** characters of streams so far */
  written: number;
  clearNext: boolean;
}

export class OutputRecorder {
  readonly #options: Required<RecorderOptions>;
  readonly #runs = new Map<string, Run>();
  /** display id → cells that had an output with it */
  readonly #displays = new Map<string, Set<CellId>>();
  #pending: Pending[] = [];
  #timer: NodeJS.Timeout | undefined;
  #flushed = 0;

  constructor(options: RecorderOptions) {
    this.#options = { interval: 50, streamLimit: 10_000_000, ...options };
  }

  /** The output of this request belongs to `cell`. */
  begin(msgId: string, cell: CellId): void {
    this.#runs.set(msgId, { cell, written: 0, clearNext: false });
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
    this.#flushed = Date.now();
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    const ops = new BatchBuilder(this.#options.state(), this.#displays).build(pending);
    if (ops.length > 0) this.#options.emit(ops);
  }

  close(): void {
    this.flush();
    this.#runs.clear();
    this.#displays.clear();
  }

  #stream(run: Run, name: 'stdout' | 'stderr', text: string): void {
    const { streamLimit } = this.#options;
    if (text === '' || run.written > streamLimit) return;
    this.#clearIfAsked(run);
    run.written += text.length;
    const kept =
      run.written > streamLimit
        ? `${text.slice(0, text.length - (run.written - streamLimit))}\n${cutNotice(streamLimit)}`
        : text;
    const last = this.#pending.findLast((item) => item.kind !== 'update' && item.cell === run.cell);
    if (last?.kind === 'stream' && last.name === name) last.text += kept;
    else this.#pending.push({ kind: 'stream', cell: run.cell, name, text: kept });
    this.#schedule();
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
    const wait = Math.max(0, this.#flushed + this.#options.interval - Date.now());
    this.#timer = setTimeout(() => this.flush(), wait);
  }
}

/** Turns what waited into operations, knowing what the operations before it in the batch do to the list of outputs. */
class BatchBuilder {
  readonly #ops: Operation[] = [];
  /** outputs of the cells of this batch, as they are after the operations so far */
  readonly #outputs = new Map<CellId, Output[]>();

  constructor(
    private readonly state: NotebookState,
    private readonly displays: Map<string, Set<CellId>>,
  ) {}

  build(pending: readonly Pending[]): Operation[] {
    for (const item of pending) {
      switch (item.kind) {
        case 'stream':
          this.#stream(item.cell, item.name, item.text);
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
    return this.#ops;
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

  #stream(id: CellId, name: 'stdout' | 'stderr', text: string): void {
    const outputs = this.#of(id);
    const index = (outputs?.length ?? 0) - 1;
    const last = outputs?.[index];
    if (last?.output_type === 'stream' && last.name === name) {
      this.#ops.push({ op: 'extend-stream', id, index, text });
    } else {
      this.#append(id, { output_type: 'stream', name, text });
    }
  }

  #append(id: CellId, output: Output): void {
    const outputs = this.#of(id);
    if (outputs === undefined) return;
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

function cutNotice(limit: number): string {
  const size = limit >= 1e6 ? `${Math.round(limit / 1e6)} million` : String(limit);
  return `[The text is cut here: a run of a cell keeps ${size} characters.]\n`;
}
