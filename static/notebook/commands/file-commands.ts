/** Commands of the File menu: names, copies, checkpoints, downloads. */
import type { CheckpointModel, ContentsModel } from '../../../src/protocol/rest-models.js';
import { api } from '../../base/api.js';
import type { Command } from '../../base/commands.js';
import { confirmDialog, promptDialog } from '../../base/dialog.js';
import { dateTime } from '../../base/format.js';
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
          client.sync.save();
          const model = await api.post<ContentsModel>(`api/contents/${encodePath(parentPath(path()))}`, {
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
      id: 'jupyter-notebook:rename-notebook',
      label: 'Rename…',
      when: () => client.writable.value,
      run: () => rename(notebook),
    },
    {
      id: 'jupyter-notebook:save-notebook',
      label: 'Save and Checkpoint',
      icon: 'save',
      keys: { any: ['mod-s'], command: ['s'] },
      when: () => client.writable.value,
      run: () => client.sync.save(true),
    },
    {
      id: 'nbserver:revert-to-checkpoint',
      label: 'Revert to Checkpoint',
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
      id: 'nbserver:download-notebook',
      label: 'Notebook (.ipynb)',
      async run() {
        client.sync.save();
        await untilSaved(notebook);
        const link = document.createElement('a');
        link.href = urlFor('files', path(), { download: '1' });
        link.download = baseName(path());
        link.click();
      },
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
