/** Active outputs of trusted cells before one that set something up, in order: what its frame has to run first. */
import type { CellId } from '../../../src/notebook/types.js';
import type { NotebookContext } from '../notebook-context.js';
import { activePart, isSetup, mayBeActive, type ActivePart } from './active.js';

export async function preludeOf(notebook: NotebookContext, id: CellId): Promise<ActivePart[]> {
  const parts: ActivePart[] = [];
  for (const each of notebook.view.ids.slice(0, Math.max(0, notebook.view.indexOf(id)))) {
    if (notebook.client.sync.untrusted.has(each)) continue;
    for (const output of notebook.view.cell(each)?.cell.outputs ?? []) {
      // what cannot set anything up is not fetched for this
      if (output.output_type === 'reference' && !mayBeActive(output.mimes)) continue;
      const whole = output.output_type === 'reference' ? await notebook.outputs.whole(output) : output;
      const part = 'data' in whole ? activePart(whole.data) : undefined;
      if (part !== undefined && isSetup(part)) parts.push(part);
    }
  }
  return parts;
}
