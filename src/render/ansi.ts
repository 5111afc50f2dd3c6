/**
 * Terminal text (kernel streams, tracebacks) as HTML: colours, `\r`, backspace, erase-in-line, links.
 *
 * Works line by line, and the style at the end is handed back, so that a page can render a growing stream by its new
 * lines alone. Every other escape sequence is dropped: nothing of it reaches the HTML.
 */
import { linkify } from './linkify.js';
import { applySgr, PLAIN, styleAttributes, type AnsiStyle } from './sgr.js';

export { PLAIN, type AnsiStyle } from './sgr.js';

export interface AnsiHtml {
  /** safe to insert: all text is escaped, the only elements are `<span>` and http(s) `<a>` */
  html: string;
  /** the style that the next text begins with */
  style: AnsiStyle;
}

interface Run {
  text: string;
  style: AnsiStyle;
}

/** CSI sequences, OSC strings (titles, hyperlinks), two-character escapes. Each alternative is linear. */
const ESCAPE =
  /\u001b(?:\[([0-9:;<=>?]*)[ -/]*([@-~])?|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~]|$)/g;
const OTHER_CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

export function ansiToHtml(text: string, style: AnsiStyle = PLAIN): AnsiHtml {
  let html = '';
  let current = style;
  const lines = text.split('\n');
  lines.forEach((line, i) => {
    const done = renderLine(line, current);
    current = done.style;
    html += done.html + (i < lines.length - 1 ? '\n' : '');
  });
  return { html, style: current };
}

/** `text` without colours, control characters and overwritten parts, for titles, copies and text-only readers. */
export function stripAnsi(text: string): string {
  return text
    .split('\n')
    .map((line) => lineRuns(line, PLAIN).runs.reduce((all, run) => all + run.text, ''))
    .join('\n');
}

function renderLine(line: string, style: AnsiStyle): AnsiHtml {
  const { runs, end } = lineRuns(line, style);
  let html = '';
  for (const run of runs) {
    const attributes = styleAttributes(run.style);
    const inner = linkify(run.text.replace(OTHER_CONTROLS, ''));
    html += attributes === '' ? inner : `<span${attributes}>${inner}</span>`;
  }
  return { html, style: end };
}

function lineRuns(line: string, style: AnsiStyle): { runs: Run[]; end: AnsiStyle } {
  // CRLF is a line end, not a return to column 0 that something will overwrite
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  if (text.includes('\r') || text.includes('\b')) return overwrittenRuns(text, style);
  if (!text.includes('\u001b')) return { runs: [{ text, style }], end: style };
  const runs: Run[] = [];
  let current = style;
  forEachPart(
    text,
    (part) => runs.push({ text: part, style: current }),
    (parameters, final) => {
      if (final === 'm') current = applySgr(current, parameters);
    },
  );
  return { runs, end: current };
}

/** A line in which the cursor went back: a row of character cells that later text overwrites. */
function overwrittenRuns(line: string, style: AnsiStyle): { runs: Run[]; end: AnsiStyle } {
  const cells: Run[] = [];
  let column = 0;
  let current = style;
  forEachPart(
    line,
    (part) => {
      for (const char of part) {
        if (char === '\r') column = 0;
        else if (char === '\b') column = Math.max(0, column - 1);
        else cells[column++] = { text: char, style: current };
      }
    },
    (parameters, final) => {
      if (final === 'm') current = applySgr(current, parameters);
      if (final === 'K') erase(parameters);
    },
  );
  const runs: Run[] = [];
  for (const cell of cells) {
    const last = runs.at(-1);
    if (last?.style === cell.style) last.text += cell.text;
    else runs.push({ ...cell });
  }
  return { runs, end: current };

  /** Erase in line (ECMA-48, 8.3.41): 0 from the cursor on, 1 up to the cursor, 2 all. */
  function erase(parameters: string): void {
    if (parameters === '' || parameters === '0') cells.length = Math.min(cells.length, column);
    const until =
      parameters === '1' ? Math.min(column + 1, cells.length) : parameters === '2' ? cells.length : 0;
    for (let i = 0; i < until; i++) cells[i] = { text: ' ', style: PLAIN };
  }
}

function forEachPart(
  line: string,
  onText: (text: string) => void,
  onSequence: (parameters: string, final: string) => void,
): void {
  let at = 0;
  for (const match of line.matchAll(ESCAPE)) {
    if (match.index > at) onText(line.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] !== undefined) onSequence(match[1] ?? '', match[2]);
  }
  if (at < line.length) onText(line.slice(at));
}
