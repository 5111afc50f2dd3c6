/**
 * HTML from a notebook made harmless, whoever wrote it: no scripts, frames or forms, no names that clobber ours, no
 * requests to other servers. What it wants to run is reported, so that the page can say so.
 */
import createPurifier, { type Config } from 'dompurify';
import { isOutside, resolveAddress } from './links.js';
import { fetchesSomething } from './scoped-style.js';

export interface Sanitized {
  fragment: DocumentFragment;
  /** texts of its `<style>` elements, taken out; for `scopeStyles` */
  styles: string[];
  /** it had scripts or event handlers; they are gone */
  scripted: boolean;
  /** it had frames or plug-ins; they are gone */
  framed: boolean;
}

const CONFIG: Config & { IN_PLACE: true } = {
  IN_PLACE: true,
  SANITIZE_NAMED_PROPS: true, // ids and names get `user-content-` in front
  ALLOW_DATA_ATTR: false,
  // a form could ask for the password; a dialog or popover could leave its cell
  FORBID_TAGS: ['form', 'input', 'button', 'select', 'option', 'optgroup', 'textarea', 'datalist', 'dialog'],
  FORBID_ATTR: [
    ...['action', 'formaction', 'srcset', 'poster', 'background', 'autofocus', 'accesskey', 'tabindex'],
    ...[
      'contenteditable',
      'slot',
      'popover',
      'popovertarget',
      'popovertargetaction',
      'usemap',
      'ping',
      'for',
    ],
  ],
};

const SCRIPTS = /<script[\s/>]|\son[a-z]+\s*=|javascript:/i;
const FRAMES = /<(?:iframe|object|embed|frame)[\s/>]/i;

const purifier = createPurifier(window);

/** Hosts whose images the person asked to see, until the page is left. */
const allowedHosts = new Set<string>();

export interface SanitizeOptions {
  /** path of the notebook, for relative addresses */
  path: string;
  /** load images of other servers at once (output that was made here), or after a click */
  outsideImages: boolean;
}

export function sanitizeHtml(html: string, options: SanitizeOptions): Sanitized {
  // Parsed in a template, whose document is inert: nothing loads or runs. (Chromium's console names event handlers that
  // the page's policy refuses all the same.)
  const template = document.createElement('template');
  template.innerHTML = html;
  const root = template.content.ownerDocument.createElement('div');
  root.append(template.content);
  const styles = [...root.querySelectorAll('style')].map((style) => {
    style.remove();
    return style.textContent ?? '';
  });
  purifier.sanitize(root, CONFIG);
  for (const element of root.querySelectorAll('*')) cleanElement(element, options);
  const fragment = document.createDocumentFragment();
  fragment.append(...root.childNodes);
  return { fragment, styles, scripted: SCRIPTS.test(html), framed: FRAMES.test(html) };
}

function cleanElement(element: Element, options: SanitizeOptions): void {
  const style = element.getAttribute('style');
  if (style !== null && fetchesSomething(style)) element.removeAttribute('style');
  if (element instanceof SVGElement) {
    cleanSvg(element);
  } else if (element instanceof HTMLAnchorElement || element instanceof HTMLAreaElement) {
    cleanLink(element, options);
  } else {
    const src = element.getAttribute('src');
    if (src !== null) cleanMedia(element, src, options);
  }
}

function cleanSvg(element: SVGElement): void {
  for (const name of ['href', 'xlink:href']) {
    const value = element.getAttribute(name)?.trim() ?? '';
    const link = element.localName === 'a' && /^https?:/i.test(value);
    if (value !== '' && !link && !/^(?:#|data:image\/)/i.test(value)) element.removeAttribute(name);
  }
  for (const attribute of [...element.attributes]) {
    if (fetchesSomething(attribute.value) && !/^url\(["']?#/i.test(attribute.value.trim())) {
      element.removeAttribute(attribute.name);
    }
  }
  if (element.localName === 'a') openElsewhere(element);
}

function cleanLink(link: HTMLAnchorElement | HTMLAreaElement, options: SanitizeOptions): void {
  const href = link.getAttribute('href');
  if (href === null) return;
  const resolved = resolveAddress(href, options.path, 'link');
  if (resolved === undefined) link.removeAttribute('href');
  else link.setAttribute('href', resolved);
  if (resolved !== undefined && !resolved.startsWith('#')) openElsewhere(link);
}

function openElsewhere(link: Element): void {
  link.setAttribute('target', '_blank');
  link.setAttribute('rel', 'noopener noreferrer');
}

function cleanMedia(element: Element, src: string, options: SanitizeOptions): void {
  const resolved = resolveAddress(src, options.path, 'media');
  if (resolved === undefined) {
    element.removeAttribute('src');
  } else if (!isOutside(resolved)) {
    // an absolute address of our own server could be one that does something
    const ours = /^(?:https?:)?\/\//i.test(resolved) ? undefined : resolved;
    if (ours === undefined) element.removeAttribute('src');
    else element.setAttribute('src', ours);
    if (element.localName === 'img') element.setAttribute('loading', 'lazy');
  } else if (element.localName !== 'img') {
    element.removeAttribute('src');
  } else if (element.closest('label') !== null) {
    element.removeAttribute('src'); // a click on the label's text would press the button in the image's place
  } else if (!options.outsideImages && !allowedHosts.has(new URL(resolved, location.href).host)) {
    element.replaceWith(placeholder(element, resolved));
  } else {
    element.setAttribute('referrerpolicy', 'no-referrer');
  }
}

/** A button in the place of an image of another server; a click loads it and all others of that server. */
function placeholder(image: Element, address: string): HTMLElement {
  const host = new URL(address, location.href).host;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button outside-image';
  button.dataset['host'] = host;
  const alt = image.getAttribute('alt') ?? '';
  button.textContent = alt === '' ? `Load the image from ${host}` : `${alt} (load the image from ${host})`;
  const restore = () => {
    image.setAttribute('src', address);
    image.setAttribute('referrerpolicy', 'no-referrer');
    button.replaceWith(image);
  };
  image.removeAttribute('src');
  button.addEventListener('nb-load', restore);
  button.addEventListener('click', (event) => {
    event.preventDefault(); // it may stand inside a link
    allowedHosts.add(host);
    for (const other of document.querySelectorAll<HTMLElement>('.outside-image')) {
      if (other.dataset['host'] === host) other.dispatchEvent(new Event('nb-load'));
    }
  });
  return button;
}
