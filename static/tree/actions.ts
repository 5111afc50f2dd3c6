/** What the dashboard does to files and kernels: each asks what it must, calls the API, and shows the result. */
import type { ContentsModel, KernelModel, TrashModel } from '../../src/protocol/rest-models.js';
import { api, xsrfToken } from '../base/api.js';
import { CommandRegistry } from '../base/commands.js';
import { confirmDialog, promptDialog } from '../base/dialog.js';
import { submitForm } from '../base/form.js';
import { notify, notifyError } from '../base/notify.js';
import { openNew } from '../base/open-new.js';
import { pageData } from '../base/page-data.js';
import { baseName, encodePath, joinPath, parentPath, urlFor } from '../base/urls.js';
import * as dashboard from './dashboard.js';
import { downloadItems } from './download.js';
import { isHidden, nameProblem, stemLength, type Item } from './items.js';
import { ofSession } from './shut-down.js';

const contentsUrl = (path: string) => `api/contents${path === '' ? '' : `/${encodePath(path)}`}`;

const isRunning = (item: Item) => dashboard.running.value.has(item.path);
const chosen = () => dashboard.selected.value;

export const commands = new CommandRegistry((error, command) => notifyError(`${command.label}:`, error));

commands.add(
  {
    id: 'tree:duplicate',
    label: 'Duplicate',
    when: () => chosen().length > 0,
    run: () =>
      eachSelected('Duplicate', (item) =>
        api.post(contentsUrl(parentPath(item.path)), { copy_from: item.path }),
      ),
  },
  {
    id: 'tree:rename',
    label: 'Rename',
    keys: { list: ['f2'] },
    when: () => chosen().length === 1,
    run: () => rename(chosen()[0]),
  },
  {
    id: 'tree:move',
    label: 'Move',
    when: () => chosen().length > 0 && !chosen().some(isRunning),
    run: move,
  },
  {
    id: 'tree:download',
    label: 'Download',
    title: 'One file as it is; folders and several files as one zip archive',
    when: () => chosen().length > 0,
    run: () => downloadItems(chosen()),
  },
  {
    id: 'tree:view',
    label: 'View',
    title: 'Show as the browser does',
    when: () => chosen().length === 1 && chosen().every((item) => item.kind === 'file'),
    run: () => chosen().forEach((item) => window.open(urlFor('view', item.path), '_blank', 'noopener')),
  },
  {
    id: 'tree:edit',
    label: 'Edit',
    title: 'Open in the text editor',
    when: () =>
      chosen().length > 0 && chosen().every((item) => item.kind !== 'directory' && !isRunning(item)),
    run: () => chosen().forEach((item) => window.open(urlFor('edit', item.path), '_blank', 'noopener')),
  },
  {
    id: 'tree:shutdown',
    label: 'Shutdown',
    title: 'Stop the kernels of the selected notebooks',
    when: () => chosen().length > 0 && chosen().every(isRunning),
    run: () =>
      eachSelected('Shutdown', async (item) => {
        const session = dashboard.running.value.get(item.path);
        if (session !== undefined) await api.delete(ofSession(session).address);
      }),
  },
  {
    id: 'tree:delete',
    label: 'Delete',
    icon: 'trash',
    keys: { list: ['delete', 'meta-backspace'] },
    when: () => chosen().length > 0,
    run: remove,
  },
  {
    id: 'tree:select-all',
    label: 'Select all',
    keys: { list: ['mod-a'] },
    run: () =>
      dashboard.setSelected(
        dashboard.shown.value.map((item) => item.path),
        true,
      ),
  },
);

/** Does one thing to every selected item, goes on after a failure, and names what failed. */
async function eachSelected(what: string, act: (item: Item) => Promise<unknown>): Promise<void> {
  for (const item of chosen()) {
    try {
      await act(item);
    } catch (error) {
      notifyError(`${what} "${item.name}":`, error);
    }
  }
  await dashboard.refresh();
}

