/** Markdown in the page: rendered, sanitised, its code coloured, its formulas set. */
import {
  headingId,
  highlightToHtml,
  renderMarkdown,
  type MarkdownOptions,
} from '../../../src/render/index.js';
import { parserFor } from '../languages.js';
import { typesetMath } from './math.js';
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
    highlight: (code, language) => {
      const parser = parserFor(language);
      return parser && highlightToHtml(code, parser);
    },
  });
  const clean = sanitizeHtml(html, options);
  element.replaceChildren(clean.fragment);
  typesetMath(element);
  return scopeStyles(element, clean.styles);
}

/**
 * Where `#anchor` leads inside `root`: an element with that id (the sanitiser prefixes them), or the heading with that
 * text, named as the classic notebook names headings.
 */
export function findAnchor(root: ParentNode, anchor: string): Element | undefined {
  const name = decode(anchor.replace(/^#/, ''));
  const byId = root.querySelector(
    `#${CSS.escape(`user-content-${name}`)}, [name="${CSS.escape(`user-content-${name}`)}"]`,
  );
  if (byId !== null) return byId;
  const wanted = name.toLowerCase();
  return [...root.querySelectorAll('.rendered-html :is(h1,h2,h3,h4,h5,h6)')].find(
    (heading) => headingId(heading.textContent ?? '').toLowerCase() === wanted,
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray % is part of the name
  }
}
