/**
 * HTML from a notebook made fit to stand inside an exported page: nothing that loads, navigates, submits or ends the part
 * of the page it stands in. That no script runs is the work of the page's own content security policy; this keeps the page
 * tidy, and what the policy does not reach (a refresh, a base address) out of it.
 */

/** Elements that go with all that is in them. */
const REMOVED =
  /<(script|noscript|noembed|noframes|iframe|object|applet|title|textarea|select|xmp|plaintext)\b[^]*?(?:<\/\1\s*>|$)/gi;
/** Tags that go, while what is between them stays. */
const UNWRAPPED =
  /<\/?(?:script|noscript|iframe|object|embed|applet|frame|frameset|meta|base|link|form|input|button|html|head|body|template|slot|dialog|portal|fencedframe)\b(?:"[^"]*"|'[^']*'|[^'">])*>?/gi;

export function inertHtml(html: string): string {
  let inert = html;
  // what is taken out may leave a new tag behind: `<scr<script>ipt>`
  for (let round = 0; round < 20; round++) {
    const next = inert.replace(REMOVED, '').replace(UNWRAPPED, '');
    if (next === inert) return inert;
    inert = next;
  }
  return '';
}

/** Also without styles, which would reach the whole page. */
export function inertUnstyledHtml(html: string): string {
  return inertHtml(html).replace(/<style\b[^]*?(?:<\/style\s*>|$)/gi, '');
}

/**
 * A piece of HTML with styles of its own, in a shadow tree that is part of the text: neither do its styles reach out, nor
 * can it cover what stands around it (`.island` contains its layout).
 */
export function island(html: string, style: string): string {
  // who colours a background thinks of black text on white
  const kind = /\bbackground\b/i.test(html) ? 'island paper' : 'island';
  return `<div class="${kind}"><template shadowrootmode="open"><style>${style}</style>${inertHtml(html)}</template></div>`;
}
