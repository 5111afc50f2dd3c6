/** An output so large that drawing it would hold up the page: a button draws it, and until then its plain text is shown. */
import { humanSize } from '../../base/format.js';
import type { Rendered } from './registry.js';

/** Characters of HTML or markdown that are drawn without being asked for. The page is busy for about a second with them. */
const MOST_AT_ONCE = 1_000_000;
/** types that become elements of the page; pictures are decoded beside it, and text is cut */
const DRAWN = ['text/html', 'text/markdown', 'text/latex'];

export function isForRequest(mime: string, value: unknown): value is string {
  return typeof value === 'string' && value.length > MOST_AT_ONCE && DRAWN.includes(mime);
}

/** @param size  characters @param meanwhile  what stands there until then */
export function onRequest(size: number, meanwhile: HTMLElement | undefined, draw: () => Rendered): Rendered {
  const element = document.createElement('div');
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button output-large';
  button.textContent = `Show this output (${humanSize(size)})`;
  let drawn: Rendered | undefined;
  button.addEventListener('click', () => {
    const hadFocus = document.activeElement === button;
    drawn = draw();
    element.replaceChildren(drawn.element);
    if (!hadFocus) return;
    element.tabIndex = -1; // the next Tab goes on from here
    element.focus({ preventScroll: true });
  });
  element.append(button, ...(meanwhile === undefined ? [] : [meanwhile]));
  return { element, dispose: () => drawn?.dispose?.() };
}
