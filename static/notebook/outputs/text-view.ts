/**
 * Long terminal text in the page: streams that grow, tracebacks, `text/plain`.
 *
 * Complete lines become blocks that are never touched again and only the last, open line is drawn anew; so a stream
 * costs what was added. Beyond a limit the page keeps the end of a stream, or the beginning of a result, with a
 * button that shows all.
 */
import { withoutOverwritten } from '../../../src/notebook/overwritten-text.js';
import { ansiToHtml, PLAIN, type AnsiStyle } from '../../../src/render/ansi.js';

const BLOCK_LINES = 500;
const SHOWN_BLOCKS = 10;
/** Characters that one line may show; a line beyond it is cut (base64 dumps, minified files). */
const LINE_LIMIT = 100_000;

export class TextView {
  readonly element = document.createElement('div');
  readonly #pre = document.createElement('pre');
  readonly #tail = document.createElement('div');
  readonly #keep: 'end' | 'beginning';
  #button: HTMLButtonElement | undefined;
  #showAll = false;
  #text = '';
  /** where the open line begins, and the style there */
  #done = 0;
  #style: AnsiStyle = PLAIN;
  #lines = 0;
  #hiddenLines = 0;

  constructor(text: string, keep: 'end' | 'beginning') {
    this.#keep = keep;
    this.element.className = 'output-text';
    this.#pre.append(this.#tail);
    this.element.append(this.#pre);
    this.update(text);
  }

  /** Shows `text`; when it only grew, draws only what is new. */
  update(text: string): void {
    if (!text.startsWith(this.#text)) this.#reset();
    this.#text = text;
    this.#draw();
  }

  #reset(): void {
    this.#done = 0;
    this.#style = PLAIN;
    this.#lines = 0;
    this.#hiddenLines = 0;
    this.#pre.replaceChildren(this.#tail);
  }

  #draw(): void {
    const text = this.#text;
    for (let end = this.#blockEnd(); end > this.#done; end = this.#blockEnd()) {
      const block = text.slice(this.#done, end);
      this.#done = end;
      const lines = count(block);
      this.#lines += lines;
      if (!this.#showAll && this.#keep === 'beginning' && this.#lines > BLOCK_LINES * SHOWN_BLOCKS) {
        this.#hiddenLines += lines;
        continue;
      }
      const { html, style } = ansiToHtml(cutLines(block), this.#style);
      this.#style = style;
      const element = document.createElement('div');
      element.innerHTML = html;
      this.#tail.before(element);
      this.#mergeOrDrop();
    }
    const open = this.#hiddenLines > 0 && this.#keep === 'beginning' ? '' : text.slice(this.#done);
    this.#tail.innerHTML = ansiToHtml(cutLines(open), this.#style).html;
    this.#showButton();
  }

  /** End of the next complete lines to draw, at most one block of them. */
  #blockEnd(): number {
    let end = this.#done;
    for (let lines = 0; lines < BLOCK_LINES; lines++) {
      const next = this.#text.indexOf('\n', end);
      if (next < 0) break;
      end = next + 1;
    }
    return end;
  }

  /** Small blocks of a slow stream are joined, so that thousands of prints are not thousands of elements. */
  #mergeOrDrop(): void {
    const blocks = [...this.#pre.children].slice(0, -1) as HTMLElement[];
    const last = blocks.at(-1);
    const before = blocks.at(-2);
    if (last === undefined) return;
    const lines = count(last.textContent ?? '');
    const linesBefore = Number(before?.dataset['lines'] ?? BLOCK_LINES);
    if (before !== undefined && linesBefore + lines <= BLOCK_LINES) {
      before.append(...last.childNodes);
      before.dataset['lines'] = String(linesBefore + lines);
      last.remove();
    } else {
      last.dataset['lines'] = String(lines);
    }
    if (this.#showAll || this.#keep === 'beginning') return;
    for (const old of blocks.slice(0, Math.max(0, blocks.length - SHOWN_BLOCKS))) {
      this.#hiddenLines += Number(old.dataset['lines'] ?? 0);
      old.remove();
    }
  }

  #showButton(): void {
    if (this.#hiddenLines === 0) {
      this.#button?.remove();
      this.#button = undefined;
      return;
    }
    if (this.#button === undefined) {
      this.#button = document.createElement('button');
      this.#button.type = 'button';
      this.#button.className = 'button output-more';
      this.#button.addEventListener('click', () => {
        this.#showAll = true;
        this.#reset();
        this.#draw();
      });
      if (this.#keep === 'end') this.element.prepend(this.#button);
      else this.element.append(this.#button);
    }
    const where = this.#keep === 'end' ? 'earlier' : 'further';
    this.#button.textContent = `Show ${this.#hiddenLines.toLocaleString()} ${where} lines`;
  }
}

function count(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** Cuts the lines that would still be too long once a terminal has shown them: of a progress bar the end is seen. */
export function cutLines(text: string): string {
  if (text.length <= LINE_LIMIT) return text;
  return text
    .split('\n')
    .map((whole) => {
      if (whole.length <= LINE_LIMIT) return whole;
      const line = withoutOverwritten(whole);
      if (line.length <= LINE_LIMIT) return line;
      const rest = (line.length - LINE_LIMIT).toLocaleString();
      return `${line.slice(0, LINE_LIMIT)}… (${rest} more characters in this line)`;
    })
    .join('\n');
}
