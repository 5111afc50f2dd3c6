/** Works on the requests that the worker hands over, one at a time, and answers each exactly once, interrupted or not. */
import type { CellContext } from './cell-context.js';
import type { CellRunner } from './cell-runner.js';
import type { CellTimers } from './cell-timers.js';
import type { Comms } from './comms.js';
import { complete } from './completion.js';
import type { Evaluator } from './evaluator.js';
import { inspectAt } from './inspection.js';
import { isComplete } from './is-complete.js';
import type { CommRequest, KernelRequest } from './requests.js';
import type { MainToWorker, WorkerToMain } from './thread-messages.js';

export interface LoopParts {
  runner: CellRunner;
  evaluator: Evaluator;
  context: CellContext;
  timers: CellTimers;
  comms: Comms;
  /** how much text was written so far */
  position(): number;
  post(message: MainToWorker): void;
}
type Requested = Extract<WorkerToMain, { kind: 'request' }>;
type Interrupt = Extract<WorkerToMain, { kind: 'interrupt' }>;

/** Sources that are searched for doc comments. */
const rememberedSources = 1000;

export class RequestLoop {
  readonly #parts: LoopParts;
  readonly #sources: string[] = [];
  readonly #mayNotAsk = new Set<number>();
  readonly #interrupted = new Set<number>();
  #current: { id: number; cell: number; request: KernelRequest } | undefined;

  constructor(parts: LoopParts) {
    this.#parts = parts;
  }

  receive(message: Requested | Interrupt): void {
    if (message.kind === 'request') void this.#work(message);
    else this.#interrupt(message);
  }

  mayAsk(cell: number): boolean {
    return !this.#mayNotAsk.has(cell);
  }

  wasInterrupted(cell: number): boolean {
    return this.#interrupted.has(cell);
  }

  async #work({ id, cell, request }: Requested): Promise<void> {
    this.#current = { id, cell, request };
    try {
      this.#finish(id, await this.#answer(request, cell, id));
    } catch (error) {
      this.#parts.runner.late(error, cell);
      this.#finish(id, { status: 'error', ename: 'Error', evalue: String(error), traceback: [] });
    }
  }

  /** The first answer counts: the request's own, or the one that an interrupt gives in its place. */
  #finish(id: number, content: Record<string, unknown>): void {
    if (this.#current?.id !== id) return;
    this.#current = undefined;
    this.#parts.post({ kind: 'reply', position: this.#parts.position(), id, content });
  }

  async #answer(request: KernelRequest, cell: number, id: number): Promise<Record<string, unknown>> {
    const { runner, evaluator, context } = this.#parts;
    switch (request.type) {
      case 'execute':
        context.startCell(cell);
        if (!request.allowStdin) this.#mayNotAsk.add(cell);
        this.#sources.push(request.code);
        if (this.#sources.length > rememberedSources) this.#sources.shift();
        return runner.run(request, cell, () => this.#current?.id !== id);
      case 'complete':
        return { ...complete(request.code, request.cursor, evaluator) };
      case 'inspect':
        return { ...inspectAt(request.code, request.cursor, request.detail, evaluator, this.#sources) };
      case 'is_complete':
        return { ...isComplete(request.code) };
      case 'comm':
        this.#receiveComm(request, cell);
        return {};
    }
  }

  /** Runs the notebook's own function. What it awaits goes on beside the next requests, as after a cell. */
  #receiveComm(request: CommRequest, cell: number): void {
    const { runner, evaluator, context, comms } = this.#parts;
    const outcome = context.run(cell, () => evaluator.guard(() => comms.receive(request)));
    if (outcome.status === 'error') runner.late(outcome.error, cell);
    else if (outcome.status === 'ok' && outcome.value instanceof Promise) {
      outcome.value.catch((error: unknown) => runner.late(error, cell));
    }
  }

  /**
   * The event loop turns again: whatever spun was terminated. Stops the cell's timers and answers in its place, because an
   * interrupt unwinds our own code along with the user's, and a promise that never settles cannot be ended.
   */
  #interrupt({ attempt, id, cell }: Interrupt): void {
    const { context, timers, post } = this.#parts;
    context.reset();
    timers.stopInterrupted();
    if (id !== null) {
      this.#interrupted.add(cell);
      timers.stop(cell);
    }
    const current = this.#current;
    if (current && current.id === id) this.#finish(id, this.#cancelledAnswer(current.request, current.cell));
    post({ kind: 'interrupt-seen', attempt });
  }

  #cancelledAnswer(request: KernelRequest, cell: number): Record<string, unknown> {
    if (request.type === 'execute') return this.#parts.runner.interrupted(request, cell);
    return { status: 'error', ename: 'Interrupted', evalue: 'The request was interrupted.', traceback: [] };
  }
}
