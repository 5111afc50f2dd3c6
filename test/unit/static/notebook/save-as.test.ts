/** Where "Save as" puts the copy: what it asks before, and what is left when it fails half way. */
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';

// A page's data is read once, so this file has modules of its own.
vi.resetModules();
vi.stubGlobal('document', {
  getElementById: () => ({ textContent: '{"base_url": "/", "xsrf": "token"}' }),
  cookie: '',
});
const { Target } = await import('../../../../static/notebook/commands/save-as.js');
afterAll(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** path: type, as the server has them */
let files: Map<string, 'notebook' | 'file' | 'directory'>;
/** the method that the server refuses */
let refused: string | undefined;

beforeEach(() => {
  files = new Map([
    ['from.ipynb', 'notebook'],
    ['taken.ipynb', 'notebook'],
    ['folder', 'directory'],
    ['folder.ipynb', 'directory'],
    ['text', 'file'],
  ]);
  refused = undefined;
  vi.stubGlobal('fetch', (url: string, init: { method: string; body: string | null }) =>
    Promise.resolve(answer(url, init)),
  );
});

function answer(url: string, { method, body }: { method: string; body: string | null }): Response {
  const path = decodeURIComponent(url.replace(/^\/api\/contents\/?/, '').replace(/\?.*/, ''));
  const asked = JSON.parse(body ?? '{}') as { type?: 'directory'; path?: string };
  if (method === refused) return Response.json({ message: 'The disk is full.' }, { status: 507 });
  if (method !== 'POST' && method !== 'PUT' && !files.has(path)) return Response.json({}, { status: 404 });
  const type = files.get(path) ?? 'notebook';
  if (method === 'DELETE') files.delete(path);
  if (method === 'PUT') files.set(path, asked.type ?? 'file');
  if (method === 'PATCH') {
    files.delete(path);
    files.set(asked.path ?? '', type);
  }
  if (method !== 'POST') return Response.json({ path, type });
  const copy = `${path === '' ? '' : `${path}/`}from-Copy1.ipynb`;
  files.set(copy, 'notebook');
  return Response.json({ path: copy });
}

describe('Save as', () => {
  it.each([
    ['from.ipynb', 'This is the notebook itself. Ctrl-S saves it.'],
    ['folder.ipynb', '"folder.ipynb" is a folder. Choose another name.'],
    ['text/a/b.ipynb', '"text" is a file, not a folder.'],
  ])('does not go to %s', async (to, why) => {
    const target = new Target('from.ipynb');
    expect(await target.look(to)).toBe(why);
    expect(await target.look(to)).toBe(why);
  });

  it.each([
    ['folder/new.ipynb', undefined, []],
    ['taken.ipynb', '"taken.ipynb" exists already. Press Save again to replace it.', []],
    [
      'folder/a/b/c.ipynb',
      'There is no folder "folder/a/b". Press Save again to make it.',
      ['folder/a', 'folder/a/b'],
    ],
  ])('goes to %s', async (to, question, folders) => {
    const before = [...files.keys()];
    const target = new Target('from.ipynb');
    expect(await target.look(to)).toBe(question);
    if (question !== undefined) expect(await target.look(to)).toBeUndefined();
    await target.copy();
    expect([...files.keys()].sort()).toEqual([...new Set([...before, ...folders, to])].sort());
  });

  it.each([
    ['DELETE', 'The disk is full.', []],
    [
      'PATCH',
      'The notebook is saved as "from-Copy1.ipynb". It could not take the place of "taken.ipynb"',
      ['taken.ipynb'],
    ],
  ])('leaves a copy or what was to be replaced when a %s fails', async (method, why, gone) => {
    const target = new Target('from.ipynb');
    for (let i = 0; i < 2; i++) await target.look('taken.ipynb');
    refused = method;
    await expect(target.copy()).rejects.toThrow(why);
    expect(files.has('from-Copy1.ipynb')).toBe(true);
    expect(['from.ipynb', 'taken.ipynb'].filter((path) => !files.has(path))).toEqual(gone);
  });
});
