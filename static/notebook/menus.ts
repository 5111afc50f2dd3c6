/** The menu bar of the notebook page: the classic's menus, in its order. */
import type { CheckpointModel, KernelspecsModel } from '../../src/protocol/rest-models.js';
import type { JsonObject } from '../../src/notebook/types.js';
import { api } from '../base/api.js';
import { dateTime } from '../base/format.js';
import type { MenuBarMenu, MenuEntry } from '../base/menu.js';
import { TOOLBAR_NAMES } from './cell-toolbar/names.js';
import { FORMATS, JUPYTER_FORMATS } from './commands/file-commands.js';
import { HELP_LINKS, helpLinks, type KernelLink } from './help-links.js';

export interface MenuData {
  kernelspecs: KernelspecsModel | undefined;
  checkpoints: CheckpointModel[];
  /** the names of all formats that the server converts a notebook to, as far as they are known */
  formats: readonly string[];
  /** what the outputs of the current cell can be shown as, where there is a choice */
  outputTypes: readonly string[];
  trusted: boolean;
  /** name of the kernelspec whose kernel runs */
  kernel: string | undefined;
  /** the kernel's language, for the help and the name of the script */
  language: string;
  /** what the kernel itself says; undefined: not asked yet, or it does not answer */
  links: readonly KernelLink[] | undefined;
  /** label of "Download as ▸ Script", for example `Python (.py)` */
  script: string;
}

/** Names of formats for "Download as". */
export async function loadFormats(): Promise<string[]> {
  return Object.keys(await api.get<object>('api/nbconvert'));
}

/** Kernels for the submenus. */
export function loadKernelspecs(): Promise<KernelspecsModel> {
  return api.get('api/kernelspecs');
}

const command = (id: string, label?: string, argument?: unknown, checked?: true): MenuEntry => ({
  command: id,
  ...(label === undefined ? {} : { label }),
  ...(argument === undefined ? {} : { argument }),
  ...(checked === undefined ? {} : { checked }),
});
const classic = (id: string, label?: string): MenuEntry => command(`jupyter-notebook:${id}`, label);

