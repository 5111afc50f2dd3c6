/** The dialog of the trash: what was deleted, to be put back or done away with. Loaded when it is asked for. */
import type { TrashModel } from '../../src/protocol/rest-models.js';
import { api } from '../base/api.js';
import { confirmDialog, messageDialog, openDialog } from '../base/dialog.js';
import { humanSize, relativeTime } from '../base/format.js';
import { parentPath } from '../base/urls.js';
import { readTrash, restore } from './actions.js';

/** The newest are what people look for; the rest can be had by restoring or emptying. */
const MOST = 500;

type Answer = 'restore' | 'delete' | 'empty' | 'close';

export async function openTrash(): Promise<void> {
  const all = await readTrash();
  if (all === undefined) {
    return messageDialog({
      title: 'Trash',
      body: 'This server keeps no trash: what is deleted is gone (delete_to_trash).',
    });
  }
  const items = [...all].sort((a, b) => b.deleted.localeCompare(a.deleted)).slice(0, MOST);
  if (items.length === 0) return messageDialog({ title: 'Trash', body: 'The trash is empty.' });

  const boxes = new Map<HTMLInputElement, TrashModel>();
  const list = document.createElement('ul');
  list.className = 'trash-list';
  for (const item of items) list.append(entryOf(item, boxes));
  const chosen = () => [...boxes].filter(([box]) => box.checked).map(([, item]) => item);
  const answer = await openDialog<Answer>({
    title: 'Trash',
    className: 'trash-dialog',
    body: [list],
    buttons: [
      { label: 'Close', value: 'close', cancel: true },
      { label: 'Empty the trash', value: 'empty', cancel: true },
      { label: 'Delete for good', value: 'delete' },
      { label: 'Put back', value: 'restore', kind: 'primary' },
    ],
    check: () => (chosen().length === 0 ? 'Select what is meant first.' : undefined),
  });
  const picked = chosen();
  if (answer === 'restore') return restore(picked);
  if (answer === 'delete') return removeForGood(picked);
  if (answer === 'empty') return emptyTrash(all.length);
}

function entryOf(item: TrashModel, boxes: Map<HTMLInputElement, TrashModel>): HTMLElement {
  const entry = document.createElement('li');
  const label = document.createElement('label');
  const box = document.createElement('input');
  box.type = 'checkbox';
  boxes.set(box, item);
  const name = document.createElement('bdi');
  name.textContent = item.name;
  const about = document.createElement('span');
  about.className = 'trash-about';
  const folder = parentPath(item.path);
  about.textContent = [
    `from ${folder === '' ? 'Home' : folder}`,
    relativeTime(Date.parse(item.deleted), Date.now()),
    ...(item.size === null ? [] : [humanSize(item.size)]),
  ].join(', ');
  label.append(box, ' ', name, ' ', about);
  entry.append(label);
  return entry;
}

async function removeForGood(items: readonly TrashModel[]): Promise<void> {
  const what = items.length === 1 ? `"${items[0]?.name}"` : `${items.length} items`;
  const sure = await confirmDialog({
    title: 'Delete for good',
    body: `${what} cannot be had back after this.`,
    confirm: 'Delete for good',
    danger: true,
  });
  if (!sure) return;
  for (const { id } of items) await api.delete(`api/trash/${encodeURIComponent(id)}`);
}

async function emptyTrash(count: number): Promise<void> {
  const sure = await confirmDialog({
    title: 'Empty the trash',
    body: `${count === 1 ? 'One item' : `${count} items`} cannot be had back after this.`,
    confirm: 'Empty the trash',
    danger: true,
  });
  if (sure) await api.delete('api/trash');
}
