/** Pictures into markdown cells: a pasted, dropped or chosen file becomes an attachment and a reference to it. */
import { ChangeSet } from '@codemirror/state';
import type { NotebookState } from '../../src/notebook/notebook-state.js';
import type { Operation } from '../../src/notebook/operations.js';
import type { CellId, MimeBundle } from '../../src/notebook/types.js';
import { isEditable } from './cell-actions.js';

export interface Picture {
  name: string;
  mime: string;
  base64: string;
}

/** The pictures among files, read. */
export function readPictures(files: Iterable<File>): Promise<Picture[]> {
  const pictures = [...files].filter((file) => file.type.startsWith('image/'));
  return Promise.all(pictures.map(readPicture));
}

/** True when a transfer (clipboard, drag) carries a picture as a file. */
export function carriesPicture(transfer: DataTransfer | null): boolean {
  return [...(transfer?.items ?? [])].some((item) => item.kind === 'file' && item.type.startsWith('image/'));
}

/** True for rich text: Office programs put a picture of it beside, and it is the text that is meant. */
export function carriesText(transfer: DataTransfer): boolean {
  return ['text/plain', 'text/html'].every((type) => transfer.getData(type) !== '');
}

async function readPicture(file: File): Promise<Picture> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = '';
  // in parts: a call has room for some ten thousand arguments only
  for (let at = 0; at < bytes.length; at += 8192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return { name: file.name === '' ? 'image.png' : file.name, mime: file.type, base64: btoa(binary) };
}

/**
 * The operations that put pictures into a markdown cell at `position`; nothing for cells of another type, or one that
 * may not be changed.
 */
export function attachPictures(
  state: NotebookState,
  id: CellId,
  pictures: readonly Picture[],
  position: number,
): Operation[] {
  const cell = state.cell(id);
  if (cell === undefined || cell.cell.cell_type !== 'markdown' || pictures.length === 0) return [];
  if (!isEditable(cell.cell)) return [];
  const attachments: Record<string, MimeBundle> = { ...cell.cell.attachments };
  let text = '';
  for (const { name, mime, base64 } of pictures) {
    const free = freeName(name, attachments);
    attachments[free] = { [mime]: base64 };
    text += `![${free}](attachment:${encodeURIComponent(free)})`;
  }
  const { length } = cell.text;
  const edit = ChangeSet.of({ from: Math.min(position, length), insert: text }, length);
  return [
    { op: 'set-attachments', id, attachments },
    { op: 'edit-source', id, changes: edit.toJSON() },
  ];
}

/** `image.png`, `image-1.png` …: the first that is not taken. */
function freeName(name: string, taken: Readonly<Record<string, unknown>>): string {
  const clean = name.replace(/[()[\]\\]/g, '_');
  const dot = clean.lastIndexOf('.');
  const [stem, end] = dot > 0 ? [clean.slice(0, dot), clean.slice(dot)] : [clean, ''];
  let free = clean;
  for (let i = 1; free in taken; i++) free = `${stem}-${i}${end}`;
  return free;
}
