/** What the person does to the page as a whole: keys, clicks on cells, the clipboard, dragging; passed on to the notebook. */
import type { Cell, CellId } from '../../src/notebook/types.js';
import { dialogIsOpen } from '../base/dialog.js';
import { notify, notifyError } from '../base/notify.js';
import { attachPictures, carriesPicture, carriesText, readPictures } from './attachments.js';
import { isEditable, moveCellsTo, pasteCells } from './cell-actions.js';
import { enableDrag } from './cells/drag-cells.js';
import type { NotebookContext } from './notebook-context.js';

export function listenToPage(
  notebook: NotebookContext,
  cells: HTMLElement,
  onKey: (event: KeyboardEvent) => void,
): void {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || dialogIsOpen() || !isForNotebook(event.target, event.key)) return;
    onKey(event);
  });
  listenToClicks(notebook, cells);
  listenToClipboard(notebook);
  listenToDroppedFiles(notebook);
  enableDrag(cells, {
    scroller: notebook.scroller,
    canEdit: () => notebook.canEdit,
    cellsWith: (id) => (notebook.selection.cells.includes(id) ? notebook.selection.cells : [id]),
    move(ids, after) {
      notebook.perform(moveCellsTo(notebook.view, ids, after));
      const [first] = ids;
      if (first !== undefined && !notebook.selection.cells.includes(first)) notebook.select(first);
    },
  });
  addEventListener('beforeprint', () => {
    // paper has no scroll bar: every cell is drawn before the first page is
    for (const id of notebook.view.ids) notebook.list.fill(id);
  });
}

function listenToClicks(notebook: NotebookContext, cells: HTMLElement): void {
  cells.addEventListener('mousedown', (event) => {
    if (!(event.target instanceof Element) || !event.shiftKey) return;
    const id = event.target.closest<HTMLElement>('[data-cell-id]')?.dataset['cellId'];
    if (id === undefined || event.target.closest('.cm-editor, a, button, input') !== null) return;
    event.preventDefault(); // no text selection over half the page
    notebook.select(id, { extend: true, scroll: false });
  });
  // The grey around the cells takes the focus from an editor: the keys are those of cells again.
  const isAround = ({ target }: Event) =>
    target instanceof Element && (target.contains(cells) || target.parentElement === cells);
  let pressedAround = false;
  notebook.scroller.addEventListener('mousedown', (event) => (pressedAround = isAround(event)), true);
  notebook.scroller.addEventListener('click', (event) => {
    // what was selected with the mouse, in a field of a cell or over several cells, may end here, and stays
    if (pressedAround && isAround(event) && getSelection()?.isCollapsed !== false) notebook.leaveEditor();
  });
  // The margin left of the outputs: a click scrolls long output or shows all of it, a double click hides it.
  const outputMargin = (event: Event) =>
    event.target instanceof Element && event.target.closest('.outputs .prompt') !== null;
  cells.addEventListener('click', (event) => {
    if (outputMargin(event)) void notebook.commands.run('jupyter-notebook:toggle-cell-output-scrolled');
  });
  cells.addEventListener('dblclick', (event) => {
    if (outputMargin(event)) void notebook.commands.run('jupyter-notebook:toggle-cell-output-collapsed');
  });
}

/** Ctrl-C, Ctrl-X and Ctrl-V in command mode act on cells, unless text is selected. */
function listenToClipboard(notebook: NotebookContext): void {
  const isOurs = (event: ClipboardEvent): event is ClipboardEvent & { clipboardData: DataTransfer } =>
    event.clipboardData !== null &&
    notebook.selection.mode === 'command' &&
    !dialogIsOpen() &&
    isForNotebook(event.target, '');
  for (const name of ['copy', 'cut'] as const) {
    document.addEventListener(name, (event) => {
      if (!isOurs(event) || getSelection()?.isCollapsed === false) return;
      event.preventDefault();
      void notebook.commands.run(`jupyter-notebook:${name}-cell`, event.clipboardData);
    });
  }
  document.addEventListener('paste', (event) => {
    if (!isOurs(event) || !notebook.canEdit) return;
    event.preventDefault();
    const { current } = notebook.selection;
    const { clipboardData: transfer } = event;
    if (current !== null && !carriesText(transfer) && takePictures(notebook, current, transfer)) return;
    const { ops, ids } = pasteCells(
      notebook.view,
      notebook.clipboard.take(transfer),
      notebook.selection.cells.at(-1) ?? null,
    );
    notebook.perform(ops);
    const last = ids.at(-1);
    if (last !== undefined) notebook.select(last);
  });
}

/** Files may be dropped anywhere: pictures go into the cell below the pointer. Without us the browser would leave the page. */
function listenToDroppedFiles(notebook: NotebookContext): void {
  const files = (event: DragEvent): DataTransfer | undefined =>
    event.dataTransfer?.types.includes('Files') === true && !event.defaultPrevented
      ? event.dataTransfer
      : undefined;
  document.addEventListener('dragover', (event) => {
    const transfer = files(event);
    if (transfer === undefined) return;
    event.preventDefault();
    transfer.dropEffect = 'copy';
  });
  document.addEventListener('drop', (event) => {
    const transfer = files(event);
    if (transfer === undefined) return;
    event.preventDefault();
    const id =
      event.target instanceof Element
        ? event.target.closest<HTMLElement>('[data-cell-id]')?.dataset['cellId']
        : undefined;
    if (id !== undefined && takePictures(notebook, id, transfer)) return;
    const cell = id === undefined ? undefined : notebook.view.cell(id)?.cell;
    notify(whyNotDropped(cell, notebook.canEdit, carriesPicture(transfer)), {
      kind: 'warning',
      key: 'dropped files',
    });
  });
}

/** @param cell  that the files were dropped on */
export function whyNotDropped(cell: Cell | undefined, canEdit: boolean, hasPicture: boolean): string {
  if (cell?.cell_type === 'markdown' && hasPicture) {
    if (!canEdit) return 'The notebook cannot be changed just now: the picture was not put into it.';
    if (!isEditable(cell))
      return 'The picture was not put into the cell: its metadata says "editable": false.';
  }
  return 'Pictures can be dropped into markdown cells. Other files are uploaded on the dashboard.';
}

/** Puts the pictures of a paste or drop into a markdown cell; false: there are none, or the cell is of another type. */
export function takePictures(
  notebook: NotebookContext,
  id: CellId,
  transfer: DataTransfer | null,
  position?: number,
): boolean {
  const cell = notebook.view.cell(id)?.cell;
  if (!notebook.canEdit || cell?.cell_type !== 'markdown' || !isEditable(cell)) return false;
  if (!carriesPicture(transfer)) return false;
  readPictures(transfer?.files ?? []).then(
    (pictures) => {
      const length = notebook.view.cell(id)?.text.length ?? 0;
      notebook.perform(attachPictures(notebook.view, id, pictures, position ?? length));
    },
    (error: unknown) => notifyError('The picture could not be read:', error),
  );
  return true;
}

/** Keys pressed in fields, menus and editors are theirs; so are Enter and Space on a link or button. */
function isForNotebook(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof Element)) return true;
  if (target.closest('input, textarea, select, [role=menu], [role=menubar], .cm-editor, .pager') !== null) {
    return false;
  }
  const pressable = target.closest('a, button, summary, video, audio') !== null;
  return !(pressable && ['Enter', ' '].includes(key));
}