/** @param data  asked for when a menu opens */
export function notebookMenus(data: () => MenuData): MenuBarMenu[] {
  const kernels = (id: string, current?: string): MenuEntry[] => {
    const specs = Object.values(data().kernelspecs?.kernelspecs ?? {});
    if (specs.length === 0) return [{ label: 'No kernels found', run: () => undefined, disabled: true }];
    return specs
      .sort((a, b) => a.spec.display_name.localeCompare(b.spec.display_name))
      .map(({ name, spec }) => command(id, spec.display_name, name, name === current || undefined));
  };
  const checkpoints = (): MenuEntry[] => {
    const { checkpoints: known } = data();
    const saved: MenuEntry[] =
      known.length === 0
        ? [{ label: 'No checkpoints', run: () => undefined, disabled: true }]
        : known.map((each) =>
            command('nbserver:revert-to-checkpoint', dateTime(Date.parse(each.last_modified)), each),
          );
    return [...saved, 'separator', command('nbserver:revert-to-opened')];
  };

  const outputTypes = (): MenuEntry[] => {
    const types = data().outputTypes;
    if (types.length === 0) return [];
    const entries = types.map((mime) => command('nbserver:show-outputs-as', mime, mime));
    return ['separator', { label: 'Show as', submenu: entries }];
  };

  return [
    {
      label: 'File',
      entries: () => [
        { label: 'New Notebook', submenu: () => kernels('nbserver:new-notebook') },
        command('nbserver:open'),
        'separator',
        command('nbserver:copy-notebook'),
        classic('save-notebook-as'),
        classic('rename-notebook'),
        classic('save-notebook'),
        'separator',
        { label: 'Revert to Checkpoint', submenu: checkpoints },
        command('nbserver:history'),
        'separator',
        command('nbserver:print-preview'),
        command('nbserver:print'),
        {
          label: 'Download as',
          submenu: [
            ...FORMATS,
            ...JUPYTER_FORMATS.filter(({ format }) => data().formats.includes(format)),
          ].map(({ format }) =>
            command(`nbserver:download-${format}`, format === 'script' ? data().script : undefined),
          ),
        },
        'separator',
        classic('trust-notebook', data().trusted ? 'Trusted Notebook' : undefined),
        'separator',
        classic('close-and-halt'),
      ],
    },
    {
      label: 'Edit',
      entries: [
        classic('cut-cell'),
        classic('copy-cell'),
        classic('paste-cell-above'),
        classic('paste-cell-below'),
        classic('paste-cell-replace'),
        classic('delete-cell'),
        classic('undo-cell-deletion'),
        classic('redo-cell-deletion'),
        command('nbserver:deleted-cells'),
        'separator',
        classic('split-cell-at-cursor'),
        classic('merge-cell-with-previous-cell'),
        classic('merge-cell-with-next-cell'),
        'separator',
        classic('move-cell-up'),
        classic('move-cell-down'),
        'separator',
        classic('edit-notebook-metadata'),
        'separator',
        classic('find-and-replace'),
        'separator',
        classic('cut-cell-attachments'),
        classic('copy-cell-attachments'),
        classic('paste-cell-attachments'),
        'separator',
        classic('insert-image'),
      ],
    },
    {
      label: 'View',
      entries: [
        classic('toggle-header'),
        classic('toggle-toolbar'),
        classic('toggle-all-line-numbers'),
        {
          label: 'Cell Toolbar',
          submenu: ['none', ...TOOLBAR_NAMES.map((name) => name.toLowerCase().replace(/ /g, '-'))].map(
            (name) => command(`nbserver:cell-toolbar-${name}`),
          ),
        },
        'separator',
        command('nbserver:table-of-contents'),
        command('nbserver:toggle-cell-source'),
        'separator',
        ...['system', 'light', 'dark'].map((theme) => command(`nbserver:theme-${theme}`)),
      ],
    },
    { label: 'Insert', entries: [classic('insert-cell-above'), classic('insert-cell-below')] },
    {
      label: 'Cell',
      entries: [
        classic('run-cell'),
        classic('run-cell-and-select-next'),
        classic('run-cell-and-insert-below'),
        classic('run-all-cells'),
        classic('run-all-cells-above'),
        classic('run-all-cells-below'),
        'separator',
        {
          label: 'Cell Type',
          submenu: [
            classic('change-cell-to-code'),
            classic('change-cell-to-markdown'),
            classic('change-cell-to-raw'),
          ],
        },
        'separator',
        {
          label: 'Current Outputs',
          submenu: () => [
            classic('toggle-cell-output-collapsed'),
            classic('toggle-cell-output-scrolled'),
            classic('clear-cell-output'),
            ...outputTypes(),
          ],
        },
        {
          label: 'All Output',
          submenu: [
            classic('toggle-all-cells-output-collapsed'),
            classic('toggle-all-cells-output-scrolled'),
            classic('clear-all-cells-output'),
          ],
        },
      ],
    },
    {
      label: 'Kernel',
      entries: () => [
        classic('interrupt-kernel'),
        classic('confirm-restart-kernel'),
        classic('confirm-restart-kernel-and-clear-output'),
        classic('confirm-restart-kernel-and-run-all-cells'),
        classic('reconnect-kernel'),
        classic('shutdown-kernel'),
        'separator',
        command('nbserver:notify-when-done'),
        'separator',
        command('nbserver:choose-kernel'),
        { label: 'Change kernel', submenu: () => kernels('nbserver:change-kernel', data().kernel) },
      ],
    },
    {
      label: 'Help',
      entries: () => [
        command('nbserver:tour'),
        classic('show-keyboard-shortcuts'),
        classic('show-command-palette'),
        'separator',
        ...HELP_LINKS,
        ...helpLinks(data().language, data().links),
        'separator',
        command('nbserver:about'),
      ],
    },
  ];
}

/** `Python (.py)` where the notebook or its kernel says which language it is written in. */
export function scriptLabel(language: string, metadata: JsonObject): string {
  const info = metadata['language_info'];
  const fields = typeof info === 'object' && info !== null && !Array.isArray(info) ? info : {};
  const name = typeof fields['name'] === 'string' ? fields['name'] : language;
  const extension = fields['file_extension'];
  if (name === '') return 'Script';
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  return typeof extension === 'string' ? `${title} (${extension})` : `${title} script`;
}
