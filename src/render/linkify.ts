/** Web addresses in plain text as links; http and https only, so that no other scheme ever becomes clickable. */
import { escapeHtml } from './escape-html.js';

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\u0000-\u0020\u007f\u2028\u2029]+/gi;

/** `text` escaped, with its addresses as `<a>` that open in a new tab without a way back. */
export function linkify(text: string): string {
  if (!/https?:\/\//i.test(text)) return escapeHtml(text);
  let html = '';
  let at = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const url = trimEnd(match[0]);
    if (url.length <= 'https://'.length) continue;
    const href = escapeHtml(url);
    html += escapeHtml(text.slice(at, match.index));
    html += `<a href="${href}" target="_blank" rel="noopener noreferrer">${href}</a>`;
    at = match.index + url.length;
  }
  return html + escapeHtml(text.slice(at));
}

/** Punctuation that ends the sentence is not part of the address; a closing bracket is when it was opened inside. */
function trimEnd(url: string): string {
  let end = url.length;
  for (; end > 0; end--) {
    const last = url.charAt(end - 1);
    if (/[.,;:!?*]/.test(last)) continue;
    const open = { ')': '(', ']': '[', '}': '{' }[last];
    if (open === undefined || count(url, open, end) >= count(url, last, end)) break;
  }
  return url.slice(0, end);
}

function count(text: string, char: string, end: number): number {
  let n = 0;
  for (let i = text.indexOf(char); i >= 0 && i < end; i = text.indexOf(char, i + 1)) n++;
  return n;
}
