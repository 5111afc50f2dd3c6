/** Edit ▸ Find and Replace: the classic's dialog, with a preview of what Replace All would do. */
import { ChangeSet } from '@codemirror/state';
import type { Operation } from '../../../src/notebook/operations.js';
import type { CellId } from '../../../src/notebook/types.js';
import { openDialog } from '../../base/dialog.js';
import { notify } from '../../base/notify.js';
import { isEditable } from '../cell-actions.js';
import type { NotebookContext } from '../notebook-context.js';
import { compileQuery, findMatches, previewLines, type Match } from './matches.js';

const MOST_LINES = 100;
/** Milliseconds without a key before the notebook is searched */
const DELAY = 80;

interface Hit {
  id: CellId;
  text: string;
  matches: Match[];
}

/** What was asked last, for the next time on this page. */
const last = { query: '', replacement: '', caseSensitive: false, regex: false };

export async function openFind(notebook: NotebookContext): Promise<void> {
  const several = notebook.selection.cells.length > 1;
  const query = field('Find', last.query);
  const replacement = field('Replace with', last.replacement);
  const caseToggle = toggle('Aa', 'Match case', last.caseSensitive);
  const regexToggle = toggle('.*', 'Use a regular expression', last.regex);
  const scopeToggle = toggle('Selected', 'Search the selected cells only', several);
  const problem = document.createElement('p');
  problem.className = 'field-error';
  problem.setAttribute('role', 'alert');
  const count = document.createElement('p');
  count.className = 'find-count';
  count.setAttribute('role', 'status');
  const preview = document.createElement('ul');
  preview.className = 'find-preview';
  preview.tabIndex = 0;
  preview.setAttribute('aria-label', 'Lines that match');
  const row = document.createElement('div');
  row.className = 'find-row';
  row.append(caseToggle, regexToggle, scopeToggle);

  let hits: Hit[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const search = (): void => {
    problem.textContent = '';
    hits = [];
    try {
      const regex = pressed(regexToggle);
      const pattern = compileQuery(query.value, { caseSensitive: pressed(caseToggle), regex });
      const cells = pressed(scopeToggle) ? notebook.selection.cells : notebook.view.ids;
      if (pattern !== undefined) hits = find(notebook, cells, pattern, replacement.value, regex);
      query.removeAttribute('aria-invalid');
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
      query.setAttribute('aria-invalid', 'true');
    }
    const matches = hits.reduce((sum, hit) => sum + hit.matches.length, 0);
    count.textContent = query.value === '' ? '' : summary(matches, hits.length);
    drawPreview(preview, hits, replacement.value !== '', goTo);
  };
  // chosen in the preview; it is selected when the dialog is gone, which first gives the focus back to where it was
  let target: CellId | undefined;
  const goTo = (id: CellId): void => {
    target = id;
    query.closest('dialog')?.close();
  };
  for (const input of [query, replacement]) {
    input.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(search, DELAY);
    });
  }
  for (const button of [caseToggle, regexToggle, scopeToggle]) {
    button.addEventListener('click', () => {
      button.setAttribute('aria-pressed', String(!pressed(button)));
      search();
    });
  }
  search();
  query.addEventListener('focus', () => query.select(), { once: true });

  const editable = notebook.canEdit;
  await openDialog<'replace' | 'close'>({
    title: 'Find and Replace',
    className: 'find-dialog',
    body: [row, label(query), query, label(replacement), replacement, problem, count, preview],
    initialFocus: query,
    buttons: [
      { label: 'Close', value: 'close', cancel: true },
      ...(editable ? [{ label: 'Replace All', value: 'replace' as const, kind: 'primary' as const }] : []),
    ],
    check(value) {
      if (value !== 'replace') return undefined;
      clearTimeout(timer);
      search();
      if (problem.textContent !== '') return problem.textContent;
      if (hits.length === 0) return 'There is nothing to replace.';
      const kept = hits.filter(({ id }) => {
        const state = notebook.view.cell(id);
        return state !== undefined && isEditable(state.cell);
      });
      const matches = kept.reduce((sum, hit) => sum + hit.matches.length, 0);
      notebook.perform(kept.map(replace));
      const locked = hits.length - kept.length;
      notify(
        `Replaced ${plural(matches, 'match', 'matches')} in ${plural(kept.length, 'cell', 'cells')}.` +
          (locked > 0 ? ` ${plural(locked, 'cell is', 'cells are')} not editable and stayed as before.` : ''),
      );
      return undefined;
    },
  });
  clearTimeout(timer);
  Object.assign(last, {
    query: query.value,
    replacement: replacement.value,
    caseSensitive: pressed(caseToggle),
    regex: pressed(regexToggle),
  });
  if (target !== undefined && notebook.view.has(target)) notebook.select(target);
}

function find(
  notebook: NotebookContext,
  cells: readonly CellId[],
  pattern: RegExp,
  replacement: string,
  regex: boolean,
): Hit[] {
  const hits: Hit[] = [];
  for (const id of cells) {
    const text = notebook.view.cell(id)?.text.toString() ?? '';
    const matches = findMatches(text, pattern, replacement, regex);
    if (matches.length > 0) hits.push({ id, text, matches });
  }
  return hits;
}

function replace({ id, text, matches }: Hit): Operation {
  return { op: 'edit-source', id, changes: ChangeSet.of(matches, text.length).toJSON() };
}

function drawPreview(
  list: HTMLElement,
  hits: readonly Hit[],
  replaces: boolean,
  goTo: (id: CellId) => void,
): void {
  const items: HTMLElement[] = [];
  for (const { id, text, matches } of hits) {
    for (const { parts } of previewLines(text, matches, MOST_LINES - items.length)) {
      const item = document.createElement('li');
      const button = document.createElement('button');
      button.type = 'button';
      button.title = 'Go to this cell';
      for (const { text: part, match } of parts) {
        if (match === undefined) {
          button.append(part);
          continue;
        }
        const old = document.createElement(replaces ? 'del' : 'mark');
        old.textContent = part;
        button.append(old);
        if (!replaces) continue;
        const next = document.createElement('ins');
        next.textContent = match.insert;
        button.append(next);
      }
      button.addEventListener('click', () => goTo(id));
      item.append(button);
      items.push(item);
    }
    if (items.length >= MOST_LINES) break;
  }
  list.replaceChildren(...items);
  list.hidden = items.length === 0;
}

function summary(matches: number, cells: number): string {
  if (matches === 0) return 'No match.';
  return `${plural(matches, 'match', 'matches')} in ${plural(cells, 'cell', 'cells')}.`;
}

function plural(count: number, one: string, many: string): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

function field(name: string, value: string): HTMLInputElement {
  const input = document.createElement('input');
  input.type = 'text';
  input.className = 'field';
  input.value = value;
  input.autocomplete = 'off';
  input.spellcheck = false;
  input.id = `find-${name.toLowerCase().replace(/ .*/, '')}`;
  input.dataset['label'] = name;
  return input;
}

function label(input: HTMLInputElement): HTMLLabelElement {
  const element = document.createElement('label');
  element.htmlFor = input.id;
  element.textContent = input.dataset['label'] ?? '';
  return element;
}

function toggle(text: string, title: string, on: boolean): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button toggle';
  button.textContent = text;
  button.title = title;
  button.setAttribute('aria-label', title);
  button.setAttribute('aria-pressed', String(on));
  return button;
}

function pressed(button: HTMLElement): boolean {
  return button.getAttribute('aria-pressed') === 'true';
}
