/**
 * Turns what a kernel says about the cells we ran into operations on the document, whether a page looks on or not.
 *
 * The rules are Jupyter's (messaging 5.4, "Messages on the IOPub channel"): neighbouring text of one stream is one output;
 * `clear_output(wait=True)` clears when the next output comes; `update_display_data` changes every display with that id;
 * output that comes after the cell has ended still belongs to it. What comes within 50 ms becomes one batch, and a cell
 * that changes much in each batch waits longer for the next: at most 20 operations a second (`output-pace.ts`).
 *
 * It is long because each kind of message changes the same few fields of a run, in the order of arrival.
 */
import { DEEPEST_VALUE, isNestedDeeper } from '../notebook/json-depth.js';
import type { NotebookState } from '../notebook/notebook-state.js';
import type { Operation } from '../notebook/operations.js';
import type { CellId, Output } from '../notebook/types.js';
import {
  clearOutputContent,
  displayContent,
  executeInputContent,
  parseObject,
  streamContent,
} from '../protocol/kernel-messages.js';
import { copyOf, CutText } from './cut-text.js';
import { outputOf } from './kernel-outputs.js';
import { endOfStream } from './long-stream.js';
import { OrphanOutputs } from './orphan-output.js';
import { OutputBatch, type Pending, type RawText } from './output-batch.js';
import { OPERATION_PAUSE, OutputPace } from './output-pace.js';

export interface RecorderOptions {
  /** the document now; read again for every batch */
  state(): NotebookState;
  emit(ops: Operation[]): void;
  /** ms from one operation of a cell to its next; default 60 */
  interval?: number;
  /** characters of streams that one run of a cell keeps from its beginning; default 10,000,000 */
  streamLimit?: number;
  /** and from its end, for each stream; default 200,000 */
  tailLimit?: number;
  /**
   * What a cell has printed since it was deleted, told at the end of its run and every 10 s.
   *
   * @param orphan  a name: what was told under it before is in there
   */
  orphaned?(cell: CellId, outputs: Output[], orphan: string): void;
}

/** ms between two batches while the end of a long text moves on. */
const TAIL_PAUSE = 500;
/** Bytes of a message of which only the end is read, where only that is kept. */
const LONG = 2_000_000;

/** In place of an output that no page and no file could take. */
const TOO_DEEP = `[An output is left out: its JSON is nested more than ${DEEPEST_VALUE} levels deep.]\n`;

/** Runs that may still bring late output, from threads and callbacks; and those of which the end of a long text is known. */
const MOST_RUNS = 2_000;
const MOST_LONG_RUNS = 20;

interface Run extends RawText {
  cell: CellId;
  /** as in `RawText`; infinite when it was more than the limit: what comes then is the end, whatever gets shorter */
  written: number;
  /** by stream: what came beyond the limit */
  tails: Map<string, CutText>;
  clearNext: boolean;
}

export class OutputRecorder {
  readonly #options: Required<Omit<RecorderOptions, 'orphaned'>> & Pick<RecorderOptions, 'orphaned'>;
  readonly #runs = new Map<string, Run>();
  /** display id → cells that had an output with it */
  readonly #displays = new Map<string, Set<CellId>>();
  /** runs with tails, the one that grew last comes last */
  readonly #long = new Set<Run>();
  readonly #orphans: OrphanOutputs;
  readonly #pace: OutputPace;
  #pending: Pending[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** not before, ms since 1970 */
  #next = 0;

