/**
 * What a person pressed and typed while the page's HTML was there and its script was not: lines in templates/notebook.html keep
 * it, and here it is done again, in order. A key that is held counts once: `d` held is not `d,d`.
 */
import { loadEditor } from './editor/load-editor.js';
import type { NotebookContext } from './notebook-context.js';

type Early = MouseEvent | KeyboardEvent;

/** From now on nothing is kept any more. */
export async function doEarlyInput(notebook: NotebookContext): Promise<void> {
  const root: HTMLElement & { early?: Early[] | undefined } = document.documentElement;
  const { early = [] } = root;
  root.early = undefined;
  for (const input of early) {
    // The page's script was there, and only the cells were not: it has been done.
    if (input.defaultPrevented) continue;
    if ('key' in input) type(notebook, input);
    else press(notebook, input);
    if (notebook.selection.mode === 'edit') await editorOpens();
  }
}

function press(notebook: NotebookContext, { clientX: x, clientY: y }: MouseEvent): void {
  const target = document.elementFromPoint(x, y);
  const id = target?.closest<HTMLElement>('[data-cell-id]')?.dataset['cellId'];
  if (target === null || id === undefined) return;
  notebook.select(id, { scroll: false });
  const at = { clientX: x, clientY: y, bubbles: true, cancelable: true, view: window };
  target.dispatchEvent(new MouseEvent('mousedown', at));
}

/** An event that is made by a script acts on the notebook, and writes nothing by itself. */
function type({ selection, list }: NotebookContext, { key, code, shiftKey }: KeyboardEvent): void {
  const target = document.activeElement ?? document.body;
  const wasTyping = selection.mode === 'edit';
  const event = new KeyboardEvent('keydown', { key, code, shiftKey, bubbles: true, cancelable: true });
  if (!target.dispatchEvent(event) || !wasTyping || selection.current === null) return;
  const view = list.view(selection.current)?.source.editor?.view;
  const text = key === 'Enter' ? '\n' : key.length === 1 ? key : undefined;
  if (view == null || text === undefined) return;
  view.dispatch({ ...view.state.replaceSelection(text), userEvent: 'input.type' });
}

async function editorOpens(): Promise<void> {
  await loadEditor().catch(() => undefined); // whoever opens it reports
  await new Promise((resolve) => setTimeout(resolve));
}
