import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryNotebookManager } from '../../../src/contents/index.js';
import type { DocumentManager, LiveDocument } from '../../../src/documents/index.js';
import type { Cell, Output, OutputReference } from '../../../src/notebook/index.js';
import type { Operation } from '../../../src/notebook/operations.js';
import { memoryDocuments, SyncedPage } from './synced-page.js';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ'.padEnd(100_000, 'A');
const LOG = 'one line of a log\n'.repeat(10_000);
const picture: Output = {
  output_type: 'execute_result',
  execution_count: 3,
  data: { 'image/png': PNG, 'text/plain': '<Figure>' },
  metadata: { needs_background: 'light' },
};
const long: Output = { output_type: 'stream', name: 'stderr', text: LOG };
const short: Output = { output_type: 'stream', name: 'stdout', text: 'short\n' };
const code = (id: string, outputs: Output[]): Cell => ({
  id,
  cell_type: 'code',
  source: `# ${id}`,
  metadata: {},
  outputs,
  execution_count: 3,
});
/** As files have it: texts are lists of lines. */
const inFile = (cells: Cell[]) => {
  const lines = (text: string) => text.match(/.*\n|.+$/g) ?? [];
  const output = (one: Output) => (one.output_type === 'stream' ? { ...one, text: lines(one.text) } : one);
  const written = cells.map((cell) => ({ ...cell, outputs: cell.outputs?.map(output) }));
  return Buffer.from(
    JSON.stringify({ cells: written, metadata: {}, nbformat: 4, nbformat_minor: 5 }, null, 1),
  );
};

let store: MemoryNotebookManager;
let manager: DocumentManager;
beforeEach(() => {
  store = new MemoryNotebookManager();
  manager = memoryDocuments(store);
});
afterEach(() => manager.close());

async function open(path: string, cells: Cell[]): Promise<LiveDocument> {
  await store.write(path, inFile(cells));
  return manager.open(path);
}

const reference = (output: Output | undefined): OutputReference => {
  if (output?.output_type !== 'reference') throw new Error('It came whole.');
  return output;
};
const outputsOf = (document: LiveDocument, id: string) => document.state.cell(id)?.cell.outputs;