async function rename(item: Item | undefined): Promise<void> {
  if (item === undefined) return;
  const kind = { directory: 'folder', notebook: 'notebook', file: 'file' }[item.kind];
  let renamed = item.path;
  const done = await promptDialog({
    title: `Rename ${kind}`,
    label: `New name of the ${kind}:`,
    value: item.name,
    select: [0, item.kind === 'directory' ? item.name.length : stemLength(item.name)],
    confirm: 'Rename',
    async check(value) {
      const name = value.trim();
      const problem = nameProblem(name, pageData<dashboard.TreePageData>().hidden);
      if (problem !== undefined || name === item.name) return problem;
      renamed = joinPath(parentPath(item.path), name);
      await api.patch(contentsUrl(item.path), { path: renamed });
      return undefined;
    },
  });
  if (done === undefined || renamed === item.path) return;
  await dashboard.refresh();
  const name = baseName(renamed);
  if (isHidden({ name }) && !dashboard.showsHidden.value)
    notify(`"${name}" is hidden now. Hidden files, in the menu More, lists it.`);
  else dashboard.reveal(renamed);
}

async function move(): Promise<void> {
  const moving = chosen();
  const what = moving.length === 1 ? `"${moving[0]?.name}"` : `${moving.length} items`;
  const target = await promptDialog({
    title: `Move ${what}`,
    label: 'Folder to move to, as a path from Home ("/" is Home):',
    value: `/${dashboard.path.value}`,
    confirm: 'Move',
    async check(value) {
      const folder = value.trim().replace(/^\/+|\/+$/g, '');
      const model = await api.get<ContentsModel>(`${contentsUrl(folder)}?content=0`);
      return model.type === 'directory' ? undefined : `"${folder}" is not a folder.`;
    },
  });
  if (target === undefined) return;
  const folder = target.trim().replace(/^\/+|\/+$/g, '');
  await eachSelected('Move', (item) =>
    api.patch(contentsUrl(item.path), { path: joinPath(folder, item.name) }),
  );
}

async function remove(): Promise<void> {
  const doomed = chosen();
  const [first] = doomed;
  if (first === undefined) return;
  const active = doomed.filter((item) => isRunning(item));
  const trash = await readTrash();
  const what = trash === undefined ? 'permanently delete' : 'move to the trash';
  const list = document.createElement('ul');
  for (const item of doomed.slice(0, 50)) {
    const entry = document.createElement('li');
    entry.textContent = item.name;
    list.append(entry);
  }
  const body: (string | Node)[] =
    doomed.length === 1
      ? [`Are you sure you want to ${what}: "${first.name}"?`]
      : [`Are you sure you want to ${what} these ${doomed.length} items?`, list];
  if (doomed.length > 50) body.push(`… and ${doomed.length - 50} more.`);
  if (doomed.some((item) => item.kind === 'directory')) body.push('A folder goes with everything in it.');
  if (active.length > 0)
    body.push(`${active.length === 1 ? 'A kernel that runs' : 'Kernels that run'} will be stopped.`);
  if (!(await confirmDialog({ title: 'Delete', body, confirm: 'Delete', danger: true }))) return;
  const at = dashboard.shown.value.findIndex((item) => item.path === first.path);
  await eachSelected('Delete', async (item) => {
    const session = dashboard.running.value.get(item.path);
    if (session !== undefined) await api.delete(ofSession(session).address);
    await removeEntry(item.path, item.kind === 'directory');
  });
  // the row is gone, and with it the focus: the next one takes it
  const rows = dashboard.shown.value;
  dashboard.focusWanted.value = rows[Math.min(at, rows.length - 1)]?.path;
  if (trash !== undefined) await offerUndo(doomed, new Set(trash.map(({ id }) => id)));
}

/** What is in the trash; undefined when there is none, and what is deleted is gone. */
export async function readTrash(): Promise<TrashModel[] | undefined> {
  const { enabled, items } = await api.get<{ enabled: boolean; items: TrashModel[] }>('api/trash');
  return enabled ? items : undefined;
}

