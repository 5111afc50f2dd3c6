import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { packageFile } from '../../../../src/package-files.js';
import { CommandRegistry } from '../../../../static/base/commands.js';
import type { MenuEntry } from '../../../../static/base/menu.js';
import { cellCommands } from '../../../../static/notebook/commands/cell-commands.js';
import {
  FORMATS,
  fileCommands,
  JUPYTER_FORMATS,
} from '../../../../static/notebook/commands/file-commands.js';
import { kernelCommands } from '../../../../static/notebook/commands/kernel-commands.js';
import { outputCommands } from '../../../../static/notebook/commands/output-commands.js';
import { toolCommands } from '../../../../static/notebook/commands/tool-commands.js';
import { viewCommands } from '../../../../static/notebook/commands/view-commands.js';
import { notebookMenus, type MenuData } from '../../../../static/notebook/menus.js';
import type { NotebookContext } from '../../../../static/notebook/notebook-context.js';

const checkpoint = { id: 'a', last_modified: '2026-11-26T10:00:00Z' };
const spec = { name: 'python3', spec: { display_name: 'Python 3' }, resources: {} };

/** Everything that a menu can show. */
const DATA = {
  kernelspecs: { default: 'python3', kernelspecs: { python3: spec } },
  checkpoints: [checkpoint],
  formats: [...FORMATS, ...JUPYTER_FORMATS].map(({ format }) => format),
  outputTypes: ['text/html', 'text/plain'],
  trusted: false,
  kernel: 'python3',
  language: 'python',
  links: [],
  script: 'Python (.py)',
} as unknown as MenuData;

/** Commands are only made here, never run: nothing of the page is needed but its parts' names. */
const page = {
  client: {},
  selection: {},
  list: {},
  clipboard: {},
  scroller: {},
  pager: {},
} as NotebookContext;

function registry(): CommandRegistry {
  const commands = new CommandRegistry(() => undefined);
  for (const make of [
    cellCommands,
    fileCommands,
    kernelCommands,
    outputCommands,
    toolCommands,
    viewCommands,
  ]) {
    commands.add(...make(page));
  }
  return commands;
}

type CommandEntry = Extract<MenuEntry, { command: string }>;

function commandsOf(entries: MenuEntry[] | (() => MenuEntry[])): CommandEntry[] {
  return (typeof entries === 'function' ? entries() : entries).flatMap((entry): CommandEntry[] => {
    if (typeof entry !== 'object') return [];
    if ('command' in entry) return [entry];
    return 'submenu' in entry ? commandsOf(entry.submenu) : [];
  });
}

describe('the menus and the toolbar of the notebook page', () => {
  const inMenus = notebookMenus(() => DATA).flatMap(({ entries }) => commandsOf(entries));

  it('name only commands that there are, with an argument where one is needed', () => {
    const commands = registry();
    expect(inMenus.length).toBeGreaterThan(80);
    expect(inMenus.filter(({ command }) => commands.get(command) === undefined)).toEqual([]);
    const bare = ({ command, argument }: CommandEntry) =>
      commands.get(command)?.needsArgument === true && argument === undefined;
    expect(inMenus.filter(bare)).toEqual([]);
  });

  it('show which kernel runs, which is not started anew when it is chosen', async () => {
    const checked = inMenus.filter((entry) => entry.checked === true);
    expect(checked).toEqual([
      { command: 'nbserver:change-kernel', label: 'Python 3', argument: 'python3', checked: true },
    ]);
    const startKernel = vi.fn();
    const client = { kernel: { value: { id: 'k', name: 'python3' } }, startKernel };
    const commands = new CommandRegistry(() => undefined);
    commands.add(...kernelCommands({ ...page, client } as unknown as NotebookContext));
    await commands.run('nbserver:change-kernel', 'python3');
    expect(startKernel).not.toHaveBeenCalled();
    await commands.run('nbserver:change-kernel', 'other');
    expect(startKernel).toHaveBeenCalledWith('other');
  });

  it('have no button without a command', () => {
    const html = readFileSync(packageFile('templates', 'notebook.html'), 'utf8');
    const written = [...html.matchAll(/data-command="([^"{]+)"/g)].map(([, id = '']) => id);
    const drawn = [...html.matchAll(/button\('([^']+)',/g)].map(([, id = '']) => `jupyter-notebook:${id}`);
    expect(drawn.length).toBeGreaterThan(8);
    const commands = registry();
    expect([...written, ...drawn].filter((id) => commands.get(id) === undefined)).toEqual([]);
  });
});
