/**
 * Two pages with a slow network, a script that saves whole notebooks (as JupyterLab does) and a program that rewrites the
 * file (as `git checkout` does), each in cells of its own and now and then in one of somebody else's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryNotebookManager } from '../../../src/contents/index.js';
import type { LiveDocument } from '../../../src/documents/index.js';
import type { Cell, JsonObject } from '../../../src/notebook/index.js';
import { rounds } from '../../tier.js';
import { memoryDocuments, SyncedPage } from './synced-page.js';

const path = 'work.ipynb';
const IDS = ['one', 'two', 'script', 'git', 'nobody'] as const;

/** A small random generator, so that a failing round can be made again. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed * 2654435761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state >>> 4) & 0xffffff) % below;
  };
}

const cell = (id: string, source: string): Cell => ({
  id,
  cell_type: 'code',
  source,
  metadata: {},
  outputs: [],
  execution_count: null,
});
const toFile = (cells: readonly JsonObject[]): Buffer =>
  Buffer.from(`${JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`);

async function onDisk(store: MemoryNotebookManager): Promise<Listed[]> {
  const { body } = await store.read(path);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  const { cells } = JSON.parse(Buffer.concat(chunks).toString()) as {
    cells: { id: string; source: string | string[] }[];
  };
  return cells.map(({ id, source }) => ({ id, source: Array.isArray(source) ? source.join('') : source }));
}

interface World {
  store: MemoryNotebookManager;
  document: LiveDocument;
  pages: SyncedPage[];
}

async function begin(directory?: string): Promise<World & { end(): Promise<void> }> {
  const store = new MemoryNotebookManager();
  await store.write(path, toFile(IDS.map((id) => cell(id, `# ${id}\n`) as unknown as JsonObject)));
  const documents = memoryDocuments(store, directory === undefined ? {} : { historyDirectory: directory });
  const document = await documents.open(path);
  const pages = [new SyncedPage(document), new SyncedPage(document)];
  return { store, document, pages, end: () => documents.close() };
}

/** What one of them does to a cell of its own. */
type Change =
  | { kind: 'edit'; id: string; text: string }
  | { kind: 'insert'; id: string; after: string; text: string }
  | { kind: 'delete'; id: string }
  | { kind: 'move'; id: string; after: string };

interface Listed {
  id: string;
  source: string;
}

function changed(cells: readonly Listed[], change: Change): Listed[] {
  const { kind, id } = change;
  if (kind === 'edit')
    return cells.map((one) => (one.id === id ? { ...one, source: one.source + change.text } : one));
  const rest = cells.filter((one) => one.id !== id);
  if (kind === 'delete') return rest;
  const moved = kind === 'insert' ? { id, source: change.text } : cells.find((one) => one.id === id);
  return rest.flatMap((one) => (one.id === change.after && moved !== undefined ? [one, moved] : [one]));
}

/** The cells of one writer, which nobody else touches, and what it does to them next. */
class Writer {
  cells: Listed[];
  #made = 0;

  constructor(
    readonly name: string,
    private readonly random: (below: number) => number,
  ) {
    this.cells = [{ id: name, source: `# ${name}\n` }];
  }

  next(): Change {
    const one = this.#any();
    const other = this.#any();
    const n = (this.#made += 1);
    const which = this.random(8);
    let change: Change = { kind: 'edit', id: one, text: `${this.name} ${n}\n` };
    if (which === 0) change = { kind: 'insert', id: `${this.name}-${n}`, after: one, text: `new ${n}\n` };
    if (which === 1 && one !== this.name) change = { kind: 'delete', id: one };
    if (which === 2 && one !== other) change = { kind: 'move', id: one, after: other };
    this.cells = changed(this.cells, change);
    return change;
  }

  #any(): string {
    return this.cells[this.random(this.cells.length)]?.id ?? this.name;
  }
}

function perform(page: SyncedPage | undefined, change: Change): void {
  const { kind, id } = change;
  if (kind === 'edit') type(page, id, change.text);
  else if (kind === 'delete') page?.sync.perform([{ op: 'delete-cell', id }]);
  else if (kind === 'move') page?.sync.perform([{ op: 'move-cell', id, after: change.after }]);
  else page?.sync.perform([{ op: 'insert-cell', cell: cell(id, change.text), after: change.after }]);
}

function type(page: SyncedPage | undefined, id: string, text: string): void {
  const length = page?.sync.view.cell(id)?.text.length;
  if (length !== undefined)
    page?.sync.perform([{ op: 'edit-source', id, changes: [length, [0, ...text.split('\n')]] }]);
}

