/** A plain click on a folder shows it here; every other click is the browser's. */
import * as dashboard from './dashboard.js';

export function openInPlace(event: MouseEvent, path: string): void {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const keyboard = event.detail === 0;
  void dashboard.openFolder(path).then(() => {
    if (keyboard) document.querySelector<HTMLElement>('.file-list li a')?.focus();
  });
}
