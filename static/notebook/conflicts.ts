/** Cells whose text was changed in two places at once: the other text stands below the cell, with the choice. */
import { effect } from '@preact/signals';
import { ChangeSet } from '@codemirror/state';
import type { CellConflict } from '../../src/protocol/document-messages.js';
import { dateTime } from '../base/format.js';
import { emptyCell } from './cell-actions.js';
import type { NotebookContext } from './notebook-context.js';

const WHO: Record<CellConflict['from'], string> = {
  file: 'Another program changed this cell in the file',
  client: 'Another client saved this cell',
  page: 'This was typed on a page that had no connection',
};

export function showConflicts(notebook: NotebookContext): void {
  const boxes = new Map<string, HTMLElement>();
  effect(() => {
    const conflicts = notebook.client.conflicts.value;
    const ids = new Set(conflicts.map(({ id }) => id));
    for (const [id, box] of boxes) {
      if (ids.has(id)) continue;
      box.remove();
      boxes.delete(id);
    }
    // the cell may have come with the same message
    queueMicrotask(() => {
      notebook.list.flush();
      for (const conflict of conflicts) {
        const view = notebook.list.view(conflict.cell);
        if (view === undefined || boxes.has(conflict.id)) continue;
        const box = makeBox(notebook, conflict);
        boxes.set(conflict.id, box);
        view.element.append(box);
      }
    });
  });
}

function makeBox(notebook: NotebookContext, conflict: CellConflict): HTMLElement {
  const box = document.createElement('div');
  box.className = 'conflict';
  box.setAttribute('role', 'group');
  box.setAttribute('aria-label', 'The other text of this cell');
  const title = document.createElement('p');
  title.textContent = `${WHO[conflict.from]} (${dateTime(Date.parse(conflict.at))}) while it was changed here, too. The other text:`;
  const text = document.createElement('pre');
  text.textContent = conflict.theirs;
  text.tabIndex = 0;
  const buttons = document.createElement('div');
  buttons.className = 'conflict-buttons';
  const { client } = notebook;
  buttons.append(
    button('Keep the cell as it is', () => client.resolve(conflict)),
    button('Take the other text', () => {
      const length = notebook.view.cell(conflict.cell)?.text.length;
      if (length === undefined) return;
      const changes: unknown = ChangeSet.of(
        { from: 0, to: length, insert: conflict.theirs },
        length,
      ).toJSON();
      notebook.perform([{ op: 'edit-source', id: conflict.cell, changes }]);
      client.resolve(conflict);
    }),
    button('Keep both', () => {
      const type = notebook.view.cell(conflict.cell)?.cell.cell_type ?? 'code';
      const cell = emptyCell(notebook.view, type, conflict.theirs);
      notebook.perform([{ op: 'insert-cell', cell, after: conflict.cell }]);
      client.resolve(conflict);
    }),
  );
  box.append(title, text, buttons);
  return box;
}

function button(label: string, run: () => void): HTMLButtonElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.className = 'button';
  element.textContent = label;
  element.addEventListener('click', run);
  return element;
}
