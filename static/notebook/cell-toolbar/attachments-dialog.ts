/** The attachments of a cell: what they are, and a way to remove them. */
import type { CellId, MimeBundle } from '../../../src/notebook/types.js';
import { openDialog } from '../../base/dialog.js';
import { humanSize } from '../../base/format.js';
import { isEditable } from '../cell-actions.js';
import type { ToolbarHost } from './cell-toolbar.js';

export async function editAttachments(host: ToolbarHost, id: CellId): Promise<void> {
  const cell = host.view.cell(id)?.cell;
  const attachments = cell?.attachments ?? {};
  const mayRemove = host.canEdit && cell !== undefined && isEditable(cell);
  const gone = new Set<string>();
  const list = document.createElement('ul');
  list.className = 'attachments';
  for (const [name, bundle] of Object.entries(attachments)) list.append(row(name, bundle, gone, mayRemove));
  const apply = await openDialog<boolean>({
    title: 'Attachments of the cell',
    body: [list],
    buttons: [
      { label: 'Cancel', value: false, cancel: true },
      ...(mayRemove ? [{ label: 'Apply', value: true, kind: 'primary' as const }] : []),
    ],
  });
  if (apply !== true || gone.size === 0) return;
  const now = host.view.cell(id)?.cell.attachments ?? {};
  const kept = Object.fromEntries(Object.entries(now).filter(([name]) => !gone.has(name)));
  const next = Object.keys(kept).length === 0 ? undefined : kept;
  host.perform([{ op: 'set-attachments', id, attachments: next }]);
}

function row(name: string, bundle: MimeBundle, gone: Set<string>, canEdit: boolean): HTMLElement {
  const item = document.createElement('li');
  const text = document.createElement('span');
  const types = Object.entries(bundle)
    .map(([mime, data]) => `${mime}, ${humanSize(typeof data === 'string' ? (data.length * 3) / 4 : 0)}`)
    .join('; ');
  text.textContent = `${name} (${types})`;
  item.append(text);
  if (!canEdit) return item;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button';
  button.textContent = 'Delete';
  button.setAttribute('aria-label', `Delete ${name}`);
  button.addEventListener('click', () => {
    const marked = !gone.has(name);
    if (marked) gone.add(name);
    else gone.delete(name);
    item.classList.toggle('gone', marked);
    button.textContent = marked ? 'Keep' : 'Delete';
    button.setAttribute('aria-label', `${button.textContent} ${name}`);
  });
  item.append(button);
  return item;
}
