/**
 * What pages get in place of large outputs: a name under which they ask for one when its cell comes near the screen. And
 * back: what a page sends (undo, paste, another cell type) names outputs that the document gets whole.
 *
 * A name is a hash of the content, so what is behind it never changes, and a browser may keep it.
 */
import { createHash } from 'node:crypto';
import {
  cutOutputs,
  FileCell,
  HEAD_LENGTH,
  MOST_METADATA,
  OutputPiece,
  type Cell,
  type Output,
  type OutputReference,
  type WholeOutput,
} from '../notebook/index.js';
import type { CellState, NotebookState } from '../notebook/notebook-state.js';
import { mapOutputs, type Operation } from '../notebook/operations.js';
import { roughSize } from './operation-log.js';

/** Characters above which an output is never sent unasked. */
const LARGE = 64_000;
/** Of a whole notebook, characters of outputs that are sent at once, from its top; and those that always are. */
const SENT_AT_ONCE = 500_000;
const SMALL = 500;
/** Cells with fewer bytes in their file are not looked into. */
const SMALL_CELL = 1_000;
/** Characters of outputs that are kept for pages although no cell has them any more (undo). */
const MOST_LEFT_OVER = 64_000_000;

type Source = OutputPiece | WholeOutput;

export class OutputReferences {
  readonly #sources = new Map<string, { source: Source; size: number }>();
  readonly #known = new WeakMap<OutputPiece | Output, OutputReference>();
  /** pieces of cells that were looked into */
  readonly #pieces = new WeakMap<FileCell, OutputPiece[]>();
  /** characters that were added since the last look at what is still needed */
  #added = 0;

  /** @param elsewhere  asked for outputs that are not of this document: cells that were copied in another one */
  constructor(
    private readonly state: () => NotebookState,
    private readonly elsewhere: (hash: string) => WholeOutput | undefined = () => undefined,
  ) {}

  /** The output behind a name; undefined when it is not kept (any more). */
  find(hash: string): WholeOutput | undefined {
    const source = this.#sources.get(hash)?.source;
    return source instanceof OutputPiece ? source.read() : source;
  }

  /** The cells of the notebook as a page that opens it gets them: what is at the top whole, large outputs by name. */
  *cells(): Generator<{ cell: CellState; content: Cell }> {
    let room = SENT_AT_ONCE;
    const isNamed = (size: number): boolean => {
      if (size > LARGE || (size > SMALL && size > room)) return true;
      room -= size;
      return false;
    };
    for (const cell of this.state().cells()) yield { cell, content: this.#cell(cell, isNamed) };
  }

  /** Operations as a page is told them; the same objects where nothing large is in them. */
  forPages(ops: readonly Operation[]): readonly Operation[] {
    return mapOutputs(ops, (output) =>
      output.output_type === 'reference' || roughSize(output) <= LARGE ? output : this.#nameOf(output),
    );
  }

  /** Operations of a page with the outputs that it names. */
  whole<T extends Operation>(ops: readonly T[]): readonly T[] {
    return mapOutputs(ops, (output) => (output.output_type === 'reference' ? this.#behind(output) : output));
  }

  #behind(reference: OutputReference): WholeOutput {
    const found = this.find(reference.hash) ?? this.elsewhere(reference.hash);
    if (found === undefined) {
      const text = 'An output is left out here: it is not in the memory of the server any more.\n';
      return { output_type: 'stream', name: 'stderr', text };
    }
    if (found.output_type !== 'stream' || reference.more === undefined) return found;
    return { ...found, text: found.text + reference.more };
  }

  #cell(cell: CellState, isNamed: (size: number) => boolean): Cell {
    const { origin } = cell;
    if (origin instanceof FileCell && origin.bytes.length > SMALL_CELL) {
      const cut = cutOutputs(origin);
      if (cut !== undefined) {
        const pieces = this.#pieces.get(origin) ?? cut.outputs;
        this.#pieces.set(origin, pieces);
        return {
          ...cut.rest,
          outputs: pieces.map((piece) => (isNamed(piece.size) ? this.#nameOf(piece) : piece.read())),
        };
      }
    }
    const content = cell.peek();
    // A cell that is only parsed for this is small, and the names of its outputs would be new ones each time.
    if (content.outputs === undefined || !cell.isParsed) return content;
    const outputs = content.outputs.map((output) => {
      if (output.output_type === 'reference') return output;
      return isNamed(roughSize(output)) ? this.#nameOf(output) : output;
    });
    return { ...content, outputs };
  }

  #nameOf(source: Source): OutputReference {
    const known = this.#known.get(source);
    if (known !== undefined && this.#sources.has(known.hash)) return known;
    const content = source instanceof OutputPiece ? source.bytes : JSON.stringify(source);
    const hash = createHash('sha256').update(content).digest('base64url').slice(0, 32);
    const facts = source instanceof OutputPiece ? source.describe() : describe(source, content.length);
    const reference: OutputReference = { output_type: 'reference', hash, ...facts };
    this.#known.set(source, reference);
    this.#sources.delete(hash);
    this.#sources.set(hash, { source, size: content.length });
    this.#added += content.length;
    if (this.#added > MOST_LEFT_OVER) this.#forget();
    return reference;
  }

  /** Lets go of what no cell has any more, the oldest first, down to what undo may ask for. */
  #forget(): void {
    this.#added = 0;
    const needed = new Set<string>();
    for (const cell of this.state().cells()) {
      const pieces = cell.origin instanceof FileCell ? this.#pieces.get(cell.origin) : undefined;
      const outputs = cell.isParsed ? cell.cell.outputs : undefined;
      for (const source of [...(pieces ?? []), ...(outputs ?? [])]) {
        needed.add(this.#known.get(source)?.hash ?? '');
      }
    }
    let room = MOST_LEFT_OVER;
    for (const [hash, { size }] of [...this.#sources].reverse()) {
      if (needed.has(hash)) continue;
      room -= size;
      if (room < 0) this.#sources.delete(hash);
    }
  }
}

/** What a page is told of an output that is a value in memory. */
function describe(output: WholeOutput, size: number): Omit<OutputReference, 'hash' | 'output_type'> {
  const of = output.output_type;
  if (of === 'error') return { size, of };
  if (of === 'stream') return { size, of, name: output.name };
  const { data, metadata } = output;
  const heads = Object.entries(data).flatMap(([mime, value]): [string, string][] =>
    mime.startsWith('image/') && typeof value === 'string' ? [[mime, value.slice(0, HEAD_LENGTH)]] : [],
  );
  return {
    size,
    of,
    mimes: Object.keys(data),
    ...(roughSize(metadata) > MOST_METADATA ? {} : { metadata }),
    ...(heads.length === 0 ? {} : { heads: Object.fromEntries(heads) }),
    ...(of === 'execute_result' ? { execution_count: output.execution_count } : {}),
  };
}
