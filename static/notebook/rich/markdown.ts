/** Markdown in the page: rendered, sanitised, its code coloured, its formulas set. */
import { renderMarkdown, type MarkdownOptions } from '../../../src/render/markdown.js';
import { colouredHtml } from '../colours/colours.js';
import { typesetMath } from '../outputs/math.js';
import { sanitizeHtml, type SanitizeOptions } from './sanitize.js';
import { scopeStyles } from './scoped-style.js';

/** Replaces what `element` holds. Returns how to take its style sheets away. */
export function renderMarkdownInto(
  element: HTMLElement,
  source: string,
  options: SanitizeOptions & Pick<MarkdownOptions, 'attachments'>,
): () => void {
  const html = renderMarkdown(source, {
    attachments: options.attachments,
    highlight: colouredHtml,
  });
  const clean = sanitizeHtml(html, options);
  element.replaceChildren(clean.fragment);
  typesetMath(element);
  return scopeStyles(element, clean.styles);
}
