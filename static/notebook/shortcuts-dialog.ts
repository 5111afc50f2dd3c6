/** Help ▸ Keyboard Shortcuts: every command that has a key, by mode. */
import type { Command, CommandRegistry } from '../base/commands.js';
import { messageDialog } from '../base/dialog.js';
import { keyLabel } from '../base/keys.js';

/** Keys that CodeMirror binds itself; they act on the text. */
const EDITOR_KEYS: readonly (readonly [keys: string, label: string])[] = [
  ['tab', 'Complete, or indent at the beginning of a line'],
  ['shift-tab', 'Help about the name at the caret (again: larger)'],
  ['mod-]', 'Indent'],
  ['mod-[', 'Dedent'],
  ['mod-a', 'Select all'],
  ['mod-z', 'Undo'],
  ['mod-shift-z', 'Redo'],
  ['mod-/', 'Comment'],
  ['mod-home', 'Go to the start of the cell'],
  ['mod-end', 'Go to the end of the cell'],
];

export async function showShortcuts(commands: CommandRegistry): Promise<void> {
  const intro = document.createElement('p');
  intro.className = 'note';
  intro.textContent =
    'Edit mode, with a green bar, types into a cell. Command mode, with a blue bar, binds the keyboard to the cells. Esc and Enter switch.';
  await messageDialog({
    title: 'Keyboard shortcuts',
    body: [
      intro,
      ...section('Command mode (press Esc)', rows(commands, 'command')),
      ...section('Edit mode (press Enter)', [...rows(commands, 'edit'), ...EDITOR_KEYS]),
    ],
    confirm: 'Close',
  });
}

function rows(commands: CommandRegistry, mode: string): [keys: string, label: string][] {
  return commands.all().flatMap((command: Command) => {
    const keys = [...(command.keys?.[mode] ?? []), ...(command.keys?.['any'] ?? [])];
    return keys.map((each): [string, string] => [each, command.title ?? command.label]);
  });
}

function section(title: string, entries: readonly (readonly [keys: string, label: string])[]): HTMLElement[] {
  const heading = document.createElement('h3');
  heading.textContent = title;
  const list = document.createElement('dl');
  list.className = 'shortcuts';
  list.tabIndex = 0; // a long list is scrolled by keyboard
  list.setAttribute('aria-label', title);
  for (const [keys, label] of entries) {
    const term = document.createElement('dt');
    const cap = document.createElement('kbd');
    cap.className = 'keys';
    cap.textContent = keyLabel(keys);
    term.append(cap);
    const text = document.createElement('dd');
    text.textContent = label;
    const pair = document.createElement('div');
    pair.append(term, text);
    list.append(pair);
  }
  return [heading, list];
}
