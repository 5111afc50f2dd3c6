/** Copy and paste, also where the browser gives no clipboard to scripts (plain http on another computer's address). */
import type { Terminal } from '@xterm/xterm';
import { notify } from '../base/notify.js';

export function copySelection(terminal: Terminal): void {
  const text = terminal.getSelection();
  if (text === '') return;
  // The terminal's own text field answers the `copy` event with what is selected.
  terminal.focus();
  if (document.execCommand('copy')) return;
  navigator.clipboard
    ?.writeText(text)
    .catch(() => notify('The browser did not allow to copy.', { kind: 'warning' }));
}

export async function pasteClipboard(terminal: Terminal): Promise<void> {
  terminal.focus();
  try {
    terminal.paste(await navigator.clipboard.readText());
  } catch {
    notify('The browser does not give the clipboard to this page. Ctrl-Shift-V or Shift-Insert pastes.', {
      kind: 'warning',
      seconds: 8,
      key: 'paste',
    });
  }
}
