/**
 * Runs cells of a document one after the other on its kernel, whether or not a page is there. The source of a cell is
 * taken when its turn comes; after an error, an interrupt or the end of the kernel, what waits is taken out, and each cell
 * says why.
 */
import { HttpError } from '../http-error.js';
import type { Kernel } from '../kernels/index.js';
import { messageOf } from '../message-of.js';
import type { NotebookState } from '../notebook/notebook-state.js';
import type { CellExecution, Operation } from '../notebook/operations.js';
import type { Cell, CellId } from '../notebook/types.js';
import type { Prompt } from '../protocol/document-messages.js';
import {
  executeReplyContent,
  inputRequestContent,
  parseObject,
  statusContent,
  type ExecutePayload,
  type ExecuteReplyContent,
} from '../protocol/kernel-messages.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import type { OutputRecorder } from './output-recorder.js';

/** What the queue needs of a kernel. */
export type QueueKernel = Pick<Kernel, 'request' | 'replyInput' | 'interrupt'>;

export interface QueuePort {
  state(): NotebookState;
  emit(ops: Operation[]): void;
  /** The document's kernel, started if none runs, when it is ready. Rejects with an HttpError whose message says why not. */
  kernel(): Promise<QueueKernel>;
  /** A cell is about to run. */
  starts(cell: CellId): void;
  /** A cell has run, or the queue was cleared. */
  ended(): void;
  prompt(prompt: Prompt | null): void;
  payload(cell: CellId, payload: ExecutePayload): void;
  /** whether the times of a run go into the cell's metadata, as JupyterLab's `recordTiming` writes them */
  recordTiming?: boolean;
}

/** How cells are run. */
export interface RunOptions {
  /** false: `input()` fails instead of waiting for somebody; default true */
  allowStdin?: boolean;
  /** an error does not end the queue; default false */
  allowErrors?: boolean;
}

interface Waiting extends RunOptions {
  cell: CellId;
}

/**
 * ms after the reply, and after all that the cell still prints, in which the kernel may say that it is idle, that is, that all
 * output was sent. And the longest wait for that: a thread of the cell may print for ever.
 */
const IDLE_GRACE = 10_000;
const LONGEST_GRACE = 600_000;

interface Run {
  cell: CellId;
  kernel: QueueKernel;
  /** as it was when the cell's turn came */
  code: string;
  allowStdin: boolean;
  msgId: string;
  /** message type → ISO 8601 */
  times: Record<string, string>;
  started: number;
  /** an error ends the queue */
  stops: boolean;
  /** an `aborted` reply is its end: it was sent again, or a person stopped it */
  retried: boolean;
  idle: boolean;
  /** when the kernel last said something about it, ms since 1970 */
  heard: number;
  reply?: ExecuteReplyContent;
  timer?: NodeJS.Timeout;
  input?: { prompt: Prompt; header: Uint8Array };
}

export class ExecutionQueue {
  #waiting: Waiting[] = [];
  /** the cell whose turn it is while its kernel starts */
  #starting: Waiting | undefined;
  #run: Run | undefined;

  constructor(
    private readonly port: QueuePort,
    private readonly recorder: OutputRecorder,
  ) {}

  /** Whether a cell runs or waits. */
  get isBusy(): boolean {
    return this.#run !== undefined || this.#starting !== undefined || this.#waiting.length > 0;
  }

  get prompt(): Prompt | null {
    return this.#run?.input?.prompt ?? null;
  }

  /** The cell that runs, or is about to; null: none. */
  get running(): CellId | null {
    return this.#run?.cell ?? this.#starting?.cell ?? null;
  }

  /** The cells that wait, in order. */
  get waiting(): CellId[] {
    return this.#waiting.map(({ cell }) => cell);
  }

  /** Whether a cell runs, or waits to; also one that is not in the notebook just now. */
  has(id: CellId): boolean {
    return this.running === id || this.#waits(id);
  }

