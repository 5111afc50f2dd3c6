/** Commands that open something to work with: find and replace, metadata, attachments, cell toolbars, the contents. */
import type { Cell, CellId } from '../../../src/notebook/types.js';
import type { Command } from '../../base/commands.js';
import { notify } from '../../base/notify.js';
import { attachPictures, readPictures } from '../attachments.js';
import { isEditable } from '../cell-actions.js';
import { TOOLBAR_NAMES, type ToolbarKind } from '../cell-toolbar/names.js';
import type { NotebookContext } from '../notebook-context.js';
import { isShown } from '../page-parts.js';

export function toolCommands(notebook: NotebookContext): Command[] {
  const { selection } = notebook;
  /** attachments that were cut or copied last on this page */
  let attachments: NonNullable<Cell['attachments']> = {};
  const markdown = (): CellId | undefined => {
    const id = selection.current;
    return id !== null && notebook.view.cell(id)?.cell.cell_type === 'markdown' ? id : undefined;
  };
  const attached = () => {
    const id = selection.current;
    return id === null ? {} : (notebook.view.cell(id)?.cell.attachments ?? {});
  };
  const isLocked = () => {
    const cell = selection.current === null ? undefined : notebook.view.cell(selection.current)?.cell;
    return cell !== undefined && !isEditable(cell);
  };
  const hasAttachments = () => Object.keys(attached()).length > 0;
  const setAttachments = (id: CellId, next: NonNullable<Cell['attachments']>) => {
    const none = Object.keys(next).length === 0;
    notebook.perform([{ op: 'set-attachments', id, attachments: none ? undefined : next }]);
  };

  return [
    {
      id: 'jupyter-notebook:find-and-replace',
      label: 'Find and Replace',
      keys: { command: ['f'] },
      run: async () => (await import('../find/find-dialog.js')).openFind(notebook),
    },
    {
      id: 'jupyter-notebook:edit-notebook-metadata',
      label: 'Edit Notebook Metadata',
      run: async () => (await import('../cell-toolbar/metadata-dialog.js')).editMetadata(notebook, null),
    },
    {
      id: 'nbserver:edit-cell-metadata',
      label: 'Edit Cell Metadata',
      when: () => selection.current !== null,
      run: async () =>
        (await import('../cell-toolbar/metadata-dialog.js')).editMetadata(notebook, selection.current),
    },
    {
      id: 'jupyter-notebook:insert-image',
      label: 'Insert Image',
      when: () => notebook.canEdit && markdown() !== undefined && !isLocked(),
      run: () => chooseImages(notebook, markdown()),
    },
    {
      id: 'jupyter-notebook:cut-cell-attachments',
      label: 'Cut Cell Attachments',
      when: () => notebook.canEdit && hasAttachments() && !isLocked(),
      run: () => {
        attachments = structuredClone(attached());
        if (selection.current !== null) setAttachments(selection.current, {});
      },
    },
    {
      id: 'jupyter-notebook:copy-cell-attachments',
      label: 'Copy Cell Attachments',
      when: hasAttachments,
      run: () => {
        attachments = structuredClone(attached());
      },
    },
    {
      id: 'jupyter-notebook:paste-cell-attachments',
      label: 'Paste Cell Attachments',
      when: () =>
        notebook.canEdit && markdown() !== undefined && !isLocked() && Object.keys(attachments).length > 0,
      run: () => {
        const id = markdown();
        if (id !== undefined) setAttachments(id, { ...attached(), ...structuredClone(attachments) });
      },
    },
    {
      id: 'nbserver:table-of-contents',
      label: 'Table of Contents',
      checked: () => isShown('contents'),
      run: () => notebook.showContents(!isShown('contents')),
    },
    toolbar(undefined, 'None'),
    ...TOOLBAR_NAMES.map((kind) => toolbar(kind, kind)),
  ];

  function toolbar(kind: ToolbarKind | undefined, label: string): Command {
    const name = (kind ?? 'none').toLowerCase().replace(/ /g, '-');
    return {
      id: `nbserver:cell-toolbar-${name}`,
      label,
      title: kind === undefined ? 'No cell toolbar' : `Cell toolbar: ${kind}`,
      when: () => notebook.canEdit,
      checked: () => (notebook.view.metadata['celltoolbar'] ?? undefined) === kind,
      run: () => {
        const { celltoolbar: _old, ...rest } = notebook.view.metadata;
        const metadata = kind === undefined ? rest : { ...rest, celltoolbar: kind };
        notebook.perform([{ op: 'set-metadata', id: null, metadata }]);
      },
    };
  }
}

/** Asks for picture files and puts them where the caret is, or at the end of the cell. */
function chooseImages(notebook: NotebookContext, id: CellId | undefined): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = 'image/*';
  input.multiple = true;
  input.addEventListener('change', () => {
    void readPictures(input.files ?? []).then((pictures) => {
      if (id === undefined) return;
      const length = notebook.view.cell(id)?.text.length ?? 0;
      const caret = notebook.list.view(id)?.source.editor?.state.selection.main.head;
      const ops = attachPictures(notebook.view, id, pictures, caret ?? length);
      if (ops.length === 0) notify('Pictures can be put into markdown cells only.', { kind: 'warning' });
      notebook.perform(ops);
    });
  });
  input.click();
}
