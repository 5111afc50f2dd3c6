/** What a cell asks a person: `input()` of running code, and which of two texts it is to keep. */
import { effect } from '@preact/signals';
import type { CellId } from '../../src/notebook/types.js';
import type { CellConflict } from '../../src/protocol/document-messages.js';
import { dialogIsOpen } from '../base/dialog.js';
import { announce } from '../base/notify.js';
import { takeText } from './cell-actions.js';
import type { ConflictChoice } from './cells/conflict-bar.js';
import type { NotebookContext } from './notebook-context.js';

/** Two texts of one cell that do not go together stand below it until somebody has chosen. */
export function followConflicts(notebook: NotebookContext): void {
  const shown = new Set<CellId>();
  effect(() => {
    const byCell = new Map<CellId, CellConflict[]>();
    for (const conflict of notebook.client.conflicts.value) {
      byCell.set(conflict.cell, [...(byCell.get(conflict.cell) ?? []), conflict]);
    }
    notebook.list.flush();
    for (const id of new Set([...shown, ...byCell.keys()])) {
      const conflicts = byCell.get(id) ?? [];
      notebook.list.view(id)?.setConflicts(conflicts, (...chosen) => choose(notebook, ...chosen));
      if (conflicts.length > 0 && !shown.has(id)) {
        announce(`There are two texts of cell ${notebook.view.indexOf(id) + 1}; choose below it.`);
      }
      if (conflicts.length > 0) shown.add(id);
      else shown.delete(id);
    }
  });
}

function choose(notebook: NotebookContext, conflict: CellConflict, choice: ConflictChoice): void {
  if (choice !== 'ours') {
    notebook.client.sync.perform(takeText(notebook.view, conflict.cell, conflict.theirs, choice === 'both'));
  }
  notebook.client.resolve(conflict);
}

/** `input()` is a box in the outputs of the cell that asks. */
export function followPrompt(notebook: NotebookContext): void {
  let cell: CellId | undefined;
  effect(() => {
    const prompt = notebook.client.prompt.value;
    const answer = (value: string) => notebook.client.answer(value);
    if (cell !== undefined) {
      const old = notebook.list.view(cell);
      const hadFocus = old?.hasInputFocus === true;
      old?.setInput(null, answer);
      if (hadFocus && prompt === null) notebook.leaveEditor();
    }
    cell = prompt?.cell;
    if (prompt === null) return;
    notebook.list.flush();
    notebook.list.fill(prompt.cell);
    const view = notebook.list.view(prompt.cell);
    view?.setInput(prompt, answer);
    // not out of a text that somebody is writing
    if (notebook.selection.mode === 'command' && !dialogIsOpen()) view?.focusInput();
    else announce(`Cell ${notebook.view.indexOf(prompt.cell) + 1} asks for input.`);
  });
}
