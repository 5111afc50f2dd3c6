/** Commands of the File menu: names, copies, checkpoints, downloads. */
import type { CheckpointModel, ContentsModel } from '../../../src/protocol/rest-models.js';
import { difference } from '../../../src/notebook/operations-difference.js';
import type { Operation } from '../../../src/notebook/operations.js';
import { api } from '../../base/api.js';
import type { Command } from '../../base/commands.js';
import { confirmDialog, promptDialog } from '../../base/dialog.js';
import { dateTime } from '../../base/format.js';
import { notify } from '../../base/notify.js';
import { baseName, encodePath, joinPath, parentPath, urlFor } from '../../base/urls.js';
import type { NotebookContext } from '../notebook-context.js';

export function fileCommands(notebook: NotebookContext): Command[] {
  const { client } = notebook;
  const path = () => client.path.value;
  const contents = () => `api/contents/${encodePath(path())}`;

  return [
    {
      id: 'nbserver:new-notebook',
      label: 'New Notebook',
      async run(kernel) {
        // opened before the answer, or the browser takes it for a pop-up
        const tab = window.open('', '_blank');
        try {
          const model = await api.post<ContentsModel>(`api/contents/${encodePath(parentPath(path()))}`, {
            type: 'notebook',
          });
          const query: Record<string, string> = typeof kernel === 'string' ? { kernel_name: kernel } : {};
          go(tab, urlFor('notebooks', model.path, query));
        } catch (error) {
          tab?.close();
          throw error;
        }
      },
    },
    {
      id: 'nbserver:open',
      label: 'Open…',
      run: () => {
        window.open(urlFor('tree', parentPath(path())), '_blank', 'noopener');
      },
    },
    {
      id: 'nbserver:copy-notebook',
      label: 'Make a Copy…',
      async run() {
        const tab = window.open('', '_blank');
        try {
          if (client.writable.value) client.sync.save();
          const folder = client.copyFolder.value ?? parentPath(path());
          const model = await api.post<ContentsModel>(`api/contents/${encodePath(folder)}`, {
            copy_from: path(),
          });
          go(tab, urlFor('notebooks', model.path));
        } catch (error) {
          tab?.close();
          throw error;
        }
      },
    },
    {
      id: 'jupyter-notebook:save-notebook-as',
      label: 'Save as…',
      run: async () => (await import('./save-as.js')).saveAs(notebook, () => saveFirst(notebook)),
    },
    {
      id: 'jupyter-notebook:rename-notebook',
      label: 'Rename…',
      when: () => client.writable.value,
      run: () => rename(notebook),
    },
    {
      id: 'jupyter-notebook:save-notebook',
      label: 'Save and Checkpoint',
      icon: 'save',
      keys: { command: ['mod-s', 's'], edit: ['mod-s'] },
      when: () => client.writable.value,
      run: () => client.sync.save(true),
    },
    {
      id: 'nbserver:history',
      label: 'History…',
      title: 'What the notebook was before, and what differs',
      when: () => notebook.canEdit,
      run: async () => (await import('../history/history-dialog.js')).openHistory(notebook, 'states'),
    },
    {
      id: 'nbserver:deleted-cells',
      label: 'Deleted Cells…',
      title: 'Cells that were deleted, and the way back',
      when: () => notebook.canEdit,
      run: async () => (await import('../history/history-dialog.js')).openHistory(notebook, 'deleted'),
    },
    {
      id: 'nbserver:revert-to-checkpoint',
      label: 'Revert to Checkpoint',
      needsArgument: true,
      when: () => client.writable.value,
      async run(checkpoint) {
        if (!isCheckpoint(checkpoint)) return;
        const when = dateTime(Date.parse(checkpoint.last_modified));
        const yes = await confirmDialog({
          title: 'Revert to the checkpoint?',
          body: `The notebook goes back to how it was at ${when}. What was changed since then is lost.`,
          confirm: 'Revert',
          danger: true,
        });
        if (!yes) return;
        // What is not on disk yet would be put back on top of the old version, as after a restart of the server.
        client.sync.save();
        await untilSaved(notebook);
        await api.post(`${contents()}/checkpoints/${encodeURIComponent(checkpoint.id)}`);
      },
    },
    {
      id: 'nbserver:revert-to-opened',
      label: 'When I Opened It',
      title: 'Revert to when I opened the notebook',
      when: () => notebook.canEdit && notebook.opened !== undefined,
      async run() {
        const { opened } = notebook;
        if (opened === undefined) return;
        const ops = difference(notebook.view, opened.state).flatMap(pageOperation);
        if (ops.length === 0) return void notify('Nothing has changed since then.');
        const yes = await confirmDialog({
          title: 'Revert to when you opened it?',
          body: `All cells go back to how they were at ${dateTime(opened.at)}, in every tab. "Undo Cell Operation" (Z) brings back what is there now.`,
          confirm: 'Revert',
          danger: true,
        });
        if (!yes) return;
        notebook.perform(difference(notebook.view, opened.state).flatMap(pageOperation));
      },
    },
    {
      id: 'nbserver:print-preview',
      label: 'Print Preview',
      run: () => convert(notebook, 'html', false),
    },
    {
      id: 'nbserver:print',
      label: 'Print…',
      run: async () => (await import('../print.js')).printNotebook(notebook),
    },
    ...[...FORMATS, ...JUPYTER_FORMATS].map(({ format, label }): Command => ({
      id: `nbserver:download-${format}`,
      label,
      title: `Download as ${label}`,
      run: () => download(notebook, format),
    })),
    {
      id: 'jupyter-notebook:trust-notebook',
      label: 'Trust Notebook',
      when: () => client.untrusted.value > 0,
      run: async () => (await import('./trust.js')).trustNotebook(notebook, () => saveFirst(notebook)),
    },
    {
      id: 'jupyter-notebook:close-and-halt',
      label: 'Close and Halt',
      async run() {
        const session = client.kernel.value?.session_id;
        if (client.writable.value) {
          client.sync.save();
          await untilSaved(notebook);
        }
        if (session != null) await api.delete(`api/sessions/${encodeURIComponent(session)}`);
        window.close();
        // a page that no script opened may not close itself
        location.assign(urlFor('tree', parentPath(path())));
      },
    },
  ];
}

