/** Commands that change how the page looks, and help. */
import type { Command } from '../../base/commands.js';
import { messageDialog } from '../../base/dialog.js';
import { pageData } from '../../base/page-data.js';
import { currentTheme, setTheme } from '../../base/theme.js';
import type { NotebookContext } from '../notebook-context.js';
import { isShown, setShown } from '../page-parts.js';

export function viewCommands(notebook: NotebookContext): Command[] {
  const { list, selection, scroller, pager } = notebook;

  return [
    ...toggle('header', 'Header'),
    ...toggle('toolbar', 'Toolbar'),
    ...(['show', 'hide'] as const).map((verb): Command => ({
      id: `jupyter-notebook:${verb}-all-line-numbers`,
      label: `${verb === 'show' ? 'Show' : 'Hide'} Line Numbers`,
      run: () => numbers(verb === 'show'),
    })),
    {
      id: 'jupyter-notebook:toggle-all-line-numbers',
      label: 'Toggle Line Numbers',
      keys: { command: ['shift-l'] },
      checked: () => isShown('line-numbers'),
      run: () => numbers(!isShown('line-numbers')),
    },
    {
      id: 'jupyter-notebook:toggle-cell-line-numbers',
      label: 'Toggle Line Numbers of Cells',
      keys: { command: ['l'] },
      run: () => {
        const views = selection.cells.flatMap((id) => list.view(id) ?? []);
        const on = !(views[0]?.source.hasNumbers ?? false);
        for (const view of views) view.source.showNumbers(on && view.type === 'code');
      },
    },
    ...(['system', 'light', 'dark'] as const).map((theme): Command => ({
      id: `nbserver:theme-${theme}`,
      label: { system: 'Theme of the System', light: 'Light Theme', dark: 'Dark Theme' }[theme],
      checked: () => currentTheme() === theme,
      run: () => setTheme(theme),
    })),
    {
      id: 'jupyter-notebook:scroll-notebook-down',
      label: 'Scroll Down',
      keys: { command: ['space'] },
      run: () => scroller.scrollBy({ top: scroller.clientHeight * 0.85 }),
    },
    {
      id: 'jupyter-notebook:scroll-notebook-up',
      label: 'Scroll Up',
      keys: { command: ['shift-space'] },
      run: () => scroller.scrollBy({ top: -scroller.clientHeight * 0.85 }),
    },
    {
      id: 'jupyter-notebook:scroll-cell-center',
      label: 'Scroll the Cell to the Centre',
      run: () => scrollCell('center'),
    },
    {
      id: 'jupyter-notebook:scroll-cell-top',
      label: 'Scroll the Cell to the Top',
      run: () => scrollCell('start'),
    },
    {
      id: 'jupyter-notebook:close-pager',
      label: 'Close the Help at the Bottom',
      keys: { command: ['esc', 'q'] },
      when: () => pager.isOpen,
      run: () => pager.close(),
    },
    {
      id: 'jupyter-notebook:show-keyboard-shortcuts',
      label: 'Keyboard Shortcuts',
      keys: { command: ['h'] },
      run: async () => (await import('../shortcuts-dialog.js')).showShortcuts(notebook.commands),
    },
    {
      id: 'jupyter-notebook:show-command-palette',
      label: 'Command Palette',
      title: 'Open the command palette',
      icon: 'keyboard',
      keys: { command: ['p'], any: ['mod-shift-p', 'mod-shift-f'] },
      run: async () => (await import('../palette.js')).openPalette(notebook.commands, selection.mode),
    },
    {
      id: 'nbserver:tour',
      label: 'User Interface Tour',
      run: async () => (await import('../tour.js')).startTour(),
    },
    {
      id: 'nbserver:about',
      label: 'About',
      run: () => {
        const kernel = notebook.client.kernel.value;
        const banner = document.createElement('p');
        banner.className = 'kernel-banner';
        void notebook.aboutKernel().then((about) => (banner.textContent = about?.banner ?? ''));
        return messageDialog({
          title: 'About nbserver',
          body: [
            `nbserver ${pageData().version}`,
            kernel === undefined || kernel.id === null
              ? 'No kernel is running for this notebook.'
              : `This notebook runs on ${kernel.display_name} (${kernel.name}).`,
            banner,
          ],
          confirm: 'Close',
        });
      },
    },
  ];

  function numbers(shown: boolean): void {
    setShown('line-numbers', shown);
    list.showLineNumbers(shown);
  }

  function toggle(part: 'header' | 'toolbar', name: string): Command[] {
    const verbs = [
      ['toggle', 'Toggle', () => !isShown(part)],
      ['show', 'Show', () => true],
      ['hide', 'Hide', () => false],
    ] as const;
    return verbs.map(([verb, word, shown]) => ({
      id: `jupyter-notebook:${verb}-${part}`,
      label: `${word} ${name}`,
      ...(verb === 'toggle' ? { checked: () => isShown(part) } : {}),
      run: () => setShown(part, shown()),
    }));
  }

  function scrollCell(block: ScrollLogicalPosition): void {
    const id = selection.current;
    if (id !== null) list.view(id)?.element.scrollIntoView({ block });
  }
}
