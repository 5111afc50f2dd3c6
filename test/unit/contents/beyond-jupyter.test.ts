/** What the contents API does beyond Jupyter's: conditions, tags, uploads that go on, a trash, hooks. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  Contents,
  FileNotebookManager,
  loadSaveHooks,
  type ContentsOptions,
} from '../../../src/contents/index.js';
import { HttpError } from '../../../src/http-error.js';
import { newNotebook } from '../../../src/notebook/index.js';
import type { ContentsEvent } from '../../../src/protocol/events.js';
import { rounds } from '../../tier.js';
import { call, serveContents, type Served } from './serve.js';

let served: Served;
afterEach(() => served.close());

async function serve(options: ContentsOptions = {}): Promise<string> {
  served = await serveContents(options);
  return `${served.url}/api/contents`;
}
const at = (path: string): string => join(served.root, path);
const put = (path: string, text: string): void => writeFileSync(at(path), text);
const text = (path: string): string => readFileSync(at(path), 'utf8');
const sha = (content: string): string => createHash('sha256').update(content).digest('hex');
const textBody = (content: string): object => ({ type: 'file', format: 'text', content });
const notebookBody = (source: string): object => ({
  type: 'notebook',
  content: {
    cells: [{ cell_type: 'markdown', id: 'a', metadata: {}, source }],
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5,
  },
});

describe('a save on a condition', () => {
  it.each<[string, (tag: string) => Record<string, string>, number]>([
    ['the tag of what was read', (tag) => ({ 'If-Match': tag }), 200],
    ['one of several tags', (tag) => ({ 'If-Match': `"x", ${tag}` }), 200],
    ['a weak tag, as a proxy makes it', (tag) => ({ 'If-Match': `W/${tag}` }), 200],
    ['the hash of what was read', () => ({ 'If-Match': `"${sha('one')}"` }), 200],
    ['anything at all', () => ({ 'If-Match': '*' }), 200],
    ['another tag', () => ({ 'If-Match': '"other"' }), 409],
    ['another hash', () => ({ 'If-Match': `"${sha('two')}"` }), 409],
    ['nothing there', () => ({ 'If-None-Match': '*' }), 409],
  ])('of %s', async (_what, headers, status) => {
    const api = await serve();
    put('f.txt', 'one');
    const tag = (await call(`${api}/f.txt`)).headers.get('etag') ?? '';
    const answer = await call(`${api}/f.txt`, 'PUT', textBody('new'), headers(tag));
    expect(answer.status).toBe(status);
    expect(text('f.txt')).toBe(status === 200 ? 'new' : 'one');
  });

  it('that does not hold is answered with the hash of what is there', async () => {
    const api = await serve();
    const made = await call(`${api}/n.ipynb`, 'PUT', notebookBody('one'));
    const tag = made.headers.get('etag') ?? '';
    expect(made.json['hash']).toBe(sha(text('n.ipynb')));
    put('n.ipynb', Buffer.from(newNotebook()).toString());
    const refused = await call(`${api}/n.ipynb`, 'PUT', notebookBody('two'), { 'If-Match': tag });
    expect([refused.status, refused.json['hash'], refused.json['reason']]).toEqual([
      409,
      sha(Buffer.from(newNotebook()).toString()),
      'changed',
    ]);
    const again = await call(`${api}/n.ipynb`, 'PUT', notebookBody('two'), {
      'If-Match': `"${String(refused.json['hash'])}"`,
    });
    expect(again.status).toBe(200);
    const next = again.headers.get('etag') ?? '';
    expect((await call(`${api}/n.ipynb`, 'PUT', notebookBody('three'), { 'If-Match': next })).status).toBe(
      200,
    );
  });

  it('that something is there does not make it, and "nothing there" does', async () => {
    const api = await serve();
    expect((await call(`${api}/f.txt`, 'PUT', textBody('x'), { 'If-Match': '*' })).status).toBe(409);
    expect((await call(`${api}/f.txt`, 'PUT', textBody('x'), { 'If-None-Match': '*' })).status).toBe(201);
    expect(text('f.txt')).toBe('x');
  });

  it('holds for renames and deletions, too', async () => {
    const api = await serve();
    put('f.txt', 'one');
    const wrong = { 'If-Match': '"other"' };
    expect((await call(`${api}/f.txt`, 'PATCH', { path: 'g.txt' }, wrong)).status).toBe(409);
    expect((await call(`${api}/f.txt`, 'DELETE', undefined, wrong)).status).toBe(409);
    expect(readdirSync(served.root)).toEqual(['f.txt']);
  });

  it('loses none of many that come at once', async () => {
    const api = await serve();
    put('f.txt', '');
    const saves = rounds(60, 1000);
    const add = async (word: string): Promise<void> => {
      for (;;) {
        const { headers, json } = await call(`${api}/f.txt`);
        const body = textBody(`${String(json['content'])}${word}\n`);
        const answer = await call(`${api}/f.txt`, 'PUT', body, { 'If-Match': headers.get('etag') });
        if (answer.status === 200) return;
        expect(answer.status).toBe(409);
      }
    };
    await Promise.all(
      [0, 1, 2, 3].map(async (writer) => {
        for (let i = writer; i < saves; i += 4) await add(`word ${i}`);
      }),
    );
    expect(new Set(text('f.txt').trimEnd().split('\n')).size).toBe(saves);
  });
});

describe('a read by who has it already', () => {
  it('is answered with 304 until it changes, each form for itself', async () => {
    const api = await serve();
    put('f.txt', 'one');
    const { headers } = await call(`${api}/f.txt`);
    const mine = { 'If-None-Match': headers.get('etag') ?? '' };
    expect((await call(`${api}/f.txt`, 'GET', undefined, mine)).status).toBe(304);
    expect((await call(`${api}/f.txt?content=0`, 'GET', undefined, mine)).status).toBe(200);
    expect((await call(`${api}/f.txt?format=base64`, 'GET', undefined, mine)).status).toBe(200);
    put('f.txt', 'two');
    expect((await call(`${api}/f.txt`, 'GET', undefined, mine)).json['content']).toBe('two');
  });

  it('gets the hash without the file being read when the server wrote it', async () => {
    const api = await serve();
    await call(`${api}/f.txt`, 'PUT', textBody('hashed'));
    const { json } = await call(`${api}/f.txt?content=0&hash=1`);
    expect([json['hash'], json['hash_algorithm'], json['content']]).toEqual([sha('hashed'), 'sha256', null]);
    put('f.txt', 'by somebody else');
    expect((await call(`${api}/f.txt?content=0&hash=1`)).json['hash']).toBe(sha('by somebody else'));
    // Once it has not been written for a while, its time tells whether it was since.
    const read = vi.spyOn(served.contents.store, 'read');
    const ask = async (): Promise<unknown[]> => {
      const { json } = await call(`${api}/f.txt?content=0&hash=1`);
      return [json['hash'], read.mock.calls.length];
    };
    utimesSync(at('f.txt'), 1_000, 1_000);
    expect(await ask()).toEqual([sha('by somebody else'), 1]);
    expect(await ask()).toEqual([sha('by somebody else'), 1]);
    put('f.txt', 'of another person');
    expect(await ask()).toEqual([sha('of another person'), 2]);
  });
});

describe('an upload in chunks', () => {
  const chunk = (api: string, n: number, content: string): ReturnType<typeof call> =>
    call(`${api}/big.txt`, 'PUT', { ...textBody(content), chunk: n });

  it('goes on where it was cut, also after the server was started anew', async () => {
    const api = await serve();
    await chunk(api, 1, 'one ');
    await chunk(api, 2, 'two ');
    expect((await chunk(api, 2, 'two ')).status).toBe(200);
    const wrong = await chunk(api, 5, 'five');
    expect([wrong.status, wrong.json['next_chunk']]).toEqual([400, 3]);
    // another server on the same data directory
    const uploads = readdirSync(join(served.home, 'uploads'));
    expect(uploads.length).toBe(1);
    const next = new Contents(new FileNotebookManager({ notebook_dir: served.root }), {
      uploadDirectory: join(served.home, 'uploads'),
    });
    await next.save('big.txt', { type: 'file', format: 'text', content: 'three ', chunk: 3 });
    await next.save('big.txt', { type: 'file', format: 'text', content: 'end', chunk: -1 });
    expect(text('big.txt')).toBe('one two three end');
    expect(readdirSync(join(served.home, 'uploads'))).toEqual([]);
  });

  it('does not mix with one to the same path of another folder, whose server shares the directory', async () => {
    const api = await serve();
    mkdirSync(join(served.home, 'other'));
    const other = new Contents(new FileNotebookManager({ notebook_dir: join(served.home, 'other') }), {
      uploadDirectory: join(served.home, 'uploads'),
    });
    const send = (n: number, content: string) =>
      other.save('big.txt', { type: 'file', format: 'text', content, chunk: n });
    await chunk(api, 1, 'one ');
    await send(1, 'ONE ');
    await chunk(api, -1, 'end');
    await send(-1, 'END');
    await other.close();
    expect([text('big.txt'), readFileSync(join(served.home, 'other', 'big.txt'), 'utf8')]).toEqual([
      'one end',
      'ONE END',
    ]);
  });

  it('is not cut short by its last chunk coming twice, whose answer was lost', async () => {
    const api = await serve();
    await chunk(api, 1, 'one ');
    await chunk(api, -1, 'end');
    expect((await chunk(api, -1, 'end')).status).toBe(200);
    expect(text('big.txt')).toBe('one end');
    await chunk(api, -1, 'alone');
    expect(text('big.txt')).toBe('alone');
  });

  it('begins anew with chunk 1', async () => {
    const api = await serve();
    await chunk(api, 1, 'broken off');
    await chunk(api, 1, 'whole ');
    await chunk(api, -1, 'file');
    expect(text('big.txt')).toBe('whole file');
  });

  describe('that says which one it is and how long the whole', () => {
    const whole = 'one two end';
    const part = (upload: string, n: number, content: string, headers = {}): ReturnType<typeof call> =>
      call(
        `${served.url}/api/contents/big.txt`,
        'PUT',
        { ...textBody(content), chunk: n, upload, total_size: whole.length },
        headers,
      );

    it.each<[string, () => Promise<unknown>, number]>([
      ['was never begun', async () => undefined, 1],
      [
        'lost its beginning to a power cut',
        async () => rmSync(join(served.home, 'uploads'), { recursive: true }),
        1,
      ],
      ['misses a chunk', async () => part('mine', 1, 'one '), 2],
    ])('is not ended by its last chunk when it %s', async (_what, before, next) => {
      await serve();
      put('big.txt', 'the old file');
      await part('mine', 1, 'one ');
      if (next === 1) await part('mine', 2, 'two ');
      if (next === 1) await call(`${served.url}/api/uploads/big.txt?upload=mine`, 'DELETE');
      await before();
      const answer = await part('mine', -1, 'end');
      expect([answer.status, answer.json['next_chunk']]).toEqual([400, next]);
      expect(text('big.txt')).toBe('the old file');
    });

    it('does not mix with another one to the same path', async () => {
      await serve();
      await part('mine', 1, 'one ');
      await part('theirs', 1, 'ONE ');
      await part('mine', 2, 'two ');
      await part('theirs', 2, 'TWO ');
      await part('mine', -1, 'end');
      expect(text('big.txt')).toBe(whole);
      await part('theirs', -1, 'END');
      expect(text('big.txt')).toBe(whole.toUpperCase());
    });

    it('takes the place of nothing where it was told so, and ends once it may', async () => {
      await serve();
      const absent = { 'If-None-Match': '*' };
      await part('mine', 1, 'one ', absent);
      await part('mine', 2, 'two ', absent);
      put('big.txt', 'somebody else was here first');
      expect((await part('mine', -1, 'end', absent)).status).toBe(409);
      expect(text('big.txt')).toBe('somebody else was here first');
      expect((await part('mine', -1, 'end')).status).toBe(200);
      expect(text('big.txt')).toBe(whole);
    });

    const left = () => readdirSync(join(served.home, 'uploads'));

    it('goes away when it is given up', async () => {
      await serve();
      await part('mine', 1, 'one ');
      expect((await call(`${served.url}/api/uploads/big.txt?upload=mine`, 'DELETE')).status).toBe(204);
      expect(left()).toEqual([]);
    });

    it.each(['at the next start', 'within an hour'])(
      'goes away after a day without a word, %s',
      async (when) => {
        vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
        try {
          await serve();
          await part('forgotten', 1, 'one ');
          const [folder = ''] = left();
          await part('recent', 1, 'one ');
          utimesSync(join(served.home, 'uploads', folder, 'chunks.log'), 0, 0);
          const next =
            when === 'within an hour'
              ? undefined
              : new Contents(served.contents.store, { uploadDirectory: join(served.home, 'uploads') });
          if (next === undefined) vi.advanceTimersByTime(60 * 60 * 1000);
          await vi.waitFor(() => expect(left()).not.toContain(folder), 10_000);
          await next?.close();
          expect(left().length).toBe(1);
        } finally {
          vi.useRealTimers();
        }
      },
    );

    it.each([
      ['upload', '../../etc'],
      ['upload', 7],
      ['total_size', -1],
      ['total_size', '11'],
    ])('is refused with %s: %j', async (field, value) => {
      await serve();
      const body = { ...textBody('x'), chunk: 1, [field]: value };
      const answer = await call(`${served.url}/api/contents/big.txt`, 'PUT', body);
      expect([answer.status, answer.json['message']]).toEqual([400, expect.stringContaining(field)]);
    });
  });

  describe('whose chunks come as bytes', () => {
    const whole = 'one two end';
    const uploads = () => join(served.home, 'uploads');
    const digest = (content: string) => `sha-256=:${createHash('sha256').update(content).digest('base64')}:`;
    const status = async () => (await call(`${served.url}/api/uploads/big.txt?upload=mine`)).json;
    const bytes = (
      n: number,
      content: string,
      headers = {},
      query = `upload=mine&total_size=${whole.length}`,
    ) =>
      call(`${served.url}/api/contents/big.txt?chunk=${n}&${query}`, 'PUT', Buffer.from(content), {
        'Content-Type': 'application/octet-stream',
        'Content-Digest': digest(content),
        ...headers,
      });
    const inUploads = (name: string): string => join(uploads(), readdirSync(uploads())[0] ?? '', name);

    it('says how far it has come, and appears when it is whole', async () => {
      await serve();
      expect(await status()).toEqual({ next_chunk: 1, chunks: [] });
      const first = await bytes(1, 'one ');
      expect([first.status, first.json['size']]).toEqual([201, 4]);
      const damaged = await bytes(2, 'twi ', { 'Content-Digest': digest('two ') });
      expect([damaged.status, damaged.json['reason']]).toEqual([400, 'wrong hash']);
      expect(await status()).toEqual({ next_chunk: 2, chunks: [{ size: 4, sha256: sha('one ') }] });
      // nobody has to send a hash
      expect((await bytes(2, 'two ', { 'Content-Digest': '' })).status).toBe(200);
      expect((await bytes(2, 'two ')).status).toBe(200);
      const early = await bytes(5, 'five');
      expect([early.status, early.json['next_chunk']]).toEqual([400, 3]);
      expect(existsSync(at('big.txt'))).toBe(false);
      const last = await bytes(-1, 'end');
      expect([last.status, last.json['size'], text('big.txt')]).toEqual([200, whole.length, whole]);
      expect(await status()).toEqual({ next_chunk: 1, chunks: [] });
    });

    it('takes the place of nothing where it was told so, and ends once it may', async () => {
      await serve();
      const absent = { 'If-None-Match': '*' };
      await bytes(1, 'one two ', absent);
      put('big.txt', 'somebody else was here first');
      expect((await bytes(-1, 'end', absent)).status).toBe(409);
      expect(text('big.txt')).toBe('somebody else was here first');
      expect((await bytes(-1, 'end')).status).toBe(200);
      expect(text('big.txt')).toBe(whole);
    });

    it('writes nothing when what was collected is not what had arrived', async () => {
      await serve();
      put('big.txt', 'the old file');
      await bytes(1, 'one ');
      await bytes(2, 'two ');
      writeFileSync(inUploads('content'), 'one twi ');
      const answer = await bytes(-1, 'end');
      expect([answer.status, answer.json['next_chunk'], text('big.txt')]).toEqual([500, 1, 'the old file']);
      expect(readdirSync(at(''))).toEqual(['big.txt']);
      expect(await status()).toEqual({ next_chunk: 1, chunks: [] });
      await bytes(1, 'one two ');
      await bytes(-1, 'end');
      expect(text('big.txt')).toBe(whole);
    });

    it('goes on after a kill in the middle of writing down a chunk', async () => {
      await serve();
      await bytes(1, 'one ');
      appendFileSync(inUploads('content'), 'tw');
      appendFileSync(inUploads('chunks.log'), '\n{"size":4,"sha');
      expect(await status()).toMatchObject({ next_chunk: 2 });
      await bytes(2, 'two ');
      await bytes(-1, 'end');
      expect(text('big.txt')).toBe(whole);
    });

    it.each<[string, number, object, string | undefined, number, RegExp]>([
      ['chunk 0', 0, {}, undefined, 400, /'chunk' must be/],
      ['no name of its upload', 1, {}, 'total_size=11', 400, /'upload' and 'total_size'/],
      ['no size of the whole', 1, {}, 'upload=mine', 400, /'upload' and 'total_size'/],
      ['a size that is no number', 1, {}, 'upload=mine&total_size=1e3', 400, /'total_size' must be/],
      ['a compressed body', 1, { 'Content-Encoding': 'gzip' }, undefined, 415, /gzip/],
      ['a larger body than is taken', 1, { large: true }, undefined, 413, /max_body_size/],
    ])('is refused with %s', async (_what, n, headers, query, code, message) => {
      await serve({ maxBodySize: 100 });
      const answer = await bytes(n, 'large' in headers ? 'x'.repeat(101) : 'x', headers, query);
      expect([answer.status, answer.json['message']]).toEqual([code, expect.stringMatching(message)]);
      expect(existsSync(uploads())).toBe(false);
    });
  });

  describe('that cannot be collected', () => {
    const uploads = () => join(served.home, 'uploads');

    it('says which directory is the reason', async () => {
      const api = await serve();
      writeFileSync(uploads(), 'no directory');
      const answer = await chunk(api, 1, 'one ');
      expect([answer.status, answer.json['message']]).toEqual([500, expect.stringContaining(uploads())]);
    });

    // the one disk that is always full
    it.runIf(existsSync('/dev/full'))(
      'says that the disk is full there, and goes on once it is not',
      async () => {
        const api = await serve();
        await chunk(api, 1, 'one ');
        const [folder = ''] = readdirSync(uploads());
        const content = join(uploads(), folder, 'content');
        rmSync(content);
        symlinkSync('/dev/full', content);
        const answer = await chunk(api, 2, 'two ');
        expect([answer.status, answer.json['message']]).toEqual([507, expect.stringContaining(uploads())]);
        rmSync(content);
        writeFileSync(content, 'one ');
        await chunk(api, 2, 'two ');
        await chunk(api, -1, 'end');
        expect(text('big.txt')).toBe('one two end');
      },
    );
  });

  it('whose end could not be written does not get its last chunk twice', async () => {
    const api = await serve();
    mkdirSync(at('d'));
    const file = (n: number, content: string) =>
      call(`${api}/d/f.txt`, 'PUT', { ...textBody(content), chunk: n }, { 'If-None-Match': '*' });
    await file(1, 'one ');
    const write = vi
      .spyOn(served.contents.store, 'write')
      .mockRejectedValueOnce(new HttpError(507, 'The disk is full'));
    expect((await file(-1, 'end')).status).toBe(507);
    write.mockRestore();
    expect((await file(-1, 'end')).status).toBe(200);
    expect(text('d/f.txt')).toBe('one end');
  });
});

describe('the trash', () => {
  it('takes what is deleted, lists it, and gives it back', async () => {
    const api = await serve({ deleteToTrash: true });
    const trash = `${served.url}/api/trash`;
    mkdirSync(at('d'));
    put('d/n.ipynb', Buffer.from(newNotebook()).toString());
    put('f.txt', 'kept');
    expect((await call(`${api}/d`, 'DELETE')).status).toBe(204);
    expect((await call(`${api}/f.txt`, 'DELETE')).status).toBe(204);
    expect(readdirSync(served.root)).toEqual([]);
    const { json } = await call(trash);
    expect(json['enabled']).toBe(true);
    const items = json['items'] as { id: string; path: string; type: string; size: number | null }[];
    expect(items.map(({ path, type, size }) => [path, type, size]).sort()).toEqual([
      ['d', 'directory', null],
      ['f.txt', 'file', 4],
    ]);
    const idOf = (path: string): string => items.find((item) => item.path === path)?.id ?? '';
    const back = await call(`${trash}/${idOf('d')}`, 'POST');
    expect([back.status, back.json['path'], back.headers.get('location')]).toEqual([
      200,
      'd',
      '/base/api/contents/d',
    ]);
    expect(existsSync(at('d/n.ipynb'))).toBe(true);
    put('f.txt', 'another one');
    expect((await call(`${trash}/${idOf('f.txt')}`, 'POST')).status).toBe(409);
    expect((await call(`${trash}/${idOf('f.txt')}`, 'POST', { path: '../x' })).status).toBe(404);
    expect((await call(`${trash}/${idOf('f.txt')}`, 'POST', { path: 'g.txt' })).json['path']).toBe('g.txt');
    expect([text('f.txt'), text('g.txt')]).toEqual(['another one', 'kept']);
  });

  it('is emptied, one by one and at once, and can be passed by', async () => {
    const api = await serve({ deleteToTrash: true });
    const trash = `${served.url}/api/trash`;
    for (const name of ['a', 'b', 'c', 'd']) put(name, '');
    for (const name of ['a', 'b', 'c']) await call(`${api}/${name}`, 'DELETE');
    await call(`${api}/d?permanent=1`, 'DELETE');
    const items = async (): Promise<{ id: string }[]> =>
      (await call(trash)).json['items'] as { id: string }[];
    expect((await items()).length).toBe(3);
    expect((await call(`${trash}/${(await items())[0]?.id}`, 'DELETE')).status).toBe(204);
    expect((await items()).length).toBe(2);
    expect((await call(trash, 'DELETE')).status).toBe(204);
    expect(await items()).toEqual([]);
    expect((await call(`${trash}/h-YQ`, 'DELETE')).status).toBe(404);
  });

  it.each(['one.ipynb', 'd/one.ipynb'])('gives %s back with its checkpoints', async (path) => {
    const api = await serve({ deleteToTrash: true });
    mkdirSync(at('d'));
    const checkpoints = async (): Promise<number> =>
      ((await call(`${api}/${path}/checkpoints`)).json as unknown as unknown[]).length;
    for (const source of ['first', 'second']) {
      await call(`${api}/${path}`, 'PUT', notebookBody(source));
      await call(`${api}/${path}/checkpoints`, 'POST');
    }
    expect(await checkpoints()).toBe(2);
    await call(`${api}/${path}`, 'DELETE');
    // another one of that name begins without
    await call(`${api}/${path}`, 'PUT', notebookBody('other'));
    expect(await checkpoints()).toBe(1);
    await call(`${api}/${path}?permanent=1`, 'DELETE');
    const trash = `${served.url}/api/trash`;
    const [item] = (await call(trash)).json['items'] as { id: string }[];
    expect((await call(`${trash}/${item?.id}`, 'POST')).status).toBe(200);
    expect(await checkpoints()).toBe(2);
    // for good, and nothing stays
    await call(`${api}/${path}`, 'DELETE');
    await call(trash, 'DELETE');
    expect(readdirSync(join(at(path), '../.ipynb_checkpoints'))).toEqual([]);
  });

  it('is not there when it is turned off', async () => {
    await serve();
    const { json } = await call(`${served.url}/api/trash`);
    expect(json).toEqual({ enabled: false, items: [] });
    const trash = `${served.url}/api/trash`;
    expect((await call(`${trash}/h-YQ`, 'POST')).json['message']).toMatch(/delete_to_trash/);
    expect((await call(trash, 'DELETE')).status).toBe(404);
  });
});

describe('directories', () => {
  it('are copied with what is in them, but not into themselves', async () => {
    const api = await serve();
    mkdirSync(at('d/deep'), { recursive: true });
    put('d/deep/f.txt', 'kept');
    put('d/.hidden', '');
    const { status, json } = await call(api, 'POST', { copy_from: 'd' });
    expect([status, json['path'], json['type']]).toEqual([201, 'd-Copy1', 'directory']);
    expect(text('d-Copy1/deep/f.txt')).toBe('kept');
    expect(readdirSync(at('d-Copy1'))).toEqual(['deep']);
    expect((await call(`${api}/d/deep`, 'POST', { copy_from: 'd' })).status).toBe(400);
  });
});

describe('/api/notebooks', () => {
  it('leads older clients to the contents API', async () => {
    await serve();
    const answer = await call(`${served.url}/api/notebooks/a%20b/c.ipynb`);
    expect([answer.status, answer.headers.get('location')]).toEqual([
      302,
      '/base/api/contents/a%20b/c.ipynb',
    ]);
  });
});

describe('events', () => {
  it('tell what clients did, once it is done', async () => {
    const api = await serve();
    const events: ContentsEvent[] = [];
    served.contents.onEvent = (event) => events.push(event);
    await call(api, 'POST', { type: 'notebook' });
    await call(`${api}/Untitled.ipynb`, 'PUT', notebookBody('x'));
    await call(api, 'POST', { copy_from: 'Untitled.ipynb' });
    await call(`${api}/Untitled-Copy1.ipynb`, 'PATCH', { path: 'b.ipynb' });
    await call(`${api}/b.ipynb`, 'DELETE');
    await call(`${api}/missing`, 'DELETE');
    await call(`${api}/u.txt`, 'PUT', { ...textBody('x'), chunk: 1 });
    await call(`${api}/u.txt`, 'PUT', { ...textBody('y'), chunk: -1 });
    expect(events).toEqual([
      { action: 'create', path: 'Untitled.ipynb' },
      { action: 'save', path: 'Untitled.ipynb' },
      { action: 'copy', path: 'Untitled-Copy1.ipynb', source_path: 'Untitled.ipynb' },
      { action: 'rename', path: 'b.ipynb', source_path: 'Untitled-Copy1.ipynb' },
      { action: 'delete', path: 'b.ipynb' },
      { action: 'upload', path: 'u.txt' },
    ]);
  });
});

describe('save hooks', () => {
  const hooksOf = async (before: string, after = ''): ReturnType<typeof loadSaveHooks> => {
    const { mkdtempSync } = await import('node:fs');
    const { tmpdir } = await import('node:os');
    const folder = mkdtempSync(join(tmpdir(), 'nbserver-hooks-'));
    writeFileSync(join(folder, 'before.mjs'), before);
    writeFileSync(join(folder, 'after.mjs'), after);
    return loadSaveHooks(
      { pre_save_hook: './before.mjs', post_save_hook: after === '' ? '' : './after.mjs' },
      folder,
    );
  };

  it('change what is saved, by clients and by open documents, and see it afterwards', async () => {
    const upper = `export default (model) => {
      if (model.type === 'notebook') for (const cell of model.content.cells) cell.source = cell.source.toUpperCase();
    };`;
    const script = `import { writeFileSync } from 'node:fs';
      export default (model, { path, directory }) =>
        writeFileSync(directory + '/' + path + '.txt', model.content.cells.map((cell) => cell.source).join());`;
    const api = await serve({ hooks: await hooksOf(upper, script) });
    await call(`${api}/n.ipynb`, 'PUT', notebookBody('quiet'));
    expect([text('n.ipynb').includes('"QUIET"'), text('n.ipynb.txt')]).toEqual([true, 'QUIET']);
    const quiet = Buffer.from(text('n.ipynb').replace('QUIET', 'again'));
    await served.contents.writeBytes('n.ipynb', quiet);
    expect([text('n.ipynb').includes('"AGAIN"'), text('n.ipynb.txt')]).toEqual([true, 'AGAIN']);
  });

  it('refuse by an HttpError, and do no harm by any other', async () => {
    const picky = `export default (model, { path, HttpError }) => {
      if (path.startsWith('no')) throw new HttpError(403, 'Not this one');
      throw new Error('a slip');
    };`;
    const api = await serve({ hooks: await hooksOf(picky) });
    const refused = await call(`${api}/no.txt`, 'PUT', textBody('x'));
    expect([refused.status, refused.json['message']]).toEqual([403, 'Not this one']);
    expect((await call(`${api}/yes.txt`, 'PUT', textBody('x'))).status).toBe(201);
    expect(readdirSync(served.root)).toEqual(['yes.txt']);
  });

  it.each([
    ['./gone.mjs', /^pre_save_hook: there is no file/],
    ['no-such-package', /^pre_save_hook: there is no module no-such-package/],
  ])('that are not there (%s) are one line at the start', async (name, message) => {
    await serve();
    await expect(loadSaveHooks({ pre_save_hook: name, post_save_hook: '' }, '/tmp')).rejects.toThrow(message);
  });
});

describe('a list', () => {
  it('shows what changed since the last one: sizes, times, kinds, names', async () => {
    const api = await serve();
    for (const name of ['grows', 'touched', 'kind', 'gone', 'same']) put(name, 'x');
    const models = async (): Promise<Record<string, Record<string, unknown>>> => {
      const list = (await call(api)).json['content'] as Record<string, unknown>[];
      return Object.fromEntries(
        list.map((model): [string, Record<string, unknown>] => [String(model['name']), model]),
      );
    };
    const before = await models();
    expect(await models()).toEqual(before);
    writeFileSync(at('grows'), 'more');
    utimesSync(at('touched'), 1, 1);
    rmSync(at('kind'));
    mkdirSync(at('kind'));
    rmSync(at('gone'));
    put('new', '');
    const after = await models();
    expect(after['grows']).toMatchObject({ size: 4 });
    expect(after['touched']).toMatchObject({ last_modified: '1970-01-01T00:00:01.000000Z' });
    expect(after['kind']).toMatchObject({ type: 'directory', size: null });
    expect(Object.keys(after).sort()).toEqual(['grows', 'kind', 'new', 'same', 'touched']);
    expect(after['same']).toEqual(before['same']);
    expect(await served.contents.get('')).toMatchObject({ content: Object.values(after) });
  });
});

describe('a path', () => {
  it.each([
    'with spaces, and a +.txt',
    '100% #1?&=;.txt',
    'line\nbreak.txt',
    'back\\slash "quoted" \'.txt',
    'gr\u00fc\u00dfe (NFC).txt',
    'gru\u0308\u00dfe (NFD).txt',
    'note\u{1f4d3}\u200d.txt',
    '%2e%2e.txt',
    `${'\u00e4'.repeat(125)}.txt`,
  ])('may hold any name: %j', async (name) => {
    const api = await serve();
    const url = `${api}/${encodeURIComponent(name)}`;
    expect((await call(url, 'PUT', textBody('kept'))).status).toBe(201);
    expect(readdirSync(served.root)).toEqual([name]);
    expect((await call(api)).json['content']).toMatchObject([{ name, path: name }]);
    expect((await call(url)).json).toMatchObject({ name, path: name, content: 'kept' });
    const file = await call(`${served.url}/files/${encodeURIComponent(name)}?download=1`);
    expect(file.text).toBe('kept');
    expect(file.headers.get('content-disposition')).toContain(encodeURIComponent(name.slice(0, 3)));
    const moved = await call(url, 'PATCH', { path: `x${name.slice(1)}` });
    expect(moved.json).toMatchObject({ path: `x${name.slice(1)}` });
    expect(decodeURIComponent(moved.headers.get('location') ?? '')).toContain(name.slice(1));
  });

  it.each([
    ['one letter spelled otherwise', 'readme.txt', 'README.txt'],
    ['the other form of an umlaut', 'gr\u00fc\u00dfe.txt', 'gru\u0308\u00dfe.txt'],
  ])('is another one with %s, and may become it', async (_what, from, to) => {
    const api = await serve();
    const [old, now] = [from, to].map((name) => `${api}/${encodeURIComponent(name)}`) as [string, string];
    await call(old, 'PUT', textBody('kept'));
    expect((await call(now)).status).toBe(404);
    expect((await call(old, 'PATCH', { path: to })).status).toBe(200);
    expect([readdirSync(served.root), text(to)]).toEqual([[to], 'kept']);
    await call(old, 'PUT', textBody('other'));
    expect((await call(old, 'PATCH', { path: to })).status).toBe(409);
    expect([text(from), text(to)]).toEqual(['other', 'kept']);
  });

  it('that is too long, or no file to be read, is refused with a sentence', async () => {
    const api = await serve();
    execFileSync('mkfifo', [at('pipe')]);
    symlinkSync('loop', at('loop'));
    symlinkSync('/dev/null', at('device'));
    for (const [path, status] of [
      ['a'.repeat(256), 400],
      ['pipe', 400],
      ['loop', 400],
      ['device', 400],
    ] as const) {
      for (const address of [`${api}/${path}`, `${served.url}/files/${path}`]) {
        const { status: answered, json } = await call(address);
        expect([answered, json['message']], address).toEqual([status, expect.stringMatching(/\w+ \w+/)]);
      }
      expect((await call(`${api}/${path}`, 'PUT', textBody('x'))).status).toBe(400);
    }
  });

  it('never leads out of the notebook directory, however it is spelled', async () => {
    const api = await serve();
    const outside = join(served.home, 'secret.txt');
    writeFileSync(outside, 'secret');
    put('inside.txt', 'inside');
    const spelling = fc.array(
      fc.constantFrom(
        '..',
        '.',
        '',
        '%2e%2e',
        '%2E.',
        '..%2f',
        '%2f',
        '\\',
        '..\\',
        '%5c',
        '%00',
        '~',
        'a',
        'secret.txt',
        '..;',
        '%252e%252e',
        '\u2025',
        '\uff0e\uff0e',
        ...served.home.split('/'),
      ),
      { minLength: 1, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(spelling, async (parts) => {
        const path = parts.join('/');
        const plain = await served.contents.get(path).catch((error: unknown) => error);
        if (!(plain instanceof HttpError)) expect(JSON.stringify(plain)).not.toContain('secret"');
        for (const address of [`${api}/${path}`, `${served.url}/files/${path}`]) {
          const { status, text: body } = await call(address);
          expect(body, address).not.toBe('secret');
          expect(body, address).not.toMatch(/"content":"secret"/);
          expect(status, address).toBeLessThan(500);
        }
        await served.contents
          .save(path, { type: 'file', format: 'text', content: 'x' })
          .catch((error: unknown) => {
            expect(error).toBeInstanceOf(HttpError);
          });
        expect(readFileSync(outside, 'utf8')).toBe('secret');
        expect(readdirSync(served.home).sort()).toEqual(['secret.txt']);
      }),
      { numRuns: rounds(60, 2000) },
    );
  });
});
