/** What the HTML of the notebook page has of a document. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryNotebookManager } from '../../../src/contents/index.js';
import type { DocumentManager } from '../../../src/documents/index.js';
import { stateOf } from '../../../src/documents/document-file.js';
import { firstCells } from '../../../src/documents/first-cells.js';
import { OutputPiece, readNotebook, type Cell } from '../../../src/notebook/index.js';
import { CellState } from '../../../src/notebook/notebook-state.js';
import { memoryDocuments, SyncedPage } from './synced-page.js';

const cells = (sources: readonly string[], type: Cell['cell_type'] = 'code') =>
  sources.map((source, i): CellState => {
    const cell: Cell = { id: `c${i}`, cell_type: type, source, metadata: {}, execution_count: i };
    return new CellState(cell.id, cell);
  });

describe('the first cells', () => {
  it('are those that a screen may show, with their prompts', () => {
    const first = firstCells(cells(Array.from({ length: 500 }, (_, i) => `line ${i}`)));
    expect(first).toHaveLength(25);
    expect(first[3]).toEqual({ id: 'c3', type: 'code', source: 'line 3', run: { state: 'idle', count: 3 } });
    expect(firstCells(cells(['# text'], 'markdown'))[0]?.run).toBeUndefined();
  });

  it('end before a text that is too long to be in every page', () => {
    const ids = (sources: string[]) => firstCells(cells(sources)).map(({ id }) => id);
    expect(ids(['a', 'x'.repeat(30_000), 'x'.repeat(30_000), 'b'])).toEqual(['c0', 'c1']);
    expect(ids(['x'.repeat(100_000), 'b'])).toEqual([]);
  });

  it('say how a cell runs just now', () => {
    const [one] = cells(['1']);
    if (one === undefined) throw new Error('There is one.');
    const running = { state: 'running', count: null } as const;
    const first = firstCells([new CellState('c0', one.cell, running)]);
    expect(first[0]?.run).toEqual(running);
  });

  it('are read without their outputs', () => {
    const outputs = [
      { output_type: 'display_data', data: { 'text/plain': 'x'.repeat(2_000) }, metadata: {} },
    ];
    const raw = {
      id: 'c0',
      cell_type: 'code',
      source: ['a\n', 'b'],
      metadata: {},
      execution_count: 4,
      outputs,
    };
    const bytes = Buffer.from(
      JSON.stringify({ cells: [raw, { ...raw, id: 'c1' }], metadata: {}, nbformat: 4, nbformat_minor: 5 }),
    );
    const read = vi.spyOn(OutputPiece.prototype, 'read');
    const state = stateOf(readNotebook(bytes));
    expect(firstCells(state.cells())).toEqual(
      ['c0', 'c1'].map((id) => ({ id, type: 'code', source: 'a\nb', run: { state: 'idle', count: 4 } })),
    );
    expect(read).not.toHaveBeenCalled();
    expect([...state.cells()].some(({ isParsed }) => isParsed)).toBe(false);
  });
});

describe('a page that begins with what its HTML brought', () => {
  let documents: DocumentManager;
  let store: MemoryNotebookManager;
  beforeEach(async () => {
    store = new MemoryNotebookManager();
    documents = memoryDocuments(store);
    const inFile = cells(['text']).map(({ cell }) => ({ ...cell, outputs: [] }));
    const notebook = { cells: inFile, metadata: {}, nbformat: 4, nbformat_minor: 5 };
    await store.write('n.ipynb', Buffer.from(JSON.stringify(notebook)));
  });
  afterEach(() => documents.close());

  it('has its first cells before it is known whose outputs are trusted, and from a notebook that is open at once', async () => {
    let judge = (): void => undefined;
    const judged = new Promise<void>((resolve) => (judge = resolve));
    documents = memoryDocuments(store, { foreignCells: () => judged.then(() => new Set<string>()) });
    const early = new Promise<unknown>((resolve) => {
      void documents.open('n.ipynb', { onFirstCells: resolve });
    });
    expect(await early).toMatchObject([{ id: 'c0', source: 'text' }]);
    expect(documents.list()).toEqual([]);
    judge();
    const document = await documents.open('n.ipynb');
    new SyncedPage(document).sync.perform([{ op: 'edit-source', id: 'c0', changes: [4, [0, ' more']] }]);
    const onFirstCells = vi.fn();
    await documents.open('n.ipynb', { onFirstCells });
    expect(onFirstCells).toHaveBeenCalledExactlyOnceWith([expect.objectContaining({ source: 'text more' })]);
  });

  it('goes on from there: it gets what has happened since, and no second snapshot', async () => {
    const document = await documents.open('n.ipynb');
    const { id, cells: shown, messages: make } = document.opening;
    const messages = make();
    expect(id).toBe(document.id);
    expect(shown.map(({ source }) => source)).toEqual(['text']);
    const other = new SyncedPage(document);
    other.sync.perform([{ op: 'edit-source', id: 'c0', changes: [4, [0, ' more']] }]);

    const page = new SyncedPage(document, messages);
    expect(page.sync.view.cell('c0')?.cell.source).toBe('text more');
    expect(page.received).toBeLessThan(messages.join('').length);
    page.sync.perform([{ op: 'edit-source', id: 'c0', changes: [9, [0, '!']] }]);
    expect(document.state.cell('c0')?.cell.source).toBe('text more!');
    expect(other.sync.view.cell('c0')?.cell.source).toBe('text more!');
  });
});
