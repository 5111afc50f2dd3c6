/** `/files` beyond single files as they are: compressed on the wire, directories and selections as archives. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { encodingFor } from '../../../src/contents/compressed.js';
import { HttpError } from '../../../src/http-error.js';
import { unzip } from '../../unzip.js';
import { call, serveContents, type Served } from './serve.js';

let served: Served;
const at = (path: string): string => join(served.root, path);
const table = Array.from(
  { length: 20_000 },
  (_, i) => `${i % 50},a column of words that come again,${i}`,
).join('\n');

beforeAll(async () => {
  served = await serveContents();
  mkdirSync(at('d/deep/er'), { recursive: true });
  mkdirSync(at('d/empty'));
  writeFileSync(at('d/table.csv'), table);
  writeFileSync(at('d/größe 日本 🎉.txt'), 'unicode');
  writeFileSync(at('d/deep/er/n.ipynb'), '{}');
  writeFileSync(at('d/.hidden'), 'not this');
  writeFileSync(at('small.txt'), 'x');
  writeFileSync(at('noise.png'), Buffer.alloc(5000, 'p'));
  writeFileSync(at('big.txt'), table.repeat(4));
  symlinkSync('.', at('d/deep/round'));
  symlinkSync('table.csv', at('d/link.csv'));
  symlinkSync('nowhere', at('d/broken'));
});
afterAll(() => served.close());

/** As it is on the wire: `fetch` would unpack it. */
async function raw(
  path: string,
  headers = {},
  method = 'GET',
): Promise<{ headers: Record<string, unknown>; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const req = request(`${served.url}/files/${path}`, { method, headers }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () => resolve({ headers: res.headers, body: Buffer.concat(chunks) }));
    });
    req.on('error', reject).end();
  });
}

describe('a file on the wire', () => {
  it.each([
    ['br', 'gzip, deflate, br', (body: Buffer) => brotliDecompressSync(body)],
    ['gzip', 'gzip', (body: Buffer) => gunzipSync(body)],
  ])('is compressed by %s for who takes %s, to a quarter', async (encoding, accept, unpack) => {
    for (const path of ['d/table.csv', 'big.txt']) {
      const { headers, body } = await raw(path, { 'Accept-Encoding': accept });
      const plain = await raw(path);
      expect([headers['content-encoding'], headers['vary']]).toEqual([encoding, 'Accept-Encoding']);
      expect(unpack(body).equals(plain.body)).toBe(true);
      expect(body.length).toBeLessThan(plain.body.length * 0.25);
      expect(plain.headers['content-encoding']).toBeUndefined();
      expect(headers['etag']).not.toBe(plain.headers['etag']);
      // either tag says that the client has it
      const again = await raw(path, { 'If-None-Match': String(headers['etag']) });
      expect(again.body.length).toBe(0);
    }
  });

  it('is as it is in parts, and when there is nothing to save', async () => {
    const accept = { 'Accept-Encoding': 'gzip, br' };
    const part = await raw('d/table.csv', { ...accept, Range: 'bytes=0-9' });
    expect([part.headers['content-encoding'], part.body.toString()]).toEqual([undefined, table.slice(0, 10)]);
    expect((await raw('small.txt', accept)).headers['content-encoding']).toBeUndefined();
    expect((await raw('noise.png', accept)).headers['content-encoding']).toBeUndefined();
    const head = await raw('d/table.csv', accept, 'HEAD');
    expect([head.headers['content-encoding'], head.body.length]).toEqual(['br', 0]);
  });

  it.each([
    [undefined, 'text/plain', 5000, undefined],
    ['br;q=0, gzip;q=0.5', 'text/plain', 5000, 'gzip'],
    ['GZIP', 'application/json', 5000, 'gzip'],
    ['gzip', 'image/png', 5000, undefined],
    ['gzip', 'image/svg+xml', 5000, 'gzip'],
    ['gzip', 'application/x-ipynb+json', 5000, 'gzip'],
    ['gzip', 'text/plain', 100, undefined],
    ['gzip', 'text/plain', undefined, 'gzip'],
    ['identity, zstd', 'text/plain', 5000, undefined],
  ])('with Accept-Encoding %j, %s of %s bytes: %s', (accept, type, size, encoding) => {
    expect(encodingFor(accept, type, size)).toBe(encoding);
  });
});

