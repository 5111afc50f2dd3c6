/**
 * File ▸ History: what the notebook was, what differs from now, and the way back, for all of it or single cells; and the
 * cells that were deleted.
 */
import type {
  HistoryCellDifference,
  HistoryDeletedCell,
  HistoryModel,
  HistoryStateModel,
} from '../../../src/protocol/rest-models.js';
import { api } from '../../base/api.js';
import { confirmDialog, openDialog } from '../../base/dialog.js';
import { dateTime, humanSize, relativeTime } from '../../base/format.js';
import { notify } from '../../base/notify.js';
import type { NotebookContext } from '../notebook-context.js';
import { lineDiff } from './line-diff.js';

const WHY: Record<HistoryStateModel['why'], string> = {
  opened: 'as it was opened',
  saved: 'saved',
  merge: 'before a merge with the file',
  theirs: 'what another program wrote',
  restore: 'before a restore',
  delete: 'before cells were deleted',
  orphan: 'a deleted cell',
};

/** @param first  what is shown at first */
export async function openHistory(notebook: NotebookContext, first: 'states' | 'deleted'): Promise<void> {
  const address = `api/documents/${encodeURIComponent(notebook.client.id)}/history`;
  const dialog = new HistoryDialog(notebook, address, await api.get<HistoryModel>(address));
  await dialog.open(first);
}

class HistoryDialog {
  readonly #notebook: NotebookContext;
  readonly #address: string;
  readonly #model: HistoryModel;
  readonly #list = make('div', 'history-list');
  readonly #detail = make('div', 'history-detail');
  #shown: symbol | undefined;
  /** the cell to go to when the dialog is gone, which first gives the focus back to where it was */
  #broughtBack: string | undefined;

  constructor(notebook: NotebookContext, address: string, model: HistoryModel) {
    this.#notebook = notebook;
    this.#address = address;
    this.#model = model;
  }

