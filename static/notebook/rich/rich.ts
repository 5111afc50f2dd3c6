/**
 * HTML, markdown and LaTeX of a notebook as safe elements. This module, with marked and DOMPurify, is a chunk of its
 * own: a notebook of code and text never loads it.
 */
import type { MimeBundle } from '../../../src/notebook/types.js';
import { splitFormulas } from '../../../src/render/markdown-math.js';
import { typesetMath } from '../outputs/math.js';
import { renderMarkdownInto } from './markdown.js';
import { sanitizeHtml, type SanitizeOptions } from './sanitize.js';
import { scopeStyles } from './scoped-style.js';

export { renderMarkdownInto } from './markdown.js';

export interface RichElement {
  element: HTMLElement;
  dispose: () => void;
}

/** undefined: after cleaning nothing is left to see, so the plain text of the output says more. */
export function renderHtml(html: string, options: SanitizeOptions): RichElement | undefined {
  const clean = sanitizeHtml(html, options);
  const visible =
    /\S/.test(clean.fragment.textContent ?? '') ||
    clean.fragment.querySelector('img, svg, hr, button, video, audio, table') !== null;
  if (!visible && (clean.scripted || clean.framed)) return undefined;
  const element = document.createElement('div');
  element.className = 'output-html rendered-html';
  element.append(clean.fragment);
  element.classList.toggle('own-colours', bringsColours(element, clean.styles));
  typesetMath(element);
  return { element, dispose: scopeStyles(element, clean.styles) };
}

/** Colours that an output brings were chosen on white paper, and so the rest of it has to be on white paper, too. */
function bringsColours(element: HTMLElement, styles: readonly string[]): boolean {
  const inline = [...element.querySelectorAll('[style]')].map((each) => each.getAttribute('style') ?? '');
  const sets = /(?:^|[\s;{])(?:background(?:-color)?|color)\s*:/i;
  return [...styles, ...inline].some((css) => sets.test(css)) || element.querySelector('[bgcolor]') !== null;
}

export function renderMarkdown(
  source: string,
  options: SanitizeOptions & { attachments?: Record<string, MimeBundle> },
): RichElement {
  const element = document.createElement('div');
  element.className = 'rendered-html';
  return { element, dispose: renderMarkdownInto(element, source, options) };
}

export function renderLatex(source: string): RichElement {
  const element = document.createElement('div');
  element.className = 'output-latex rendered-html';
  for (const part of splitFormulas(source)) {
    if (typeof part === 'string') {
      element.append(part);
      continue;
    }
    const formula = document.createElement('span');
    formula.className = `nb-math${part.display ? ' nb-math-display' : ''}`;
    formula.textContent = part.tex;
    element.append(formula);
  }
  typesetMath(element);
  return { element, dispose: () => undefined };
}
