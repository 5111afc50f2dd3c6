/**
 * Everything between a document and its kernel: the queue of cells, what they print, widgets, and which kernel it is. Goes on
 * whether or not a page is there.
 */
import type { Log } from '../log.js';
import { messageOf } from '../message-of.js';
import { newCellId } from '../notebook/cell-id.js';
import { sourceText } from '../notebook/notebook-state.js';
import { textDifference, type Operation } from '../notebook/operations.js';
import type { CellId, Output } from '../notebook/types.js';
import type { RunModel, ServerMessage } from '../protocol/document-messages.js';
import { parseHeader, type ExecutePayload, type MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import type { DocumentChanges } from './document-changes.js';
import type { DocumentPages } from './document-pages.js';
import { DocumentWidgets } from './document-widgets.js';
import { ExecutionQueue, expectsError, type RunOptions } from './execution-queue.js';
import type { ForeignRun } from './foreign-runs.js';
import { KernelLink, type LinkedKernel, type SessionSource, type SpecSource } from './kernel-link.js';
import { withKernel } from './kernel-metadata.js';
import { notCaptured } from './output-capture.js';
import { OutputRecorder } from './output-recorder.js';
import type { OutputTrust } from './output-trust.js';

export interface RunsParts {
  changes: DocumentChanges;
  pages: DocumentPages;
  trust: OutputTrust;
  sessions: SessionSource;
  specs: SpecSource;
  log: Log;
  recordTiming: boolean;
  /** ms from one operation of a cell to its next; undefined: the usual */
  outputInterval: number | undefined;
  path(): string;
  /** What a cell has printed since it was deleted. @param orphan  a name: what was told under it before is in there */
  orphaned(cell: CellId, outputs: Output[], orphan: string): void;
  /** A cell has run, or the queue was cleared. */
  ended(): void;
  /** The kernel is another one, or in another state. */
  kernelChanged(): void;
}

export class DocumentRuns {
  readonly widgets: DocumentWidgets;
  readonly #recorder: OutputRecorder;
  readonly #queue: ExecutionQueue;
  readonly #link: KernelLink;
  /** the kernel that ran the last cell */
  #ranOn: LinkedKernel | undefined;

  constructor(private readonly parts: RunsParts) {
    const { changes, pages, outputInterval } = parts;
    const interval = outputInterval === undefined ? {} : { interval: outputInterval };
    this.#recorder = new OutputRecorder({
      state: () => changes.state,
      emit: (ops) => changes.emit(ops),
      orphaned: (...orphan) => parts.orphaned(...orphan),
      ...interval,
    });
    this.widgets = new DocumentWidgets({
      pages: () => pages.named,
      showsNow: (id, outputs) => this.#tellWidget(id, { outputs }),
      isOurs: (request) => this.#recorder.has(request),
      failed: (error) =>
        parts.log.error(`The pages of ${parts.path()} were not told of widgets: ${messageOf(error)}`),
      ...interval,
    });
    this.#queue = new ExecutionQueue(
      {
        state: () => changes.state,
        emit: (ops) => changes.emit(ops),
        kernel: () => this.#link.ready(),
        starts: (cell) => this.#starts(cell),
        ended: () => parts.ended(),
        prompt: (prompt) => pages.broadcast({ type: 'prompt', prompt }),
        payload: (cell, payload) => this.#payload(cell, payload),
        recordTiming: parts.recordTiming,
      },
      this.#recorder,
    );
    this.#link = new KernelLink({
      sessions: parts.sessions,
      specs: parts.specs,
      path: () => parts.path(),
      metadata: () => changes.state.metadata,
      onMessage: (...message) => this.#kernelMessage(...message),
      onChange: () => {
        pages.broadcast(this.kernelMessage);
        parts.kernelChanged();
      },
      onLost: (reason) => this.#queue.kernelLost(reason),
      onEnded: () => this.widgets.kernelLost(),
    });
  }

  /** Takes the kernel that runs for the document's path now. */
  follow(): void {
    this.#link.follow();
  }

  /** Which kernel to start for a notebook that names none, or one that is not installed. */
  preferKernel(name: string | undefined): void {
    this.#link.prefer(name);
  }

  /** Starts the kernel; that it did not start is told to the pages. */
  startKernel(): void {
    this.#link.start().catch((error: unknown) => {
      this.parts.log.warn(`No kernel for ${this.parts.path()}: ${messageOf(error)}`);
    });
  }

  /** How the kernel stands, for a page. */
  get kernelMessage(): Extract<ServerMessage, { type: 'kernel' }> {
    return { type: 'kernel', kernel: this.#link.view };
  }

  /** The `input()` that waits, for a page. */
  get promptMessage(): Extract<ServerMessage, { type: 'prompt' }> {
    return { type: 'prompt', prompt: this.#queue.prompt };
  }

  /** Websockets of clients to the kernel. */
  get connections(): number {
    return this.#link.kernel?.connections ?? 0;
  }

  /** Whether cells run or wait, or what ran can still print (threads, callbacks). */
  get isBusy(): boolean {
    const { kernel } = this.#link;
    const mayPrint = kernel !== undefined && kernel === this.#ranOn && kernel.state !== 'dead';
    return this.#queue.isBusy || mayPrint;
  }

  /** Whether a cell runs or waits. */
  isCellBusy(id: CellId): boolean {
    return this.#queue.has(id);
  }

  /** A page has changed the notebook: what it put in again, or made code again, may run. */
  followed(ops: readonly Operation[]): void {
    this.#queue.restate(
      ops.flatMap((op) =>
        op.op === 'insert-cell' ? [op.cell.id] : op.op === 'set-cell-type' ? [op.id] : [],
      ),
    );
  }

  /** Runs cells in order; markdown and raw cells are left out. @returns how many were added to the queue */
  execute(cells: readonly CellId[], options: RunOptions = {}): number {
    return this.#queue.enqueue(cells, options);
  }

  /** Takes single cells out of the queue that do not run yet. */
  cancel(cells: readonly CellId[]): void {
    this.#queue.cancel(cells);
  }

  /** Answers the `input()` that waits. @returns false when none does */
  answer(value: string): boolean {
    return this.#queue.answer(value);
  }

  /** Interrupts what runs, and takes out what waits. @throws {HttpError} 409 when the kernel is dead */
  interrupt(): Promise<void> {
    return this.#queue.isBusy
      ? this.#queue.interrupt()
      : (this.#link.kernel?.interrupt() ?? Promise.resolve());
  }

  /** Makes operations of all output that has come so far. */
  settle(): void {
    this.#recorder.flush();
  }

  /** What runs and waits, and how the code cells stand. */
  get model(): RunModel {
    const cells = [...this.parts.changes.state.cells()].filter((cell) => cell.peek().cell_type === 'code');
    return {
      running: this.#queue.running,
      waiting: this.#queue.waiting,
      prompt: this.#queue.prompt,
      cells: cells.map((cell) => ({
        id: cell.id,
        ...cell.run,
        ...(expectsError(cell.peek()) ? { expected: true } : {}),
      })),
    };
  }

  /**
   * What a cell printed that another client ran, which went away before the end: nobody else would write it down.
   *
   * @param run  the id of its request, its messages on iopub in order, and how it ended
   * @returns whether it was taken
   */
  recordForeign(id: CellId, run: ForeignRun): boolean {
    const { changes, trust } = this.parts;
    if (changes.state.cell(id)?.cell.cell_type !== 'code' || this.isCellBusy(id)) return false;
    this.#recorder.flush();
    trust.runs(id);
    this.#ranOn = this.#link.kernel;
    const { msgId, messages, started, status } = run;
    const execution = { count: null, started };
    changes.emit([
      { op: 'clear-outputs', id },
      { op: 'set-execution', id, execution: { ...execution, state: 'running' } },
    ]);
    this.#recorder.begin(msgId, id);
    for (const { type, content } of notCaptured(messages, msgId)) {
      this.#recorder.message(type, msgId, content);
    }
    this.#recorder.flush();
    const count = changes.state.cell(id)?.run.count ?? null;
    changes.emit([
      { op: 'set-execution', id, execution: { state: 'idle', count, started, finished: Date.now(), status } },
    ]);
    return true;
  }

  close(): void {
    this.#queue.close();
    this.#recorder.close();
    this.widgets.close();
    this.#link.close();
  }

  #starts(cell: CellId): void {
    this.parts.trust.runs(cell);
    const { kernel } = this.#link;
    this.#ranOn = kernel;
    const { changes } = this.parts;
    const metadata = kernel === undefined ? undefined : withKernel(changes.state.metadata, kernel);
    if (metadata !== undefined) changes.emit([{ op: 'set-metadata', id: null, metadata }]);
  }

  /** Jupyter messaging, "Payloads": `page` for the pager, `set_next_input` for a cell's text. */
  #payload(id: CellId, payload: ExecutePayload): void {
    const { changes, pages } = this.parts;
    const { source, data, text, replace } = payload;
    if (source === 'page' && typeof data === 'object' && data !== null) {
      pages.broadcast({ type: 'pager', cell: id, data: data as Record<string, unknown> });
    }
    const cell = changes.state.cell(id);
    if (source !== 'set_next_input' || typeof text !== 'string' || cell === undefined) return;
    if (replace === true) {
      const edit = textDifference(cell.text, sourceText(text));
      if (edit !== null) changes.emit([{ op: 'edit-source', id, changes: edit.toJSON() }]);
    } else {
      const next = { id: newCellId(), cell_type: 'code', source: text, metadata: {} } as const;
      changes.emit([{ op: 'insert-cell', cell: { ...next, outputs: [], execution_count: null }, after: id }]);
    }
  }

  #kernelMessage(channel: KernelChannel, message: WireMessage, header: MessageHeader): void {
    const parent = parseHeader(message.parentHeader)?.msg_id;
    const { msg_type: type } = header;
    const isTaken = channel === 'iopub' && this.widgets.message(type, parent, message);
    if (parent === undefined) return;
    if (channel === 'iopub' && !isTaken) this.#recorder.message(type, parent, message.content);
    this.#queue.message(channel, message, type, parent);
  }

  #tellWidget(id: string, state: object): void {
    try {
      const data = { method: 'update', state, buffer_paths: [] };
      this.#link.kernel?.request('shell', 'comm_msg', { comm_id: id, data });
    } catch (error) {
      // The kernel has died meanwhile, and with it whoever would ask.
      this.parts.log.debug(`A widget was not told what it shows: ${messageOf(error)}`);
    }
  }
}
