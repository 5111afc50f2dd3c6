/** The outputs of one code cell: one row each, changed only where the notebook's state changed. */
import type { Output } from '../../../src/notebook/types.js';
import { errorText, renderBundle, type OutputContext, type Rendered } from './mime.js';
import { TextView } from './text-view.js';

/** Outputs taller than this scroll inside their cell unless the notebook says otherwise (the classic's 100 lines). */
const SCROLL_LINES = 100;

interface Row {
  output: Output;
  element: HTMLElement;
  /** streams grow in place */
  text: TextView | undefined;
  dispose: (() => void) | undefined;
}

export class OutputArea {
  readonly element = document.createElement('div');
  #rows: Row[] = [];
  #heightTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
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
      if (row !== undefined && grow(row, output)) continue;
      const made = makeRow(output, context);
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
    for (const { output } of this.#rows) {
      if (output.output_type === 'stream') lines += countLines(output.text);
      else if (output.output_type === 'error') lines += countLines(output.traceback.join('\n'));
      else if (typeof output.data['text/plain'] === 'string' && Object.keys(output.data).length === 1) {
        lines += countLines(output.data['text/plain']);
      }
      if (lines > SCROLL_LINES) return true;
    }
    return false;
  }

  dispose(): void {
    clearTimeout(this.#heightTimer);
    for (const row of this.#rows) row.dispose?.();
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

function grow(row: Row, output: Output): boolean {
  if (row.text === undefined || output.output_type !== 'stream' || row.output.output_type !== 'stream')
    return false;
  if (row.output.name !== output.name) return false;
  row.text.update(output.text);
  row.output = output;
  return true;
}

function makeRow(output: Output, context: OutputContext): Row {
  const element = document.createElement('div');
  element.className = 'output';
  element.dataset['outputType'] = output.output_type;
  const prompt = document.createElement('div');
  prompt.className = 'prompt prompt-out';
  const body = document.createElement('div');
  body.className = 'output-body';
  element.append(prompt, body);
  let text: TextView | undefined;
  let rendered: Rendered;
  switch (output.output_type) {
    case 'stream':
      if (output.name === 'stderr') element.classList.add('stderr');
      text = new TextView(output.text, 'end');
      rendered = { element: text.element };
      break;
    case 'error':
      element.classList.add('error');
      rendered = {
        element: new TextView(errorText(output.ename, output.evalue, output.traceback), 'end').element,
      };
      break;
    case 'execute_result':
      prompt.textContent = `Out[${output.execution_count ?? ' '}]:`;
      rendered = renderBundle(output.data, output.metadata, context);
      break;
    case 'display_data':
      rendered = renderBundle(output.data, output.metadata, context);
      break;
  }
  body.append(rendered.element);
  return { output, element, text, dispose: rendered.dispose };
}

function countLines(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0 && lines <= SCROLL_LINES; at = text.indexOf('\n', at + 1))
    lines++;
  return lines;
}
