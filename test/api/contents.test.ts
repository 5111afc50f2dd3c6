import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { call, serveContents, type Served } from '../unit/contents/serve.js';

let served: Served;
let api: string;
/** Every test works in a folder of its own. */
let dir: string;
let count = 0;

beforeAll(async () => {
  served = await serveContents();
  api = `${served.url}/api/contents`;
});
afterAll(() => served.close());
beforeEach(() => {
  dir = `t${++count}`;
  mkdirSync(join(served.root, dir));
});

const onDisk = (path: string): string => join(served.root, dir, path);
const put = (path: string, text: string | Buffer): void => writeFileSync(onDisk(path), text);
const read = (path: string): string => readFileSync(onDisk(path), 'utf8');
const notebook = (cells: object[], minor = 5): object => ({
  cells,
  metadata: {},
  nbformat: 4,
  nbformat_minor: minor,
});
const code = (source: string, id?: string): object => ({
  cell_type: 'code',
  execution_count: null,
  ...(id === undefined ? {} : { id }),
  metadata: {},
  outputs: [],
  source,
});

describe('GET /api/contents', () => {
  it('answers the model of a notebook with every field of the API', async () => {
    put('a.ipynb', JSON.stringify(notebook([code('1\n2', 'x')])));
    const { status, json, headers } = await call(`${api}/${dir}/a.ipynb`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json');
    expect(Date.parse(headers.get('last-modified') ?? '')).not.toBeNaN();
    expect(json).toEqual({
      name: 'a.ipynb',
      path: `${dir}/a.ipynb`,
      type: 'notebook',
      format: 'json',
      mimetype: null,
      writable: true,
      size: readFileSync(onDisk('a.ipynb')).length,
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string,
      last_modified: expect.stringMatching(/\.\d{6}Z$/) as string,
      hash: null,
      hash_algorithm: null,
      content: notebook([{ ...code('1\n2', 'x'), metadata: { trusted: false } }]),
    });
  });

  it('lists a directory without content, hidden names, broken links and what is no file', async () => {
    put('b.txt', 'text');
    put('.hidden', '');
    put('c.pyc', '');
    put('d~', '');
    mkdirSync(onDisk('sub'));
    symlinkSync('nowhere', onDisk('broken'));
    symlinkSync('b.txt', onDisk('link.txt'));
    execFileSync('mkfifo', [onDisk('pipe')]);
    const { json } = await call(`${api}/${dir}?content=1`);
    expect(json).toMatchObject({ type: 'directory', format: 'json', size: null, mimetype: null });
    const children = json['content'] as Record<string, unknown>[];
    expect(children.map((child) => child['name']).sort()).toEqual(['b.txt', 'link.txt', 'sub']);
    expect(children.find((child) => child['name'] === 'b.txt')).toMatchObject({
      path: `${dir}/b.txt`,
      type: 'file',
      content: null,
      format: null,
      mimetype: 'text/plain',
      size: 4,
    });
  });

  it.each([
    ['?type=file', { type: 'file', format: 'text', mimetype: 'application/x-ipynb+json' }],
    ['?content=0', { type: 'notebook', content: null, format: null }],
    ['?content=0&hash=1', { content: null, hash_algorithm: 'sha256' }],
    ['?1690000000000', { type: 'notebook', format: 'json' }],
  ])('takes the query %s', async (query, expected) => {
    put('q.ipynb', JSON.stringify(notebook([])));
    const { status, json } = await call(`${api}/${dir}/q.ipynb${query}`);
    expect(status).toBe(200);
    expect(json).toMatchObject(expected);
  });

  it('gives text as it is and anything else as base64 in lines of 76', async () => {
    put('t.txt', '\ufefföne\r\ntwo');
    const binary = Buffer.from(Array.from({ length: 200 }, (_, i) => i));
    put('b.bin', binary);
    const text = await call(`${api}/${dir}/t.txt`);
    expect(text.json).toMatchObject({ format: 'text', content: '\ufefföne\r\ntwo', mimetype: 'text/plain' });
    const { json } = await call(`${api}/${dir}/b.bin`);
    const content = json['content'] as string;
    expect(json).toMatchObject({ format: 'base64', mimetype: 'application/octet-stream' });
    expect(content.endsWith('\n')).toBe(true);
    expect(Math.max(...content.split('\n').map((line) => line.length))).toBe(76);
    expect(Buffer.from(content, 'base64').equals(binary)).toBe(true);
  });

  it.each([
    ['missing.ipynb', '', 404, null, /does not exist/],
    ['sub', '?type=notebook', 400, 'bad type', /is a directory, not a notebook/],
    ['f.txt', '?type=directory', 400, 'bad type', /is not a directory/],
    ['f.txt', '?format=xml', 400, null, /Format 'xml' is invalid/],
    ['f.txt', '?content=2', 400, null, /content/],
    ['f.txt', '?hash=x', 400, null, /hash/],
    ['latin.txt', '?format=text', 400, 'bad format', /is not UTF-8 encoded/],
    ['broken.ipynb', '', 400, null, /line 1, column 12/],
    ['.hidden', '', 404, null, /does not exist/],
    ['loop', '', 400, null, /leads back to itself/],
    ['dangling', '', 400, 'bad type', /link to something that does not exist/],
    ['pipe', '', 400, 'bad type', /not a regular file/],
    ['f.txt/under', '', 404, null, /does not exist/],
    [`${'n'.repeat(256)}`, '', 400, null, /longer than 255 bytes/],
    ['a%00b', '', 404, null, /not a valid path/],
    ['..%2f..%2fetc%2fpasswd', '', 404, null, /outside/],
  ])('refuses %s%s with %i', async (path, query, status, reason, message) => {
    mkdirSync(onDisk('sub'));
    put('f.txt', 'x');
    put('.hidden', 'secret');
    put('latin.txt', Buffer.from([0xe9]));
    put('broken.ipynb', '{"cells": [}');
    symlinkSync('loop', onDisk('loop'));
    symlinkSync('nowhere', onDisk('dangling'));
    execFileSync('mkfifo', [onDisk('pipe')]);
    const answer = await call(`${api}/${dir}/${path}${query}`);
    expect(answer.status).toBe(status);
    expect(answer.json).toEqual({ message: expect.stringMatching(message) as string, reason });
  });

  it('gives null where the file has NaN, as JSON has no such number', async () => {
    put('nan.ipynb', '{"cells": [], "metadata": {"x": NaN, "y": 1.0}, "nbformat": 4, "nbformat_minor": 4}');
    const { json } = await call(`${api}/${dir}/nan.ipynb`);
    expect(json['content']).toMatchObject({ metadata: { x: null, y: 1 } });
  });

  it('sends a large notebook whole', async () => {
    const cells = Array.from({ length: 40 }, (_, i) => code('x'.repeat(100_000) + i, `c${i}`));
    put('large.ipynb', JSON.stringify(notebook(cells)));
    const { json } = await call(`${api}/${dir}/large.ipynb`);
    const content = json['content'] as { cells: { source: string }[] };
    expect(json).toMatchObject({
      name: 'large.ipynb',
      format: 'json',
      content: { nbformat: 4, metadata: {} },
    });
    expect(content.cells.map((cell) => cell.source.slice(100_000))).toEqual(cells.map((_, i) => `${i}`));
  });

  it('ignores what a file says about its own trust', async () => {
    put('t.ipynb', JSON.stringify(notebook([{ ...code('', 'a'), metadata: { trusted: true } }])));
    const { json } = await call(`${api}/${dir}/t.ipynb`);
    expect(json['content']).toMatchObject({ cells: [{ metadata: { trusted: false } }] });
  });

  it('says what does not fit the format, and gives the notebook all the same', async () => {
    put('odd.ipynb', JSON.stringify(notebook([{ ...code('', 'a'), outputs: [{ output_type: 'picture' }] }])));
    const { status, json } = await call(`${api}/${dir}/odd.ipynb`);
    expect(status).toBe(200);
    expect(json['message']).toMatch(/^Notebook validation failed: \/cells\/0\/outputs\/0\/output_type: /);
  });
});

describe('POST /api/contents', () => {
  it.each([
    [undefined, ['untitled', 'untitled1', 'untitled2']],
    [{}, ['untitled', 'untitled1', 'untitled2']],
    [{ type: 'file', ext: '.txt' }, ['untitled.txt', 'untitled1.txt', 'untitled2.txt']],
    [{ ext: '.ipynb' }, ['Untitled.ipynb', 'Untitled1.ipynb', 'Untitled2.ipynb']],
    [{ type: 'notebook' }, ['Untitled.ipynb', 'Untitled1.ipynb', 'Untitled2.ipynb']],
    [{ type: 'directory' }, ['Untitled Folder', 'Untitled Folder 1', 'Untitled Folder 2']],
  ])('%o makes untitled names', async (body, names) => {
    for (const name of names) {
      const { status, json, headers } = await call(`${api}/${dir}`, 'POST', body);
      expect(status).toBe(201);
      expect(json).toMatchObject({ name, path: `${dir}/${name}`, content: null, format: null });
      expect(headers.get('location')).toBe(`/base/api/contents/${dir}/${encodeURIComponent(name)}`);
    }
    expect(readdirSync(onDisk('')).sort()).toEqual([...names].sort());
  });

  it('makes a notebook of format 4.5 without cells', async () => {
    await call(`${api}/${dir}`, 'POST', { type: 'notebook' });
    expect(read('Untitled.ipynb')).toBe(
      '{\n "cells": [],\n "metadata": {},\n "nbformat": 4,\n "nbformat_minor": 5\n}\n',
    );
  });

  it('gives two clients at once two names', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => call(`${api}/${dir}`, 'POST', { type: 'notebook' })),
    );
    expect(new Set(answers.map(({ json }) => json['name'])).size).toBe(8);
  });

  it.each([
    ['v1.2.ipynb', ['v1.2-Copy1.ipynb', 'v1.2-Copy2.ipynb']],
    ['a.tar.txt', ['a-Copy1.tar.txt', 'a-Copy2.tar.txt']],
    ['b-Copy1.ipynb', ['b-Copy2.ipynb', 'b-Copy3.ipynb']],
    // as long as a name may be: its end goes
    [`${'文'.repeat(83)}.txt`, [`${'文'.repeat(81)}-Copy1.txt`, `${'文'.repeat(81)}-Copy2.txt`]],
    ['noext', ['noext-Copy1', 'noext-Copy2']],
  ])('copies %s as %j', async (name, copies) => {
    put(name, JSON.stringify(notebook([])));
    for (const copy of copies) {
      const { status, json } = await call(`${api}/${dir}`, 'POST', { copy_from: `${dir}/${name}` });
      expect([status, json['name']]).toEqual([201, copy]);
      expect(read(copy)).toBe(read(name));
    }
  });

  it('copies under the same name where that is free, and to a path that does not exist', async () => {
    put('a.txt', 'a');
    mkdirSync(onDisk('sub'));
    const first = await call(`${api}/${dir}/sub`, 'POST', { copy_from: `${dir}/a.txt` });
    expect(first.json['path']).toBe(`${dir}/sub/a.txt`);
    const second = await call(`${api}/${dir}/new.txt`, 'POST', { copy_from: `/${dir}/a.txt` });
    expect([second.status, read('new.txt')]).toEqual([201, 'a']);
  });

  it.each([
    ['f.txt', {}, 400, /Cannot POST to files/],
    ['missing', {}, 404, /No such directory/],
    ['missing/x.txt', { copy_from: 'f' }, 404, /does not exist/],
    ['', { copy_from: 'nowhere.txt' }, 404, /does not exist/],
    ['', { copy_from: 7 }, 400, /copy_from/],
    ['', { type: 'song' }, 400, /Unknown type/],
    ['', { ext: '/../x' }, 400, /ext/],
    ['', { ext: 5 }, 400, /ext/],
    ['', [], 400, /JSON object/],
    ['.hidden', {}, 400, /hidden/],
  ])('to %s with %j is refused with %i', async (path, body, status, message) => {
    put('f.txt', '');
    const answer = await call(`${api}/${dir}/${path}`, 'POST', body);
    expect(answer.status).toBe(status);
    expect(answer.json['message']).toMatch(message);
  });
});

