/** Which outputs are active: they want to run scripts or show another page, which needs trust and a frame of its own. */
import type { JsonValue, MimeBundle } from '../../../src/notebook/types.js';

export interface ActivePart {
  kind: 'html' | 'javascript';
  source: string;
}

const SCRIPTS = ['application/javascript', 'text/javascript'];
const ACTIVE_HTML = /<script[\s/>]|<(?:iframe|object|embed|frame)[\s/>]|\son[a-z]+\s*=|javascript:/i;

export function isScript(mime: string): boolean {
  return SCRIPTS.includes(mime);
}

/** Whether a bundle with these types may have an active form. */
export function mayBeActive(mimes: readonly string[] = []): boolean {
  return mimes.includes('text/html') || mimes.some(isScript);
}

/** The active form of a bundle, if it has one that wins over the others (the classic notebook's order). */
export function activePart(data: MimeBundle): ActivePart | undefined {
  for (const mime of SCRIPTS) {
    const value = data[mime];
    if (typeof value === 'string') return { kind: 'javascript', source: value };
  }
  return isActiveHtml(data['text/html']) ? { kind: 'html', source: data['text/html'] } : undefined;
}

function isActiveHtml(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && ACTIVE_HTML.test(value);
}

/**
 * Whether an output sets something up for later ones and shows nothing itself: a library that is loaded (bokeh,
 * plotly's `init_notebook_mode`), or a script that does not draw into its `element`. Such outputs run again in each
 * later frame, because frames share nothing.
 */
export function isSetup({ kind, source }: ActivePart): boolean {
  if (kind === 'javascript') return !/\belement\b/.test(source);
  const rest = source
    .replace(/<(script|style)\b[^>]*>[\s\S]*?<\/\1\s*>/gi, '')
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<\/?(?:html|head|body|meta|link|title)\b[^>]*>/gi, '');
  return rest.trim() === '';
}