describe('large outputs', () => {
  it('come by name, with what a page needs to keep room for them', async () => {
    const document = await open('a.ipynb', [code('a', [short, picture, long])]);
    const page = new SyncedPage(document);
    expect(page.received).toBeLessThan(3_000);
    const [first, second, third] = page.outputs('a');
    expect(first).toEqual(short);
    expect(second).toMatchObject({
      of: 'execute_result',
      execution_count: 3,
      mimes: ['image/png', 'text/plain'],
      metadata: { needs_background: 'light' },
      heads: { 'image/png': PNG.slice(0, 64) },
    });
    expect(third).toMatchObject({ of: 'stream', name: 'stderr' });
    expect(document.output(reference(second).hash)).toEqual(picture);
    expect(document.output(reference(third).hash)).toEqual(long);
    expect(document.output('nothing')).toBeUndefined();
  });

  it('leave the file as it was when nobody changed anything, and are in it when somebody did', async () => {
    const document = await open('a.ipynb', [code('a', [picture, long]), code('b', [short])]);
    const page = new SyncedPage(document);
    page.sync.perform([{ op: 'edit-source', id: 'a', changes: [3, [0, '!']] }]);
    page.sync.perform([{ op: 'delete-cell', id: 'b' }]);
    await document.flush();
    const saved = (await manager.open('a.ipynb')).content();
    expect(saved['cells']).toMatchObject([{ id: 'a', source: '# a!', outputs: [picture, long] }]);
  });

  const comeBack: [what: string, there: Operation[], back: (page: SyncedPage) => void][] = [
    ['a deleted cell that undo brings back', [{ op: 'delete-cell', id: 'a' }], (page) => page.sync.undo()],
    ['cleared outputs', [{ op: 'clear-outputs', id: 'a' }], (page) => page.sync.undo()],
    [
      'another cell type and back',
      [{ op: 'set-cell-type', id: 'a', cell_type: 'markdown' }],
      (page) => page.sync.undo(),
    ],
  ];
  it.each(comeBack)('are whole again on the server: %s', async (_what, there, back) => {
    const document = await open('a.ipynb', [code('a', [picture, long])]);
    const page = new SyncedPage(document);
    page.sync.perform(there);
    expect(outputsOf(document, 'a') ?? []).toEqual([]);
    back(page);
    expect(outputsOf(document, 'a')).toEqual([picture, long]);
    expect(page.sync.isConfirmed).toBe(true);
    expect(page.notices).toEqual([]);
  });

  it('are whole in a cell that was copied here or in another notebook, and by name for other pages', async () => {
    const document = await open('a.ipynb', [code('a', [picture])]);
    const other = await open('b.ipynb', [code('x', [])]);
    const page = new SyncedPage(document);
    const there = new SyncedPage(other);
    const looksOn = new SyncedPage(other);
    const before = looksOn.received;
    there.sync.perform([{ op: 'insert-cell', cell: code('copy', page.outputs('a')), after: 'x' }]);
    expect(outputsOf(other, 'copy')).toEqual([picture]);
    expect(looksOn.received - before).toBeLessThan(2_000);
    expect(other.output(reference(looksOn.outputs('copy')[0]).hash)).toEqual(picture);
  });

  it('that nobody knows any more leave a sentence in their place, and the cell is there', async () => {
    const document = await open('a.ipynb', [code('a', [])]);
    const unknown: Output = { output_type: 'reference', hash: 'gone', size: 1, of: 'stream' };
    new SyncedPage(document).sync.perform([{ op: 'insert-cell', cell: code('b', [unknown]), after: 'a' }]);
    expect(JSON.stringify(outputsOf(document, 'b'))).toContain('left out');
  });

  it('that still grow go on where the name ends', async () => {
    const document = await open('a.ipynb', [code('a', [long])]);
    const page = new SyncedPage(document);
    const named = reference(page.outputs('a')[0]);
    page.sync.receive({
      type: 'ops',
      revision: 1,
      ops: [{ op: 'extend-stream', id: 'a', index: 0, text: 'more\n' }],
    });
    expect(page.outputs('a')).toEqual([{ ...named, more: 'more\n' }]);
    page.sync.receive({
      type: 'ops',
      revision: 2,
      ops: [{ op: 'extend-stream', id: 'a', index: 0, text: 'and more\n' }],
    });
    expect(reference(page.outputs('a')[0]).more).toBe('more\nand more\n');
    const copy = code('copy', page.outputs('a'));
    const fresh = new SyncedPage(document);
    fresh.sync.perform([{ op: 'insert-cell', cell: copy, after: 'a' }]);
    expect(outputsOf(document, 'copy')).toEqual([{ ...long, text: `${LOG}more\nand more\n` }]);
  });

  it('of a whole notebook make it small, however small each is; what is at the top comes at once', async () => {
    const text = 'x'.repeat(14_000);
    const cells = Array.from({ length: 300 }, (_, n) =>
      code(`c${n}`, [{ output_type: 'stream', name: 'stdout', text: `${n} ${text}\n` }]),
    );
    const document = await open('a.ipynb', cells);
    const page = new SyncedPage(document);
    expect(page.received).toBeLessThan(800_000);
    expect(page.outputs('c0')).toEqual(cells[0]?.outputs);
    expect(document.output(reference(page.outputs('c299')[0]).hash)).toEqual(cells[299]?.outputs?.[0]);
    // the same whoever asks
    expect(new SyncedPage(document).outputs('c299')).toEqual(page.outputs('c299'));
  });

  it('in a cell that was changed, and outputs that no page could show, keep their places', async () => {
    const document = await open('a.ipynb', [code('a', [{ output_type: 'odd' } as unknown as Output, long])]);
    const first = new SyncedPage(document);
    expect(first.outputs('a')).toHaveLength(1);
    first.sync.perform([{ op: 'edit-source', id: 'a', changes: [3, [0, '!']] }]);
    const second = new SyncedPage(document);
    expect(document.output(reference(second.outputs('a')[0]).hash)).toEqual(long);
  });
});
