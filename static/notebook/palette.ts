/** The command palette: type a few letters of a command, Enter runs it. */
import type { Command, CommandRegistry } from '../base/commands.js';
import { keyLabel } from '../base/keys.js';

export function openPalette(commands: CommandRegistry, mode: string): void {
  const back = document.activeElement;
  const dialog = document.createElement('dialog');
  dialog.className = 'dialog palette';
  dialog.setAttribute('aria-label', 'Command palette');
  const field = document.createElement('input');
  field.className = 'field';
  field.type = 'text';
  field.setAttribute('role', 'combobox');
  field.setAttribute('aria-expanded', 'true');
  field.setAttribute('aria-controls', 'palette-list');
  field.setAttribute('aria-label', 'Find a command');
  field.autocomplete = 'off';
  const list = document.createElement('ul');
  list.id = 'palette-list';
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', 'Commands');
  dialog.append(field, list);
  let found: Command[] = [];
  let at = 0;

  const close = (chosen?: Command): void => {
    dialog.close();
    dialog.remove();
    if (back instanceof HTMLElement) back.focus({ preventScroll: true });
    if (chosen !== undefined) void commands.run(chosen.id);
  };
  const mark = (next: number): void => {
    const items = [...list.querySelectorAll('[role=option]')];
    at = items.length === 0 ? 0 : (next + items.length) % items.length;
    items.forEach((item, i) => item.setAttribute('aria-selected', String(i === at)));
    const item = items[at];
    if (item === undefined) field.removeAttribute('aria-activedescendant');
    else field.setAttribute('aria-activedescendant', item.id);
    item?.scrollIntoView({ block: 'nearest' });
  };
  const draw = (): void => {
    found = search(commands, field.value);
    const inGroups = field.value.trim() === '';
    list.replaceChildren(
      ...found.flatMap((command, i) => {
        const head = inGroups && command.group !== found[i - 1]?.group ? [heading(command.group)] : [];
        const item = document.createElement('li');
        item.id = `palette-${i}`;
        item.setAttribute('role', 'option');
        const label = document.createElement('span');
        label.textContent = command.title ?? command.label;
        item.append(label);
        const keys = commands.keysOf(command.id, mode);
        if (keys !== undefined) {
          const cap = document.createElement('kbd');
          cap.className = 'keys';
          cap.textContent = keyLabel(keys);
          item.append(cap);
        }
        item.addEventListener('click', () => close(command));
        return [...head, item];
      }),
    );
    mark(0);
  };
  field.addEventListener('input', draw);
  dialog.addEventListener('keydown', (event) => {
    event.stopPropagation();
    const steps: Record<string, () => void> = {
      ArrowDown: () => mark(at + 1),
      ArrowUp: () => mark(at - 1),
      Enter: () => close(found[at]),
      Escape: () => close(),
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    step();
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) close(); // the backdrop
  });
  document.body.append(dialog);
  dialog.showModal();
  draw();
  field.focus();
}

function heading(text = ''): HTMLElement {
  const item = document.createElement('li');
  item.className = 'palette-group';
  item.setAttribute('role', 'presentation');
  item.textContent = text;
  return item;
}

/** Commands that can run now and have all letters of the query in order; the closest together first. */
function search(commands: CommandRegistry, query: string): Command[] {
  const letters = query.toLowerCase().replace(/\s+/g, '');
  return commands
    .all()
    .filter((command) => command.needsArgument !== true && commands.isEnabled(command.id))
    .map((command) => ({ command, spread: spread(letters, (command.title ?? command.label).toLowerCase()) }))
    .filter(({ spread }) => spread !== undefined)
    .sort((a, b) => (a.spread ?? 0) - (b.spread ?? 0))
    .map(({ command }) => command);
}

/** How far apart the letters stand in the text; undefined when they are not all there in order. */
function spread(letters: string, text: string): number | undefined {
  let best: number | undefined;
  for (
    let start = text.indexOf(letters.charAt(0));
    start >= 0;
    start = text.indexOf(letters.charAt(0), start + 1)
  ) {
    let at = start;
    for (const letter of letters.slice(1)) {
      at = at < 0 ? -1 : text.indexOf(letter, at + 1);
      if (at < 0) break;
    }
    if (at >= 0 && (best === undefined || at - start < best)) best = at - start;
    if (letters === '') break;
  }
  return best;
}
