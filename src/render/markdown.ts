/**
 * Markdown cells as HTML: GitHub flavour by marked, formulas kept apart for KaTeX, attachments as data addresses.
 *
 * **The result is not safe by itself**: raw HTML of the cell is passed on. A page puts it through its sanitiser; an
 * export relies on its own content security policy.
 */
import { Marked, type Token, type Tokens } from 'marked';
import type { MimeBundle } from '../notebook/types.js';
import { escapeHtml } from './escape-html.js';
import { mathExtensions, maskMath } from './markdown-math.js';

export interface MarkdownOptions {
  /** the cell's attachments, for `![](attachment:name.png)` */
  attachments?: Record<string, MimeBundle> | undefined;
  /** colours the code of a fenced block; undefined: the language is not known (yet) */
  highlight?: ((code: string, language: string) => string | undefined) | undefined;
}

/** Only these may be shown from an attachment: images that cannot run scripts inside an `<img>`. */
const ATTACHED_IMAGES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml'];

export function renderMarkdown(source: string, options: MarkdownOptions = {}): string {
  const marked = new Marked({
    gfm: true,
    async: false,
    extensions: mathExtensions,
    hooks: { emStrongMask: maskMath },
    renderer: {
      code({ text, lang }) {
        const language = (lang ?? '').trim().split(/\s/)[0] ?? '';
        const inner = (language && options.highlight?.(text, language)) || escapeHtml(text);
        return `<pre><code${language ? ` class="language-${escapeHtml(language)}"` : ''}>${inner}</code></pre>\n`;
      },
      // a task list shows its state; an <input> would be a form control in a document that has no form
      checkbox({ checked }) {
        return `<span role="img" aria-label="${checked ? 'done' : 'to do'}">${checked ? '☑' : '☐'}</span> `;
      },
    },
    walkTokens(token: Token) {
      if (token.type === 'image') embedAttachment(token as Tokens.Image, options.attachments ?? {});
    },
  });
  return marked.parse(source, { async: false });
}

function embedAttachment(image: Tokens.Image, attachments: Record<string, MimeBundle>): void {
  if (!image.href.startsWith('attachment:')) return;
  const bundle = attachments[decode(image.href.slice('attachment:'.length))];
  const mime = ATTACHED_IMAGES.find((type) => typeof bundle?.[type] === 'string');
  const data = mime === undefined ? undefined : bundle?.[mime];
  if (mime === undefined || typeof data !== 'string') return;
  image.href =
    mime === 'image/svg+xml' && data.trimStart().startsWith('<')
      ? `data:${mime};utf8,${encodeURIComponent(data)}`
      : `data:${mime};base64,${data.replace(/\s/g, '')}`;
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a name with a stray % is meant as it stands
  }
}
