/** The outputs of one code cell: one row each, changed only where the notebook's state changed. */
import type { Output, OutputReference, WholeOutput } from '../../../src/notebook/types.js';
import { note, renderBundle, renderPicture } from './mime.js';
import type { OutputSource } from './output-source.js';
import { shownAs, type OutputContext, type Rendered } from './registry.js';
import { TextView } from './text-view.js';
import { tracebackElement } from './traceback.js';

/** Outputs taller than this scroll inside their cell unless the notebook says otherwise (the classic's 100 lines). */
const SCROLL_LINES = 100;

interface Row {
  output: Output;
  /** what is shown; undefined while it is on its way, and for pictures that the browser fetches itself */
  shown: WholeOutput | undefined;
  element: HTMLElement;
  /** streams grow in place */
  text: TextView | undefined;
  dispose: (() => void) | undefined;
}

export class OutputArea {
  readonly element = document.createElement('div');
  readonly #source: OutputSource;
  readonly #onArrived: () => void;
  #rows: Row[] = [];
  #heightTimer: ReturnType<typeof setTimeout> | undefined;
  #isDisposed = false;

  /** @param onArrived  an output that was fetched is shown now */
  constructor(source: OutputSource, onArrived: () => void) {
    this.#source = source;
    this.#onArrived = onArrived;
    this.element.className = 'outputs';
    this.element.hidden = true;
  }

  /** Makes the rows show `outputs`. An output object that is still the same one is not touched. */
  update(outputs: readonly Output[], context: OutputContext): void {
    this.#holdHeight(outputs.length);
    let i = 0;
    for (; i < outputs.length; i++) {
      const output = outputs[i];
      const row = this.#rows[i];
      if (output === undefined || row?.output === output) continue;
      if (row !== undefined && this.#grow(row, output)) continue;
      const made = this.#make(output, context, row);
      if (row === undefined) {
        this.element.append(made.element);
      } else {
        row.element.replaceWith(made.element);
        row.dispose?.();
      }
      this.#rows[i] = made;
    }
    for (const row of this.#rows.splice(i)) {
      row.element.remove();
      row.dispose?.();
    }
    this.element.hidden = outputs.length === 0 && this.element.style.minHeight === '';
  }

  /** True when the outputs have so many lines that they should scroll by themselves. */
  get isLong(): boolean {
    let lines = 0;
    for (const { shown: output } of this.#rows) {
      if (output === undefined) continue;
      if (output.output_type === 'stream') lines += countLines(output.text);
      else if (output.output_type === 'error') lines += countLines(output.traceback.join('\n'));
      else if (typeof output.data['text/plain'] === 'string' && Object.keys(output.data).length === 1) {
        lines += countLines(output.data['text/plain']);
      }
      if (lines > SCROLL_LINES) return true;
    }
    return false;
  }

  /** Types to choose from, where an output has several that can be shown. */
  get types(): string[] {
    const found = this.#rows.flatMap(({ output, shown }) => {
      const bundle = shown !== undefined && 'data' in shown ? Object.keys(shown.data) : undefined;
      const names = bundle ?? (output.output_type === 'reference' ? (output.mimes ?? []) : []);
      const types = shownAs(names).map(({ mime }) => mime);
      return types.length > 1 ? types : [];
    });
    return [...new Set(found)];
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#heightTimer);
    for (const row of this.#rows) row.dispose?.();
  }

