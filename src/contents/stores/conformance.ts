/**
 * What every store must do, as a list of named checks that need no test framework: a store passes when none of them
 * throws. Run each on a store of its own that is empty:
 *
 *     for (const { name, run } of conformance) test(name, async () => run(await makeStore()));
 */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { HttpError } from '../../http-error.js';
import type { NotebookManager } from '../notebook-manager.js';

export interface ConformanceCheck {
  /** completes "a store …" */
  name: string;
  run(store: NotebookManager): Promise<void>;
}

const bytes = (text: string): Buffer => Buffer.from(text);

async function textOf(store: NotebookManager, path: string): Promise<string> {
  const { body } = await store.read(path);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function namesIn(store: NotebookManager, path: string): Promise<string[]> {
  return (await store.list(path)).entries.map((entry) => entry.name).sort();
}

async function refuses(status: number, action: Promise<unknown>): Promise<void> {
  await assert.rejects(action, (error: unknown) => {
    assert.ok(error instanceof HttpError, `expected an HttpError ${status}, but got ${String(error)}`);
    assert.equal(error.status, status, error.message);
    assert.ok(error.message.length > 10, 'the message must be a sentence for the user');
    return true;
  });
}

export const conformance: ConformanceCheck[] = [
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
      const { entry, body } = await store.read('a.bin');
      const chunks: Buffer[] = [];
      for await (const chunk of body) chunks.push(chunk as Buffer);
      assert.deepEqual([...Buffer.concat(chunks)], [0, 255, 10, 13]);
      assert.deepEqual(entry, written);
      assert.deepEqual(await store.stat('a.bin'), written);
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
        const { body } = await store.read('r.txt', { start, end });
        const chunks: Buffer[] = [];
        for await (const chunk of body) chunks.push(chunk as Buffer);
        return Buffer.concat(chunks).toString();
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
      await store.makeDirectory('d');
      await refuses(409, store.write('d', bytes('x'), { absent: true })).catch(() =>
        refuses(400, store.write('d', bytes('x'), { absent: true })),
      );
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
    async run(store) {
      const made = await store.makeDirectory('d');
      assert.deepEqual([made.name, made.kind, made.size], ['d', 'directory', undefined]);
      await store.makeDirectory('d/e');
      await store.write('d/f.txt', bytes('x'));
      assert.deepEqual(await namesIn(store, ''), ['d']);
      assert.deepEqual(await namesIn(store, 'd'), ['e', 'f.txt']);
      await refuses(409, store.makeDirectory('d'));
      await refuses(409, store.makeDirectory('d/f.txt'));
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
    name: 'renames files and directories with all that is in them',
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
      await store.makeDirectory('d');
      await refuses(409, store.rename('a.txt', 'b.txt'));
      await refuses(409, store.rename('a.txt', 'd'));
      await refuses(409, store.rename('d', 'a.txt'));
      await refuses(404, store.rename('a.txt', 'missing/a.txt'));
      await refuses(404, store.rename('missing.txt', 'c.txt'));
      await refuses(400, store.rename('d', 'd/inside'));
      assert.deepEqual([await textOf(store, 'a.txt'), await textOf(store, 'b.txt')], ['a', 'b']);
      assert.equal((await store.rename('a.txt', 'a.txt')).name, 'a.txt');
    },
  },
  {
    name: 'removes files and empty directories; full ones only when asked to',
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
      await refuses(400, store.remove(''));
    },
  },
  {
    name: 'says 404 for what is missing, 400 for a directory where a file is meant',
    async run(store) {
      assert.equal(await store.stat('missing'), undefined);
      assert.equal(await store.stat('missing/deeper'), undefined);
      await refuses(404, store.read('missing'));
      await refuses(404, store.list('missing'));
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
      await store.write('c.ipynb', bytes('first'));
      assert.deepEqual(await checkpoints.list('c.ipynb'), []);
      const made = await checkpoints.create('c.ipynb');
      assert.match(made.id, /^[\w-]+$/);
      assert.deepEqual(await checkpoints.list('c.ipynb'), [made]);
      await store.write('c.ipynb', bytes('second'));
      await checkpoints.restore('c.ipynb', made.id);
      assert.equal(await textOf(store, 'c.ipynb'), 'first');
      assert.deepEqual((await checkpoints.list('c.ipynb')).length, 1);
      await refuses(404, checkpoints.restore('c.ipynb', 'no-such-one'));
      await refuses(404, checkpoints.remove('c.ipynb', 'no-such-one'));
      await checkpoints.remove('c.ipynb', made.id);
      assert.deepEqual(await checkpoints.list('c.ipynb'), []);
      await refuses(404, checkpoints.restore('c.ipynb', made.id));
    },
  },
  {
    name: 'keeps the newest state in the last checkpoint of the list',
    async run(store) {
      await store.write('c.ipynb', bytes('first'));
      await store.checkpoints.create('c.ipynb');
      await store.write('c.ipynb', bytes('second'));
      await store.checkpoints.create('c.ipynb');
      await store.write('c.ipynb', bytes('third'));
      const last = (await store.checkpoints.list('c.ipynb')).at(-1);
      assert.ok(last);
      await store.checkpoints.restore('c.ipynb', last.id);
      assert.equal(await textOf(store, 'c.ipynb'), 'second');
    },
  },
  {
    name: 'lets checkpoints follow their file, and go with it',
    async run(store) {
      const { checkpoints } = store;
      await store.makeDirectory('d');
      await store.write('a.ipynb', bytes('kept'));
      const { id } = await checkpoints.create('a.ipynb');
      await store.rename('a.ipynb', 'd/b.ipynb');
      await checkpoints.renamed('a.ipynb', 'd/b.ipynb');
      assert.deepEqual(await checkpoints.list('a.ipynb'), []);
      await store.write('d/b.ipynb', bytes('changed'));
      await checkpoints.restore('d/b.ipynb', id);
      assert.equal(await textOf(store, 'd/b.ipynb'), 'kept');
      await store.remove('d/b.ipynb');
      await checkpoints.removed('d/b.ipynb');
      assert.deepEqual(await checkpoints.list('d/b.ipynb'), []);
      await store.remove('d');
    },
  },
];