/** Reads the whole notebook, and some time later saves the whole of it. */
async function scriptSaves({ document }: World, change: Change, between: () => void): Promise<void> {
  const content = document.content() as JsonObject & { cells: (Listed & JsonObject)[] };
  between();
  const whole = new Map(content.cells.map((one) => [one.id, one]));
  const cells = changed(content.cells, change).map(({ id, source }) => ({
    ...(whole.get(id) ?? (cell(id, '') as unknown as JsonObject)),
    source,
  }));
  await document.save({ ...content, cells });
}

async function gitWrites({ store, document }: World, change: Change): Promise<void> {
  const cells = changed(await onDisk(store), change).map(({ id, source }) => cell(id, source));
  await store.write(path, toFile(cells as unknown as JsonObject[]));
  await document.checkDisk();
}

async function settle({ document, pages }: World): Promise<void> {
  for (const page of pages) {
    page.isHeld = false;
    page.deliver();
  }
  await document.saveNow();
}

describe('two pages, a script and git on one notebook', () => {
  it('end equal, each text once and in its cell, and nobody is asked anything', async () => {
    for (let seed = 1; seed <= rounds(100, 1_000); seed += 1) {
      const random = randomFrom(seed);
      const world = await begin();
      const { document, pages, store } = world;
      const writers = Object.fromEntries(
        IDS.map((name) => [name, new Writer(name, random)] as const),
      ) as Record<(typeof IDS)[number], Writer>;
      const someDelivery = () => pages[random(2)]?.deliver(random(6));
      for (let step = 0; step < 14; step += 1) {
        const which = random(8);
        if (which < 2) perform(pages[0], writers.one.next());
        else if (which < 4) perform(pages[1], writers.two.next());
        else if (which === 4) await scriptSaves(world, writers.script.next(), someDelivery);
        else if (which === 5) await gitWrites(world, writers.git.next());
        else if (which === 6) await document.flush();
        else for (const page of pages) page.isHeld = random(2) === 0;
        someDelivery();
      }
      await settle(world);
      const file = await onDisk(store);
      for (const { name, cells } of Object.values(writers)) {
        const own = file.filter(({ id }) => id.split('-')[0] === name);
        expect(own, `the cells of ${name} in round ${seed}`).toEqual(cells);
      }
      for (const page of pages) {
        const shown = [...page.sync.view.cells()].map(({ id, cell: { source } }) => ({ id, source }));
        expect(shown, `a page in round ${seed}`).toEqual(file);
        expect(page.sync.isSaved).toBe(true);
      }
      expect(document.conflicts).toEqual([]);
      await world.end();
    }
  });

  it('keep both texts where two of them changed one line', async () => {
    for (let seed = 1; seed <= rounds(20, 200); seed += 1) {
      const random = randomFrom(seed);
      const world = await begin();
      const { document, pages } = world;
      const append = (text: string): Change => ({ kind: 'edit', id: 'nobody', text });
      const texts = ['page-text', 'script-text', 'and more'];
      type(pages[0], 'nobody', 'page-text');
      if (random(2) === 0) {
        await document.flush();
      } else {
        texts.push('git-text');
        await gitWrites(world, append('git-text'));
      }
      await scriptSaves(world, append('script-text'), () => type(pages[1], 'nobody', 'and more'));
      await settle(world);
      const kept = JSON.stringify([document.content(), document.conflicts]);
      for (const text of texts) expect(kept, `round ${seed}`).toContain(text);
      expect([...document.state.ids]).toEqual(IDS);
      await world.end();
    }
  });

  it('keep the choice between two texts for a person, also when the server is started again', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'nbserver-conflicts-'));
    try {
      const first = await begin(directory);
      type(first.pages[0], 'nobody', 'mine');
      await gitWrites(first, { kind: 'edit', id: 'nobody', text: 'theirs' });
      const { conflicts } = first.document;
      expect(conflicts).toMatchObject([
        { cell: 'nobody', ours: '# nobody\nmine', theirs: '# nobody\ntheirs' },
      ]);
      await first.end();

      const again = memoryDocuments(first.store, { historyDirectory: directory });
      const document = await again.open(path);
      expect(document.conflicts).toEqual(conflicts);
      const page = new SyncedPage(document);
      document.receive(page, { type: 'resolve', conflict: conflicts[0]?.id ?? '' });
      await again.close();
      const last = memoryDocuments(first.store, { historyDirectory: directory });
      expect((await last.open(path)).conflicts).toEqual([]);
      await last.close();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
