/**
 * Source text as HTML with the syntax classes that the live editor uses (`tok-keyword`, `tok-string`, …), made by the
 * same Lezer parser, so that a cell does not change its colours when it gets the caret.
 */
import type { Parser } from '@lezer/common';
import { classHighlighter, highlightCode } from '@lezer/highlight';
import { escapeHtml } from './escape-html.js';

/** Beyond this many characters colours cost more than they give; the text stays plain. */
const LIMIT = 200_000;

/** Safe to insert into a `<pre>`: the only elements are `<span class="tok-…">`. */
export function highlightToHtml(source: string, parser: Parser | undefined): string {
  if (parser === undefined || source.length > LIMIT) return escapeHtml(source);
  let html = '';
  highlightCode(
    source,
    parser.parse(source),
    classHighlighter,
    (text, classes) => {
      html += classes === '' ? escapeHtml(text) : `<span class="${classes}">${escapeHtml(text)}</span>`;
    },
    () => {
      html += '\n';
    },
  );
  return html;
}
