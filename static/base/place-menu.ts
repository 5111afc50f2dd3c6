/** Where an open menu lies in the window. */

export type MenuPlace = 'below' | 'below-right' | 'beside';

/** Inside the window, always: beside or below the anchor, turned over when there is no room, scrolled when it is long. */
export function placeMenu(
  menu: HTMLElement,
  anchor: Element | { x: number; y: number },
  place: MenuPlace = 'below',
): void {
  const at =
    anchor instanceof Element ? anchor.getBoundingClientRect() : new DOMRect(anchor.x, anchor.y, 0, 0);
  const width = document.documentElement.clientWidth;
  const height = window.innerHeight;
  const { style } = menu;
  style.maxHeight = `${height - 8}px`;
  const own = menu.getBoundingClientRect();
  let left = place === 'beside' ? at.right - 1 : place === 'below-right' ? at.right - own.width : at.left;
  let top = place === 'beside' ? at.top - 5 : at.bottom;
  if (place === 'beside' && left + own.width > width - 4) left = at.left - own.width + 1;
  if (place !== 'beside' && top + own.height > height - 4) {
    if (at.top > height - at.bottom) {
      style.maxHeight = `${Math.max(at.top - 4, 80)}px`;
      top = Math.max(4, at.top - own.height);
    } else style.maxHeight = `${height - at.bottom - 4}px`;
  } else top = Math.min(top, Math.max(4, height - own.height - 4));
  left = Math.max(4, Math.min(left, width - own.width - 4));
  style.left = `${left}px`;
  style.top = `${top}px`;
}