  /** Streams grow in place. */
  #grow(row: Row, output: Output): boolean {
    const { text, shown } = row;
    const next = output.output_type === 'reference' ? this.#source.known(output) : output;
    if (text === undefined || shown?.output_type !== 'stream' || next?.output_type !== 'stream') return false;
    if (shown.name !== next.name) return false;
    text.update(next.text);
    row.shown = next;
    row.output = output;
    return true;
  }

  #make(output: Output, context: OutputContext, before: Row | undefined): Row {
    if (output.output_type !== 'reference') return makeRow(output, output, context);
    const known = this.#source.known(output);
    if (known !== undefined) return makeRow(output, known, context);
    return this.#makePicture(output, context) ?? this.#await(output, context, before);
  }

  /** A picture is fetched by the browser itself; when that fails, the output is asked for as any other. */
  #makePicture(output: OutputReference, context: OutputContext): Row | undefined {
    const picture = renderPicture(output, (mime) => this.#source.address(output, mime), context);
    if (picture === undefined) return undefined;
    const row = rowOf(output, undefined, picture);
    picture.element.addEventListener('error', () => this.#replace(row, this.#await(output, context, row)), {
      once: true,
    });
    return row;
  }

  /** Until it is there, what was shown before in its place stays, or room is kept. */
  #await(output: OutputReference, context: OutputContext, before: Row | undefined): Row {
    const waiting = document.createElement('div');
    waiting.className = 'output-waiting';
    waiting.style.minHeight = `${before?.element.offsetHeight || estimateReference(output)}px`;
    waiting.append(note('This output is being fetched …'));
    const row = rowOf(output, undefined, { element: waiting });
    this.#source.whole(output).then(
      () => {
        // More of a stream may have come meanwhile.
        const { output: now } = row;
        const whole = now.output_type === 'reference' ? this.#source.known(now) : undefined;
        if (whole !== undefined) this.#replace(row, makeRow(now, whole, context));
      },
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        waiting.className = '';
        waiting.replaceChildren(note(`This output could not be fetched: ${reason}`));
      },
    );
    return row;
  }

  #replace(row: Row, made: Row): void {
    const index = this.#rows.indexOf(row);
    if (index < 0 || this.#isDisposed) return;
    row.element.replaceWith(made.element);
    row.dispose?.();
    this.#rows[index] = made;
    this.#onArrived();
  }

  /** A cell that clears and draws again (animations, a second run) keeps its height meanwhile, so nothing jumps. */
  #holdHeight(next: number): void {
    if (next === 0 && this.#rows.length > 0 && this.element.isConnected) {
      this.element.style.minHeight = `${this.element.offsetHeight}px`;
      clearTimeout(this.#heightTimer);
      this.#heightTimer = setTimeout(() => this.#releaseHeight(), 300);
    } else if (next > 0 && this.element.style.minHeight !== '') {
      clearTimeout(this.#heightTimer);
      this.#heightTimer = setTimeout(() => this.#releaseHeight(), 50);
    }
  }

  #releaseHeight(): void {
    this.element.style.minHeight = '';
    this.element.hidden = this.#rows.length === 0;
  }
}

function rowOf(output: Output, shown: WholeOutput | undefined, rendered: Rendered): Row {
  const element = document.createElement('div');
  element.className = 'output';
  element.dataset['outputType'] = output.output_type === 'reference' ? output.of : output.output_type;
  const prompt = document.createElement('div');
  prompt.className = 'prompt prompt-out';
  prompt.textContent = promptOf(output);
  const body = document.createElement('div');
  body.className = 'output-body';
  body.append(rendered.element);
  element.append(prompt, body);
  return { output, shown, element, text: undefined, dispose: rendered.dispose };
}

function promptOf(output: Output): string {
  const type = output.output_type === 'reference' ? output.of : output.output_type;
  if (type !== 'execute_result' || !('execution_count' in output)) return '';
  return `Out[${output.execution_count ?? ' '}]:`;
}

/** @param output  as the notebook has it  @param shown  its content */
function makeRow(output: Output, shown: WholeOutput, context: OutputContext): Row {
  switch (shown.output_type) {
    case 'stream': {
      const text = new TextView(shown.text, 'end');
      const row = rowOf(output, shown, { element: text.element });
      if (shown.name === 'stderr') row.element.classList.add('stderr');
      return { ...row, text };
    }
    case 'error': {
      const row = rowOf(output, shown, { element: tracebackElement(shown) });
      row.element.classList.add('error');
      return row;
    }
    case 'execute_result':
    case 'display_data':
      return rowOf(output, shown, renderBundle(shown.data, shown.metadata, context));
  }
}

/** Pixels that are kept free for an output that is on its way. */
function estimateReference({ heads, size }: OutputReference): number {
  return heads === undefined ? Math.min(400, 20 + size / 10) : 300;
}

function countLines(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0 && lines <= SCROLL_LINES; at = text.indexOf('\n', at + 1))
    lines++;
  return lines;
}
