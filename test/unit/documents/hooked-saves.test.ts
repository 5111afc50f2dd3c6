/** An open notebook whose owner's `pre_save_hook` changes what is saved. */
import { afterEach, describe, expect, it } from 'vitest';
import { Contents, MemoryNotebookManager, type PreSaveHook } from '../../../src/contents/index.js';
import type { DocumentManager, LiveDocument } from '../../../src/documents/index.js';
import type { Cell } from '../../../src/notebook/types.js';
import { memoryDocuments, SyncedPage } from './synced-page.js';

const path = 'work.ipynb';
const printed = { output_type: 'stream' as const, name: 'stdout' as const, text: 'one\n' };
const code = (id: string, source: string): Cell => ({
  id,
  cell_type: 'code',
  source,
  metadata: {},
  outputs: [printed],
  execution_count: 1,
});

let documents: DocumentManager;
let store: MemoryNotebookManager;
afterEach(() => documents.close());

type Content = { cells: Cell[]; metadata: Record<string, unknown> };
async function open(
  change: (content: Content) => void,
): Promise<{ document: LiveDocument; page: SyncedPage }> {
  store = new MemoryNotebookManager();
  const content = {
    cells: [code('a', 'x = 1'), code('b', 'y')],
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5,
  };
  await store.write(path, Buffer.from(JSON.stringify(content)));
  const before: PreSaveHook = (model) => change(model.content as Content);
  const contents = new Contents(store, { hooks: { before } });
  documents = memoryDocuments(store, { contents });
  contents.openDocuments = documents;
  const document = await documents.open(path);
  return { document, page: new SyncedPage(document) };
}
async function onDisk(): Promise<Content & { cells: { source: string | string[] }[] }> {
  const { body } = await store.read(path);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as Content;
}
const type = (page: SyncedPage, id: string, text: string) => {
  const length = page.sync.view.cell(id)?.text.length ?? 0;
  page.sync.perform([{ op: 'edit-source', id, changes: [length, [0, text]] }], { undoable: false });
};
const texts = (page: SyncedPage) => [...page.sync.view.cells()].map(({ cell }) => cell.source);

describe('what a hook makes of a save', () => {
  it('comes into the notebook, and is not taken for another program’s work', async () => {
    const { document, page } = await open(({ cells, metadata }) => {
      for (const cell of cells) cell.source = String(cell.source).trimEnd();
      metadata['by'] = 'the hook';
    });
    type(page, 'a', '   ');
    await document.flush();
    expect(texts(page)).toEqual(['x = 1', 'y']);
    expect(document.state.metadata).toMatchObject({ by: 'the hook' });
    expect(document.isDirty).toBe(false);
    await document.checkDisk();
    expect(page.notices).toEqual([]);
    expect(document.conflicts).toEqual([]);
    // Another program's change is seen against what the hook wrote.
    const file = await onDisk();
    const [, other] = file.cells;
    if (other !== undefined) other.source = 'theirs';
    await store.write(path, Buffer.from(JSON.stringify(file)));
    await document.checkDisk();
    expect(texts(page)).toEqual(['x = 1', 'theirs']);
    expect(document.conflicts).toEqual([]);
  });

  it('leaves what somebody types while it is saved, and on the page the outputs that it takes out', async () => {
    const { document, page } = await open(({ cells }) => {
      type(page, 'a', '!');
      for (const cell of cells) Object.assign(cell, { outputs: [], execution_count: null, source: 'hooked' });
    });
    type(page, 'b', '2');
    await document.flush();
    expect(texts(page)).toEqual(['x = 1!', 'hooked']);
    expect(document.conflicts).toEqual([]);
    expect(page.outputs('b')).toEqual([printed]);
    expect(document.isDirty).toBe(true);
    expect(await onDisk()).toMatchObject({ cells: [{ outputs: [] }, { outputs: [] }] });
  });

  it('is saved once, also by a hook that changes something each time', async () => {
    let saves = 0;
    const { document, page } = await open(({ metadata }) => {
      metadata['saves'] = saves += 1;
    });
    type(page, 'a', '0');
    await document.flush();
    expect(document.isDirty).toBe(false);
    await document.flush();
    expect(saves).toBe(1);
    expect(document.state.metadata).toMatchObject({ saves: 1 });
  });
});
