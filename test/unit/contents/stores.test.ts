import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  CheckpointsBeside,
  Contents,
  FileNotebookManager,
  MemoryNotebookManager,
  loadNotebookManager,
  type NotebookManager,
} from '../../../src/contents/index.js';
import { conformance, type ConformanceOptions } from '../../../src/testing.js';
import { ObjectStore } from './object-store.js';
import { readAll } from '../../../src/contents/read-all.js';
import { backupBeside } from '../../../src/contents/stores/write-places.js';

const top = mkdtempSync(join(tmpdir(), 'nbserver-stores-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));
let count = 0;
let root: string;
beforeEach(() => {
  root = join(top, `r${++count}`);
  mkdirSync(root);
});

/** The memory store with the checkpoints that any store gets for free. */
class PlainStore extends MemoryNotebookManager {
  override readonly checkpoints = new CheckpointsBeside(this);
}

const files = (options = {}): FileNotebookManager =>
  new FileNotebookManager({ notebook_dir: root, ...options });
const example = (name: string) => (): Promise<NotebookManager> =>
  loadNotebookManager(`./${name}`, { baseDirectory: examples, options: { notebook_dir: root } });
const examples = join(process.cwd(), 'examples/stores');

it('a refused copy leaves no file open', async () => {
  const store = files();
  writeFileSync(join(root, 'a.txt'), 'text');
  const { body } = await store.read('a.txt');
  if (Buffer.isBuffer(body)) throw new Error('the store gives streams');
  await expect(store.write('a.txt', body, { absent: true })).rejects.toThrow('already exists');
  expect(body.destroyed).toBe(true);
  const copy = (await store.read('a.txt')).body;
  await expect(store.write('', copy)).rejects.toThrow('cannot be written');
  expect(copy.destroyed).toBe(true);
});

interface StoreCase {
  name: string;
  make(): NotebookManager | Promise<NotebookManager>;
  options?: ConformanceOptions;
  except?: RegExp;
}

const stores: StoreCase[] = [
  { name: 'FileNotebookManager', make: files },
  {
    name: 'FileNotebookManager without atomic writing',
    make: () => files({ use_atomic_writing: false }),
    // written in place, a file has no old state to fall back to: that is what the option gives up
    except: /stream breaks|whole/,
  },
  {
    name: 'FileNotebookManager as on a network drive',
    make: () => new FileNotebookManager({ notebook_dir: root }, true),
  },
  { name: 'MemoryNotebookManager', make: () => new MemoryNotebookManager() },
  { name: 'a store with checkpoints as files', make: () => new PlainStore() },
  {
    name: 'an object store, whose directories are the slashes in its keys',
    make: () => new ObjectStore(),
    options: { directories: 'implied' },
  },
  { name: 'the example in memory', make: example('memory-store.mjs') },
  { name: 'the example that extends FileNotebookManager', make: example('journal-store.mjs') },
  { name: 'the example that keeps scripts', make: example('percent-store.mjs') },
];

describe.each(stores)('$name', ({ make, options, except }) => {
  for (const { name, run } of conformance(options)) {
    if (except?.test(name)) continue;
    it(name, async () => run(await make()));
  }
});

describe('conformance', () => {
  const failing = async (store: () => NotebookManager): Promise<string[]> => {
    const names: string[] = [];
    for (const { name, run } of conformance()) await run(store()).catch(() => names.push(name));
    return names;
  };

  it('finds what a store does wrong', async () => {
    class Careless extends MemoryNotebookManager {
      override async write(
        path: string,
        body: Buffer | Readable,
      ): ReturnType<MemoryNotebookManager['write']> {
        return super.write(path, body);
      }
      override async rename(from: string, to: string): ReturnType<MemoryNotebookManager['rename']> {
        if ((await this.stat(to)) !== undefined && from !== to) await this.remove(to, { recursive: true });
        return super.rename(from, to);
      }
    }
    expect(await failing(() => new Careless())).toEqual([
      'writes on the condition that the revision is the one that was read',
      'writes on the condition that nothing is there; of many at once one succeeds',
      'writes on the condition of a revision; of many at once one succeeds',
      'never replaces by a rename',
      'never replaces a directory by a rename, nor moves one into itself',
    ]);
  });

  it('asks less of a store without directories', () => {
    const count = (options: ConformanceOptions): number => conformance(options).length;
    expect(count({ directories: 'none' })).toBeLessThan(count({ directories: 'implied' }));
    expect(count({ directories: 'implied' })).toBeLessThan(count({}));
  });
});

describe('the example that keeps scripts', () => {
  it('keeps a notebook as a script that people can read, and reads one that they wrote', async () => {
    const store = await example('percent-store.mjs')();
    const cell = { cell_type: 'code', id: 'a', metadata: {}, execution_count: 1, source: 'print(1)' };
    const outputs = [{ output_type: 'stream', name: 'stdout', text: '1\n' }];
    const notebook = { cells: [{ ...cell, outputs }], metadata: {}, nbformat: 4, nbformat_minor: 5 };
    await store.write('n.ipynb', Buffer.from(JSON.stringify(notebook)));
    expect(readFileSync(join(root, 'n.py'), 'utf8')).toBe(
      '# nbserver: {"metadata":{},"nbformat":4,"nbformat_minor":5}\n\n# %% {"id":"a"}\nprint(1)\n',
    );
    expect(readdirSync(root).sort()).toEqual(['.n.outputs.json', 'n.py']);
    writeFileSync(join(root, 'hand.py'), '# %% [markdown]\n# Title\n\n# %%\nx = 1\n');
    const contents = new Contents(store);
    expect((await contents.get('hand.ipynb')).content).toMatchObject({
      cells: [
        { cell_type: 'markdown', source: 'Title' },
        { cell_type: 'code', source: 'x = 1' },
      ],
    });
    await contents.rename('n.ipynb', 'm.ipynb');
    expect((await contents.get('m.ipynb')).content).toMatchObject({ cells: [{ outputs }] });
  });
});

describe('FileNotebookManager', () => {
  const at = (path: string): string => join(root, path);
  const open = (): FileNotebookManager => new FileNotebookManager({ notebook_dir: root });
  const text = (path: string): string => readFileSync(at(path), 'utf8');

  it('names its directory', () => {
    expect(open().infoString()).toBe(`Serving notebooks from local directory: ${root}`);
  });

  it('keeps mode, owner and links of what it writes', async () => {
    writeFileSync(at('a'), 'old', { mode: 0o640 });
    symlinkSync('a', at('link'));
    await open().write('link', Buffer.from('new'));
    expect([text('a'), statSync(at('a')).mode & 0o777, readlinkSync(at('link'))]).toEqual([
      'new',
      0o640,
      'a',
    ]);
    chmodSync(at('a'), 0o600);
    await open().write('a', Readable.from([Buffer.from('newer')]));
    expect([text('a'), statSync(at('a')).mode & 0o777]).toEqual(['newer', 0o600]);
  });

  it('writes all names of a file with several hard links', async () => {
    writeFileSync(at('a'), 'a much longer old text');
    linkSync(at('a'), at('b'));
    await open().write('a', Buffer.from('new'));
    expect([text('a'), text('b'), readdirSync(root).sort()]).toEqual(['new', 'new', ['a', 'b']]);
    await open().write('b', Buffer.from('this one is longer than it was'));
    expect(text('a')).toBe('this one is longer than it was');
  });

  it('leaves a file that is a mount of its own as it was when its disk takes only a part', async ({
    skip,
  }) => {
    // Single files given to a container: written in place, staged on another disk.
    const disk = join(root, 'disk');
    mkdirSync(disk);
    const mount = (...args: string[]) => spawnSync('mount', args).status === 0;
    if (!mount('-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', disk)) skip('mounting needs rights');
    const file = join(root, 'a.ipynb');
    try {
      writeFileSync(join(disk, 'a.ipynb'), 'o'.repeat(4000));
      writeFileSync(file, '');
      if (!mount('--bind', join(disk, 'a.ipynb'), file)) skip('mounting needs rights');
      const store = new FileNotebookManager({ notebook_dir: root });
      const bytes = Buffer.alloc(100_000, 'n');
      await expect(store.write('a.ipynb', bytes)).rejects.toMatchObject({ status: 507 });
      expect(readFileSync(file, 'utf8')).toBe('o'.repeat(4000));
      await store.write('a.ipynb', bytes.subarray(0, 8000));
      expect(readFileSync(file)).toEqual(bytes.subarray(0, 8000));
    } finally {
      spawnSync('umount', [file]);
      spawnSync('umount', [disk]);
    }
  });

  it('takes an existing revision for the same when only the times of the file changed', async () => {
    const store = open();
    const { revision } = await store.write('a.txt', Buffer.from('same'));
    utimesSync(at('a.txt'), 1, 1);
    await store.write('a.txt', Buffer.from('next'), { revision });
    writeFileSync(at('b.ipynb'), 'read, not written');
    const { entry } = await readAll(store, 'b.ipynb');
    utimesSync(at('b.ipynb'), 1, 1);
    await store.write('b.ipynb', Buffer.from('x'), { revision: entry.revision });
    expect(text('b.ipynb')).toBe('x');
  });

  it('notices another writer in a file of the same size and time', async () => {
    const store = open();
    const { revision } = await store.write('a.txt', Buffer.from('mine'));
    const { atime, mtime } = statSync(at('a.txt'));
    writeFileSync(at('a.txt'), 'your');
    utimesSync(at('a.txt'), atime, mtime);
    await expect(store.write('a.txt', Buffer.from('mine2'), { revision })).rejects.toMatchObject({
      status: 409,
    });
    expect(text('a.txt')).toBe('your');
  });

  it('replaces what a killed server left behind, and leaves nothing of its own', async () => {
    const store = open();
    await store.write('a.txt', Buffer.from('x'));
    expect(readdirSync(root)).toEqual(['a.txt']);
    // as left by a kill: the name depends on the file's name alone
    const left = at(`.nbserver-${createHash('sha256').update('a.txt').digest('hex').slice(0, 16)}.tmp`);
    writeFileSync(left, 'half');
    utimesSync(left, 1, 1);
    await store.write('a.txt', Buffer.from('y'));
    expect(readdirSync(root)).toEqual(['a.txt']);
    writeFileSync(left, 'somebody writes there just now');
    await store.write('a.txt', Buffer.from('z'));
    expect([text('a.txt'), readFileSync(left, 'utf8')]).toEqual(['z', 'somebody writes there just now']);
  });

  it('hides names with a dot everywhere, or shows them everywhere', async () => {
    mkdirSync(at('.ssh'));
    writeFileSync(at('.ssh/key'), 'secret');
    const store = open();
    for (const path of ['.ssh', '.ssh/key', './/.ssh//key']) {
      await expect(store.stat(path)).rejects.toMatchObject({ status: 404 });
      await expect(store.read(path)).rejects.toMatchObject({ status: 404 });
      await expect(store.write(path, Buffer.from(''))).rejects.toMatchObject({ status: 404 });
      await expect(store.remove(path, { recursive: true })).rejects.toMatchObject({ status: 404 });
      await expect(store.rename(path, 'x')).rejects.toMatchObject({ status: 404 });
      await expect(store.rename('x', path)).rejects.toMatchObject({ status: 404 });
      await expect(store.checkpoints.create(path)).rejects.toMatchObject({ status: 404 });
    }
    expect((await store.list('')).entries).toEqual([]);
    const all = new FileNotebookManager({ notebook_dir: root, allow_hidden: true });
    expect((await all.list('')).entries.map((entry) => entry.name)).toEqual(['.ssh']);
  });

  it('is not fooled by a directory beside its own whose name begins the same', async () => {
    mkdirSync(`${root}-x`);
    writeFileSync(join(`${root}-x`, 'f'), 'other');
    await expect(open().read(`../${root.split('/').at(-1)}-x/f`)).rejects.toMatchObject({ status: 404 });
  });

  it('removes a link to a directory, never what is in it', async () => {
    mkdirSync(at('real'));
    writeFileSync(at('real/f'), 'kept');
    symlinkSync('real', at('link'));
    await open().remove('link', { recursive: true });
    expect([readdirSync(root), text('real/f')]).toEqual([['real'], 'kept']);
  });

  it('moves a link, not what it leads to', async () => {
    writeFileSync(at('real'), 'x');
    symlinkSync('real', at('link'));
    await open().rename('link', 'moved');
    expect([lstatSync(at('moved')).isSymbolicLink(), text('real')]).toEqual([true, 'x']);
  });

  it('brings back what a crash damaged in place, and keeps the damaged bytes', async () => {
    writeFileSync(at('n.ipynb'), 'half of it');
    const store = open();
    expect(await store.recover('n.ipynb')).toBe(false);
    writeFileSync(backupBeside(at('n.ipynb')), 'all of it');
    expect(await store.recover('n.ipynb')).toBe(true);
    expect([text('n.ipynb'), text('n.ipynb.invalid'), existsSync(backupBeside(at('n.ipynb')))]).toEqual([
      'all of it',
      'half of it',
      false,
    ]);
  });

  it('starts kernels in the nearest directory that exists', () => {
    mkdirSync(at('d'));
    const store = open();
    expect(['d/n.ipynb', 'd', 'gone/n.ipynb', ''].map((path) => store.kernelDirectory(path))).toEqual([
      at('d'),
      at('d'),
      root,
      root,
    ]);
  });

  it('does not stop the world for a directory of 10,000 entries', async () => {
    for (let i = 0; i < 10_000; i++) writeFileSync(at(`f${i}`), '');
    let turns = 0;
    const tick = (): void => {
      turns++;
      timer = setImmediate(tick);
    };
    let timer = setImmediate(tick);
    const { entries } = await open().list('');
    clearImmediate(timer);
    expect(entries.length).toBe(10_000);
    expect(turns).toBeGreaterThanOrEqual(10_000 / 200 - 2);
  });

  /** As root everything is writable, so it runs as somebody else. */
  it.runIf(process.getuid?.() === 0)('writes a file in place where the directory takes no new ones', () => {
    mkdirSync(at('shared'));
    writeFileSync(at('shared/n.ipynb'), 'a longer old text');
    chmodSync(at('shared/n.ipynb'), 0o666);
    writeFileSync(at('shared/private'), 'not yours', { mode: 0o644 });
    chmodSync(at('shared'), 0o755);
    chmodSync(root, 0o755);
    chmodSync(top, 0o755);
    const script = `
      process.setgroups([]); process.setgid(65534); process.setuid(65534);
      const { FileNotebookManager } = await import(${JSON.stringify(join(process.cwd(), 'src/contents/stores/file.ts'))});
      const store = new FileNotebookManager({ notebook_dir: ${JSON.stringify(join(root, 'shared'))} });
      const status = (promise) => promise.then(() => 0, (error) => error.status);
      await store.write('n.ipynb', Buffer.from('new'));
      const checkpoint = await store.checkpoints.create('n.ipynb');
      await store.write('n.ipynb', Buffer.from('newer, and longer than ever'));
      await store.checkpoints.restore('n.ipynb', checkpoint.id);
      await store.checkpoints.remove('n.ipynb', checkpoint.id);
      console.log(JSON.stringify([
        await status(store.write('private', Buffer.from('x'))),
        await status(store.write('new.txt', Buffer.from('x'))),
        await status(store.makeDirectory('d')),
        await status(store.rename('n.ipynb', 'm.ipynb')),
        await status(store.remove('n.ipynb')),
        (await store.stat('private')).writable,
        (await store.list('')).entries.map((entry) => [entry.name, entry.writable]).sort(),
      ]));
    `;
    const env = { ...process.env, TMPDIR: join(root, 'tmp') };
    mkdirSync(env.TMPDIR);
    chmodSync(env.TMPDIR, 0o1777);
    const child = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      env,
      encoding: 'utf8',
    });
    expect(child.stderr).toBe('');
    expect(JSON.parse(child.stdout)).toEqual([
      403,
      403,
      403,
      403,
      403,
      false,
      [
        ['n.ipynb', true],
        ['private', false],
      ],
    ]);
    expect([text('shared/n.ipynb'), text('shared/private')]).toEqual(['new', 'not yours']);
    expect(readdirSync(at('shared')).sort()).toEqual(['n.ipynb', 'private']);
  });

  it('leaves the old bytes or the new ones when it is killed in the middle of writing', async () => {
    const script = `
      import { FileNotebookManager } from ${JSON.stringify(join(process.cwd(), 'src/contents/stores/file.ts'))};
      const store = new FileNotebookManager({ notebook_dir: ${JSON.stringify(root)} });
      process.stdout.write('ready');
      for (let i = 0; ; i = (i + 1) % 10) await store.write('n.ipynb', Buffer.alloc(3_000_000, String(i)));
    `;
    writeFileSync(at('n.ipynb'), Buffer.alloc(3_000_000, 'x'));
    for (const wait of [3, 17, 41, 66]) {
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
      await new Promise((ready) => child.stdout.once('data', ready));
      await new Promise((done) => setTimeout(done, wait));
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGKILL');
      await ended;
      const bytes = readFileSync(at('n.ipynb'));
      expect(bytes.length).toBe(3_000_000);
      expect(bytes.equals(Buffer.alloc(3_000_000, bytes[0]))).toBe(true);
    }
    // what the kills left behind does not add up
    expect(readdirSync(root).length).toBeLessThanOrEqual(4 + 1);
  });
});
