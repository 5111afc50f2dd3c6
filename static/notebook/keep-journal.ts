/** Keeps the journal of this page, and puts back what earlier pages have left in theirs; loaded when the page is idle. */
import { effect } from '@preact/signals';
import { notify } from '../base/notify.js';
import { pageData } from '../base/page-data.js';
import type { JournalCell } from './journal.js';
import type { NotebookPage } from './page.js';
import { idle } from '../base/page-moments.js';

export async function keepJournal(page: NotebookPage): Promise<void> {
  await idle(2000);
  const parts = await Promise.all([import('./journal.js'), import('./journal-replay.js')]).catch(
    () => undefined, // the server is away just now; the next page asks again
  );
  if (parts === undefined) return;
  const [{ Journal }, { replay }] = parts;
  const { client } = page;
  const { place } = pageData<{ place: string }>();
  const journal = new Journal(client.sync.client, place, () => ({
    path: client.path.value,
    cells: client.sync.unsavedTexts().flatMap(({ id, base }): JournalCell[] => {
      const cell = page.view.cell(id)?.cell;
      if (cell === undefined) return [];
      return [{ id, type: cell.cell_type, base, text: cell.source, after: page.view.before(id) }];
    }),
  }));
  page.onChange(() => journal.changed());
  effect(() => {
    void [client.saved.value, client.unsaved.value];
    journal.changed();
  });
  await page.loaded;
  const left = await journal.left(client.path.value);
  // They wait for a page that can bring them to the disk.
  if (!page.canEdit) return;
  let restored = 0;
  for (const entry of left) {
    const { ops, conflicts } = replay(page.view, entry);
    page.perform(ops);
    for (const conflict of conflicts) client.reportConflict(conflict);
    restored += ops.length + conflicts.length;
  }
  // Not before: this page may be closed as well, or the server be killed.
  void client.whenSaved().then(() => journal.forget(left));
  if (restored === 0) return;
  const text =
    restored === 1 ? 'The text of 1 cell was put back' : `Texts of ${restored} cells were put back`;
  notify(`${text} that an earlier page could not save.`, { kind: 'info', seconds: 0 });
}