describe('a directory as an archive', () => {
  it('has all that is in it, links followed once, and nothing hidden', async () => {
    const { headers, body } = await raw('d?download=zip');
    expect(headers['content-type']).toBe('application/zip');
    expect(headers['content-disposition']).toBe("attachment; filename*=utf-8''d.zip");
    expect(headers['content-security-policy']).toBe('sandbox allow-scripts');
    const entries = await unzip(body);
    expect([...entries.keys()].sort()).toEqual([
      'deep/',
      'deep/er/',
      'deep/er/n.ipynb',
      'deep/round/',
      'empty/',
      'größe 日本 🎉.txt',
      'link.csv',
      'table.csv',
    ]);
    expect(entries.get('table.csv')).toBe(table);
    expect(entries.get('link.csv')).toBe(table);
    expect(body.length).toBeLessThan(table.length);
  });

  it('has what a form selects, of more names than an address holds', async () => {
    const send = (body: string, path = 'd') =>
      fetch(`${served.url}/files/${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body,
      });
    const names = ['table.csv', 'größe 日本 🎉.txt'];
    const answer = await send(String(new URLSearchParams({ names: JSON.stringify(names) })));
    expect(answer.headers.get('content-type')).toBe('application/zip');
    const entries = await unzip(Buffer.from(await answer.arrayBuffer()));
    expect([...entries.keys()].sort()).toEqual([...names].sort());
    const refused = [
      ['names=%7B%7D'],
      ['other=1'],
      ['names=%5B7%5D'],
      ['names=%5B%22..%22%5D'],
      ['names=[]', 'small.txt'],
    ];
    for (const [body = '', path] of refused)
      expect((await send(body, path)).status).toBeGreaterThanOrEqual(400);
  });

  it('has hidden files where they are served', async () => {
    const open = await serveContents({ allowHidden: true });
    try {
      mkdirSync(join(open.root, 'd/.git'), { recursive: true });
      writeFileSync(join(open.root, 'd/.git/config'), 'seen');
      const answer = await fetch(`${open.url}/files/d?download=zip`);
      const entries = await unzip(Buffer.from(await answer.arrayBuffer()));
      expect([...entries.keys()]).toEqual(['.git/', '.git/config']);
    } finally {
      await open.close();
    }
  });

  it('has only what was selected', async () => {
    const { headers, body } = await raw('d?download=zip&name=deep&name=table.csv');
    expect(headers['content-disposition']).toContain('d.zip');
    expect([...(await unzip(body)).keys()].sort()).toEqual([
      'deep/',
      'deep/er/',
      'deep/er/n.ipynb',
      'deep/round/',
      'table.csv',
    ]);
    const one = await raw('d?download=zip&name=deep');
    expect(one.headers['content-disposition']).toContain('deep.zip');
    expect([...(await unzip((await raw('?download=zip&name=small.txt')).body)).keys()]).toEqual([
      'small.txt',
    ]);
  });

  it.each([
    ['d', 400, /download=zip/],
    ['d?download=zip&name=missing', 404, /no missing in d/],
    ['d?download=zip&name=..', 404, /outside|There is no/],
    ['d?download=zip&name=.hidden', 404, /There is no/],
    ['d?download=zip&name=deep%2Fer', 404, /There is no/],
    ['missing?download=zip', 404, /does not exist/],
  ])('%s is refused with %i', async (path, status, message) => {
    const answer = await call(`${served.url}/files/${path}`);
    expect(answer.status).toBe(status);
    expect(answer.json['message']).toMatch(message);
  });

  it('names the folders that cannot be read, and has the rest', async () => {
    const { store } = served.contents;
    const list = store.list.bind(store);
    const refuse = vi.spyOn(store, 'list').mockImplementation((path, page) => {
      return path === 'd/deep/er' ? Promise.reject(new HttpError(403, 'no rights')) : list(path, page);
    });
    const entries = await unzip((await raw('d?download=zip')).body);
    expect([...entries.keys()]).toEqual(expect.arrayContaining(['deep/er/', 'empty/', 'table.csv']));
    expect(entries.has('deep/er/n.ipynb')).toBe(false);
    expect(entries.get('NOT INCLUDED.txt')).toContain('deep/er: no rights\n');
    refuse.mockRejectedValue(new HttpError(403, 'no rights at all'));
    expect(await call(`${served.url}/files/d?download=zip`)).toMatchObject({
      status: 403,
      json: { message: 'no rights at all' },
    });
    refuse.mockRestore();
  });

  it('has names that no archive may have, as far as it may', async () => {
    mkdirSync(at('odd/B: old'), { recursive: true });
    for (const name of ['A: plan.txt', 'end\\', 'x\\..\\up', 'B: old/C: x'])
      writeFileSync(at(`odd/${name}`), name);
    const entries = await unzip((await raw('odd?download=zip')).body);
    expect(Object.fromEntries(entries)).toEqual({
      'A_ plan.txt': 'A: plan.txt',
      end_: 'end\\',
      'x_.._up': 'x\\..\\up',
      'B_ old/': '',
      'B_ old/C: x': 'B: old/C: x',
    });
  });

  it('is read by the unzip of the system', async ({ skip }) => {
    if (spawnSync('python3', ['-c', 'import zipfile']).status !== 0) skip('there is no python3');
    writeFileSync(join(served.home, 'd.zip'), (await raw('d?download=zip')).body);
    const check =
      'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), len(z.namelist()))';
    const done = spawnSync('python3', ['-c', check, join(served.home, 'd.zip')], { encoding: 'utf8' });
    expect(done.stdout.trim()).toBe('None 8');
  });

  it('is not read further when the client has gone', async () => {
    let opened = 0;
    const { contents } = served;
    const openFile = contents.openFile.bind(contents);
    mkdirSync(at('many'));
    for (let i = 0; i < 60; i++)
      writeFileSync(at(`many/${i}.bin`), Buffer.alloc(400_000, Math.random().toString()));
    contents.openFile = (path, range) => {
      opened++;
      return openFile(path, range);
    };
    try {
      await new Promise<void>((resolve) => {
        const req = request(`${served.url}/files/many?download=zip`, (res) => {
          res.once('data', () => {
            req.destroy();
            resolve();
          });
        });
        req.on('error', () => undefined).end();
      });
      for (let before = -1; before !== opened; await new Promise((done) => setTimeout(done, 200)))
        before = opened;
      expect(opened).toBeLessThan(60);
    } finally {
      contents.openFile = openFile;
    }
  });
});
