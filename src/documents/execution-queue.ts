/**
 * Runs cells of a document one after the other on its kernel, whether or not a page is there. The source of a cell is
 * taken when its turn comes; after an error, an interrupt or the end of the kernel, what waits is taken out, and each cell
 * says why.
 */
import { HttpError } from '../http-error.js';
import type { Kernel } from '../kernels/index.js';
import type { NotebookState } from '../notebook/notebook-state.js';
import type { CellExecution, Operation } from '../notebook/operations.js';
import type { CellId } from '../notebook/types.js';
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
}

/** ms after the reply in which the kernel may still say that it is idle, that is, that all output was sent. */
const IDLE_GRACE = 10_000;

interface Run {
  cell: CellId;
  kernel: QueueKernel;
  msgId: string;
  started: number;
  /** an error ends the queue */
  stops: boolean;
  retried: boolean;
  idle: boolean;
  reply?: ExecuteReplyContent;
  timer?: NodeJS.Timeout;
  input?: { prompt: Prompt; header: Uint8Array };
}

export class ExecutionQueue {
  #waiting: CellId[] = [];
  /** the cell whose turn it is while its kernel starts */
  #starting: CellId | undefined;
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

  /** Adds cells at the end; those that are no code cells, or wait already, are left out. */
  enqueue(cells: readonly CellId[]): void {
    const ops: Operation[] = [];
    for (const id of cells) {
      const cell = this.port.state().cell(id);
      if (cell?.cell.cell_type !== 'code' || this.#waiting.includes(id) || this.#starting === id) continue;
      this.#waiting.push(id);
      if (this.#run?.cell !== id) ops.push(execution(id, { state: 'queued', count: cell.run.count }));
    }
    if (ops.length > 0) this.port.emit(ops);
    this.#advance();
  }

  /** Stops the running cell and takes out what waits. */
  async interrupt(): Promise<void> {
    this.#cancel('Interrupted before it ran.');
    const run = this.#run;
    if (run === undefined) return;
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
    const content = parseObject(message.content);
    if (channel === 'iopub' && type === 'status') {
      if (statusContent(content)?.execution_state !== 'idle') return;
      run.idle = true;
      this.#settle(run);
    } else if (channel === 'shell' && type === 'execute_reply') {
      const reply = executeReplyContent(content);
      if (reply === undefined) return;
      run.reply = reply;
      for (const payload of reply.payload) this.port.payload(run.cell, payload);
      run.timer = setTimeout(() => {
        run.idle = true;
        this.#settle(run);
      }, IDLE_GRACE);
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
      const id = this.#waiting.shift();
      if (id === undefined) return;
      const cell = this.port.state().cell(id)?.cell;
      if (cell?.cell_type !== 'code') continue;
      if (cell.source.trim() === '') {
        this.port.emit([{ op: 'clear-outputs', id }, execution(id, { state: 'idle', count: null })]);
        continue;
      }
      this.#starting = id;
      this.port.kernel().then(
        (kernel) => {
          if (this.#starting === id) this.#start(id, kernel);
        },
        (error: unknown) => {
          if (this.#starting === id) this.#cancel(sentence(error));
        },
      );
    }
  }

  #start(id: CellId, kernel: QueueKernel): void {
    this.#starting = undefined;
    const cell = this.port.state().cell(id)?.cell;
    if (cell?.cell_type !== 'code') {
      this.#advance();
      return;
    }
    const tags = cell.metadata['tags'];
    const stops = !(Array.isArray(tags) && tags.includes('raises-exception'));
    const started = Date.now();
    this.port.starts(id);
    this.port.emit([{ op: 'clear-outputs', id }, execution(id, { state: 'running', count: null, started })]);
    const run: Run = { cell: id, kernel, msgId: '', started, stops, retried: false, idle: false };
    this.#run = run;
    this.#request(run, cell.source);
  }

  #request(run: Run, code: string): void {
    try {
      run.msgId = run.kernel.request('shell', 'execute_request', {
        code,
        silent: false,
        store_history: true,
        user_expressions: {},
        allow_stdin: true,
        stop_on_error: run.stops,
      });
      this.recorder.begin(run.msgId, run.cell);
    } catch (error) {
      this.#cancel(sentence(error));
      this.#finish(run, 'aborted', sentence(error));
    }
  }

  /** When both have come, the reply and the end of the output. */
  #settle(run: Run): void {
    const { reply } = run;
    if (reply === undefined || !run.idle || this.#run !== run) return;
    clearTimeout(run.timer);
    const source = this.port.state().cell(run.cell)?.cell.source;
    if (reply.status === 'aborted' && !run.retried && source !== undefined) {
      // Another client's failed cell makes a kernel abort what it has in line; this one is not to blame.
      run.retried = true;
      run.idle = false;
      run.reply = undefined;
      this.#request(run, source);
      return;
    }
    if (reply.status !== 'ok' && run.stops) this.#cancel('Not run: a cell before it failed.');
    this.#finish(run, reply.status);
  }

  #finish(run: Run, status: 'ok' | 'error' | 'aborted', reason?: string): void {
    clearTimeout(run.timer);
    this.#answered(run);
    this.recorder.flush();
    this.#run = undefined;
    const { cell, started } = run;
    const count = run.reply?.execution_count ?? this.port.state().cell(cell)?.run.count ?? null;
    const again = this.#waiting.includes(cell);
    const ended: CellExecution = {
      state: again ? 'queued' : 'idle',
      count,
      started,
      finished: Date.now(),
      status,
    };
    this.port.emit([execution(cell, reason === undefined ? ended : { ...ended, reason })]);
    this.port.ended();
    this.#advance();
  }

  /** Takes out everything that does not run yet. */
  #cancel(reason: string): void {
    const starting = this.#starting === undefined ? [] : [this.#starting];
    const cancelled = [...starting, ...this.#waiting];
    this.#starting = undefined;
    this.#waiting = [];
    const ops = cancelled.flatMap((id): Operation[] => {
      const cell = this.port.state().cell(id);
      if (cell === undefined || id === this.#run?.cell) return [];
      return [execution(id, { state: 'idle', count: cell.run.count, status: 'cancelled', reason })];
    });
    if (ops.length === 0) return;
    this.port.emit(ops);
    this.port.ended();
  }

  #answered(run: Run): void {
    if (run.input === undefined) return;
    run.input = undefined;
    this.port.prompt(null);
  }
}

function execution(id: CellId, value: CellExecution): Operation {
  return { op: 'set-execution', id, execution: value };
}

function sentence(error: unknown): string {
  if (error instanceof HttpError) return error.message;
  return `The kernel could not be asked: ${error instanceof Error ? error.message : String(error)}`;
}
