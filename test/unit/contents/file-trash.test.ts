import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileNotebookManager, MemoryNotebookManager, type Trash } from '../../../src/contents/index.js';
import { formatTrashInfo, parseTrashInfo } from '../../../src/contents/stores/trash-info.js';

let top: string;
let root: string;
let trash_dir: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'nbserver-trash-'));
  root = join(top, 'work');
  trash_dir = join(top, 'share/Trash');
  mkdirSync(root);
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

function open(): { trash: Trash } {
  const { trash } = new FileNotebookManager({ notebook_dir: root, trash_dir });
  if (trash === undefined) throw new Error('a file store has a trash');
  return { trash };
}
const put = (path: string, text = path): void => writeFileSync(join(root, path), text);

describe('the trash of files', () => {
  it('is that of the desktop, in the form that file managers read', async () => {
    put('größe 100%.txt');
    const { trash } = open();
    await trash.put('größe 100%.txt');
    expect(readdirSync(root)).toEqual([]);
    expect(readFileSync(join(trash_dir, 'files/größe 100%.txt'), 'utf8')).toBe('größe 100%.txt');
    const note = readFileSync(join(trash_dir, 'info/größe 100%.txt.trashinfo'), 'utf8');
    expect(note.split('\n')).toEqual([
      '[Trash Info]',
      `Path=${root}/gr%C3%B6%C3%9Fe%20100%25.txt`,
      expect.stringMatching(/^DeletionDate=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
      '',
    ]);
  });

  it('gives back files and whole directories to where they were, or to another place', async () => {
    mkdirSync(join(root, 'd/deep'), { recursive: true });
    put('d/deep/f.txt', 'kept');
    const { trash } = open();
    await trash.put('d/deep/f.txt');
    await trash.put('d');
    const [directory, file] = await trash.list();
    expect(directory).toMatchObject({ path: 'd', name: 'd', kind: 'directory' });
    expect(file).toMatchObject({ path: 'd/deep/f.txt', name: 'f.txt', kind: 'file', size: 4 });
    // the directory that it was in is gone: it is made again
    expect(await trash.restore(file?.id ?? '')).toBe('d/deep/f.txt');
    await expect(trash.restore(directory?.id ?? '')).rejects.toMatchObject({ status: 409 });
    expect(await trash.restore(directory?.id ?? '', 'e')).toBe('e');
    expect([existsSync(join(root, 'd/deep/f.txt')), existsSync(join(root, 'e/deep'))]).toEqual([true, true]);
    expect(await trash.list()).toEqual([]);
    expect(readdirSync(join(trash_dir, 'info'))).toEqual([]);
  });

  it('has room for names of any length', async () => {
    const { trash } = open();
    const names = ['文'.repeat(85), `${'🎉'.repeat(61)}.txt`, `${'a'.repeat(251)}.txt`];
    for (const name of [...names, ...names]) {
      put(name);
      await trash.put(name);
    }
    const entries = await trash.list();
    expect(entries.map(({ path }) => path).sort()).toEqual([...names, ...names].sort());
    expect(readdirSync(join(trash_dir, 'files')).join('')).not.toContain('\ufffd');
    await trash.restore(entries.find(({ path }) => path === names[0])?.id ?? '');
    expect(readdirSync(root)).toEqual([names[0]]);
  });

  it('keeps two of the same name apart, and links as links', async () => {
    put('a.txt', 'one');
    const { trash } = open();
    await trash.put('a.txt');
    put('a.txt', 'two');
    await trash.put('a.txt');
    mkdirSync(join(top, 'outside'));
    symlinkSync(join(top, 'outside'), join(root, 'link'));
    await trash.put('link');
    expect(readlinkSync(join(trash_dir, 'files/link'))).toBe(join(top, 'outside'));
    expect((await trash.list()).map(({ path }) => path).sort()).toEqual(['a.txt', 'a.txt', 'link']);
    for (const { id } of await trash.list()) await trash.remove(id);
    expect(readdirSync(join(trash_dir, 'files'))).toEqual([]);
    expect(existsSync(join(top, 'outside'))).toBe(true);
  });

  it('shows only what came from here, and refuses ids that are none', async () => {
    mkdirSync(join(trash_dir, 'files'), { recursive: true });
    mkdirSync(join(trash_dir, 'info'));
    writeFileSync(join(trash_dir, 'files/mail'), '');
    writeFileSync(
      join(trash_dir, 'info/mail.trashinfo'),
      formatTrashInfo({ path: `${root}-other/mail`, deleted: new Date() }),
    );
    const { trash } = open();
    expect(await trash.list()).toEqual([]);
    const foreign = `h-${Buffer.from('mail').toString('base64url')}`;
    for (const id of ['', 'x', foreign, `h-${Buffer.from('../../work').toString('base64url')}`]) {
      await expect(trash.remove(id)).rejects.toMatchObject({ status: 404 });
      await expect(trash.restore(id)).rejects.toMatchObject({ status: 404 });
    }
    await expect(trash.put('missing')).rejects.toMatchObject({ status: 404 });
    expect(existsSync(join(trash_dir, 'files/mail'))).toBe(true);
  });

  it('is on the same file system, and beside the notebooks when there is no better place', async ({
    skip,
  }) => {
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', root]).status === 0;
    if (!mounted) skip('mounting needs rights');
    try {
      put('a.txt');
      mkdirSync(join(root, 'work'));
      writeFileSync(join(root, 'work/b.txt'), '');
      const { trash } = open();
      await trash.put('a.txt');
      const own = `.Trash-${process.getuid?.()}`;
      expect(readdirSync(join(root, own, 'files'))).toEqual(['a.txt']);
      expect(readFileSync(join(root, own, 'info/a.txt.trashinfo'), 'utf8')).toContain('Path=a.txt\n');
      rmSync(join(root, own), { recursive: true });
      writeFileSync(join(root, own), 'in the way');
      await trash.put('work/b.txt');
      expect(readdirSync(join(root, '.trash/files'))).toEqual(['b.txt']);
      const [{ id } = { id: '' }] = await trash.list();
      expect(await trash.restore(id)).toBe('work/b.txt');
    } finally {
      spawnSync('umount', [root]);
    }
  });
});

describe('the trash of any store', () => {
  it('keeps and gives back files and directories', async () => {
    const store = new MemoryNotebookManager();
    await store.makeDirectory('d');
    await store.write('d/f.txt', Buffer.from('kept'));
    await store.write('g.txt', Buffer.from('gone'));
    const { trash } = store;
    expect(await trash?.list()).toEqual([]);
    await trash?.put('d');
    await trash?.put('g.txt');
    const all = (await trash?.list()) ?? [];
    expect(all.map(({ path, kind }) => [path, kind]).sort()).toEqual([
      ['d', 'directory'],
      ['g.txt', 'file'],
    ]);
    const idOf = (path: string): string => all.find((entry) => entry.path === path)?.id ?? '';
    await trash?.remove(idOf('g.txt'));
    expect(await trash?.restore(idOf('d'))).toBe('d');
    expect((await store.stat('d/f.txt'))?.size).toBe(4);
    await expect(trash?.restore(idOf('g.txt'))).rejects.toMatchObject({ status: 404 });
    await expect(trash?.remove('../x')).rejects.toMatchObject({ status: 404 });
    await expect(trash?.put('missing')).rejects.toMatchObject({ status: 404 });
    expect((await store.list('.trash')).entries).toEqual([]);
  });
});

describe('notes of the trash', () => {
  it.each([
    ['[Trash Info]\nPath=a%20b\nDeletionDate=2026-01-02T03:04:05\n', 'a b'],
    ['[Trash Info]\nPath=a\nDeletionDate=yesterday\n', 'a'],
    ['[Trash Info]\nDeletionDate=2026-01-02T03:04:05\n', undefined],
    ['[Trash Info]\nPath=%ff\n', undefined],
    ['', undefined],
    ['\0\0', undefined],
  ])('%j is for %j', (text, path) => {
    expect(parseTrashInfo(text)?.path).toBe(path);
  });
});
