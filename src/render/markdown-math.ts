/**
 * Formulas in markdown as tokens of their own, so that `$a_1 + b_1$` is never read as emphasis.
 *
 * The forms are those of the classic notebook: `$…$`, `$$…$$`, `\\(…\\)`, `\\[…\\]` and `\begin{name}…\end{name}`.
 * They come out as `<span class="nb-math">TeX</span>`, which the page gives to KaTeX.
 */
import type { TokenizerAndRendererExtension, Tokens } from 'marked';
import { escapeHtml } from './escape-html.js';

/** `$…$`: one paragraph; the closing sign is not followed by a digit, so "$5 and $10" stays text. */
const INLINE = /^\$((?:\\[^\n]|[^$\\\n]|\\?\n(?!\s*\n))+?)\$(?!\d)/;
const DISPLAY = /^\$\$((?:\\[^]|[^$\\]|\$(?!\$))+?)\$\$/;
const BACKSLASH_INLINE = /^\\\\\(([^]+?)\\\\\)/;
const BACKSLASH_DISPLAY = /^\\\\\[([^]+?)\\\\\]/;
/** A reference outside of a formula, as people write it between words. */
const REFERENCE = /^\\(?:eq)?ref\{[^{}\s]+\}/;
const ENVIRONMENT = /^\\begin\{([a-zA-Z]+\*?)\}[^]*?\\end\{\1\}/;

export interface Formula {
  raw: string;
  tex: string;
  display: boolean;
}

/** The formula that `source` begins with, if it begins with one. */
export function readFormula(source: string): Formula | undefined {
  for (const [pattern, display] of [
    [DISPLAY, true],
    [BACKSLASH_DISPLAY, true],
    [BACKSLASH_INLINE, false],
  ] as const) {
    const match = pattern.exec(source);
    if (match) return { raw: match[0], tex: match[1] ?? '', display };
  }
  const environment = ENVIRONMENT.exec(source);
  if (environment) return { raw: environment[0], tex: environment[0], display: true };
  const reference = REFERENCE.exec(source);
  if (reference) return { raw: reference[0], tex: reference[0], display: false };
  const inline = source.startsWith('$$') ? null : INLINE.exec(source);
  if (!inline || (inline[1] ?? '').trim() === '') return undefined;
  return { raw: inline[0], tex: inline[1] ?? '', display: false };
}

/** `text` as plain pieces and formulas in order, for `text/latex` output. */
export function splitFormulas(text: string): (string | Formula)[] {
  const parts: (string | Formula)[] = [];
  let plain = '';
  for (let at = 0; at < text.length;) {
    const next = text.slice(at).search(STARTS);
    const formula = next < 0 ? undefined : readFormula(text.slice(at + next));
    const end = next < 0 ? text.length : at + next + (formula ? 0 : 1);
    plain += text.slice(at, end);
    at = end;
    if (formula === undefined) continue;
    if (plain !== '') parts.push(plain);
    plain = '';
    parts.push(formula);
    at += formula.raw.length;
  }
  return plain === '' ? parts : [...parts, plain];
}

const STARTS = /\$|\\\\[([]|\\(?:begin|ref|eqref)\{/;

/** Formulas replaced by letters of the same length, for marked's search of `*` and `_` pairs. */
export function maskMath(source: string): string {
  let masked = '';
  let rest = source;
  for (let at = rest.search(STARTS); at >= 0; at = rest.search(STARTS)) {
    const raw = readFormula(rest.slice(at))?.raw;
    masked += rest.slice(0, at) + (raw === undefined ? rest.charAt(at) : 'a'.repeat(raw.length));
    rest = rest.slice(at + (raw?.length ?? 1));
  }
  return masked + rest;
}

function tokenize(type: string, source: string): Tokens.Generic | undefined {
  const formula = readFormula(source);
  return formula && { type, raw: formula.raw, text: formula.tex, display: formula.display };
}

function toHtml(token: Tokens.Generic): string {
  const display = token['display'] === true;
  return `<span class="nb-math${display ? ' nb-math-display' : ''}">${escapeHtml(String(token['text']))}</span>`;
}

export const mathExtensions: TokenizerAndRendererExtension[] = [
  {
    name: 'blockMath',
    level: 'block',
    start: (source) => source.match(/(?:^|\n)(?:\$\$|\\\\\[|\\begin\{)/)?.index,
    tokenizer(source) {
      if (!/^(?:\$\$|\\\\\[|\\begin\{)/.test(source)) return undefined;
      const token = tokenize('blockMath', source);
      // text that goes on after the formula makes it part of a paragraph
      return token && /^[ \t]*(?:\n|$)/.test(source.slice(token.raw.length)) ? token : undefined;
    },
    renderer: (token) => `<p>${toHtml(token)}</p>\n`,
  },
  {
    name: 'inlineMath',
    level: 'inline',
    start: (source) => {
      const at = source.search(STARTS);
      return at < 0 ? undefined : at;
    },
    tokenizer: (source) => tokenize('inlineMath', source),
    renderer: toHtml,
  },
];