  constructor(options: RecorderOptions) {
    this.#options = {
      interval: OPERATION_PAUSE,
      streamLimit: 10_000_000,
      tailLimit: 200_000,
      ...options,
    };
    this.#pace = new OutputPace(this.#options.interval);
    this.#orphans = new OrphanOutputs(options.orphaned?.bind(options));
  }

  /** Whether the output of this request is recorded here. */
  has(msgId: string): boolean {
    return this.#runs.has(msgId);
  }

  /** The output of this request belongs to `cell`. */
  begin(msgId: string, cell: CellId): void {
    this.#runs.set(msgId, { cell, written: 0, raw: 0, settled: 0, tails: new Map(), clearNext: false });
    if (this.#runs.size <= MOST_RUNS) return;
    const oldest = this.#runs.keys().next();
    if (oldest.done === true) return;
    const run = this.#runs.get(oldest.value);
    if (run !== undefined) this.#long.delete(run);
    this.#runs.delete(oldest.value);
  }

  /** A message on iopub. @param parent  msg_id of the request that it belongs to */
  message(type: string, parent: string, bytes: Uint8Array): void {
    const run = this.#runs.get(parent);
    if (run === undefined) {
      // The display that it changes may be here, whoever asked for the change.
      if (type === 'update_display_data') this.updateDisplay(bytes);
      return;
    }
    if (type === 'stream' && this.#isOnlyEnd(run, bytes)) return;
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
      case 'clear_output':
        if (clearOutputContent(content).wait) run.clearNext = true;
        else this.#clear(run);
        break;
      case 'update_display_data':
        this.#update(content);
        break;
      case 'execute_input': {
        const input = executeInputContent(content);
        if (input !== undefined) this.#count(run, input.execution_count);
        break;
      }
      default: {
        const output = outputOf(type, content);
        if (output !== undefined) this.#output(run, output);
        break;
      }
    }
  }

  /** An `update_display_data` of another request: the display may be here. */
  updateDisplay(bytes: Uint8Array): void {
    const content = parseObject(bytes);
    if (!isNestedDeeper(content)) this.#update(content);
  }

  /** Text that the server itself adds to a running cell, as the echo of an answer to `input()`. */
  write(msgId: string, text: string): void {
    const run = this.#runs.get(msgId);
    if (run !== undefined) this.#stream(run, 'stdout', text);
  }

  /** Makes operations of everything that waits, now. */
  flush(): void {
    this.#flush(() => Infinity);
  }

  /** The cell has run: what comes now is late. */
  ended(cell: CellId): void {
    this.flush();
    this.#orphans.tell(cell);
  }

  close(): void {
    this.flush();
    this.#orphans.close();
    this.#runs.clear();
    this.#long.clear();
    this.#displays.clear();
    this.#pace.clear();
  }

  #stream(run: Run, name: 'stdout' | 'stderr', text: string): void {
    if (text === '') return;
    this.#clearIfAsked(run);
    if (this.#isOrphan(run.cell)) {
      this.#orphans.of(run.cell)?.stream(name, text);
      return;
    }
    const room = this.#options.streamLimit - run.written;
    const kept = text.length > room ? copyOf(text.slice(0, Math.max(0, room))) : text;
    run.written += kept.length;
    if (kept !== '') {
      const last = this.#pending.findLast((item) => item.kind !== 'update' && item.cell === run.cell);
      if (last?.kind === 'stream' && last.name === name) last.text += kept;
      else this.#pending.push({ kind: 'stream', cell: run.cell, run, name, text: kept });
    }
    if (kept.length < text.length) this.#beyond(run, name, text.slice(kept.length));
    this.#schedule();
  }

  /** Of a very long text beyond the limit, the end is all that is kept. @returns whether it was such a text */
  #isOnlyEnd(run: Run, bytes: Uint8Array): boolean {
    const { streamLimit, tailLimit } = this.#options;
    if (run.clearNext || bytes.length < LONG) return false;
    const isOrphan = this.#isOrphan(run.cell);
    const orphan = isOrphan ? this.#orphans.of(run.cell) : undefined;
    if (isOrphan ? orphan?.isOnlyEnd === false : run.written < streamLimit) return false;
    const end = endOfStream(bytes, tailLimit);
    if (end === undefined) return false;
    if (isOrphan) {
      orphan?.addEnd(end.name, end.text, end.left);
      return true;
    }
    this.#beyond(run, end.name, end.text, end.left);
    this.#schedule();
    return true;
  }

  #beyond(run: Run, name: 'stdout' | 'stderr', text: string, left = 0): void {
    const tail = run.tails.get(name) ?? new CutText(name, this.#options.tailLimit);
    run.tails.set(name, tail);
    run.written = Infinity;
    this.#noteLong(run);
    tail.addEnd(text, left);
    const waits = this.#pending.some((item) => item.kind === 'tail' && item.tail === tail);
    if (!waits) this.#pending.push({ kind: 'tail', cell: run.cell, tail });
  }

  #noteLong(run: Run): void {
    this.#long.delete(run);
    this.#long.add(run);
    const [oldest] = this.#long;
    if (this.#long.size <= MOST_LONG_RUNS || oldest === undefined) return;
    // What it may still print is a text of its own then.
    oldest.tails.clear();
    this.#long.delete(oldest);
  }

  #output(run: Run, output: Output): void {
    this.#clearIfAsked(run);
    if (this.#isOrphan(run.cell)) {
      this.#orphans.of(run.cell)?.add(output);
      return;
    }
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
    this.#long.delete(run);
    if (this.#isOrphan(run.cell)) this.#orphans.of(run.cell)?.clear();
    this.#pending = this.#pending.filter((item) => item.kind === 'update' || item.cell !== run.cell);
    this.#pending.push({ kind: 'clear', cell: run.cell });
    this.#schedule();
  }

  /** Whether the cell is not there to show its output. */
  #isOrphan(cell: CellId): boolean {
    const isThere = this.#options.state().cell(cell)?.cell.cell_type === 'code';
    if (isThere) this.#orphans.delete(cell);
    return !isThere;
  }

  #update(content: unknown): void {
    const display = displayContent(content);
    const id = display?.transient?.display_id;
    if (display === undefined || id === undefined) return;
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
    const pause = Math.max(0, this.#next - Date.now());
    this.#timer = setTimeout(() => this.#flush((cell) => this.#pace.room(cell, Date.now())), pause);
  }

  /** @param room  how many operations a cell may have */
  #flush(room: (cell: CellId) => number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { interval, emit, state } = this.#options;
    const now = Date.now();
    const pending = this.#pending;
    const { ops, orphans, held } = new OutputBatch(state(), this.#displays, room).build(pending);
    this.#pending = held;
    const hasTail = pending.some(({ kind }) => kind === 'tail');
    this.#next = now + Math.max(interval, this.#pace.made(ops, now), hasTail ? TAIL_PAUSE : 0);
    for (const [cell, outputs] of orphans) for (const one of outputs) this.#orphans.of(cell)?.add(one);
    if (ops.length > 0) emit(ops);
    if (held.length > 0) this.#schedule();
  }
}
