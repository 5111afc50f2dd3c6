/** Runs one execute request: prepares the code, evaluates it, shows its value or its error, and makes the reply. */
import type { CellContext } from './cell-context.js';
import { DisplayHandle, type Publish } from './display.js';
import type { ErrorReporter } from './error-report.js';
import type { Evaluation, Evaluator } from './evaluator.js';
import { mimeBundle } from './mime-bundle.js';
import { CellSyntaxError, prepareCell } from './prepare-cell.js';
import type { BoundNames } from './rewrite-declarations.js';
import type { ErrorContent } from '../protocol/kernel-messages.js';
import type { ExecuteRequest } from './requests.js';

export interface RunnerParts {
  evaluator: Evaluator;
  context: CellContext;
  reporter: ErrorReporter;
  publish: Publish;
  colors: boolean;
}

/** `aborted` says whether the request was answered already, because it was interrupted. */
export class CellRunner {
  readonly #parts: RunnerParts;
  #constants: ReadonlySet<string> = new Set();

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  /** @returns the content of the execute_reply */
  async run(request: ExecuteRequest, cell: number, aborted: () => boolean): Promise<Record<string, unknown>> {
    const { context, publish } = this.#parts;
    const label = String(request.count);
    const outcome = await this.#evaluate(request.code, label, cell);
    // A rejection that nobody handles is known one turn later; it should stand in the cell before the cell is done.
    await new Promise((resolve) => setImmediate(resolve));
    if (aborted()) return {};
    if (outcome.status === 'interrupted') return this.interrupted(request, cell);
    if (outcome.status === 'error') return this.#failed(request, cell, this.#report(outcome.error, label));
    if (outcome.value !== undefined && !(outcome.value instanceof DisplayHandle) && !request.silent) {
      const bundle = await this.#bundle(outcome.value);
      if (aborted()) return {};
      if (bundle.status === 'interrupted') return this.interrupted(request, cell);
      if (bundle.status === 'error') return this.#failed(request, cell, this.#report(bundle.error, label));
      const content = { execution_count: request.count, data: bundle.value, metadata: {} };
      context.run(cell, () => publish('execute_result', content));
    }
    return {
      status: 'ok',
      execution_count: request.count,
      payload: [],
      user_expressions: await this.#userExpressions(request, cell),
    };
  }

  /** Shows and answers that the request was interrupted. */
  interrupted(request: ExecuteRequest, cell: number): Record<string, unknown> {
    return this.#failed(request, cell, this.#parts.reporter.interrupted(String(request.count)));
  }

  /** An error that came after its cell was done, or beside it: a timer, a promise that nobody awaited. */
  late(error: unknown, cell: number): void {
    const content = this.#report(error, '');
    this.#parts.context.run(cell, () => this.#parts.publish('error', { ...content }));
  }

  async #evaluate(code: string, label: string, cell: number): Promise<Evaluation> {
    const { evaluator, context, reporter } = this.#parts;
    reporter.remember(label, code);
    if (code.trim() === '') return { status: 'ok', value: undefined };
    try {
      const prepared = prepareCell(code, this.#boundNames(), this.#constants);
      this.#constants = prepared.constants;
      // V8 names the script by this comment; the name may hold no space.
      const named = `${prepared.code}\n//# sourceURL=In[${label}]`;
      return await context.run(cell, () => evaluator.run(named));
    } catch (error) {
      if (error instanceof CellSyntaxError) return { status: 'error', error };
      throw error;
    }
  }

  #boundNames(): BoundNames {
    const lexical = new Set(this.#parts.evaluator.lexicalNames());
    return {
      isLexical: (name) => lexical.has(name),
      isVariable: (name) => Object.getOwnPropertyDescriptor(globalThis, name)?.configurable === false,
    };
  }

  async #bundle(value: unknown): Promise<Evaluation | { status: 'ok'; value: Record<string, unknown> }> {
    const made = this.#parts.evaluator.guard(() => mimeBundle(value, this.#parts.colors));
    if (made.status !== 'ok') return made;
    try {
      return { status: 'ok', value: await made.value };
    } catch (error) {
      return { status: 'error', error };
    }
  }

  #report(error: unknown, label: string): ErrorContent {
    const { evaluator, reporter } = this.#parts;
    if (error instanceof CellSyntaxError) return reporter.syntaxError(error, label);
    const report = evaluator.guard(() => reporter.thrown(error));
    if (report.status === 'ok') return report.value;
    // An error whose own properties throw or never return.
    return {
      ename: 'Error',
      evalue: 'an error that cannot be shown',
      traceback: ['Error: an error that cannot be shown'],
    };
  }

  #failed(request: ExecuteRequest, cell: number, error: ErrorContent): Record<string, unknown> {
    const { context, publish } = this.#parts;
    if (!request.silent) context.run(cell, () => publish('error', { ...error }));
    return { status: 'error', execution_count: request.count, payload: [], user_expressions: {}, ...error };
  }

  async #userExpressions(request: ExecuteRequest, cell: number): Promise<Record<string, unknown>> {
    const answers: Record<string, unknown> = {};
    for (const [name, expression] of Object.entries(request.userExpressions)) {
      const outcome = await this.#evaluate(expression, '*', cell);
      const shown = outcome.status === 'ok' ? await this.#bundle(outcome.value) : outcome;
      answers[name] =
        shown.status === 'ok'
          ? { status: 'ok', data: shown.value, metadata: {} }
          : { status: 'error', ...(shown.status === 'error' ? this.#report(shown.error, '*') : {}) };
    }
    return answers;
  }
}
