/** Commands that act on cells: select, edit, insert, move, change, cut and paste. Ids and keys are the classic's. */
import type { Cell, CellId, CellType } from '../../../src/notebook/types.js';
import type { Command } from '../../base/commands.js';
import { notify } from '../../base/notify.js';
import {
  changeType,
  deleteCells,
  emptyCell,
  isDeletable,
  isEditable,
  isFree,
  mergeCells,
  moveCells,
  pasteCells,
  splitCell,
  toHeading,
} from '../cell-actions.js';
import type { NotebookContext } from '../notebook-context.js';

/** Where a menu's short label says too little by itself (palette, list of shortcuts, tooltips). */
const TITLES: Record<string, string> = {
  'jupyter-notebook:change-cell-to-code': 'Change Cells to Code',
  'jupyter-notebook:change-cell-to-markdown': 'Change Cells to Markdown',
  'jupyter-notebook:change-cell-to-raw': 'Change Cells to Raw NBConvert',
};

export function cellCommands(notebook: NotebookContext): Command[] {
  const { selection, list, clipboard } = notebook;
  const canEdit = () => notebook.canEdit;
  const current = () => selection.current;
  const neighbour = (id: CellId | null, step: number): CellId | undefined =>
    id === null ? undefined : notebook.view.ids[notebook.view.indexOf(id) + step];

  const insert = (where: 'above' | 'below'): void => {
    const id = current();
    const after = id === null ? null : where === 'below' ? id : notebook.view.before(id);
    const cell = emptyCell(notebook.view);
    notebook.perform([{ op: 'insert-cell', cell, after }]);
    notebook.select(cell.id);
  };
  /** Says why nothing, or not all, happened to cells. */
  const explainLocked = (ids: readonly CellId[], may: (cell: Cell) => boolean, what: string): void => {
    const locked = ids.filter((id) => {
      const state = notebook.view.cell(id);
      return state !== undefined && !may(state.cell);
    }).length;
    if (locked === 0) return;
    const which = locked === 1 ? 'A cell' : `${locked} cells`;
    notify(`${which} cannot be ${what}: the metadata says "editable" or "deletable": false.`, {
      key: 'locked',
    });
  };
  const remove = (): void => {
    const cells = selection.cells;
    explainLocked(cells, isDeletable, 'deleted');
    const below = neighbour(cells.at(-1) ?? null, 1);
    const above = neighbour(cells[0] ?? null, -1);
    notebook.perform(deleteCells(notebook.view, cells));
    const gone = cells.every((id) => !notebook.view.has(id));
    if (gone) notebook.select(below ?? above ?? notebook.view.ids[0] ?? null);
  };
  const copy = (transfer?: unknown): void => {
    const cells = selection.cells.flatMap((id) => notebook.view.cell(id)?.cell ?? []);
    const known = cells.map((cell) => notebook.outputs.withKnown(cell));
    const isMissing = known.some((cell) => cell.outputs?.some((one) => one.output_type === 'reference'));
    const whole = isMissing ? Promise.all(cells.map((cell) => notebook.outputs.withAll(cell))) : undefined;
    clipboard.copy(known, transfer instanceof DataTransfer ? transfer : undefined, whole);
  };
  const paste = (where: 'above' | 'below' | 'replace'): void => {
    const selected = selection.cells;
    const first = selected[0];
    const before = first === undefined ? null : notebook.view.before(first);
    const after = where === 'below' ? (selected.at(-1) ?? null) : before;
    const { ops, ids } = pasteCells(notebook.view, clipboard.cells, after);
    const gone = where === 'replace' ? selected : [];
    explainLocked(gone, isDeletable, 'replaced');
    const removed = gone.filter((id) => {
      const state = notebook.view.cell(id);
      return state !== undefined && isDeletable(state.cell);
    });
    notebook.perform([...ops, ...removed.map((id) => ({ op: 'delete-cell' as const, id }))]);
    notebook.select(ids.at(-1) ?? null);
  };
  const setType = (type: CellType): void => {
    const cells = selection.cells;
    explainLocked(cells, isEditable, 'changed');
    const others = cells.filter((id) => notebook.view.cell(id)?.cell.cell_type !== type);
    notebook.perform(changeType(notebook.view, cells, type));
    // one that was code is text to be written; what was rendered before, or is locked, stays as it is
    if (type === 'markdown') for (const id of others) list.view(id)?.setRendered(false);
  };
  const select = (step: number): void => {
    const next = neighbour(current(), step);
    if (next !== undefined) notebook.select(next);
  };
  const extend = (step: number): void => {
    const next = neighbour(current(), step);
    if (next !== undefined) notebook.select(next, { extend: true });
  };
  const caretAt = (edge: 'first' | 'last'): boolean => {
    const id = current();
    const editor = id === null ? undefined : list.view(id)?.source.editor;
    if (editor === undefined || !editor.state.selection.main.empty) return false;
    const { doc, selection: carets } = editor.state;
    const { head, assoc } = carets.main;
    if (doc.lineAt(head).number !== (edge === 'first' ? 1 : doc.lines)) return false;
    // Text wraps: its first and its last line may be many on the screen.
    const here = editor.view?.coordsAtPos(head, assoc < 0 ? -1 : 1);
    const there = editor.view?.coordsAtPos(edge === 'first' ? 0 : doc.length);
    if (here == null || there == null) return true;
    const middle = (there.top + there.bottom) / 2;
    return edge === 'first' ? middle > here.top : middle < here.bottom;
  };
  const leaveTo = async (step: 1 | -1): Promise<void> => {
    const next = neighbour(current(), step);
    if (next === undefined) return;
    const view = list.view(next);
    if (view?.isRendered === true || view?.isSourceHidden === true) return notebook.select(next);
    const length = notebook.view.cell(next)?.text.length ?? 0;
    await notebook.edit(next, step === 1 ? 0 : length);
  };
  const merge = (ids: readonly CellId[]): void => {
    const [first] = ids;
    if (first === undefined || ids.length < 2) return;
    explainLocked(ids, isFree, 'merged');
    const ops = mergeCells(notebook.view, ids);
    if (ops.length === 0) return;
    notebook.perform(ops);
    notebook.select(first);
    if (notebook.view.cell(first)?.cell.cell_type === 'markdown') list.view(first)?.setRendered(false);
  };
  const withNeighbour = (step: 1 | -1): CellId[] => {
    const id = current();
    const other = neighbour(id, step);
    if (id === null || other === undefined) return [];
    return step === 1 ? [id, other] : [other, id];
  };

  return [
    {
      id: 'jupyter-notebook:enter-edit-mode',
      label: 'Edit Cell',
      keys: { command: ['enter'] },
      when: () => current() !== null,
      run: async () => {
        const id = current();
        if (id !== null) await notebook.edit(id);
      },
    },
    {
      id: 'jupyter-notebook:enter-command-mode',
      label: 'Leave the Editor',
      keys: { edit: ['esc', 'ctrl-m'] },
      run: () => notebook.leaveEditor(),
    },
    step('jupyter-notebook:select-previous-cell', 'Select Cell Above', ['up', 'k'], () => select(-1)),
    step('jupyter-notebook:select-next-cell', 'Select Cell Below', ['down', 'j'], () => select(1)),
    step('jupyter-notebook:extend-selection-above', 'Extend Selection Above', ['shift-up', 'shift-k'], () =>
      extend(-1),
    ),
    step('jupyter-notebook:extend-selection-below', 'Extend Selection Below', ['shift-down', 'shift-j'], () =>
      extend(1),
    ),
    step('jupyter-notebook:select-all-cells', 'Select All Cells', ['mod-a'], () => selection.selectAll()),
    {
      id: 'jupyter-notebook:move-cursor-up',
      label: 'Move the Caret Up, Out of the Cell',
      keys: { edit: ['up'] },
      yieldsKeys: true,
      when: () => caretAt('first') && neighbour(current(), -1) !== undefined,
      run: () => leaveTo(-1),
    },
    {
      id: 'jupyter-notebook:move-cursor-down',
      label: 'Move the Caret Down, Out of the Cell',
      keys: { edit: ['down'] },
      yieldsKeys: true,
      when: () => caretAt('last') && neighbour(current(), 1) !== undefined,
      run: () => leaveTo(1),
    },
    change('jupyter-notebook:insert-cell-above', 'Insert Cell Above', ['a'], () => insert('above')),
    change('jupyter-notebook:insert-cell-below', 'Insert Cell Below', ['b'], () => insert('below')),
    change('jupyter-notebook:cut-cell', 'Cut Cells', ['x'], (transfer) => {
      copy(transfer);
      remove();
    }),
    step('jupyter-notebook:copy-cell', 'Copy Cells', ['c'], copy),
    change(
      'jupyter-notebook:paste-cell-above',
      'Paste Cells Above',
      ['shift-v'],
      () => paste('above'),
      pastable,
    ),
    change('jupyter-notebook:paste-cell-below', 'Paste Cells Below', ['v'], () => paste('below'), pastable),
    change(
      'jupyter-notebook:paste-cell-replace',
      'Paste Cells & Replace',
      [],
      () => paste('replace'),
      pastable,
    ),
    change('jupyter-notebook:delete-cell', 'Delete Cells', ['d,d'], remove),
    {
      ...change('jupyter-notebook:undo-cell-deletion', 'Undo Cell Operation', ['z'], () => undo(true)),
      when: () => canEdit() && notebook.client.sync.canUndo,
    },
    {
      ...change('jupyter-notebook:redo-cell-deletion', 'Redo Cell Operation', ['shift-z'], () => undo(false)),
      when: () => canEdit() && notebook.client.sync.canRedo,
    },
    {
      id: 'jupyter-notebook:split-cell-at-cursor',
      label: 'Split Cell',
      keys: { edit: ['ctrl-shift-minus'] },
      when: () => canEdit() && selection.mode === 'edit',
      run: async () => {
        const id = current();
        const editor = id === null ? undefined : list.view(id)?.source.editor;
        if (id === null || editor === undefined) return;
        explainLocked([id], isFree, 'split');
        const ops = splitCell(notebook.view, id, editor.carets);
        if (ops.length === 0) return;
        notebook.perform(ops);
        await notebook.edit(id, 0);
      },
    },
    change('jupyter-notebook:merge-cells', 'Merge Cells', ['shift-m'], () =>
      merge(selection.cells.length > 1 ? selection.cells : withNeighbour(1)),
    ),
    change('jupyter-notebook:merge-cell-with-previous-cell', 'Merge Cell Above', [], () =>
      merge(withNeighbour(-1)),
    ),
    change('jupyter-notebook:merge-cell-with-next-cell', 'Merge Cell Below', [], () =>
      merge(withNeighbour(1)),
    ),
    change('jupyter-notebook:move-cell-up', 'Move Cell Up', [], () => move('up')),
    change('jupyter-notebook:move-cell-down', 'Move Cell Down', [], () => move('down')),
    change('jupyter-notebook:change-cell-to-code', 'Code', ['y'], () => setType('code')),
    change('jupyter-notebook:change-cell-to-markdown', 'Markdown', ['m'], () => setType('markdown')),
    change('jupyter-notebook:change-cell-to-raw', 'Raw NBConvert', ['r'], () => setType('raw')),
    ...[1, 2, 3, 4, 5, 6].map((level) =>
      change(`jupyter-notebook:change-cell-to-heading-${level}`, `Heading ${level}`, [String(level)], () => {
        const id = current();
        if (id === null) return;
        explainLocked([id], isEditable, 'changed');
        const ops = toHeading(notebook.view, id, level);
        if (ops.length === 0) return;
        notebook.perform(ops);
        list.view(id)?.setRendered(false);
      }),
    ),
  ].map((command: Command) => {
    const title = TITLES[command.id];
    return title === undefined ? command : { ...command, title };
  });

  function pastable(): boolean {
    return !clipboard.isEmpty;
  }

  function step(id: string, label: string, keys: string[], run: (argument?: unknown) => void): Command {
    return { id, label, keys: { command: keys }, run };
  }

  function change(
    id: string,
    label: string,
    keys: string[],
    run: (argument?: unknown) => void,
    also = () => true,
  ): Command {
    return { id, label, keys: { command: keys }, when: () => canEdit() && also(), run };
  }

  function move(direction: 'up' | 'down'): void {
    notebook.perform(moveCells(notebook.view, selection.cells, direction));
    notebook.select(current(), { extend: true });
  }

  function undo(back: boolean): void {
    const before = new Set(notebook.view.ids);
    if (back) notebook.client.sync.undo();
    else notebook.client.sync.redo();
    list.flush();
    const restored = notebook.view.ids.filter((id) => !before.has(id)).at(-1);
    if (restored !== undefined) notebook.select(restored);
  }
}
