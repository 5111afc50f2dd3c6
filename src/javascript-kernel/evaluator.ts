/**
 * Runs code in the main context through V8's inspector, as Node's own prompt does.
 *
 * `replMode` gives top-level `await` and lets `const` and `class` be declared again. The session lives in this thread:
 * posted from another one, an interrupt would never be delivered, because Node does not dispatch inspector messages
 * while one is being worked on. `Runtime.enable` stays off: it mirrors every console call and costs a factor of 15.
 */
import inspector from 'node:inspector';

export type Evaluation =
  { status: 'ok'; value: unknown } | { status: 'error'; error: unknown } | { status: 'interrupted' };

type RemoteObject = inspector.Runtime.RemoteObject;
interface Hook {
  /** hands a value from the inspector's world to ours */
  take(this: void, value: unknown): void;
  /** what `guard` is running */
  task?: () => unknown;
}

/** How long a look at a value may take that runs user code (a getter, a proxy), in ms. */
const quietLimit = 300;

export class Evaluator {
  readonly #session = new inspector.Session();
  readonly #hook: Hook;
  readonly #hookId: string;
  #taken: unknown;

  constructor() {
    this.#session.connect();
    this.#hook = {
      take: (value) => {
        this.#taken = value;
      },
    };
    const name = '__nbserver_hook';
    Object.defineProperty(globalThis, name, { value: this.#hook, configurable: true, enumerable: false });
    const id = this.#postNow<inspector.Runtime.EvaluateReturnType>('Runtime.evaluate', { expression: name });
    Reflect.deleteProperty(globalThis, name);
    if (!id?.result.objectId)
      throw new Error('the inspector of this Node cannot evaluate; Node 20 is needed');
    this.#hookId = id.result.objectId;
  }

  close(): void {
    this.#session.disconnect();
  }

  /** Runs a cell; resolves when it and every promise that it awaits at its top level are done. */
  async run(code: string): Promise<Evaluation> {
    const group = `cell-${Math.random()}`;
    const answer = await new Promise<inspector.Runtime.EvaluateReturnType | undefined>((resolve) => {
      this.#session.post(
        'Runtime.evaluate',
        { expression: code, replMode: true, awaitPromise: true, objectGroup: group, userGesture: true },
        // The only error here is the one of an interrupt: "Execution was terminated".
        (error, result) => resolve(error ? undefined : (result as inspector.Runtime.EvaluateReturnType)),
      );
    });
    const evaluation = answer ? this.#evaluation(answer) : { status: 'interrupted' as const };
    this.#postNow('Runtime.releaseObjectGroup', { objectGroup: group });
    return evaluation;
  }

  /**
   * Evaluates an expression for completion or inspection: anything with a side effect throws in V8 before it happens.
   *
   * @returns undefined when it throws, has side effects or takes longer than 300 ms
   */
  look(expression: string): { value: unknown } | undefined {
    const answer = this.#postNow<inspector.Runtime.EvaluateReturnType>('Runtime.evaluate', {
      expression: `(${expression})`,
      throwOnSideEffect: true,
      timeout: quietLimit,
      silent: true,
      objectGroup: 'look',
    });
    const evaluation = answer && !answer.exceptionDetails ? this.#evaluation(answer) : undefined;
    this.#postNow('Runtime.releaseObjectGroup', { objectGroup: 'look' });
    return evaluation?.status === 'ok' ? { value: evaluation.value } : undefined;
  }

  /**
   * Runs our own function that may call into user code (`toString`, getters, display hooks).
   *
   * An interrupt unwinds everything up to the inspector call; a plain call would be lost with it, and its reply.
   */
  guard<T>(
    task: () => T,
  ): { status: 'ok'; value: T } | { status: 'error'; error: unknown } | { status: 'interrupted' } {
    let outcome:
      { status: 'ok'; value: T } | { status: 'error'; error: unknown } | { status: 'interrupted' } = {
      status: 'interrupted',
    };
    this.#hook.task = () => {
      try {
        outcome = { status: 'ok', value: task() };
      } catch (error) {
        outcome = { status: 'error', error };
      }
    };
    this.#postNow('Runtime.callFunctionOn', {
      objectId: this.#hookId,
      functionDeclaration: 'function () { this.task(); }',
    });
    delete this.#hook.task;
    return outcome;
  }

  /** Names that `let`, `const` and `class` of earlier cells declared. */
  lexicalNames(): string[] {
    return (
      this.#postNow<inspector.Runtime.GlobalLexicalScopeNamesReturnType>(
        'Runtime.globalLexicalScopeNames',
        {},
      )?.names ?? []
    );
  }

  #evaluation(answer: inspector.Runtime.EvaluateReturnType): Evaluation {
    if (answer.exceptionDetails) {
      const thrown = answer.exceptionDetails.exception ?? answer.result;
      return { status: 'error', error: this.#value(thrown) };
    }
    return { status: 'ok', value: this.#value(answer.result) };
  }

  /** The value itself behind the inspector's description of it. */
  #value(remote: RemoteObject): unknown {
    const { objectId, unserializableValue } = remote;
    const value: unknown = remote.value;
    const argument =
      objectId !== undefined
        ? { objectId }
        : unserializableValue !== undefined
          ? { unserializableValue }
          : { value };
    this.#postNow('Runtime.callFunctionOn', {
      objectId: this.#hookId,
      functionDeclaration: 'function (value) { this.take(value); }',
      arguments: [argument],
    });
    const taken = this.#taken;
    this.#taken = undefined;
    return taken;
  }

  /** Posts a command that answers before `post` returns; undefined when it failed or was interrupted. */
  #postNow<T>(method: string, parameters: object): T | undefined {
    let answer: T | undefined;
    this.#session.post(method, parameters, (error, result) => {
      if (!error) answer = result as T;
    });
    return answer;
  }
}
