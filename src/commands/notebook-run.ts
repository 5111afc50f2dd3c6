/** Runs a notebook through the REST of live documents and follows it to its end. */
import { messageOf } from '../message-of.js';
import type { DocumentModel, RunModel } from '../protocol/document-messages.js';
import type { SessionModel } from '../protocol/rest-models.js';
import { askLocally, type LocalServer } from './ask-locally.js';

export interface RunRequest {
  server: LocalServer;
  path: string;
  /** kernelspec name; undefined: as the notebook says */
  kernel: string | undefined;
  /** seconds that one cell may take */
  timeout: number | undefined;
  allowErrors: boolean;
  /** the server is there for this run alone, and its kernels end with it */
  isOwnServer: boolean;
}

/** A sentence for the person who started the run. */
export class RunError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RunError';
  }
}

export type RunCell = RunModel['cells'][number];

interface ContentCell {
  cell_type?: string;
  outputs?: { output_type?: string; ename?: string; evalue?: string }[];
}

/** ms */
const ASK_EVERY = 150;
/** ms without a word from the server, which may be writing half a gigabyte */
const PATIENCE = 600_000;
/** ms that a cell may take to end once it was interrupted */
const INTERRUPT_GRACE = 10_000;

export class NotebookRun {
  #id = '';
  /** only when it was made for this run */
  #kernelSession: string | undefined;
  /** ms since 1970 */
  #interruptedAt: number | undefined;
  #isStopped = false;

  constructor(private readonly request: RunRequest) {}

  /**
   * @param onProgress  called with all code cells whenever there may be news
   * @returns why it counts as failed, if it does; a sentence
   */
  async toTheEnd(onProgress: (cells: readonly RunCell[]) => void): Promise<{ problem: string | undefined }> {
    const { path, kernel, timeout, allowErrors } = this.request;
    const { id } = (await this.#ask('POST', 'api/documents', { path })) as DocumentModel;
    this.#id = id;
    if (kernel !== undefined) await this.#startKernel(kernel);
    if (this.#interruptedAt !== undefined) return { problem: this.#whyStopped(undefined) };
    const began = Date.now();
    await this.#ask('POST', `api/documents/${id}/run`, { allow_errors: allowErrors, allow_stdin: false });
    // The interrupt may have arrived before the run.
    if (this.#interruptedAt !== undefined) this.#interrupt();
    let late: number | undefined;
    for (;;) {
      const { running, waiting, cells } = (await this.#ask('GET', `api/documents/${id}/run`)) as RunModel;
      onProgress(cells);
      if (running === null && waiting.length === 0)
        return { problem: await this.#problem(cells, late, began) };
      if (this.#isGivenUp) return { problem: `${this.#whyStopped(late)} ${this.#left}` };
      const started = cells.find((cell) => cell.id === running)?.started;
      if (
        timeout !== undefined &&
        late === undefined &&
        started !== undefined &&
        Date.now() - started > timeout * 1000
      ) {
        late = cells.findIndex((cell) => cell.id === running) + 1;
        this.#interrupt();
      }
      await new Promise((done) => setTimeout(done, ASK_EVERY));
    }
  }

  /** Ends the run; asked again, without waiting for a cell that does not end. */
  stop(): void {
    if (this.#isStopped) this.#interruptedAt = 0;
    else this.#interrupt();
    this.#isStopped = true;
  }

  /** Brings the result to disk. */
  async save(): Promise<void> {
    await this.#ask('POST', `api/documents/${this.#id}/save`);
  }

  /** The notebook as the file has it, with its outputs. */
  async content(): Promise<unknown> {
    const path = this.request.path.split('/').map(encodeURIComponent).join('/');
    const model = await this.#ask('GET', `api/contents/${path}?type=notebook&content=1`);
    return (model as { content: unknown }).content;
  }

  /** Ends the kernel that was started for this run. */
  async close(): Promise<void> {
    if (this.#kernelSession === undefined) return;
    await this.#ask('DELETE', `api/sessions/${this.#kernelSession}`).catch(() => undefined);
  }

  /**
   * A person who has the notebook open may have a kernel for it: that one is used, and stays.
   *
   * @throws {RunError} it is another one
   */
  async #startKernel(name: string): Promise<void> {
    const { path } = this.request;
    const sessions = (await this.#ask('GET', 'api/sessions')) as SessionModel[];
    const open = sessions.find((session) => session.path === path)?.kernel;
    if (open?.name === name) return;
    if (open !== undefined) {
      throw new RunError(
        `${path} is open, and runs on the kernel "${open.name}" there. Shut that kernel down to run it on "${name}", or leave --kernel out.`,
      );
    }
    const wanted = { path, name: path, type: 'notebook', kernel: { name } };
    this.#kernelSession = ((await this.#ask('POST', 'api/sessions', wanted)) as SessionModel).id;
  }

  #interrupt(): void {
    this.#interruptedAt ??= Date.now();
    if (this.#id === '') return;
    // Whether it helped is seen by whoever follows the run.
    this.#ask('DELETE', `api/documents/${this.#id}/run`).catch(() => undefined);
  }

  get #isGivenUp(): boolean {
    return this.#interruptedAt !== undefined && Date.now() - this.#interruptedAt > INTERRUPT_GRACE;
  }

  #whyStopped(late: number | undefined): string {
    if (late === undefined) return 'The run was interrupted.';
    return `Code cell ${late} took longer than ${this.request.timeout} s and was interrupted.`;
  }

  get #left(): string {
    return this.request.isOwnServer || this.#kernelSession !== undefined
      ? 'It did not end, so its kernel was ended.'
      : 'It did not end, and still runs in the server that has the notebook open.';
  }

  async #problem(
    cells: readonly RunCell[],
    late: number | undefined,
    began: number,
  ): Promise<string | undefined> {
    if (this.#interruptedAt !== undefined) return this.#whyStopped(late);
    const failed = cells.findIndex(
      ({ status, finished, expected }) =>
        status !== 'ok' &&
        status !== undefined &&
        (finished ?? Infinity) >= began &&
        !(status === 'error' && (this.request.allowErrors || expected === true)),
    );
    const cell = cells[failed];
    if (cell === undefined) return undefined;
    if (cell.status === 'error') return `Code cell ${failed + 1} failed${await this.#errorOf(failed)}.`;
    return cell.reason ?? `Code cell ${failed + 1} did not run.`;
  }

  /** `: NameError: …` */
  async #errorOf(codeCell: number): Promise<string> {
    const { cells = [] } = (await this.content()) as { cells?: ContentCell[] };
    const cell = cells.filter(({ cell_type }) => cell_type === 'code')[codeCell];
    const error = cell?.outputs?.find(({ output_type }) => output_type === 'error');
    return error === undefined ? '' : `: ${error.ename ?? ''}: ${error.evalue ?? ''}`;
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    let answer: { status: number; body: unknown };
    try {
      answer = await askLocally(this.request.server, { timeout: PATIENCE })(path, method, body);
    } catch (error) {
      throw new RunError(`The server that runs the notebook does not answer any more: ${messageOf(error)}`);
    }
    const { status, body: said } = answer;
    if (status >= 200 && status < 300) return said;
    throw new RunError(messageIn(said) ?? `The server answered ${status} to ${path}.`);
  }
}

function messageIn(said: unknown): string | undefined {
  const { message } = typeof said === 'object' && said !== null ? (said as { message?: unknown }) : {};
  return typeof message === 'string' ? message : undefined;
}
