/**
 * What a person pressed and typed while the page's HTML was there and its script was not: lines in templates/notebook.html keep
 * it, and here it is done again, in order.
 */
import { loadEditor } from './editor/load-editor.js';
import type { NotebookContext } from './notebook-context.js';

/** A mouse button at a place of the window, or a key. */
type Early = { x: number; y: number } | { key: string; code: string; shiftKey: boolean };

/** From now on nothing is kept any more. */
export async function doEarlyInput(notebook: NotebookContext): Promise<void> {
  const root: HTMLElement & { early?: Early[] | undefined } = document.documentElement;
  const { early = [] } = root;
  root.early = undefined;
  for (const input of early) {
    if ('x' in input) press(notebook, input);
    else type(notebook, input);
    if (notebook.selection.mode === 'edit') await editorOpens();
  }
}

function press(notebook: NotebookContext, { x, y }: { x: number; y: number }): void {
  const target = document.elementFromPoint(x, y);
  const id = target?.closest<HTMLElement>('[data-cell-id]')?.dataset['cellId'];
  if (target === null || id === undefined) return;
  notebook.select(id, { scroll: false });
  const at = { clientX: x, clientY: y, bubbles: true, cancelable: true, view: window };
  target.dispatchEvent(new MouseEvent('mousedown', at));
}

/** An event that is made by a script acts on the notebook, and writes nothing by itself. */
function type({ selection, list }: NotebookContext, init: KeyboardEventInit & { key: string }): void {
  const target = document.activeElement ?? document.body;
  const wasTyping = selection.mode === 'edit';
  const event = new KeyboardEvent('keydown', { ...init, bubbles: true, cancelable: true });
  if (!target.dispatchEvent(event) || !wasTyping || selection.current === null) return;
  const view = list.view(selection.current)?.source.editor?.view;
  const text = init.key === 'Enter' ? '\n' : init.key.length === 1 ? init.key : undefined;
  if (view == null || text === undefined) return;
  view.dispatch({ ...view.state.replaceSelection(text), userEvent: 'input.type' });
}

async function editorOpens(): Promise<void> {
  await loadEditor().catch(() => undefined); // whoever opens it reports
  await new Promise((resolve) => setTimeout(resolve));
}
