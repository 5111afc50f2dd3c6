/** Fetches the outputs that the page knows by name only, each once; keeps what it fetched for as long as there is room. */
import type { Cell, Output, OutputReference, WholeOutput } from '../../../src/notebook/types.js';
import { api, ApiError } from '../../base/api.js';
import { urlFor } from '../../base/urls.js';

/** Characters of outputs that are kept; the browser's own cache has the others. */
const MOST_KEPT = 50_000_000;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

export class OutputSource {
  readonly #fetched = new Map<string, WholeOutput>();
  readonly #fetching = new Map<string, Promise<WholeOutput>>();
  readonly #gone = new Set<string>();
  #kept = 0;

  /**
   * @param documentId  of the open notebook; another one after the server was started again
   * @param missing     the server has an output no more: the page is behind, and has to be brought up to date
   */
  constructor(
    private readonly documentId: () => string,
    private readonly missing: () => void,
  ) {}

  /** The output when it was fetched before. */
  known(reference: OutputReference): WholeOutput | undefined {
    const output = this.#fetched.get(reference.hash);
    return output === undefined ? undefined : withMore(output, reference);
  }

  /** The cell with those of its outputs that were fetched before. */
  withKnown(cell: Cell): Cell {
    const known = (one: Output) => (one.output_type === 'reference' ? (this.known(one) ?? one) : one);
    return cell.outputs === undefined ? cell : { ...cell, outputs: cell.outputs.map(known) };
  }

  /** The cell with all outputs; the name stays of one that the server has no more. */
  async withAll(cell: Cell): Promise<Cell> {
    const whole = async (one: Output): Promise<Output> =>
      one.output_type === 'reference' ? this.whole(one).catch(() => one) : one;
    return cell.outputs === undefined
      ? cell
      : { ...cell, outputs: await Promise.all(cell.outputs.map(whole)) };
  }

  /** Where the browser fetches a picture of an output. */
  address({ hash }: OutputReference, mime: string): string {
    return urlFor(this.#route(hash), '', { mime });
  }

  /**
   * Fetches an output, as often as it takes while the server does not answer.
   *
   * @throws {ApiError} when the server says no
   */
  async whole(reference: OutputReference): Promise<WholeOutput> {
    const known = this.known(reference);
    if (known !== undefined) return known;
    const { hash } = reference;
    const fetching = this.#fetching.get(hash) ?? this.#fetch(hash).finally(() => this.#fetching.delete(hash));
    this.#fetching.set(hash, fetching);
    return withMore(await fetching, reference);
  }

  async #fetch(hash: string): Promise<WholeOutput> {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        // What is behind a name never changes: the browser may have it.
        const output = await api.get<WholeOutput>(this.#route(hash), { preloaded: true });
        this.#keep(hash, output);
        return output;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (!error.unreachable && error.status < 500) {
          if (error.status === 404 && !this.#gone.has(hash)) this.missing();
          this.#gone.add(hash);
          throw error;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  #route(hash: string): string {
    return `api/documents/${encodeURIComponent(this.documentId())}/outputs/${encodeURIComponent(hash)}`;
  }

  #keep(hash: string, output: WholeOutput): void {
    this.#fetched.set(hash, output);
    this.#kept += roughSize(output);
    for (const [oldest, one] of this.#fetched) {
      if (this.#kept <= MOST_KEPT || oldest === hash) break;
      this.#fetched.delete(oldest);
      this.#kept -= roughSize(one);
    }
  }
}

/** Text of a stream that came after it was named. */
function withMore(output: WholeOutput, { more = '' }: OutputReference): WholeOutput {
  return output.output_type === 'stream' && more !== '' ? { ...output, text: output.text + more } : output;
}

function roughSize(output: WholeOutput): number {
  if (output.output_type === 'stream') return output.text.length;
  if (output.output_type === 'error') return output.traceback.join('').length;
  return Object.values(output.data).reduce<number>(
    (sum, value) => sum + (typeof value === 'string' ? value.length : 10_000),
    0,
  );
}
