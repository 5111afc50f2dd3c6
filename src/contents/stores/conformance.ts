/**
 * What every store must do, as a list of named checks that need no test framework: a store passes when none of them
 * throws. Run each on a store of its own that is empty:
 *
 *     for (const { name, run } of conformance()) test(name, async () => run(await makeStore()));
 *
 * Long, because it is a list.
 */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { notebookContent, readNotebook } from '../../notebook/index.js';
import type { NotebookManager } from '../notebook-manager.js';
import { readAll } from '../read-all.js';

export interface ConformanceCheck {
  /** completes "a store …" */
  name: string;
  run(store: NotebookManager): Promise<void>;
}

export interface ConformanceOptions {
  /**
   * `real` (default): a directory exists from `makeDirectory` until it is removed. `implied`: one exists while something
   * is in it, as in object stores. `none`: the root is the only one.
   */
  directories?: 'real' | 'implied' | 'none';
}

const bytes = (text: string): Buffer => Buffer.from(text);

async function textOf(store: NotebookManager, path: string): Promise<string> {
  return (await readAll(store, path)).bytes.toString();
}

async function namesIn(store: NotebookManager, path: string): Promise<string[]> {
  const names: string[] = [];
  let after: string | undefined;
  do {
    const page = await store.list(path, after === undefined ? {} : { after });
    names.push(...page.entries.map((entry) => entry.name));
    after = page.next;
  } while (after !== undefined);
  return names.sort();
}

/** A notebook that says one thing. A store may keep it in whatever format it likes. */
function notebook(text: string): Buffer {
  const cell = { cell_type: 'markdown', id: 'one', metadata: {}, source: [text] };
  return bytes(
    `${JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`,
  );
}

async function contentOf(store: NotebookManager, path: string): Promise<Record<string, unknown>> {
  return notebookContent(readNotebook((await readAll(store, path)).bytes), false);
}

/** What the notebook says. */
async function said(store: NotebookManager, path: string): Promise<unknown> {
  const { cells } = await contentOf(store, path);
  return (cells as { source: string }[])[0]?.source;
}

/** By its status, not by its class: a store may come with a copy of the package of its own. */
async function refuses(status: number | number[], action: Promise<unknown>): Promise<void> {
  const statuses = [status].flat();
  await assert.rejects(action, (error: unknown) => {
    const found = error instanceof Error && 'status' in error ? error.status : undefined;
    assert.ok(
      statuses.includes(found as number),
      `expected an HttpError ${statuses.join(' or ')}, but got ${String(error)}`,
    );
    assert.ok((error as Error).message.length > 10, 'the message must be a sentence for the user');
    return true;
  });
}

/** The checks for a kind of store; a check that it cannot meet by its nature is left out. */
export function conformance(options: ConformanceOptions = {}): ConformanceCheck[] {
  const { directories = 'real' } = options;
  const fits = { real: ['real', 'implied', 'none'], implied: ['implied', 'none'], none: ['none'] }[
    directories
  ];
  return checks.filter(({ needs = 'none' }) => fits.includes(needs));
}

/** `needs`: the least that a store must have for the check */
type Check = ConformanceCheck & { needs?: 'real' | 'implied' | 'none' };

