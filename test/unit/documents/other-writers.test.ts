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
const IDS = ['one', 'two', 'script', 'git', 'nobody'];

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

async function onDisk(store: MemoryNotebookManager): Promise<{ id: string; source: string }[]> {
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

function type(page: SyncedPage | undefined, id: string, text: string): void {
  const length = page?.sync.view.cell(id)?.text.length;
  if (length !== undefined)
    page?.sync.perform([{ op: 'edit-source', id, changes: [length, [0, ...text.split('\n')]] }]);
}

/** Reads the whole notebook, and some time later saves the whole of it. */
async function scriptSaves(
  { document }: World,
  id: string,
  text: string,
  between: () => void,
): Promise<void> {
  const content = document.content() as JsonObject & { cells: { id: string; source: string }[] };
  between();
  const cells = content.cells.map((one) => (one.id === id ? { ...one, source: one.source + text } : one));
  await document.save({ ...content, cells });
}

async function gitWrites({ store, document }: World, id: string, text: string): Promise<void> {
  const cells = await onDisk(store);
  const changed = cells.map(({ id: each, source }) => cell(each, each === id ? source + text : source));
  await store.write(path, toFile(changed as unknown as JsonObject[]));
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
  it(
    'end equal, each text once and in its cell, and nobody is asked anything',
    { timeout: rounds(60_000, 600_000) },
    async () => {
      for (let seed = 1; seed <= rounds(100, 1_000); seed += 1) {
        const random = randomFrom(seed);
        const world = await begin();
        const { document, pages, store } = world;
        const written = new Map<string, string>(IDS.map((id) => [id, `# ${id}\n`]));
        const write = (id: string): string => {
          const text = `${id} ${(written.get(id) ?? '').length}\n`;
          written.set(id, (written.get(id) ?? '') + text);
          return text;
        };
        const someDelivery = () => pages[random(2)]?.deliver(random(6));
        for (let step = 0; step < 12; step += 1) {
          const which = random(8);
          if (which < 2) type(pages[0], 'one', write('one'));
          else if (which < 4) type(pages[1], 'two', write('two'));
          else if (which === 4) await scriptSaves(world, 'script', write('script'), someDelivery);
          else if (which === 5) await gitWrites(world, 'git', write('git'));
          else if (which === 6) await document.flush();
          else for (const page of pages) page.isHeld = random(2) === 0;
          someDelivery();
        }
        await settle(world);
        const wanted = IDS.map((id) => ({ id, source: written.get(id) }));
        expect(await onDisk(store), `the file in round ${seed}`).toEqual(wanted);
        for (const page of pages) {
          const shown = [...page.sync.view.cells()].map(({ id, cell: { source } }) => ({ id, source }));
          expect(shown, `a page in round ${seed}`).toEqual(wanted);
          expect(page.sync.isSaved).toBe(true);
        }
        expect(document.conflicts).toEqual([]);
        await world.end();
      }
    },
  );

  it('keep both texts where two of them changed one line', async () => {
    for (let seed = 1; seed <= rounds(20, 200); seed += 1) {
      const random = randomFrom(seed);
      const world = await begin();
      const { document, pages } = world;
      const texts = ['page-text', 'script-text', 'git-text'];
      type(pages[0], 'nobody', texts[0] ?? '');
      if (random(2) === 0) await document.flush();
      else await gitWrites(world, 'nobody', texts[2] ?? '');
      await scriptSaves(world, 'nobody', texts[1] ?? '', () => type(pages[1], 'nobody', ' and more'));
      await settle(world);
      const kept = JSON.stringify([document.content(), document.conflicts]);
      for (const text of texts.slice(0, 2)) expect(kept, `round ${seed}`).toContain(text);
      expect([...document.state.ids]).toEqual(IDS);
      await world.end();
    }
  });

  it('keep the choice between two texts for a person, also when the server is started again', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'nbserver-conflicts-'));
    try {
      const first = await begin(directory);
      type(first.pages[0], 'nobody', 'mine');
      await gitWrites(first, 'nobody', 'theirs');
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
