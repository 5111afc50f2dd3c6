/** What a person can do in a terminal: commands, their keys and the menu. Loaded once the terminal is on screen. */
import { CommandRegistry, Keymap, type Command } from '../base/commands.js';
import { announce, notifyError } from '../base/notify.js';
import { PopupMenu, type MenuEntry } from '../base/popup-menu.js';
import { currentTheme, setTheme, type Theme } from '../base/theme.js';
import { urlFor } from '../base/urls.js';
import { copySelection, pasteClipboard } from './clipboard.js';
import { FONT_SIZES, type Preferences } from './preferences.js';
import type { Screen } from './screen.js';
import { SearchBar } from './search-bar.js';
import type { ShellClient } from './shell-client.js';

export interface ActionParts {
  screen: Screen;
  shell: ShellClient;
  menuButton: HTMLElement;
  searchBar: HTMLFormElement;
}

export function startActions({ screen, shell, menuButton, searchBar }: ActionParts): void {
  const { terminal } = screen;
  const search = new SearchBar(searchBar, terminal);
  const commands = new CommandRegistry((error, command) => notifyError(`${command.label}:`, error));
  commands.add(
    ...textCommands(screen, search),
    ...lookCommands(screen),
    {
      id: 'terminal:leave',
      label: 'Leave the terminal',
      title: 'Moves the keyboard focus from the terminal to its menu',
      keys: { any: ['ctrl-shift-l'] },
      run: () => menuButton.focus(),
    },
    {
      id: 'terminal:new',
      label: 'New terminal',
      run: () => void window.open(urlFor('terminals/new'), '_blank', 'noopener'),
    },
    {
      id: 'terminal:shutdown',
      label: 'Shut down',
      when: () => shell.state === 'open',
      run: () => shell.shutDown(),
    },
  );

  const openMenu = (): void => {
    menuButton.setAttribute('aria-expanded', 'true');
    new PopupMenu({
      entries: menuEntries(screen),
      label: 'Terminal',
      anchor: menuButton,
      place: 'below-right',
      commands,
      onClose: (reason) => {
        menuButton.setAttribute('aria-expanded', 'false');
        if (reason === 'choose') terminal.focus();
      },
    });
  };
  menuButton.addEventListener('click', openMenu);
  menuButton.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown') return;
    event.preventDefault();
    openMenu();
  });

  const keymap = new Keymap(commands, { mode: () => 'terminal' });
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== 'keydown') return true;
    // As other terminals in browsers have it: with something selected, Ctrl-C copies it, and the next one interrupts.
    const copies = event.key === 'c' && event.ctrlKey && !event.shiftKey && !event.altKey;
    if (copies && terminal.hasSelection()) {
      copySelection(terminal);
      terminal.clearSelection();
      event.preventDefault();
      return false;
    }
    // the browser pastes
    if (event.ctrlKey && event.shiftKey && event.key.toLowerCase() === 'v') return false;
    if (!keymap.handle(event)) return true;
    event.preventDefault();
    return false;
  });
}

function textCommands({ terminal }: Screen, search: SearchBar): Command[] {
  return [
    {
      id: 'terminal:copy',
      label: 'Copy',
      keys: { any: ['ctrl-shift-c', 'ctrl-insert'] },
      when: () => terminal.hasSelection(),
      run: () => copySelection(terminal),
    },
    { id: 'terminal:paste', label: 'Paste', run: () => pasteClipboard(terminal) },
    { id: 'terminal:select-all', label: 'Select all', run: () => terminal.selectAll() },
    { id: 'terminal:find', label: 'Find…', keys: { any: ['ctrl-shift-f'] }, run: () => search.open() },
    { id: 'terminal:clear', label: 'Clear the scrollback', run: () => terminal.clear() },
  ];
}

function lookCommands(screen: Screen): Command[] {
  const size = () => screen.preferences.fontSize;
  return [
    {
      id: 'terminal:larger',
      label: 'Larger text',
      when: () => size() < FONT_SIZES.most,
      run: () => screen.prefer({ fontSize: size() + 1 }),
    },
    {
      id: 'terminal:smaller',
      label: 'Smaller text',
      when: () => size() > FONT_SIZES.least,
      run: () => screen.prefer({ fontSize: size() - 1 }),
    },
    {
      id: 'terminal:screen-reader',
      label: 'Screen reader mode',
      checked: () => screen.preferences.screenReader,
      run() {
        screen.prefer({ screenReader: !screen.preferences.screenReader });
        announce(`Screen reader mode is ${screen.preferences.screenReader ? 'on' : 'off'}.`);
      },
    },
  ];
}

function menuEntries(screen: Screen): MenuEntry[] {
  const command = (name: string): MenuEntry => ({ command: `terminal:${name}` });
  const colours = (value: Preferences['colours'], label: string): MenuEntry => ({
    label,
    checked: screen.preferences.colours === value,
    run: () => screen.prefer({ colours: value }),
  });
  const theme = (value: Theme, label: string): MenuEntry => ({
    label,
    checked: currentTheme() === value,
    run() {
      setTheme(value);
      screen.prefer({});
    },
  });
  return [
    ...['copy', 'paste', 'select-all', 'find', 'clear'].map(command),
    'separator',
    ...['larger', 'smaller'].map(command),
    { label: 'Colours', submenu: [colours('black', 'Black'), colours('page', 'As the page')] },
    {
      label: 'Theme of the page',
      submenu: [theme('system', 'As the system'), theme('light', 'Light'), theme('dark', 'Dark')],
    },
    ...['screen-reader', 'leave'].map(command),
    'separator',
    ...['new', 'shutdown'].map(command),
  ];
}
