/** Runs a notebook through the REST of live documents and follows it to its end. */
import type { DocumentModel, RunModel } from '../protocol/document-messages.js';

export interface RunRequest {
  /** of the server, with base_url and a slash at its end */
  url: string;
  token: string;
  path: string;
  /** kernelspec name; undefined: as the notebook says */
  kernel: string | undefined;
  /** seconds that one cell may take */
  timeout: number | undefined;
  allowErrors: boolean;
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

export class NotebookRun {
  #id = '';
  #kernelSession: string | undefined;
  #isInterrupted = false;

  constructor(private readonly request: RunRequest) {}

  /**
   * @param onProgress  called with all code cells whenever there may be news
   * @returns why it counts as failed, if it does; a sentence
   */
  async toTheEnd(onProgress: (cells: readonly RunCell[]) => void): Promise<{ problem: string | undefined }> {
    const { path, kernel, timeout, allowErrors } = this.request;
    const { id } = (await this.#ask('POST', 'api/documents', { path })) as DocumentModel;
    this.#id = id;
    if (kernel !== undefined) {
      const session = await this.#ask('POST', 'api/sessions', {
        path,
        name: path,
        type: 'notebook',
        kernel: { name: kernel },
      });
      this.#kernelSession = (session as { id: string }).id;
    }
    const began = Date.now();
    await this.#ask('POST', `api/documents/${id}/run`, { allow_errors: allowErrors, allow_stdin: false });
    let late: number | undefined;
    for (;;) {
      const { running, waiting, cells } = (await this.#ask('GET', `api/documents/${id}/run`)) as RunModel;
      onProgress(cells);
      if (running === null && waiting.length === 0)
        return { problem: await this.#problem(cells, late, began) };
      const started = cells.find((cell) => cell.id === running)?.started;
      if (
        timeout !== undefined &&
        late === undefined &&
        started !== undefined &&
        Date.now() - started > timeout * 1000
      ) {
        late = cells.findIndex((cell) => cell.id === running) + 1;
        await this.#ask('DELETE', `api/documents/${id}/run`);
      }
      await new Promise((done) => setTimeout(done, ASK_EVERY));
    }
  }

  /** Ends the run. */
  async interrupt(): Promise<void> {
    this.#isInterrupted = true;
    if (this.#id !== '') await this.#ask('DELETE', `api/documents/${this.#id}/run`);
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

  async #problem(
    cells: readonly RunCell[],
    late: number | undefined,
    began: number,
  ): Promise<string | undefined> {
    if (late !== undefined)
      return `Code cell ${late} took longer than ${this.request.timeout} s and was interrupted.`;
    if (this.#isInterrupted) return 'The run was interrupted.';
    const failed = cells.findIndex(
      ({ status, finished }) => status !== 'ok' && status !== undefined && (finished ?? Infinity) >= began,
    );
    const cell = cells[failed];
    if (cell === undefined) return undefined;
    if (cell.status === 'error' && this.request.allowErrors) return undefined;
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
    const { url, token } = this.request;
    const response = await fetch(new URL(path, url), {
      method,
      headers: { Authorization: `token ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok)
      throw new RunError(messageIn(text) ?? `The server answered ${response.status} to ${path}.`);
    return text === '' ? undefined : JSON.parse(text);
  }
}

function messageIn(text: string): string | undefined {
  try {
    const value = JSON.parse(text) as { message?: unknown };
    return typeof value.message === 'string' ? value.message : undefined;
  } catch {
    // No JSON: some other server's page.
    return undefined;
  }
}
