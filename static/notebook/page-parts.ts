/** Which parts of the page are shown: remembered for this browser, applied as attributes of `<html>`. */

export type PagePart = 'header' | 'toolbar' | 'line-numbers' | 'contents' | 'notify';

const DEFAULTS: Record<PagePart, boolean> = {
  header: true,
  toolbar: true,
  'line-numbers': false,
  contents: false,
  notify: false,
};
const current = new Map<PagePart, boolean>();

export function isShown(part: PagePart): boolean {
  return current.get(part) ?? remembered(part) ?? DEFAULTS[part];
}

export function setShown(part: PagePart, shown: boolean): void {
  current.set(part, shown);
  try {
    localStorage.setItem(key(part), String(shown));
  } catch {
    // storage is switched off: it holds for this page only
  }
  applyParts();
}

/** Brings the page to what is remembered. */
export function applyParts(): void {
  for (const part of ['header', 'toolbar'] as const)
    document.documentElement.toggleAttribute(`data-no-${part}`, !isShown(part));
}

function remembered(part: PagePart): boolean | undefined {
  try {
    const value = localStorage.getItem(key(part));
    return value === null ? undefined : value === 'true';
  } catch {
    return undefined; // storage is switched off
  }
}

function key(part: PagePart): string {
  return `nbserver.show.${part}`;
}
