/** Commands that hide, scroll and clear outputs, of the selected cells or of all; and the source of cells. */
import type { CellId } from '../../../src/notebook/types.js';
import type { Command } from '../../base/commands.js';
import { setCollapsed, setFlag, setSourceHidden } from '../cell-actions.js';
import type { NotebookContext } from '../notebook-context.js';

export function outputCommands(notebook: NotebookContext): Command[] {
  const { selection, list } = notebook;
  const selected = () => selection.cells;
  const all = () => notebook.view.ids;
  const code = (ids: readonly CellId[]) =>
    ids.filter((id) => notebook.view.cell(id)?.cell.cell_type === 'code');
  const withOutputs = (ids: readonly CellId[]) =>
    ids.filter((id) => (notebook.view.cell(id)?.cell.outputs ?? []).length > 0);

  /** All get what the first one has not. */
  const collapse = (ids: readonly CellId[]): void => {
    const cells = ids.length > 1 ? withOutputs(ids) : ids;
    const on = !(cells[0] !== undefined && list.view(cells[0])?.isCollapsed === true);
    notebook.perform(cells.flatMap((id) => setCollapsed(notebook.view, id, on)));
  };
  const scroll = (ids: readonly CellId[]): void => {
    const cells = ids.length > 1 ? withOutputs(ids) : ids;
    const on = !(cells[0] !== undefined && list.view(cells[0])?.isScrolled === true);
    notebook.perform(cells.flatMap((id) => setFlag(notebook.view, id, 'scrolled', on)));
  };
  const clear = (ids: readonly CellId[]): void => {
    notebook.perform(code(ids).map((id) => ({ op: 'clear-outputs', id })));
  };
  const hideSource = (): void => {
    const cells = code(selected());
    const on = !(cells[0] !== undefined && list.view(cells[0])?.isSourceHidden === true);
    notebook.perform(cells.flatMap((id) => setSourceHidden(notebook.view, id, on)));
  };

  return [
    make('toggle-cell-output-collapsed', 'Toggle', 'Show or hide output', () => collapse(selected()), ['o']),
    make(
      'toggle-cell-output-scrolled',
      'Toggle Scrolling',
      'Scroll output or show all of it',
      () => scroll(selected()),
      ['shift-o'],
    ),
    make('clear-cell-output', 'Clear', 'Clear output of cells', () => clear(selected())),
    make('toggle-all-cells-output-collapsed', 'Toggle', 'Show or hide all output', () => collapse(all())),
    make('toggle-all-cells-output-scrolled', 'Toggle Scrolling', 'Scroll all output or show all of it', () =>
      scroll(all()),
    ),
    make('clear-all-cells-output', 'Clear', 'Clear all output', () => clear(all())),
    {
      id: 'nbserver:show-outputs-as',
      label: 'Show as',
      needsArgument: true,
      run: (mime) => {
        if (typeof mime === 'string') for (const id of selected()) list.view(id)?.showOutputsAs(mime);
      },
    },
    {
      id: 'nbserver:toggle-cell-source',
      label: 'Hide or Show Source',
      when: () => notebook.canEdit,
      run: hideSource,
    },
  ];

  function make(name: string, label: string, title: string, run: () => void, keys: string[] = []): Command {
    return {
      id: `jupyter-notebook:${name}`,
      label,
      title,
      keys: { command: keys },
      when: () => notebook.canEdit,
      run,
    };
  }
}