/** Seconds in which a deletion can be taken back by one click; after that it is in the trash all the same. */
const UNDO_SECONDS = 15;

async function offerUndo(deleted: readonly Item[], before: ReadonlySet<string>): Promise<void> {
  const paths = new Set(deleted.map(({ path }) => path));
  const trashed = ((await readTrash()) ?? []).filter(({ id, path }) => !before.has(id) && paths.has(path));
  const [first] = trashed;
  if (first === undefined) return;
  const what = trashed.length === 1 ? `"${first.name}" is` : `${trashed.length} items are`;
  notify(`${what} in the trash.`, {
    seconds: UNDO_SECONDS,
    key: 'trash',
    action: { label: 'Undo', run: () => void restore(trashed) },
  });
}

/** Puts things back where they were. */
export async function restore(trashed: readonly TrashModel[]): Promise<void> {
  for (const { id, name } of trashed) {
    try {
      await api.post(`api/trash/${encodeURIComponent(id)}`);
    } catch (error) {
      notifyError(`"${name}" cannot be put back:`, error);
    }
  }
  await dashboard.refresh();
  const [first] = trashed;
  if (first !== undefined) dashboard.reveal(first.path);
}

/** Deletes a file, or a folder with all that is in it: the person was asked. */
async function removeEntry(path: string, folder: boolean): Promise<void> {
  const address = contentsUrl(path);
  await api.delete(folder ? `${address}?recursive=1` : address);
}

/** Makes a notebook and opens it. */
export function newNotebook(kernel: string): Promise<void> {
  return openMade('New notebook', { type: 'notebook' }, (path) =>
    urlFor('notebooks', path, { kernel_name: kernel }),
  );
}

/** Makes an empty text file and opens it in the editor, where its name can be changed. */
export function newTextFile(): Promise<void> {
  return openMade('New text file', { type: 'file', ext: '.txt' }, (path) => urlFor('edit', path));
}

async function openMade(what: string, wanted: object, addressOf: (path: string) => string): Promise<void> {
  await openNew(what, async () => {
    const { name, path } = await api.post<ContentsModel>(contentsUrl(dashboard.path.value), wanted);
    return { name, address: addressOf(path) };
  });
  await dashboard.refresh();
}

/** Makes an empty folder, and leaves it selected, so that F2 or Rename gives it its name. */
export async function newFolder(): Promise<void> {
  try {
    const model = await api.post<ContentsModel>(contentsUrl(dashboard.path.value), { type: 'directory' });
    await dashboard.refresh();
    dashboard.reveal(model.path);
  } catch (error) {
    notifyError('New folder:', error);
  }
}

/** Stops the server, after a question that says what runs. */
export async function quit(): Promise<void> {
  // a server that cannot tell can be stopped all the same
  const kernels = await api.get<KernelModel[]>('api/kernels').catch(() => []);
  const count = kernels.length;
  const body = ['The server stops, and all pages lose their connection.'];
  if (count > 0)
    body.push(
      count === 1
        ? 'One kernel is running; it will be stopped.'
        : `${count} kernels are running; they will be stopped.`,
    );
  if (!(await confirmDialog({ title: 'Stop the server?', body, confirm: 'Quit', danger: true }))) return;
  try {
    await api.post('api/shutdown');
    dashboard.stopped.value = true;
  } catch (error) {
    notifyError('Quit:', error);
  }
}

/** Logs out by a form, as the page behind it answers with a page. */
export function logout(): void {
  submitForm(`${pageData().base_url}logout`, { _xsrf: xsrfToken() ?? '' });
}

/** Display name of a kernel, or its plain name when it is not installed any more. */
export function kernelLabel(name: string): string {
  return dashboard.kernelspecs.value?.kernelspecs[name]?.spec.display_name ?? name;
}