/** What "Download as" offers; the label of the script names the kernel's language (see menus.ts). */
export const FORMATS = [
  { format: 'notebook', label: 'Notebook (.ipynb)' },
  { format: 'script', label: 'Script' },
  { format: 'html', label: 'HTML (.html)' },
  { format: 'markdown', label: 'Markdown (.md)' },
] as const;

/** What else it offers where Jupyter's nbconvert is installed beside the server. */
export const JUPYTER_FORMATS = [
  { format: 'asciidoc', label: 'AsciiDoc (.asciidoc)' },
  { format: 'latex', label: 'LaTeX (.tex)' },
  { format: 'rst', label: 'reST (.rst)' },
  { format: 'slides', label: 'Reveal.js slides (.slides.html)' },
] as const;
type Format = (typeof FORMATS | typeof JUPYTER_FORMATS)[number]['format'];

async function download(notebook: NotebookContext, format: Format): Promise<void> {
  if (format !== 'notebook') return convert(notebook, format, true);
  const path = notebook.client.path.value;
  await saveFirst(notebook);
  const link = document.createElement('a');
  link.href = urlFor('files', path, { download: '1' });
  link.download = baseName(path);
  link.click();
}

/** Another form of the notebook in a tab of its own; a download stays there only as long as it takes. */
async function convert(notebook: NotebookContext, format: Format, asFile: boolean): Promise<void> {
  // opened before the wait, or the browser takes it for a pop-up
  const tab = asFile ? null : window.open('', '_blank');
  try {
    await saveFirst(notebook);
  } catch (error) {
    tab?.close();
    throw error;
  }
  const query = { download: String(asFile) };
  const url = urlFor(`nbconvert/${format}`, notebook.client.path.value, query);
  if (tab !== null) {
    tab.opener = null;
    tab.location.href = url;
    return;
  }
  const link = document.createElement('a');
  link.href = url;
  if (asFile) link.download = '';
  else link.target = '_blank';
  link.rel = 'noopener';
  link.click();
}

async function saveFirst(notebook: NotebookContext): Promise<void> {
  if (!notebook.client.writable.value) return;
  notebook.client.sync.save();
  await untilSaved(notebook);
}

/** Operations of a difference that a page may send; runs are the server's. */
function pageOperation(op: Operation): Operation[] {
  switch (op.op) {
    case 'set-execution':
      return [];
    default:
      return [op];
  }
}

/** The checkpoints of the notebook, for the menu. */
export function listCheckpoints(notebook: NotebookContext): Promise<CheckpointModel[]> {
  return api.get(`api/contents/${encodePath(notebook.client.path.value)}/checkpoints`);
}

async function rename(notebook: NotebookContext): Promise<void> {
  const { client } = notebook;
  const old = baseName(client.path.value).replace(/\.ipynb$/, '');
  await promptDialog({
    title: 'Rename the notebook',
    label: 'Enter a new name for the notebook:',
    value: old,
    confirm: 'Rename',
    async check(value) {
      const name = value.trim();
      if (name === '') return 'The name is empty.';
      if (/[/\\:]/.test(name)) return 'A name cannot have a slash, a backslash or a colon in it.';
      const file = /\.ipynb$/.test(name) ? name : `${name}.ipynb`;
      const path = joinPath(parentPath(client.path.value), file);
      if (path !== client.path.value)
        await api.patch(`api/contents/${encodePath(client.path.value)}`, { path });
      return undefined;
    },
  });
}

const SAVE_PATIENCE = 10_000;

/** Waits until all that was done here is on disk. @throws when that takes too long */
async function untilSaved({ client }: NotebookContext): Promise<void> {
  const end = performance.now() + SAVE_PATIENCE;
  while (client.unsaved.value || !client.sync.isConfirmed) {
    if (performance.now() > end) throw new Error('The notebook could not be saved yet. Please try again.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function go(tab: Window | null, url: string): void {
  if (tab === null) location.assign(url);
  else tab.location.href = url;
}

function isCheckpoint(value: unknown): value is CheckpointModel {
  return typeof value === 'object' && value !== null && 'id' in value && 'last_modified' in value;
}
