/** `PUT api/contents` with If-Match: an editor saves only over the text that it has read. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../test-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ onlyOwnKernel: true });
});
afterAll(() => server.close());

const put = (path: string, content: string, hash?: string) =>
  server.fetch(`api/contents/${path}`, {
    method: 'PUT',
    body: JSON.stringify({ type: 'file', format: 'text', content }),
    ...(hash === undefined ? {} : { headers: { 'If-Match': `"${hash}"` } }),
  });
const hashOf = async (path: string) =>
  ((await (await server.fetch(`api/contents/${path}?hash=1&content=0`)).json()) as { hash: string }).hash;

it('saves over what was read, answers the new hash, and refuses when the file is another one', async () => {
  const file = join(server.notebooks, 'a.txt');
  writeFileSync(file, 'one');
  const first = await hashOf('a.txt');
  const saved = await put('a.txt', 'two', first);
  expect(saved.status).toBe(200);
  const { hash: second } = (await saved.json()) as { hash: string };
  expect(second).toBe(await hashOf('a.txt'));

  writeFileSync(file, 'written elsewhere');
  const refused = await put('a.txt', 'three', second);
  expect(refused.status).toBe(409);
  expect(await refused.json()).toMatchObject({ reason: 'changed', hash: await hashOf('a.txt') });
  expect(readFileSync(file, 'utf8')).toBe('written elsewhere');

  rmSync(file);
  const gone = await put('a.txt', 'three', second);
  expect(gone.status).toBe(409);
  expect(await gone.json()).toMatchObject({ hash: null });
  expect((await put('a.txt', 'three')).status, 'without a condition as ever').toBe(201);
});

it('of many saves over one text lets one pass', async () => {
  writeFileSync(join(server.notebooks, 'b.txt'), 'start');
  const hash = await hashOf('b.txt');
  const answers = await Promise.all(Array.from({ length: 8 }, (_, at) => put('b.txt', `text ${at}`, hash)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 7 }, () => 409)]);
});

it('refuses a condition that names no state of the file', async () => {
  expect((await put('c.txt', 'x', 'tag')).status).toBe(409);
});
