/** `/api/server`: what the owner sees of the server, and logging other browsers out. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ServerModel } from '../../src/protocol/rest-models.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';
import { makePair } from '../unit/tls/make-pair.js';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ onlyOwnKernel: true, certfile: '' });
});
afterEach(() => server.close());

/** Logs in as a browser. @returns its cookies */
async function logIn(agent: string): Promise<string> {
  const headers = { 'User-Agent': agent };
  const answer = await fetch(`${server.url}tree?token=${TOKEN}`, { redirect: 'manual', headers });
  return answer.headers
    .getSetCookie()
    .map((each) => each.split(';')[0] ?? '')
    .join('; ');
}

const look = async (cookie: string): Promise<ServerModel> =>
  (await (await fetch(`${server.url}api/server`, { headers: { Cookie: cookie } })).json()) as ServerModel;

function remove(path: string, cookie: string): Promise<Response> {
  const xsrf = /_xsrf=([^;]+)/.exec(cookie)?.[1] ?? '';
  const origin = new URL(server.url).origin;
  return fetch(server.url + path, {
    method: 'DELETE',
    headers: { Cookie: cookie, 'X-XSRFToken': decodeURIComponent(xsrf), Origin: origin },
  });
}

it('names the browsers that are logged in, and logs out one or all others', async () => {
  const [mine, phone, tablet] = [await logIn('mine'), await logIn('phone'), await logIn('tablet')];
  const before = await look(mine);
  expect(before.logins.map(({ agent }) => agent).sort()).toEqual(['mine', 'phone', 'tablet']);
  expect(before.logins.filter(({ current }) => current).map(({ agent }) => agent)).toEqual(['mine']);
  expect(before.logins.every(({ address }) => address === '127.0.0.1')).toBe(true);

  const id = before.logins.find(({ agent }) => agent === 'phone')?.id ?? '';
  expect((await remove(`api/server/logins/${encodeURIComponent(id)}`, mine)).status).toBe(204);
  expect((await remove(`api/server/logins/${encodeURIComponent(id)}`, mine)).status).toBe(404);
  expect((await fetch(`${server.url}api/me`, { headers: { Cookie: phone } })).status).toBe(403);
  expect((await fetch(`${server.url}api/me`, { headers: { Cookie: tablet } })).status).toBe(200);

  expect((await remove('api/server/logins', mine)).status).toBe(204);
  expect((await look(mine)).logins.map(({ agent }) => agent)).toEqual(['mine']);
  expect((await fetch(`${server.url}api/me`, { headers: { Cookie: tablet } })).status).toBe(403);
});

it('tells of wrong tries and of the settings, and gives no secret away', async () => {
  const mine = await logIn('mine');
  const form = new URLSearchParams({ password: 'wrong' });
  expect((await fetch(`${server.url}login`, { method: 'POST', body: form })).status).toBe(401);
  const model = await look(mine);
  expect(model.failed_logins.map(({ address }) => address)).toEqual(['127.0.0.1']);
  expect(model.settings.find(({ name }) => name === 'token')?.value).toBe('(hidden)');
  expect(model.settings.find(({ name }) => name === 'notebook_dir')?.value).toBe(server.notebooks);
  expect(JSON.stringify(model)).not.toContain(TOKEN);
  expect(model).toMatchObject({ certificate: null, node: process.version });
});

it('tells whose certificate it shows, and until when', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nbserver-certificate-'));
  const { pem, cert } = makePair({ to: new Date('2099-01-02T03:04:05Z') });
  writeFileSync(join(folder, 'c.pem'), pem, { mode: 0o600 });
  const secure = await startTestServer({ onlyOwnKernel: true, certfile: join(folder, 'c.pem') });
  try {
    const headers = { Authorization: `token ${TOKEN}` };
    const [response] = (await once(
      get(new URL('api/server', secure.url), { headers, ca: cert, servername: 'localhost' }),
      'response',
    )) as [IncomingMessage];
    const model = JSON.parse((await response.setEncoding('utf8').toArray()).join('')) as ServerModel;
    const { fingerprint256 } = new X509Certificate(cert);
    expect(model.certificate).toMatchObject({ fingerprint256, self_signed: true });
    expect(Date.parse(model.certificate?.valid_to ?? '')).toBe(Date.parse('2099-01-02T03:04:05Z'));
  } finally {
    await secure.close();
    rmSync(folder, { recursive: true });
  }
});
