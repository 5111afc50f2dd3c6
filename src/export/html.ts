/**
 * A notebook as one HTML page that needs nothing else: pictures inside, formulas as MathML, colours for light, dark and
 * paper, and no script. What the notebook brings along stays what it looks like: the page's own policy forbids scripts,
 * frames, forms and, unless its owner trusts the notebook, every address outside.
 */
import type { Cell, MimeBundle, Output } from '../notebook/types.js';
import {
  ansiToHtml,
  classicTex,
  equationLabels,
  escapeHtml,
  renderMarkdown,
  splitFormulas,
} from '../render/index.js';
import { inertUnstyledHtml, island } from './inert-html.js';
import type { NotebookView } from './notebook-view.js';

export interface HtmlParts {
  /** style sheet */
  css: string;
  /** code as HTML with the classes of the highlighter; undefined: the language is not known */
  highlight(code: string, language: string): string | undefined;
  /** TeX, as KaTeX takes it, as MathML */
  math(tex: string, display: boolean): string;
  /** said above the notebook, on a screen only */
  notice?: string;
}

/** For the page's `<meta>`, and for the header it is sent with, which also puts it into a sandbox. */
export function pagePolicy(isTrusted: boolean): string {
  const outside = isTrusted ? ' https:' : '';
  return `default-src 'none'; style-src 'unsafe-inline'; img-src data:${outside}; media-src data:${outside}; font-src data:; base-uri 'none'; form-action 'none'`;
}

export function toHtml(view: NotebookView, given: HtmlParts): string {
  const texts = view.cells.filter(({ cell_type }) => cell_type === 'markdown').map(({ source }) => source);
  const labels = equationLabels(texts);
  const parts: HtmlParts = {
    ...given,
    math: (tex, display) => given.math(classicTex(tex, labels, display), display),
  };
  const notice = parts.notice === undefined ? '' : `<p class="notice">${escapeHtml(parts.notice)}</p>\n`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy(view.isTrusted)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(view.title)}</title>
<style>${parts.css}</style>
</head>
<body>
${notice}<main class="notebook">
${view.cells.map((cell) => cellHtml(cell, view, parts)).join('\n')}
</main>
</body>
</html>
`;
}

function cellHtml(cell: Cell, view: NotebookView, parts: HtmlParts): string {
  switch (cell.cell_type) {
    case 'markdown':
      return `<section class="cell text">${markdownHtml(cell.source, parts, cell.attachments)}</section>`;
    case 'raw':
      return `<section class="cell raw"><pre>${escapeHtml(cell.source)}</pre></section>`;
    case 'code': {
      const code = parts.highlight(cell.source, view.language.name) ?? escapeHtml(cell.source);
      const count = cell.execution_count ?? ' ';
      const input = `<div class="prompt">In [${count}]:</div><pre class="source"><code>${code}</code></pre>`;
      const outputs = (cell.outputs ?? []).map((output) => outputHtml(output, parts)).join('\n');
      return `<section class="cell code">${input}${outputs}</section>`;
    }
  }
}

function outputHtml(output: Output, parts: HtmlParts): string {
  switch (output.output_type) {
    case 'stream': {
      const kind = output.name === 'stderr' ? 'stderr' : 'stdout';
      return `<div class="prompt"></div><pre class="output stream ${kind}">${ansiToHtml(output.text).html}</pre>`;
    }
    case 'error':
      return `<div class="prompt"></div><details class="output error" open><summary>${escapeHtml(output.ename)}: ${escapeHtml(output.evalue)}</summary><pre>${ansiToHtml(output.traceback.join('\n')).html}</pre></details>`;
    case 'reference': // pages have these, files do not
      return '';
    default: {
      const prompt = output.output_type === 'execute_result' ? `Out[${output.execution_count ?? ' '}]:` : '';
      return `<div class="prompt out">${prompt}</div><div class="output">${bundleHtml(output.data, parts)}</div>`;
    }
  }
}

/** Of what a page without scripts can show, the richest. */
function bundleHtml(data: MimeBundle, parts: HtmlParts): string {
  const text = (mime: string): string | undefined => {
    const value = data[mime];
    return typeof value === 'string' ? value : undefined;
  };
  const html = text('text/html');
  // a chart that a script would draw shows nothing without it; its picture or text says more
  if (html !== undefined && (!/<script\b/i.test(html) || !hasPicture(data))) {
    return island(mathIn(html, parts), ISLAND_STYLE);
  }
  const svg = text('image/svg+xml');
  if (svg !== undefined) return picture('image/svg+xml', Buffer.from(svg).toString('base64'), data);
  for (const mime of PICTURES) {
    const base64 = text(mime);
    if (base64 !== undefined) return picture(mime, base64.replace(/[^A-Za-z0-9+/=]/g, ''), data);
  }
  const markdown = text('text/markdown');
  if (markdown !== undefined) return markdownHtml(markdown, parts);
  const latex = text('text/latex');
  if (latex !== undefined) return latexHtml(latex, parts);
  const plain = text('text/plain');
  if (plain !== undefined) return `<pre>${ansiToHtml(plain).html}</pre>`;
  const json = data['application/json'];
  return json === undefined ? '' : `<pre>${escapeHtml(JSON.stringify(json, null, 2))}</pre>`;
}

const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/bmp'];

function hasPicture(data: MimeBundle): boolean {
  return ['image/svg+xml', ...PICTURES].some((mime) => typeof data[mime] === 'string');
}

function picture(mime: string, base64: string, data: MimeBundle): string {
  const plain = data['text/plain'];
  const alt = typeof plain === 'string' ? plain.slice(0, 200) : '';
  return `<img alt="${escapeHtml(alt)}" src="data:${mime};base64,${base64}">`;
}

function markdownHtml(source: string, parts: HtmlParts, attachments?: Cell['attachments']): string {
  const html = renderMarkdown(source, {
    attachments,
    highlight: (code, name) => parts.highlight(code, name),
  });
  return mathIn(inertUnstyledHtml(html), parts);
}

/** Formulas that the markdown renderer left as spans with their TeX. */
function mathIn(html: string, parts: HtmlParts): string {
  return html.replace(
    /<span class="nb-math( nb-math-display)?">([^<]*)<\/span>/g,
    (_whole, display: string | undefined, tex: string) =>
      parts.math(unescapeHtml(tex), display !== undefined),
  );
}

function latexHtml(latex: string, parts: HtmlParts): string {
  return splitFormulas(latex)
    .map((part) => (typeof part === 'string' ? escapeHtml(part) : parts.math(part.tex, part.display)))
    .join('');
}

function unescapeHtml(text: string): string {
  const signs: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (whole, name: string) => signs[name] ?? whole);
}

/** Tables as they look in a notebook; everything else brings its own. */
const ISLAND_STYLE =
  'table{border-collapse:collapse;font-size:12px}td,th{border:0;padding:.4em .6em;text-align:right;vertical-align:middle}tbody tr:nth-child(odd){background:light-dark(#f5f5f5,#22272e)}thead{border-bottom:1px solid currentColor}table{border:0}img,svg{max-width:100%}a{color:light-dark(#1f5f99,#7ab8f5)}';
