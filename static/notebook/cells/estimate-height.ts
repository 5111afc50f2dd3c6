/** How tall a cell will be, roughly, before it is drawn: the scroll bar needs a number for what is off the screen. */
import type { Cell, Output } from '../../../src/notebook/types.js';

const CODE_LINE = 17;
const TEXT_LINE = 20;
const FRAME = 34;
/** Characters of a markdown paragraph in one line of the page, about */
const TEXT_COLUMNS = 120;
const SCROLLED = 400;

/** @returns pixels */
export function estimateHeight(cell: Cell): number {
  if (cell.cell_type === 'markdown') {
    let lines = 0;
    for (const line of cell.source.split('\n')) lines += Math.max(1, Math.ceil(line.length / TEXT_COLUMNS));
    return FRAME + lines * TEXT_LINE;
  }
  let height = FRAME + lineCount(cell.source) * CODE_LINE;
  for (const output of cell.outputs ?? []) height += estimateOutput(output);
  return height;
}

function estimateOutput(output: Output): number {
  switch (output.output_type) {
    case 'stream':
      return Math.min(SCROLLED, 10 + lineCount(output.text) * CODE_LINE);
    case 'error':
      return Math.min(SCROLLED, 10 + lineCount(output.traceback.join('\n')) * CODE_LINE);
    case 'reference':
      if (output.heads !== undefined) return 300;
      return Math.min(SCROLLED, 10 + (output.size / TEXT_COLUMNS) * CODE_LINE);
    default:
      if (Object.keys(output.data).some((mime) => mime.startsWith('image/'))) return 300;
      if (typeof output.data['text/html'] === 'string') return 120;
      return 10 + lineCount(plainText(output.data['text/plain'])) * CODE_LINE;
  }
}

function lineCount(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

function plainText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