  /** Cells were put in, or are code again: how those stand that run or wait, only the queue knows. */
  restate(cells: readonly CellId[]): void {
    const ops = [...new Set(cells)].flatMap((id): Operation[] => {
      const cell = this.port.state().cell(id);
      if (cell?.cell.cell_type !== 'code' || cell.run.state !== 'idle' || !this.has(id)) return [];
      const { count } = cell.run;
      if (this.#run?.cell !== id) return [execution(id, { state: 'queued', count })];
      return [execution(id, { state: 'running', count, started: this.#run.started })];
    });
    if (ops.length > 0) this.port.emit(ops);
  }

  /** Adds cells at the end; those that are no code cells, or wait already, are left out. @returns how many were added */
  enqueue(cells: readonly CellId[], options: RunOptions = {}): number {
    let added = 0;
    const ops: Operation[] = [];
    for (const id of cells) {
      const cell = this.port.state().cell(id);
      if (cell?.cell.cell_type !== 'code' || this.#waits(id) || this.#starting?.cell === id) continue;
      this.#waiting.push({ cell: id, ...options });
      added += 1;
      if (this.#run?.cell !== id) ops.push(execution(id, { state: 'queued', count: cell.run.count }));
    }
    if (ops.length > 0) this.port.emit(ops);
    this.#advance();
    return added;
  }

  /** Takes single cells out that wait; the one that runs goes on. */
  cancel(cells: readonly CellId[]): void {
    this.#cancel('Taken out of the queue.', new Set(cells));
    this.#advance();
  }

  /** Stops the running cell and takes out what waits. */
  async interrupt(): Promise<void> {
    this.#cancel('Interrupted before it ran.');
    const run = this.#run;
    if (run === undefined) return;
    // One that waits behind another client's cell is aborted by this, and is not to run after all.
    run.retried = true;
    this.#answered(run);
    await run.kernel.interrupt();
  }

  /**
   * The kernel ended or starts again: what runs is over, and what waits behind it would miss what it did. A queue that
   * only waits for a kernel goes on when there is one.
   *
   * @param reason  a sentence
   */
  kernelLost(reason: string): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#cancel(reason);
    this.#finish(run, 'aborted', reason);
  }

  /** Answers the `input()` that waits. @returns false when none does */
  answer(value: string): boolean {
    const run = this.#run;
    const input = run?.input;
    if (run === undefined || input === undefined) return false;
    run.kernel.replyInput(value, input.header);
    const { prompt, password } = input.prompt;
    this.recorder.write(run.msgId, `${prompt}${password ? '········' : value}\n`);
    this.#answered(run);
    return true;
  }

  /** A message of the kernel. @param parent  msg_id of the request that it answers */
  message(channel: KernelChannel, message: WireMessage, type: string, parent: string): void {
    const run = this.#run;
    if (run?.msgId !== parent) return;
    run.heard = Date.now();
    if (!isForQueue(type)) return;
    const content = parseObject(message.content);
    if (channel === 'iopub' && type === 'execute_input') run.times['iopub.execute_input'] = now();
    if (channel === 'iopub' && type === 'status') {
      const state = statusContent(content)?.execution_state;
      if (state !== undefined) run.times[`iopub.status.${state}`] = now();
      if (statusContent(content)?.execution_state !== 'idle') return;
      run.idle = true;
      this.#settle(run);
    } else if (channel === 'shell' && type === 'execute_reply') {
      const reply = executeReplyContent(content);
      if (reply === undefined) return;
      run.reply = reply;
      run.times['shell.execute_reply'] = now();
      for (const payload of reply.payload) this.port.payload(run.cell, payload);
      this.#waitForIdle(run, Date.now());
      this.#settle(run);
    } else if (channel === 'stdin' && type === 'input_request') {
      const input = inputRequestContent(content);
      if (input === undefined) return;
      this.recorder.flush();
      run.input = { prompt: { cell: run.cell, ...input }, header: message.header };
      this.port.prompt(run.input.prompt);
    }
  }

  close(): void {
    clearTimeout(this.#run?.timer);
    this.#waiting = [];
    this.#starting = undefined;
    this.#run = undefined;
  }

  /** Starts the next cell that there is something to run in. */
  #advance(): void {
    while (this.#run === undefined && this.#starting === undefined) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      const { cell: id } = next;
      const cell = this.port.state().cell(id)?.cell;
      if (cell?.cell_type !== 'code') continue;
      if (cell.source.trim() === '') {
        this.port.emit([{ op: 'clear-outputs', id }, execution(id, { state: 'idle', count: null })]);
        continue;
      }
      this.#starting = next;
      this.port.kernel().then(
        (kernel) => {
          if (this.#starting === next) this.#start(next, kernel);
        },
        (error: unknown) => {
          if (this.#starting === next) this.#cancel(sentence(error));
        },
      );
    }
  }

  #start({ cell: id, allowStdin = true, allowErrors = false }: Waiting, kernel: QueueKernel): void {
    this.#starting = undefined;
    const cell = this.port.state().cell(id)?.cell;
    if (cell?.cell_type !== 'code') {
      this.#advance();
      return;
    }
    const stops = !allowErrors && !expectsError(cell);
    const started = Date.now();
    this.port.starts(id);
    this.port.emit([{ op: 'clear-outputs', id }, execution(id, { state: 'running', count: null, started })]);
    const run: Run = {
      cell: id,
      kernel,
      code: cell.source,
      allowStdin,
      msgId: '',
      times: {},
      started,
      stops,
      retried: false,
      idle: false,
      heard: started,
    };
    this.#run = run;
    this.#request(run);
  }

  #request(run: Run): void {
    try {
      run.msgId = run.kernel.request('shell', 'execute_request', {
        code: run.code,
        silent: false,
        store_history: true,
        user_expressions: {},
        allow_stdin: run.allowStdin,
        stop_on_error: run.stops,
      });
      this.recorder.begin(run.msgId, run.cell);
    } catch (error) {
      this.#cancel(sentence(error));
      this.#finish(run, 'aborted', sentence(error));
    }
  }

  /** @param since  when the reply came, ms since 1970 */
  #waitForIdle(run: Run, since: number): void {
    const left = Math.min(run.heard + IDLE_GRACE, since + LONGEST_GRACE) - Date.now();
    if (left > 0) {
      run.timer = setTimeout(() => this.#waitForIdle(run, since), left);
    } else {
      run.idle = true;
      this.#settle(run);
    }
  }

  /** When both have come, the reply and the end of the output. */
  #settle(run: Run): void {
    const { reply } = run;
    if (reply === undefined || !run.idle || this.#run !== run) return;
    clearTimeout(run.timer);
    if (reply.status === 'aborted' && !run.retried && this.port.state().has(run.cell)) {
      // Another client's failed cell makes a kernel abort what it has in line; this one is not to blame.
      run.retried = true;
      run.idle = false;
      run.reply = undefined;
      this.#request(run);
      return;
    }
    if (reply.status !== 'ok' && run.stops) this.#cancel('Not run: a cell before it failed.');
    this.#finish(run, reply.status);
  }

  #finish(run: Run, status: 'ok' | 'error' | 'aborted', reason?: string): void {
    clearTimeout(run.timer);
    this.#answered(run);
    this.recorder.ended(run.cell);
    this.#run = undefined;
    const { cell, started } = run;
    const count = run.reply?.execution_count ?? this.port.state().cell(cell)?.run.count ?? null;
    const again = this.#waits(cell);
    const ended: CellExecution = {
      state: again ? 'queued' : 'idle',
      count,
      started,
      finished: Date.now(),
      status,
    };
    const ops = [execution(cell, reason === undefined ? ended : { ...ended, reason })];
    const metadata = this.port.state().cell(cell)?.cell.metadata;
    if (this.port.recordTiming === true && metadata !== undefined && run.reply !== undefined) {
      ops.push({ op: 'set-metadata', id: cell, metadata: { ...metadata, execution: run.times } });
    }
    this.port.emit(ops);
    this.port.ended();
    this.#advance();
  }

  /** Takes out what does not run yet. @param cells  only these; undefined: all */
  #cancel(reason: string, cells?: ReadonlySet<CellId>): void {
    const isMeant = ({ cell }: Waiting) => cells === undefined || cells.has(cell);
    const starting = this.#starting !== undefined && isMeant(this.#starting) ? [this.#starting] : [];
    const cancelled = [...starting, ...this.#waiting.filter(isMeant)];
    if (starting.length > 0) this.#starting = undefined;
    this.#waiting = this.#waiting.filter((waiting) => !isMeant(waiting));
    const ops = cancelled.flatMap(({ cell: id }): Operation[] => {
      const cell = this.port.state().cell(id);
      if (cell === undefined || id === this.#run?.cell) return [];
      return [execution(id, { state: 'idle', count: cell.run.count, status: 'cancelled', reason })];
    });
    if (ops.length === 0) return;
    this.port.emit(ops);
    this.port.ended();
  }

  #waits(id: CellId): boolean {
    return this.#waiting.some(({ cell }) => cell === id);
  }

  #answered(run: Run): void {
    if (run.input === undefined) return;
    run.input = undefined;
    this.port.prompt(null);
  }
}

/** Whether an error in a cell is meant to be, as Jupyter's tag says. */
export function expectsError({ metadata: { tags } }: Cell): boolean {
  return Array.isArray(tags) && tags.includes('raises-exception');
}

/** What is printed may be megabytes, which only the recorder reads. */
function isForQueue(type: string): boolean {
  return ['execute_input', 'status', 'execute_reply', 'input_request'].includes(type);
}

function now(): string {
  return new Date().toISOString();
}

function execution(id: CellId, value: CellExecution): Operation {
  return { op: 'set-execution', id, execution: value };
}

function sentence(error: unknown): string {
  if (error instanceof HttpError) return error.message;
  return `The kernel could not be asked: ${messageOf(error)}`;
}
