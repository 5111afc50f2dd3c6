/** Commands that run cells and control the kernel. */
import type { CellId } from '../../../src/notebook/types.js';
import { api } from '../../base/api.js';
import type { Command } from '../../base/commands.js';
import { confirmDialog } from '../../base/dialog.js';
import { notify } from '../../base/notify.js';
import { emptyCell } from '../cell-actions.js';
import { toggleFinishedNotice } from '../finished-notice.js';
import type { NotebookContext } from '../notebook-context.js';
import { isShown } from '../page-parts.js';

const KEYS = {
  runSelect: ['shift-enter'],
  run: ['ctrl-enter', 'meta-enter'],
  runInsert: ['alt-enter'],
};

export function kernelCommands(notebook: NotebookContext): Command[] {
  const { client, selection, list } = notebook;
  const kernel = () => client.kernel.value;
  const hasKernel = () => kernel()?.id != null;

  /** Renders text cells, runs code cells. */
  const run = async (ids: readonly CellId[]): Promise<void> => {
    list.render(ids);
    const code = ids.filter((id) => notebook.view.cell(id)?.cell.cell_type === 'code');
    if (code.length === 0) return;
    const state = kernel()?.state;
    if (state === 'none' || state === 'dead') await client.startKernel(kernel()?.name);
    client.sync.execute(code);
  };
  const runAndInsert = async (): Promise<void> => {
    const ids = selection.cells;
    const cell = emptyCell(notebook.view);
    notebook.perform([{ op: 'insert-cell', cell, after: ids.at(-1) ?? null }]);
    // the kernel does not wait for the editor, nor the editor for a kernel that has to start
    await Promise.all([run(ids), notebook.edit(cell.id)]);
  };
  const runAndSelect = async (): Promise<void> => {
    const ids = selection.cells;
    const next = notebook.view.ids[notebook.view.indexOf(ids.at(-1) ?? '') + 1];
    if (next !== undefined) {
      notebook.select(next);
      return run(ids);
    }
    return runAndInsert();
  };
  const around = (side: 'above' | 'below'): CellId[] => {
    const at = notebook.view.indexOf(selection.current ?? '');
    return side === 'above' ? notebook.view.ids.slice(0, at) : notebook.view.ids.slice(at);
  };
  const restart = async (): Promise<void> => {
    const id = kernel()?.id;
    if (id == null) return client.startKernel(kernel()?.name);
    await api.post(`api/kernels/${encodeURIComponent(id)}/restart`);
  };
  const ask = (title: string, body: string, confirm: string) =>
    confirmDialog({ title, body, confirm, danger: true });
  const clearAll = (): void => {
    void notebook.commands.run('jupyter-notebook:clear-all-cells-output');
  };
  const lost = 'All variables of the kernel will be lost. The notebook itself stays.';

  return [
    {
      id: 'jupyter-notebook:run-cell-and-select-next',
      label: 'Run Cells and Select Below',
      title: 'Run the selected cells and go on to the next',
      icon: 'run',
      keys: { any: KEYS.runSelect },
      when: () => selection.current !== null && notebook.canEdit,
      run: runAndSelect,
    },
    {
      id: 'jupyter-notebook:run-cell',
      label: 'Run Cells',
      keys: { any: KEYS.run },
      when: () => selection.current !== null && notebook.canEdit,
      run: async () => {
        const ids = selection.cells;
        notebook.leaveEditor();
        await run(ids);
      },
    },
    {
      id: 'jupyter-notebook:run-cell-and-insert-below',
      label: 'Run Cells and Insert Below',
      keys: { any: KEYS.runInsert },
      when: () => selection.current !== null && notebook.canEdit,
      run: runAndInsert,
    },
    runs('jupyter-notebook:run-all-cells', 'Run All', () => notebook.view.ids),
    runs('jupyter-notebook:run-all-cells-above', 'Run All Above', () => around('above')),
    runs('jupyter-notebook:run-all-cells-below', 'Run All Below', () => around('below')),
    {
      id: 'jupyter-notebook:interrupt-kernel',
      label: 'Interrupt',
      title: 'Interrupt the kernel',
      icon: 'stop',
      keys: { command: ['i,i'] },
      when: hasKernel,
      run: () => client.interrupt(),
    },
    {
      id: 'jupyter-notebook:confirm-restart-kernel',
      label: 'Restart',
      title: 'Restart the kernel (asks first)',
      icon: 'restart',
      keys: { command: ['0,0'] },
      run: async () => {
        if (!hasKernel() || (await ask('Restart the kernel?', lost, 'Restart'))) await restart();
      },
    },
    {
      id: 'jupyter-notebook:confirm-restart-kernel-and-clear-output',
      label: 'Restart & Clear Output',
      when: () => notebook.canEdit,
      run: async () => {
        if (!(await ask('Restart the kernel and clear all output?', lost, 'Restart & Clear'))) return;
        await restart();
        clearAll();
      },
    },
    {
      id: 'jupyter-notebook:confirm-restart-kernel-and-run-all-cells',
      label: 'Restart & Run All',
      title: 'Restart the kernel and run all cells (asks first)',
      icon: 'fast-forward',
      when: () => notebook.canEdit,
      run: async () => {
        if (hasKernel() && !(await ask('Restart the kernel and run all cells?', lost, 'Restart & Run All')))
          return;
        await restart();
        await run(notebook.view.ids);
      },
    },
    {
      id: 'jupyter-notebook:reconnect-kernel',
      label: 'Reconnect',
      title: 'Connect to the server again',
      run: () => client.retryNow(true),
    },
    {
      id: 'jupyter-notebook:shutdown-kernel',
      label: 'Shutdown',
      when: hasKernel,
      run: async () => {
        const session = kernel()?.session_id;
        if (session == null || !(await ask('Shut down the kernel?', lost, 'Shut Down'))) return;
        await api.delete(`api/sessions/${encodeURIComponent(session)}`);
        notify('The kernel was shut down. Running a cell starts a new one.');
      },
    },
    {
      id: 'nbserver:notify-when-done',
      label: 'Notify Me When Done',
      checked: () => isShown('notify'),
      run: toggleFinishedNotice,
    },
    {
      id: 'nbserver:choose-kernel',
      label: 'Choose Kernel…',
      when: () => notebook.canEdit,
      run: async () => (await import('../kernel-picker.js')).pickKernel(notebook),
    },
    {
      id: 'nbserver:change-kernel',
      label: 'Change kernel',
      needsArgument: true,
      async run(name) {
        if (typeof name !== 'string') return;
        // the one that runs would be started anew, and all its variables were lost
        if (hasKernel() && kernel()?.state !== 'dead' && kernel()?.name === name) return;
        const session = kernel()?.session_id;
        if (session == null) await client.startKernel(name);
        else await api.patch(`api/sessions/${encodeURIComponent(session)}`, { kernel: { name } });
      },
    },
  ];

  function runs(id: string, label: string, ids: () => readonly CellId[]): Command {
    return { id, label, when: () => notebook.canEdit, run: () => run([...ids()]) };
  }
}