  async open(first: 'states' | 'deleted'): Promise<void> {
    const { states, deleted, bytes } = this.#model;
    this.#list.setAttribute('role', 'group');
    this.#list.setAttribute('aria-label', 'States of the notebook');
    this.#detail.setAttribute('role', 'region');
    this.#detail.setAttribute('aria-label', 'What was there');
    this.#detail.tabIndex = 0;
    const gone = this.#entry('Deleted cells', plural(deleted.length, 'cell'), () =>
      Promise.resolve(this.#deletedCells()),
    );
    const entries = states.map((state) => {
      const at = Date.parse(state.at);
      const button = this.#entry(dateTime(at), WHY[state.why], () => this.#state(state));
      button.title = relativeTime(at, Date.now());
      return button;
    });
    this.#list.append(gone, ...entries);
    const initial = first === 'deleted' ? gone : (entries[0] ?? gone);
    initial.click();
    const layout = make('div', 'history');
    layout.append(this.#list, this.#detail);
    const room = make('p', 'history-room', `This history takes ${humanSize(bytes)} on the server. `);
    room.append(this.#button('Forget it…', () => this.#forget()));
    await openDialog<'close'>({
      title: 'History',
      className: 'history-dialog',
      body: [layout, room],
      initialFocus: initial,
      buttons: [{ label: 'Close', value: 'close', kind: 'primary', cancel: true }],
    });
    if (this.#broughtBack !== undefined) await this.#goTo(this.#broughtBack);
  }

  async #state(state: HistoryStateModel): Promise<HTMLElement[]> {
    const when = dateTime(Date.parse(state.at));
    const { cells } = await api.get<{ cells: HistoryCellDifference[] }>(
      `${this.#address}/${encodeURIComponent(state.id)}/diff`,
    );
    const head = make('div', 'history-head');
    head.append(
      make('h3', '', when),
      make('p', '', `${plural(state.cells, 'cell')}, ${WHY[state.why]}. ${whatDiffers(cells.length)}`),
    );
    if (cells.length > 0) {
      head.append(this.#button('Restore All of It', () => this.#restore(state.id, undefined, when)));
      const legend = make('p', 'history-legend');
      legend.append(make('del', '', 'as it was then'), ' ', make('ins', '', 'as it is now'));
      head.append(legend);
    }
    return [head, ...cells.map((cell) => this.#difference(state, cell, when))];
  }

  #deletedCells(): HTMLElement[] {
    const { deleted } = this.#model;
    const head = make('div', 'history-head');
    const text =
      deleted.length === 0
        ? 'No cell was deleted that the history still has.'
        : 'Cells that the notebook once had. They come back where they were, with their outputs where those are kept.';
    head.append(make('h3', '', 'Deleted cells'), make('p', '', text));
    return [head, ...deleted.map((cell) => this.#deletedCell(cell))];
  }

  #difference(state: HistoryStateModel, cell: HistoryCellDifference, when: string): HTMLElement {
    const at = this.#notebook.view.indexOf(cell.cell);
    const what: string[] = [];
    if (cell.before === null) what.push('is new since then');
    else if (cell.after === null) what.push('was deleted since then');
    else if (cell.before !== cell.after) what.push('was changed');
    if (cell.outputs) what.push('has other outputs');
    if (!cell.outputs_kept) what.push('outputs not kept');
    if (cell.moved) what.push('was moved');
    const name = at < 0 ? 'A cell' : `Cell ${at + 1}`;
    const words = what.length === 0 ? 'has other metadata' : what.join(', ');
    const element = make('section', 'history-cell');
    const head = make('div', 'history-cell-head');
    head.append(make('h4', '', `${name} ${words}`));
    if (cell.before !== null) {
      const label = cell.after === null ? 'Bring It Back' : 'Restore This Cell';
      head.append(this.#button(label, () => this.#restore(state.id, [cell.cell], when)));
    }
    element.append(head);
    if (cell.before !== cell.after) element.append(diffElement(cell.before, cell.after));
    return element;
  }

  #deletedCell(cell: HistoryDeletedCell): HTMLElement {
    const element = make('section', 'history-cell');
    const head = make('div', 'history-cell-head');
    const when = dateTime(Date.parse(cell.at));
    head.append(
      make('h4', '', `${cell.cell_type === 'code' ? 'Code' : 'Text'}, last seen ${when}`),
      this.#button('Bring It Back', () => this.#restore(cell.state, [cell.cell], when)),
    );
    element.append(head, make('pre', 'history-text', cell.source));
    return element;
  }

  async #restore(state: string, cells: string[] | undefined, when: string): Promise<void> {
    await api.post(
      `${this.#address}/${encodeURIComponent(state)}/restore`,
      cells === undefined ? {} : { cells },
    );
    this.#broughtBack = cells?.[0];
    this.#list.closest('dialog')?.close();
    const what = cells === undefined ? 'The notebook is' : 'The cell is';
    notify(`${what} as it was at ${when}. What was there before is in the history, too.`);
  }

  /** The cell comes by the document's socket, a moment after the answer. */
  async #goTo(cell: string): Promise<void> {
    for (let i = 0; i < 50 && !this.#notebook.view.has(cell); i++) {
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    if (this.#notebook.view.has(cell)) this.#notebook.select(cell);
  }

  async #forget(): Promise<void> {
    const yes = await confirmDialog({
      title: 'Forget the history of this notebook?',
      body: 'All earlier states and deleted cells are removed from the server. The notebook itself stays as it is.',
      confirm: 'Forget',
      danger: true,
    });
    if (!yes) return;
    await api.delete(this.#address);
    this.#list.closest('dialog')?.close();
    notify('The history of this notebook was removed.');
  }

  /** A line of the list. Of two that are chosen one after the other the second is shown, however slow the first comes. */
  #entry(title: string, text: string, load: () => Promise<HTMLElement[]>): HTMLButtonElement {
    const button = make('button', 'history-entry');
    button.type = 'button';
    button.append(make('b', '', title), ' ', make('span', '', text));
    button.addEventListener('click', () => {
      for (const each of this.#list.children) each.removeAttribute('aria-current');
      button.setAttribute('aria-current', 'true');
      const turn = Symbol();
      this.#shown = turn;
      const show = (...parts: HTMLElement[]): void => {
        if (this.#shown === turn) this.#detail.replaceChildren(...parts);
      };
      load().then(
        (parts) => show(...parts),
        (error: unknown) => show(problem(error)),
      );
    });
    return button;
  }

  #button(label: string, run: () => Promise<void>): HTMLButtonElement {
    const button = make('button', 'button', label);
    button.type = 'button';
    button.addEventListener('click', () => {
      run().catch((error: unknown) => this.#detail.prepend(problem(error)));
    });
    return button;
  }
}

function diffElement(before: string | null, after: string | null): HTMLElement {
  const element = make('pre', 'history-text');
  const tags = { then: 'del', now: 'ins', same: 'span', gap: 'i' } as const;
  for (const { kind, text } of lineDiff(before, after)) {
    element.append(make(tags[kind], '', text === '' ? ' ' : text));
  }
  return element;
}

function whatDiffers(count: number): string {
  if (count === 0) return 'Nothing differs from now.';
  return count === 1 ? 'One cell differs from now.' : `${count} cells differ from now.`;
}

function plural(count: number, word: string): string {
  return `${count.toLocaleString()} ${word}${count === 1 ? '' : 's'}`;
}

function problem(error: unknown): HTMLElement {
  const element = make('p', 'field-error', error instanceof Error ? error.message : String(error));
  element.setAttribute('role', 'alert');
  return element;
}

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text?: string,
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
