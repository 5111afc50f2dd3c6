/** File ▸ Trust Notebook: asks, and trusts what was there when the question was asked. */
import type { CellId, Output } from '../../../src/notebook/types.js';
import { api, ApiError } from '../../base/api.js';
import { confirmDialog } from '../../base/dialog.js';
import { encodePath } from '../../base/urls.js';
import type { NotebookContext } from '../notebook-context.js';

/** @param save  brings the file up to date before it is signed. @throws when other outputs came while the dialog was open */
export async function trustNotebook(notebook: NotebookContext, save: () => Promise<void>): Promise<void> {
  const asked = foreignOutputs(notebook);
  const yes = await confirmDialog({
    title: 'Trust this notebook?',
    body: [
      'Outputs of this notebook that were not made here are shown without their scripts. When you trust it, they run as their author wrote them.',
      'They run in a frame that cannot reach your files, this page or the server, and the kernel only when you allow it; they can show you anything and load from other servers. Trust only what you or people you know have written.',
    ],
    confirm: 'Trust',
    danger: true,
  });
  if (!yes) return;
  await save();
  const { sync, path } = notebook.client;
  for (let tries = 1; ; tries++) {
    for (const [id, outputs] of foreignOutputs(notebook)) {
      if (asked.get(id) === outputs) continue;
      throw new Error(
        'Outputs came from elsewhere while the question was open. Look at them, and trust then.',
      );
    }
    try {
      const { epoch, revision } = sync;
      await api.post(`api/contents/${encodePath(path.value)}/trust`, { epoch, revision });
      return;
    } catch (error) {
      // The server has outputs that are still on their way to this page.
      if (!(error instanceof ApiError) || error.status !== 409 || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}

const TRIES = 4;

/** The outputs that are shown without their scripts. They are never changed in place: others are other outputs. */
function foreignOutputs({ client, view }: NotebookContext): Map<CellId, readonly Output[] | undefined> {
  return new Map([...client.sync.untrusted].map((id) => [id, view.cell(id)?.cell.outputs]));
}
