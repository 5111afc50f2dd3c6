import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileNotebookManager } from '../../../src/contents/index.js';
import { HttpError } from '../../../src/http-error.js';
import { thinOut } from '../../../src/contents/thin-out.js';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'nbserver-checkpoints-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (path: string): string => join(root, path);
const open = (options = {}): FileNotebookManager =>
  new FileNotebookManager({ notebook_dir: root, ...options });
const put = (path: string, text: string): void => writeFileSync(at(path), text);
const text = (path: string): string => readFileSync(at(path), 'utf8');

describe('checkpoints of files', () => {
  it('are several, and the newest is the one that Jupyter finds', async () => {
    const { checkpoints } = open();
    for (const version of ['one', 'two', 'three']) {
      put('n.ipynb', version);
      await checkpoints.create('n.ipynb');
    }
    const all = await checkpoints.list('n.ipynb');
    expect(all.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d-]+Z$/),
      expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d-]+Z$/),
      'checkpoint',
    ]);
    expect(text('.ipynb_checkpoints/n-checkpoint.ipynb')).toBe('three');
    expect(text(`.ipynb_checkpoints/n-checkpoint-${all[0]?.id}.ipynb`)).toBe('one');
    put('n.ipynb', 'four');
    await checkpoints.restore('n.ipynb', all[0]?.id ?? '');
    expect(text('n.ipynb')).toBe('one');
  });

  it('keep what a restore replaces, unless a checkpoint has it', async () => {
    const { checkpoints } = open();
    put('n.ipynb', 'checked');
    await checkpoints.create('n.ipynb');
    put('n.ipynb', 'an afternoon of work');
    await checkpoints.restore('n.ipynb', 'checkpoint');
    const all = await checkpoints.list('n.ipynb');
    expect(all.map(({ id }) => id === 'checkpoint')).toEqual([false, true]);
    await checkpoints.restore('n.ipynb', all[0]?.id ?? '');
    expect(text('n.ipynb')).toBe('an afternoon of work');
    expect((await checkpoints.list('n.ipynb')).length).toBe(2);
  });

  it.each([85, 73, 70])(
    'are as many, and keep as much, of a file with a name of %d Chinese characters',
    async (n) => {
      const { checkpoints } = open();
      const name = '文'.repeat(n);
      for (const name of ['文'.repeat(n), `${'文'.repeat(n - 1)}本`]) {
        for (const content of ['one', 'two', 'three']) {
          put(name, `${content} of ${name}`);
          if (content !== 'three') await checkpoints.create(name);
        }
      }
      await checkpoints.restore(name, 'checkpoint');
      expect(text(name)).toBe(`two of ${name}`);
      const all = await checkpoints.list(name);
      expect(all.length).toBe(3);
      await checkpoints.restore(name, all.find(({ id }) => id.startsWith('replaced-'))?.id ?? '');
      expect(text(name)).toBe(`three of ${name}`);
    },
  );

  it('of a file that goes away meanwhile are an error of whoever asked, and of nobody else', async () => {
    const { checkpoints } = open();
    // many, since what is to be seen happens between two steps of one
    const results = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const name = `gone-${index}.ipynb`;
        put(name, 'here');
        const made = checkpoints.create(name).then(
          () => 'made',
          (error: unknown) => (error instanceof HttpError ? error.status : error),
        );
        for (let steps = index % 20; steps > 0; steps--) await new Promise((done) => setImmediate(done));
        rmSync(at(name));
        return made;
      }),
    );
    expect(results.filter((result) => result !== 'made' && result !== 404)).toEqual([]);
    expect(readdirSync(at('.ipynb_checkpoints')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('are not made twice of the same bytes', async () => {
    const { checkpoints } = open();
    put('n.ipynb', 'same');
    const first = await checkpoints.create('n.ipynb');
    utimesSync(at('.ipynb_checkpoints/n-checkpoint.ipynb'), 1, 1);
    const { id, modified } = await checkpoints.create('n.ipynb');
    expect([id, modified >= first.modified]).toEqual(['checkpoint', true]);
    expect((await checkpoints.list('n.ipynb')).length).toBe(1);
  });

  it('are no more than asked for', async () => {
    const { checkpoints } = open({ checkpoints_per_file: 3 });
    for (let i = 0; i < 8; i++) {
      put('n.ipynb', `${i}`);
      await checkpoints.create('n.ipynb');
    }
    const all = await checkpoints.list('n.ipynb');
    expect(all.length).toBe(3);
    await checkpoints.restore('n.ipynb', all[0]?.id ?? '');
    expect(text('n.ipynb')).toBe('0');
    const one = open({ checkpoints_per_file: 1 }).checkpoints;
    put('m.ipynb', 'a');
    await one.create('m.ipynb');
    put('m.ipynb', 'b');
    await one.create('m.ipynb');
    expect(readdirSync(at('.ipynb_checkpoints')).filter((name) => name.startsWith('m-'))).toEqual([
      'm-checkpoint.ipynb',
    ]);
  });

  it('let the one before be the newest when the newest is removed', async () => {
    const { checkpoints } = open();
    put('n.ipynb', 'one');
    await checkpoints.create('n.ipynb');
    put('n.ipynb', 'two');
    await checkpoints.create('n.ipynb');
    await checkpoints.remove('n.ipynb', 'checkpoint');
    expect(text('.ipynb_checkpoints/n-checkpoint.ipynb')).toBe('one');
    expect((await checkpoints.list('n.ipynb')).map(({ id }) => id)).toEqual(['checkpoint']);
  });

  it('follow a file with all of them, and go with it', async () => {
    const { checkpoints } = open();
    mkdirSync(at('d'));
    for (const version of ['one', 'two']) {
      put('n.ipynb', version);
      await checkpoints.create('n.ipynb');
    }
    await checkpoints.renamed('n.ipynb', 'd/m.ipynb');
    expect((await checkpoints.list('d/m.ipynb')).length).toBe(2);
    expect(readdirSync(at('.ipynb_checkpoints'))).toEqual([]);
    await checkpoints.removed('d/m.ipynb');
    expect(readdirSync(at('d/.ipynb_checkpoints'))).toEqual([]);
  });

  it('belong to one file, whatever others are called', async () => {
    const { checkpoints } = open();
    for (const name of ['a.ipynb', 'a-checkpoint.ipynb', 'a', 'a.b.ipynb', '.ipynb']) {
      put(name, name);
      await open({ allow_hidden: true }).checkpoints.create(name);
    }
    expect((await checkpoints.list('a.ipynb')).length).toBe(1);
    expect((await checkpoints.list('a.b.ipynb')).length).toBe(1);
    await checkpoints.removed('a.ipynb');
    expect((await checkpoints.list('a-checkpoint.ipynb')).length).toBe(1);
  });

  it('keep what an outside writer put there while the server was writing', async () => {
    const store = open();
    const { revision } = await store.write('n.ipynb', Buffer.from('known'));
    const body = new Readable({ read() {} });
    const saved = store.write('n.ipynb', body);
    body.push('from the page');
    await new Promise((done) => setTimeout(done, 50));
    put('n.ipynb', 'from an editor');
    body.push(null);
    await saved;
    expect(text('n.ipynb')).toBe('from the page');
    const [kept] = await store.checkpoints.list('n.ipynb');
    await store.checkpoints.restore('n.ipynb', kept?.id ?? '');
    expect(text('n.ipynb')).toBe('from an editor');
    await expect(store.write('n.ipynb', Buffer.from('x'), { revision })).rejects.toMatchObject({
      status: 409,
    });
  });
});

describe('thinOut', () => {
  const hour = 3_600_000;
  it.each([
    ['nothing of a few', [1, 2, 3], 3, []],
    ['the middle one of three', [0, hour, 2 * hour], 2, [1]],
    ['all but the last', [1, 2, 3], 1, [1, 0]],
    ['the one in the narrowest gap for its age', [0, hour, 1.01 * hour, 3 * hour, 4 * hour], 4, [1]],
    ['nothing of nothing', [], 5, []],
  ])('lets go of %s', (_what, times, most, gone) => {
    expect(thinOut(times, most, 5 * hour)).toEqual(gone);
  });

  it('keeps minutes of today and days of last month when somebody saves every minute', () => {
    let kept: number[] = [];
    for (let minute = 0; minute < 60 * 24 * 10; minute++) {
      kept.push(minute * 60_000);
      for (const index of thinOut(kept, 10, minute * 60_000)) kept = kept.filter((_, i) => i !== index);
    }
    const ages = kept.map((time) => (kept.at(-1) as number) - time).reverse();
    expect(kept.length).toBe(10);
    expect(ages[1]).toBeLessThanOrEqual(10 * 60_000);
    expect(ages.filter((age) => age > 24 * hour).length).toBeGreaterThanOrEqual(2);
  });
});
