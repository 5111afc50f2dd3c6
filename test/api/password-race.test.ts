/** What happens to logins and changes of the password while the password is changed: checking a hash takes its time. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { passwd } from '../../src/auth/index.js';
import type * as passwords from '../../src/auth/password.js';
import type { ServerModel } from '../../src/protocol/rest-models.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';

/** What happens between the look at a hash and the answer. */
const meanwhile = vi.hoisted(() => ({ act: async (): Promise<void> => {} }));

vi.mock('../../src/auth/password.js', async (original) => {
  const real = await original<typeof passwords>();
  const passwdCheck: typeof real.passwdCheck = async (hash, typed) => {
    const right = await real.passwdCheck(hash, typed);
    const { act } = meanwhile;
    meanwhile.act = async () => {};
    await act();
    return right;
  };
  return { ...real, passwdCheck };
});

let server: TestServer;
const written: string[] = [];
beforeEach(async () => {
  written.length = 0;
  server = await startTestServer({
    onlyOwnKernel: true,
    certfile: '',
    password: await passwd('first', 'sha1'),
    password_keeper: { refusal: () => undefined, write: (hash) => void written.push(hash) },
  });
});
afterEach(() => server.close());

const putSecond = async () => server.server.setPassword(await passwd('second', 'sha1'));

async function logIn(): Promise<string> {
  const answer = await fetch(`${server.url}tree?token=${TOKEN}`, { redirect: 'manual' });
  return answer.headers
    .getSetCookie()
    .map((each) => each.split(';')[0] ?? '')
    .join('; ');
}

function typePassword(password: string): Promise<Response> {
  const body = new URLSearchParams({ password });
  return fetch(`${server.url}login`, { method: 'POST', body, redirect: 'manual' });
}

function change(cookie: string, wanted: string): Promise<Response> {
  const xsrf = /_xsrf=([^;]+)/.exec(cookie)?.[1] ?? '';
  return fetch(`${server.url}api/server/password`, {
    method: 'PUT',
    headers: { Cookie: cookie, 'X-XSRFToken': xsrf, Origin: new URL(server.url).origin },
    body: JSON.stringify({ current_password: 'first', new_password: wanted }),
  });
}

it('a login with the old password opens nothing', async () => {
  meanwhile.act = putSecond;
  const answer = await typePassword('first');
  expect(answer.status).toBe(401);
  const model = (await (await server.fetch('api/server')).json()) as ServerModel;
  expect(model.logins).toEqual([]);
  expect((await typePassword('second')).status).toBe(302);
});

it('a change with the old password changes nothing', async () => {
  const mine = await logIn();
  meanwhile.act = putSecond;
  expect((await change(mine, 'third')).status).toBe(409);
  expect(written).toEqual([]);
  expect((await typePassword('second')).status).toBe(302);
});

it('a change by a login that is ended changes nothing', async () => {
  const mine = await logIn();
  meanwhile.act = async () => void (await server.fetch('api/server/logins', { method: 'DELETE' }));
  expect((await change(mine, 'third')).status).toBe(409);
  expect(written).toEqual([]);
  expect((await typePassword('first')).status).toBe(302);
});

it('of two changes at once one waits for another try', async () => {
  const [mine, other] = [await logIn(), await logIn()];
  let second = 0;
  meanwhile.act = async () => void (second = (await change(other, 'theirs')).status);
  expect((await change(mine, 'third')).status).toBe(204);
  expect([second, written.length]).toEqual([409, 1]);
  expect((await typePassword('third')).status).toBe(302);
});
