/** Where `#anchor` leads inside a notebook. */
import { headingId } from '../../../src/render/heading-id.js';

/** An element with that id (the sanitiser prefixes them), or the heading with that text, named as the classic names it. */
export function findAnchor(root: ParentNode, anchor: string): Element | undefined {
  const name = decodeAnchor(anchor);
  const id = CSS.escape(`user-content-${name}`);
  const byId = root.querySelector(`#${id}, [name="${id}"]`);
  if (byId !== null) return byId;
  const wanted = name.toLowerCase();
  return [...root.querySelectorAll('.rendered-html :is(h1,h2,h3,h4,h5,h6)')].find(
    (heading) => headingId(heading.textContent ?? '').toLowerCase() === wanted,
  );
}

/** What the part of an address behind `#` says. */
export function decodeAnchor(anchor: string): string {
  const text = anchor.replace(/^#/, '');
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray % is part of the name
  }
}
