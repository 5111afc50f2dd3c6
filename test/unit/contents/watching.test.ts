import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileNotebookManager } from '../../../src/contents/index.js';
import { DirectoryWatches } from '../../../src/contents/stores/directory-watches.js';

let root: string;
let store: FileNotebookManager;
const at = (path: string): string => join(root, path);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nbserver-watch-'));
  mkdirSync(at('sub'));
  writeFileSync(at('a.ipynb'), 'one');
  writeFileSync(at('other.txt'), '');
  symlinkSync('sub/target.txt', at('link.txt'));
  writeFileSync(at('sub/target.txt'), '');
  store = new FileNotebookManager({ notebook_dir: root });
});
afterEach(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

/** Resolves at the first call; the test's own limit is the longest that it waits. */
function firstCall(start: (onChange: () => void) => unknown): Promise<void> {
  return new Promise((resolve) => start(resolve));
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

describe('watching a directory', () => {
  it.each<[string, () => void]>([
    ['a new file', () => writeFileSync(at('new.txt'), '')],
    ['a changed one', () => appendFileSync(at('a.ipynb'), 'two')],
    ['one less', () => rmSync(at('other.txt'))],
    [
      'one that an editor replaced',
      () => (writeFileSync(at('.tmp'), 'x'), renameSync(at('.tmp'), at('a.ipynb'))),
    ],
    ['a new directory', () => mkdirSync(at('d'))],
  ])('tells of %s', async (_what, change) => {
    await firstCall((tell) => (store.watch('', tell), change()));
  });

  it('takes a path below a file for one that is not there', async () => {
    await store.watch('other.txt/below', () => undefined).close();
    expect(store.kernelDirectory('other.txt/below')).toBe(root);
  });

  it('tells a burst of changes once, and nothing of hidden files and of other directories', async () => {
    let calls = 0;
    const watch = store.watch('', () => calls++);
    writeFileSync(at('.hidden'), '');
    writeFileSync(at('sub/inner.txt'), '');
    await pause(200);
    expect(calls).toBe(0);
    const told = firstCall((tell) => store.watch('', tell));
    for (let i = 0; i < 50; i++) writeFileSync(at(`f${i}`), '');
    await told;
    await pause(200);
    expect(calls).toBeLessThanOrEqual(3);
    const before = calls;
    void watch.close();
    const other = firstCall((tell) => store.watch('', tell));
    writeFileSync(at('again'), '');
    await other;
    expect(calls).toBe(before);
  });

  it('goes on when the directory is replaced by another one', async () => {
    const calls: string[] = [];
    const watches = new DirectoryWatches({ settle: 10, poll: 30 });
    let told = (): void => {};
    watches.add(at('sub'), (names) => {
      calls.push(...names);
      told();
    });
    const gone = new Promise<void>((resolve) => (told = resolve));
    renameSync(at('sub'), at('old'));
    await gone;
    await pause(100);
    mkdirSync(at('sub'));
    writeFileSync(at('sub/fresh.txt'), '');
    await expect.poll(() => calls).toContain('fresh.txt');
    watches.close();
  });

  it('looks from time to time where the system cannot tell', async () => {
    const watches = new DirectoryWatches({ settle: 10, poll: 20 }, async () => true);
    const names = new Set<string>();
    const told = firstCall((tell) =>
      watches.add(root, (changed) => {
        for (const name of changed) names.add(name);
        tell();
      }),
    );
    // it compares with what it saw first, a moment after this
    let seen = false;
    void told.then(() => (seen = true));
    for (; !seen; await pause(60)) appendFileSync(at('a.ipynb'), 'two');
    expect([...names]).toEqual(['a.ipynb']);
    watches.close();
  });

  it('has one watch for a directory, however many look at it, and none when nobody does', () => {
    const watches = new DirectoryWatches();
    const all = [watches.add(root, () => {}), watches.add(root, () => {}), watches.add(at('sub'), () => {})];
    expect(watches.size).toBe(2);
    for (const each of all) void each.close();
    for (const each of all) void each.close();
    expect(watches.size).toBe(0);
  });
});

describe('watching a file', () => {
  it('tells of it alone, also when it is replaced or comes later', async () => {
    let calls = 0;
    store.watch('other.txt', () => calls++);
    const told = firstCall((tell) => store.watch('a.ipynb', tell));
    writeFileSync(at('.tmp'), 'x');
    renameSync(at('.tmp'), at('a.ipynb'));
    await told;
    await firstCall((tell) => (store.watch('later.txt', tell), writeFileSync(at('later.txt'), '')));
    expect(calls).toBe(0);
  });

  it('tells of what a link leads to', async () => {
    await firstCall((tell) => (store.watch('link.txt', tell), appendFileSync(at('sub/target.txt'), 'x')));
  });
});