const checks: Check[] = [
  {
    name: 'describes itself in one line',
    async run(store) {
      assert.match(store.infoString(), /^[^\n]{5,}$/);
    },
  },
  {
    name: 'has a root, which is a directory with an empty name',
    async run(store) {
      const root = await store.stat('');
      assert.equal(root?.kind, 'directory');
      assert.equal(root.name, '');
      assert.deepEqual(await namesIn(store, ''), []);
    },
  },
  {
    name: 'gives back the bytes that were written, and an entry that describes them',
    async run(store) {
      const before = Date.now();
      const written = await store.write('a.bin', Buffer.from([0, 255, 10, 13]));
      const { entry, bytes: read } = await readAll(store, 'a.bin');
      assert.deepEqual([...read], [0, 255, 10, 13]);
      for (const other of [entry, await store.stat('a.bin'), (await store.list('')).entries[0]]) {
        // a list may not know a hash that the others tell
        assert.deepEqual({ ...written, ...other, hash: undefined }, { ...written, hash: undefined });
      }
      const { name, kind, size, writable } = written;
      assert.deepEqual(
        { name, kind, size, writable },
        { name: 'a.bin', kind: 'file', size: 4, writable: true },
      );
      assert.ok(
        written.modified.getTime() >= before - 2000 && written.modified.getTime() <= Date.now() + 2000,
      );
    },
  },
  {
    name: 'takes a stream',
    async run(store) {
      await store.write('s.txt', Readable.from([bytes('one '), bytes('two')]));
      assert.equal(await textOf(store, 's.txt'), 'one two');
    },
  },
  {
    name: 'keeps the old bytes when a stream breaks',
    async run(store) {
      await store.write('s.txt', bytes('old'));
      const broken = Readable.from(
        (function* () {
          yield bytes('new');
          throw new Error('the upload broke off');
        })(),
      );
      await assert.rejects(store.write('s.txt', broken), /broke off/);
      assert.equal(await textOf(store, 's.txt'), 'old');
      assert.deepEqual(await namesIn(store, ''), ['s.txt']);
    },
  },
  {
    name: 'reads a range, its last byte included, and less at the end of the file',
    async run(store) {
      await store.write('r.txt', bytes('0123456789'));
      const range = async (start: number, end: number): Promise<string> => {
        const read = { read: (path: string) => store.read(path, { start, end }) };
        return (await readAll(read, 'r.txt')).bytes.toString();
      };
      assert.deepEqual([await range(2, 4), await range(8, 99), await range(50, 60)], ['234', '89', '']);
    },
  },
  {
    name: 'reads an empty file',
    async run(store) {
      const { size } = await store.write('e.txt', bytes(''));
      assert.deepEqual([size, await textOf(store, 'e.txt')], [0, '']);
    },
  },
  {
    name: 'changes the revision with every write, and only then',
    async run(store) {
      const first = await store.write('v.txt', bytes('a'));
      assert.equal((await store.stat('v.txt'))?.revision, first.revision);
      const second = await store.write('v.txt', bytes('b'));
      assert.notEqual(second.revision, first.revision);
    },
  },
  {
    name: 'writes on the condition that the revision is the one that was read',
    async run(store) {
      const first = await store.write('v.txt', bytes('a'));
      const second = await store.write('v.txt', bytes('b'), { revision: first.revision });
      await refuses(409, store.write('v.txt', bytes('c'), { revision: first.revision }));
      assert.equal(await textOf(store, 'v.txt'), 'b');
      await store.remove('v.txt');
      await refuses(409, store.write('v.txt', bytes('d'), { revision: second.revision }));
      assert.equal(await store.stat('v.txt'), undefined);
    },
  },
  {
    name: 'writes on the condition that nothing is there; of many at once one succeeds',
    async run(store) {
      const tries = Array.from({ length: 10 }, (_, i) =>
        store.write('one.txt', bytes(`${i}`), { absent: true }),
      );
      const results = await Promise.allSettled(tries);
      assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
      const winner = results.findIndex((result) => result.status === 'fulfilled');
      assert.equal(await textOf(store, 'one.txt'), `${winner}`);
      await refuses(409, store.write('one.txt', bytes('x'), { absent: true }));
    },
  },
  {
    name: 'writes on the condition of a revision; of many at once one succeeds',
    async run(store) {
      const { revision } = await store.write('one.txt', bytes('before'));
      const tries = Array.from({ length: 10 }, (_, i) => store.write('one.txt', bytes(`${i}`), { revision }));
      const results = await Promise.allSettled(tries);
      const winners = results.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
      assert.equal(winners.length, 1);
      assert.equal(await textOf(store, 'one.txt'), `${winners[0]}`);
    },
  },
  {
    name: 'keeps what was written when the buffer is used for something else',
    async run(store) {
      const buffer = bytes('kept');
      await store.write('b.txt', buffer);
      buffer.fill('x');
      assert.equal(await textOf(store, 'b.txt'), 'kept');
    },
  },
  {
    name: 'takes and gives megabytes in pieces',
    async run(store) {
      const piece = Buffer.alloc(1 << 18, 'nbserver ');
      await store.write('big.bin', Readable.from(Array.from({ length: 16 }, () => piece)));
      const { bytes: read } = await readAll(store, 'big.bin');
      assert.ok(read.equals(Buffer.concat(Array.from({ length: 16 }, () => piece))));
    },
  },
  {
    name: 'gives back an equal notebook, whatever form it keeps',
    async run(store) {
      const source = ['import numpy as np\n', '\n', '# %% no cell\n', 'x = "%%"  \n', 'print(x)'];
      const output = { output_type: 'stream', name: 'stdout', text: ['%%\n', '2\n'] };
      const picture = { 'image/png': 'iVBORw0KGgo=\n', 'text/plain': ['<Figure>'] };
      const value = { ...picture, 'application/json': { a: [1, 2.5, null] } };
      const written = {
        cells: [
          {
            cell_type: 'markdown',
            id: 'm-1',
            metadata: { tags: ['x'] },
            source: ['# Title  \n', '\n', '%% text\n'],
          },
          {
            cell_type: 'code',
            id: 'c-1',
            metadata: { collapsed: true },
            execution_count: 7,
            source,
            outputs: [output, { output_type: 'display_data', data: value, metadata: {} }],
          },
          { cell_type: 'code', id: 'c-2', metadata: {}, execution_count: null, source: [], outputs: [] },
          { cell_type: 'raw', id: 'r-1', metadata: {}, source: ['größe 日本\n', '  indented'] },
          { cell_type: 'markdown', id: 'm-2', metadata: {}, source: [], attachments: { 'a.png': picture } },
        ],
        metadata: { kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' }, n: 1 },
        nbformat: 4,
        nbformat_minor: 5,
      };
      const sent = bytes(JSON.stringify(written, null, 1));
      await store.write('n.ipynb', sent);
      assert.deepEqual(await contentOf(store, 'n.ipynb'), notebookContent(readNotebook(sent), false));
      assert.equal((await store.stat('n.ipynb'))?.name, 'n.ipynb');
      assert.deepEqual(await namesIn(store, ''), ['n.ipynb']);
      // what has been read once is written and read again the same
      const { bytes: again } = await readAll(store, 'n.ipynb');
      await store.write('n.ipynb', again);
      assert.ok((await readAll(store, 'n.ipynb')).bytes.equals(again));
    },
  },
  {
    name: 'survives many writes of one file at once: one of them is there, whole',
    async run(store) {
      const texts = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(100_000));
      await Promise.all(texts.map((text) => store.write('w.txt', bytes(text))));
      assert.ok(texts.includes(await textOf(store, 'w.txt')));
      assert.deepEqual(await namesIn(store, ''), ['w.txt']);
    },
  },
  {
    name: 'keeps directories',
    needs: 'real',
    async run(store) {
      const made = await store.makeDirectory('d');
      assert.deepEqual([made.name, made.kind, made.size], ['d', 'directory', undefined]);
      await store.makeDirectory('d/e');
      await store.write('d/f.txt', bytes('x'));
      assert.deepEqual(await namesIn(store, ''), ['d']);
      assert.deepEqual(await namesIn(store, 'd'), ['e', 'f.txt']);
      await refuses(409, store.makeDirectory('d'));
      await refuses(409, store.makeDirectory('d/f.txt'));
      await refuses([400, 409], store.write('d', bytes('x'), { absent: true }));
    },
  },
  {
    name: 'has a directory while something is in it',
    needs: 'implied',
    async run(store) {
      if ((await store.stat('d')) === undefined) await store.makeDirectory('d');
      await store.write('d/f.txt', bytes('x'));
      assert.equal((await store.stat('d'))?.kind, 'directory');
      assert.deepEqual(await namesIn(store, ''), ['d']);
      assert.deepEqual(await namesIn(store, 'd'), ['f.txt']);
      assert.equal((await store.list('')).entries[0]?.kind, 'directory');
    },
  },
  {
    name: 'gives long lists in pages, each name once',
    async run(store) {
      const names = Array.from({ length: 25 }, (_, i) => `f${String(i).padStart(2, '0')}`);
      for (const name of names) await store.write(name, bytes(name));
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await store.list('', after === undefined ? { limit: 10 } : { after, limit: 10 });
        assert.ok(page.entries.length <= 10);
        seen.push(...page.entries.map((entry) => entry.name));
        after = page.next;
      } while (after !== undefined);
      assert.deepEqual(seen.sort(), names);
    },
  },
  {
    name: 'keeps names of any script, with spaces, quotes, percent signs and line ends',
    async run(store) {
      const names = [
        'größe Ω 日本 🎉.txt',
        `a'b"c%20d.txt`,
        ' leading',
        'new\nline',
        'C:drive',
        'back\\slash',
        '~',
      ];
      for (const name of names) await store.write(name, bytes(name));
      assert.deepEqual(await namesIn(store, ''), [...names].sort());
      for (const name of names) assert.equal(await textOf(store, name), name);
    },
  },
  {
    name: 'renames a file with what is in it',
    async run(store) {
      await store.write('a.txt', bytes('kept'));
      const { name, size } = await store.rename('a.txt', 'b.txt');
      assert.deepEqual([name, size], ['b.txt', 4]);
      assert.equal(await textOf(store, 'b.txt'), 'kept');
      assert.equal(await store.stat('a.txt'), undefined);
      assert.deepEqual(await namesIn(store, ''), ['b.txt']);
      await store.write('n.ipynb', notebook('kept'));
      assert.equal((await store.rename('n.ipynb', 'm.ipynb')).name, 'm.ipynb');
      assert.equal(await said(store, 'm.ipynb'), 'kept');
      assert.equal(await store.stat('n.ipynb'), undefined);
    },
  },
  {
    name: 'renames directories with all that is in them',
    needs: 'real',
    async run(store) {
      await store.makeDirectory('a');
      await store.makeDirectory('a/deep');
      await store.write('a/deep/f.txt', bytes('kept'));
      const moved = await store.rename('a', 'b');
      assert.deepEqual([moved.name, moved.kind], ['b', 'directory']);
      assert.equal(await textOf(store, 'b/deep/f.txt'), 'kept');
      assert.equal(await store.stat('a'), undefined);
      const file = await store.rename('b/deep/f.txt', 'g.txt');
      assert.deepEqual([file.name, file.size], ['g.txt', 4]);
      assert.deepEqual(await namesIn(store, 'b/deep'), []);
    },
  },
  {
    name: 'never replaces by a rename',
    async run(store) {
      await store.write('a.txt', bytes('a'));
      await store.write('b.txt', bytes('b'));
      await refuses(409, store.rename('a.txt', 'b.txt'));
      await refuses(404, store.rename('missing.txt', 'c.txt'));
      assert.deepEqual([await textOf(store, 'a.txt'), await textOf(store, 'b.txt')], ['a', 'b']);
      assert.equal((await store.rename('a.txt', 'a.txt')).name, 'a.txt');
    },
  },
  {
    name: 'never replaces a directory by a rename, nor moves one into itself',
    needs: 'real',
    async run(store) {
      await store.write('a.txt', bytes('a'));
      await store.makeDirectory('d');
      await refuses(409, store.rename('a.txt', 'd'));
      await refuses(409, store.rename('d', 'a.txt'));
      await refuses(404, store.rename('a.txt', 'missing/a.txt'));
      await refuses(400, store.rename('d', 'd/inside'));
      assert.deepEqual(await namesIn(store, ''), ['a.txt', 'd']);
    },
  },
  {
    name: 'removes files',
    async run(store) {
      await store.write('f.txt', bytes(''));
      await store.write('n.ipynb', notebook('gone'));
      await store.remove('f.txt');
      await store.remove('n.ipynb');
      assert.deepEqual(await namesIn(store, ''), []);
      await refuses(404, store.remove('f.txt'));
      await refuses(400, store.remove(''));
    },
  },
  {
    name: 'removes empty directories; full ones only when asked to',
    needs: 'real',
    async run(store) {
      await store.makeDirectory('d');
      await store.write('d/f.txt', bytes(''));
      await refuses(400, store.remove('d'));
      await store.remove('d', { recursive: true });
      assert.equal(await store.stat('d/f.txt'), undefined);
      await store.makeDirectory('e');
      await store.remove('e');
      assert.deepEqual(await namesIn(store, ''), []);
      await refuses(404, store.remove('e'));
    },
  },
  {
    name: 'says 404 for what is missing',
    async run(store) {
      assert.equal(await store.stat('missing'), undefined);
      assert.equal(await store.stat('missing/deeper'), undefined);
      await refuses(404, store.read('missing'));
      await refuses(404, store.list('missing'));
    },
  },
  {
    name: 'says 404 for a missing directory, 400 for one where a file is meant',
    needs: 'real',
    async run(store) {
      await refuses(404, store.write('missing/f.txt', bytes('')));
      await refuses(404, store.makeDirectory('missing/d'));
      await store.makeDirectory('d');
      await refuses(400, store.read('d'));
      await refuses(400, store.write('d', bytes('')));
    },
  },
  {
    name: 'refuses paths that lead outside or are none',
    async run(store) {
      for (const path of ['..', '../x', 'a/../../x', '\0', 'a\0b', '\ud800']) {
        await refuses(404, store.stat(path));
        await refuses(404, store.read(path));
        await refuses(404, store.write(path, bytes('')));
        await refuses(404, store.remove(path, { recursive: true }));
      }
      await refuses(400, store.write('n'.repeat(300), bytes('')));
    },
  },
  {
    name: 'keeps checkpoints: a version to go back to',
    async run(store) {
      const { checkpoints } = store;
      await store.write('c.ipynb', notebook('first'));
      assert.deepEqual(await checkpoints.list('c.ipynb'), []);
      const made = await checkpoints.create('c.ipynb');
      assert.match(made.id, /^[\w-]+$/);
      assert.deepEqual(await checkpoints.list('c.ipynb'), [made]);
      await store.write('c.ipynb', notebook('second'));
      await checkpoints.restore('c.ipynb', made.id);
      assert.equal(await said(store, 'c.ipynb'), 'first');
      // what was there before may be kept as one more
      const all = (await checkpoints.list('c.ipynb')).map(({ id }) => id);
      assert.equal(all.at(-1), made.id);
      await refuses(404, checkpoints.restore('c.ipynb', 'no-such-one'));
      await refuses(404, checkpoints.remove('c.ipynb', 'no-such-one'));
      for (const { id } of await checkpoints.list('c.ipynb')) {
        if (id !== made.id) await checkpoints.remove('c.ipynb', id);
      }
      await checkpoints.remove('c.ipynb', made.id);
      assert.deepEqual(await checkpoints.list('c.ipynb'), []);
      await refuses(404, checkpoints.restore('c.ipynb', made.id));
      await refuses(404, checkpoints.create('missing.ipynb'));
    },
  },
  {
    name: 'keeps the newest state in the last checkpoint of the list',
    async run(store) {
      await store.write('c.ipynb', notebook('first'));
      await store.checkpoints.create('c.ipynb');
      await store.write('c.ipynb', notebook('second'));
      await store.checkpoints.create('c.ipynb');
      await store.write('c.ipynb', notebook('third'));
      const last = (await store.checkpoints.list('c.ipynb')).at(-1);
      assert.ok(last);
      await store.checkpoints.restore('c.ipynb', last.id);
      assert.equal(await said(store, 'c.ipynb'), 'second');
    },
  },
  {
    name: 'lets checkpoints follow their file, and go with it',
    async run(store) {
      const { checkpoints } = store;
      await store.write('a.ipynb', notebook('kept'));
      const { id } = await checkpoints.create('a.ipynb');
      await store.rename('a.ipynb', 'b.ipynb');
      await checkpoints.renamed('a.ipynb', 'b.ipynb');
      assert.deepEqual(await checkpoints.list('a.ipynb'), []);
      await store.write('b.ipynb', notebook('changed'));
      await checkpoints.restore('b.ipynb', id);
      assert.equal(await said(store, 'b.ipynb'), 'kept');
      await store.remove('b.ipynb');
      await checkpoints.removed('b.ipynb');
      assert.deepEqual(await checkpoints.list('b.ipynb'), []);
    },
  },
  {
    name: 'lets checkpoints follow their file into another directory',
    needs: 'real',
    async run(store) {
      const { checkpoints } = store;
      await store.makeDirectory('d');
      await store.write('a.ipynb', notebook('kept'));
      const { id } = await checkpoints.create('a.ipynb');
      await store.rename('a.ipynb', 'd/b.ipynb');
      await checkpoints.renamed('a.ipynb', 'd/b.ipynb');
      await store.write('d/b.ipynb', notebook('changed'));
      await checkpoints.restore('d/b.ipynb', id);
      assert.equal(await said(store, 'd/b.ipynb'), 'kept');
      await store.remove('d/b.ipynb');
      await checkpoints.removed('d/b.ipynb');
      await store.remove('d');
    },
  },
];