describe('PUT /api/contents', () => {
  const save = (path: string, body: unknown): ReturnType<typeof call> =>
    call(`${api}/${dir}/${path}`, 'PUT', body);

  it('writes a notebook as Jupyter does, and keeps a first checkpoint', async () => {
    const content = notebook([
      { ...code('a\nb', 'one'), metadata: { trusted: true, tags: [] } },
      { cell_type: 'markdown', id: 'two', metadata: {}, source: 'Grüße' },
    ]);
    const first = await save('n.ipynb', { type: 'notebook', format: 'json', content });
    expect([first.status, first.json['content'], first.json['format']]).toEqual([201, null, null]);
    expect(first.headers.get('location')).toBe(`/base/api/contents/${dir}/n.ipynb`);
    expect(read('n.ipynb')).toBe(
      [
        '{',
        ' "cells": [',
        '  {',
        '   "cell_type": "code",',
        '   "execution_count": null,',
        '   "id": "one",',
        '   "metadata": {',
        '    "tags": []',
        '   },',
        '   "outputs": [],',
        '   "source": [',
        '    "a\\n",',
        '    "b"',
        '   ]',
        '  },',
        '  {',
        '   "cell_type": "markdown",',
        '   "id": "two",',
        '   "metadata": {},',
        '   "source": [',
        '    "Grüße"',
        '   ]',
        '  }',
        ' ],',
        ' "metadata": {},',
        ' "nbformat": 4,',
        ' "nbformat_minor": 5',
        '}',
        '',
      ].join('\n'),
    );
    // made behind the answer, and waited for by who asks
    expect((await call(`${api}/${dir}/n.ipynb/checkpoints`)).json).toMatchObject([{ id: 'checkpoint' }]);
    expect(existsSync(onDisk('.ipynb_checkpoints/n-checkpoint.ipynb'))).toBe(true);
    expect((await save('n.ipynb', { type: 'notebook', content })).status).toBe(200);
  });

  it('keeps the bytes of cells that a client sends back, with numbers that JSON clients cannot hold', async () => {
    const original =
      '{\n "cells": [\n  {\n   "cell_type": "code",\n   "execution_count": 1,\n   "metadata": {"n": 1.0, "big": 12345678901234567890, "nan": NaN},\n   "outputs": [],\n   "source": ["1"]\n  },\n  {\n   "cell_type": "markdown",\n   "metadata": {},\n   "source": ["two"]\n  }\n ],\n "metadata": {"x": 1e-05},\n "nbformat": 4,\n "nbformat_minor": 4\n}\n';
    put('k.ipynb', original);
    const { json } = await call(`${api}/${dir}/k.ipynb`);
    await save('k.ipynb', { type: 'notebook', content: json['content'] });
    expect(read('k.ipynb')).toBe(original);
    const content = json['content'] as { cells: { source: string }[] };
    (content.cells[0] as { source: string }).source = '1 + 1';
    await save('k.ipynb', { type: 'notebook', content });
    expect(read('k.ipynb')).toBe(original.replace('["1"]', '[\n    "1 + 1"\n   ]'));
  });

  it('saves a notebook that does not fit the format, and says so', async () => {
    const answer = await save('odd.ipynb', { type: 'notebook', content: notebook([{ cell_type: 'code' }]) });
    expect(answer.status).toBe(201);
    expect(answer.json['message']).toMatch(/^Notebook validation failed: \/cells\/0/);
  });

  it('writes text and base64 files as they are', async () => {
    await save('t.txt', { type: 'file', format: 'text', content: 'a\r\nö' });
    expect(read('t.txt')).toBe('a\r\nö');
    const put = await save('b.bin', { type: 'file', format: 'base64', content: 'AAEC\n/w==\n' });
    expect(put.status).toBe(201);
    expect([...readFileSync(onDisk('b.bin'))]).toEqual([0, 1, 2, 255]);
  });

  it('makes directories; one that is there is fine', async () => {
    expect((await save('d', { type: 'directory' })).status).toBe(201);
    expect((await save('d', { type: 'directory' })).status).toBe(201);
    expect((await save('d', undefined)).json['name']).toBe('untitled');
  });

  it('infers the type of a new file by its name, and makes it empty without content', async () => {
    expect((await save('x.ipynb', {})).json['type']).toBe('notebook');
    expect((await save('x.txt', {})).json).toMatchObject({ type: 'file', size: 0 });
  });

  it.each([
    ['f.txt', {}, 400, /No file type provided/],
    ['new.txt', { type: 'file', content: 'x' }, 400, /Must specify format/],
    ['new.txt', { type: 'file', format: 'text', content: 7 }, 400, /must be a string/],
    ['new.txt', { type: 'file', format: 'base64', content: '*' }, 400, /not base64/],
    ['new.txt', { copy_from: 'f.txt' }, 400, /POST/],
    ['new.txt', { type: 'song' }, 400, /Unhandled contents type/],
    ['sub', { type: 'file', format: 'text', content: '' }, 400, /is a directory/],
    ['f.txt', { type: 'directory' }, 400, /is a file/],
    ['missing/n.ipynb', { type: 'notebook', content: notebook([]) }, 404, /No such directory/],
    ['missing/d', { type: 'directory' }, 404, /No such directory/],
    ['n.ipynb', { type: 'notebook', content: notebook('cells' as never) }, 400, /'cells' must be a list/],
    ['n.ipynb', { type: 'notebook', content: notebook([7 as never]) }, 400, /\/cells\/0/],
    ['n.ipynb', { type: 'notebook', content: 'text' }, 400, /must be a JSON object/],
    ['n.ipynb', { type: 'notebook', content: { cells: [], nbformat: 7 } }, 400, /nbformat/],
    ['.hidden', { type: 'file', format: 'text', content: '' }, 400, /hidden/],
    ['x.txt', 'no json', 400, /not JSON/],
    ['x.txt', Buffer.from([0x22, 0xe9, 0x22]), 400, /not UTF-8/],
    ['x.txt', [1], 400, /JSON object/],
  ])('of %s with %j is refused with %i', async (path, body, status, message) => {
    put('f.txt', 'untouched');
    mkdirSync(onDisk('sub'));
    const answer = await save(path, body);
    expect(answer.status).toBe(status);
    expect(answer.json['message']).toMatch(message);
    expect(answer.json['message']).not.toContain(served.root);
    expect(read('f.txt')).toBe('untouched');
    expect(readdirSync(onDisk('')).sort()).toEqual(['f.txt', 'sub']);
  });

  it('refuses metadata nested too deep to be read again', async () => {
    const deep = '['.repeat(5000) + ']'.repeat(5000);
    const body = `{"type":"notebook","content":{"cells":[],"metadata":{"x":${deep}},"nbformat":4,"nbformat_minor":5}}`;
    const answer = await save('deep.ipynb', body);
    expect([answer.status, existsSync(onDisk('deep.ipynb'))]).toEqual([400, false]);
    expect(answer.json['message']).toMatch(/nested/);
  });

  it('collects chunks, and touches the file only when the last one is there', async () => {
    put('big.bin', 'old');
    const chunk = (n: number, content: string, hashed?: string): ReturnType<typeof call> =>
      save('big.bin', {
        type: 'file',
        format: 'base64',
        chunk: n,
        content: Buffer.from(content).toString('base64'),
        chunk_sha256: hashed && createHash('sha256').update(hashed).digest('hex'),
      });
    const first = await chunk(1, 'one,');
    expect([first.status, first.json['path'], first.json['size']]).toEqual([201, `${dir}/big.bin`, 4]);
    const damaged = await chunk(2, 'twi,', 'two,');
    expect([damaged.status, damaged.json['reason']]).toEqual([400, 'wrong hash']);
    expect((await chunk(2, 'two,', 'two,')).status).toBe(200);
    expect(read('big.bin')).toBe('old');
    expect((await chunk(2, 'again')).json['message']).toMatch(/Chunk 3 .* is expected, not 2/);
    const last = await chunk(-1, 'end');
    expect([last.status, last.json['size'], read('big.bin')]).toEqual([200, 11, 'one,two,end']);
    await chunk(-1, 'alone');
    expect(read('big.bin')).toBe('alone');
    expect((await chunk(2, 'x')).json['message']).toMatch(/begin with chunk 1/);
    expect((await save('n.ipynb', { type: 'notebook', chunk: 1, content: {} })).status).toBe(400);
  });

  it('forgets an upload that begins anew, and leaves nothing behind when it is closed', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('nbserver-upload-'));
    const other = await serveContents();
    try {
      const url = `${other.url}/api/contents/a.txt`;
      const chunk = (n: number, content: string): ReturnType<typeof call> =>
        call(url, 'PUT', { type: 'file', format: 'text', chunk: n, content });
      await chunk(1, 'broken off');
      await chunk(1, 'whole ');
      await chunk(-1, 'file');
      expect(readFileSync(join(other.root, 'a.txt'), 'utf8')).toBe('whole file');
      await chunk(1, 'never finished');
      await other.contents.close();
      const left = readdirSync(tmpdir()).filter((name) => name.startsWith('nbserver-upload-'));
      expect(left.filter((name) => !before.includes(name))).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it.each(['announced', 'streamed'])(
    'refuses a body that is %s larger than max_body_size with 413',
    async (how) => {
      const small = await serveContents({ maxBodySize: 1000 });
      try {
        const status = await new Promise<[number | undefined, string]>((done, fail) => {
          const headers = how === 'announced' ? { 'Content-Length': 100_000 } : {};
          const req = request(`${small.url}/api/contents/x.txt`, { method: 'PUT', headers }, (res) => {
            let text = '';
            res.on('data', (chunk: Buffer) => (text += chunk.toString()));
            res.on('end', () => done([res.statusCode, text]));
          });
          req.on('error', (error: NodeJS.ErrnoException) => {
            if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') fail(error);
          });
          req.write('x'.repeat(2000));
          if (how === 'streamed') req.end();
        });
        expect(status[0]).toBe(413);
        expect(status[1]).toContain('max_body_size');
        expect(readdirSync(small.root)).toEqual([]);
      } finally {
        await small.close();
      }
    },
  );
});

describe('PATCH /api/contents', () => {
  it('renames a file with its checkpoint', async () => {
    put('a.ipynb', JSON.stringify(notebook([])));
    await call(`${api}/${dir}/a.ipynb/checkpoints`, 'POST');
    const { status, json, headers } = await call(`${api}/${dir}/a.ipynb`, 'PATCH', {
      path: `${dir}/b c.ipynb`,
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({ name: 'b c.ipynb', path: `${dir}/b c.ipynb`, content: null });
    expect(headers.get('location')).toBe(`/base/api/contents/${dir}/b%20c.ipynb`);
    expect(readdirSync(onDisk('.ipynb_checkpoints'))).toEqual(['b c-checkpoint.ipynb']);
  });

  it.each([
    ['a.txt', undefined, 400, /JSON body missing/],
    ['a.txt', {}, 400, /'path'/],
    ['a.txt', { path: 'DIR/b.txt' }, 409, /File already exists/],
    ['a.txt', { path: 'DIR/missing/b.txt' }, 404, /No such directory/],
    ['missing.txt', { path: 'DIR/c.txt' }, 404, /No such file/],
    ['a.txt', { path: 'DIR/.c' }, 400, /hidden/],
    ['a.txt', { path: 'DIR/../../c' }, 404, /outside/],
    ['', { path: 'DIR/sub/inside' }, 400, /refuses this name or move/],
  ])('of %s with %j is refused with %i', async (path, body, status, message) => {
    put('a.txt', 'a');
    put('b.txt', 'b');
    mkdirSync(onDisk('sub'));
    const sent = body === undefined ? undefined : JSON.stringify(body).replace('DIR', dir);
    const answer = await call(`${api}/${dir}/${path}`, 'PATCH', sent);
    expect(answer.status).toBe(status);
    expect(answer.json['message']).toMatch(message);
    expect([read('a.txt'), read('b.txt')]).toEqual(['a', 'b']);
  });
});

describe('DELETE /api/contents', () => {
  it('removes files, links alone, and directories that are empty but for checkpoints', async () => {
    put('target.txt', 'kept');
    symlinkSync('target.txt', onDisk('link.txt'));
    symlinkSync('nowhere', onDisk('dangling'));
    mkdirSync(onDisk('sub/.ipynb_checkpoints'), { recursive: true });
    for (const name of ['link.txt', 'dangling', 'sub']) {
      expect((await call(`${api}/${dir}/${name}`, 'DELETE')).status).toBe(204);
    }
    expect(readdirSync(onDisk(''))).toEqual(['target.txt']);
  });

  it.each([
    ['full', 400, /not empty/],
    ['missing', 404, /No such file/],
    ['.hidden', 400, /hidden/],
  ])('of %s is refused with %i', async (path, status, message) => {
    mkdirSync(onDisk('full'));
    put('full/x', '');
    put('.hidden', '');
    const answer = await call(`${api}/${dir}/${path}`, 'DELETE');
    expect(answer.status).toBe(status);
    expect(answer.json['message']).toMatch(message);
  });

  it('never removes the root', async () => {
    const answer = await call(`${api}/`, 'DELETE');
    expect([answer.status, answer.json['message']]).toEqual([400, "Can't delete root"]);
  });
});

describe('checkpoints', () => {
  it('are made, listed, restored and deleted', async () => {
    put('c.txt', 'first');
    utimesSync(onDisk('c.txt'), 1000, 1000);
    const url = `${api}/${dir}/c.txt/checkpoints`;
    expect((await call(url)).text).toBe('[]');
    const made = await call(url, 'POST');
    expect([made.status, made.json['id']]).toEqual([201, 'checkpoint']);
    expect(made.headers.get('location')).toBe(`/base/api/contents/${dir}/c.txt/checkpoints/checkpoint`);
    expect(JSON.parse((await call(url)).text)).toEqual([made.json]);
    put('c.txt', 'second');
    expect((await call(`${url}/checkpoint`, 'POST')).status).toBe(204);
    expect(read('c.txt')).toBe('first');
    expect((await call(`${url}/checkpoint`, 'DELETE')).status).toBe(204);
    const gone = await call(`${url}/checkpoint`, 'POST');
    expect([gone.status, gone.json['message']]).toEqual([
      404,
      `Checkpoint does not exist: ${dir}/c.txt@checkpoint`,
    ]);
  });

  it('of a missing file are 404', async () => {
    expect((await call(`${api}/${dir}/none/checkpoints`)).status).toBe(404);
    expect((await call(`${api}/${dir}/none/checkpoints`, 'POST')).status).toBe(404);
  });
});
