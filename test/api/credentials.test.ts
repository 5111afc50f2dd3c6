/** `/api/server/tokens` and `/api/server/password`: API tokens, and the change of the password. */
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { passwd } from '../../src/auth/index.js';
import type { ApiTokenModel, NewApiTokenModel, ServerModel } from '../../src/protocol/rest-models.js';
import type { ServerOptions } from '../../src/server/create-server.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';

let server: TestServer;
afterEach(() => server.close());

async function start(options: ServerOptions = {}): Promise<void> {
  server = await startTestServer({ onlyOwnKernel: true, certfile: '', ...options });
}

interface Asking {
  method?: string;
  body?: unknown;
  /** of a browser */
  cookie?: string;
  headers?: Record<string, string>;
}

/** A request of a page when it has a cookie, else of a program. */
function ask(path: string, { method = 'GET', body, cookie, headers = {} }: Asking = {}): Promise<Response> {
  const xsrf = /_xsrf=([^;]+)/.exec(cookie ?? '')?.[1] ?? '';
  const page = { Cookie: cookie ?? '', 'X-XSRFToken': xsrf, Origin: new URL(server.url).origin };
  return fetch(server.url + path, {
    method,
    redirect: 'manual',
    headers: { ...(cookie === undefined ? {} : page), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const withToken = (token: string) => ({ headers: { Authorization: `token ${token}` } });

function cookiesOf(answer: Response): string {
  return answer.headers
    .getSetCookie()
    .map((each) => each.split(';')[0] ?? '')
    .join('; ');
}

/** A browser that opens a link with this token. */
async function logIn(token = TOKEN): Promise<string> {
  return cookiesOf(await ask(`tree?token=${token}`));
}

async function typePassword(password: string): Promise<Response> {
  const body = new URLSearchParams({ password });
  return fetch(`${server.url}login`, { method: 'POST', body, redirect: 'manual' });
}

async function make(cookie: string, name: string): Promise<NewApiTokenModel> {
  const answer = await ask('api/server/tokens', { method: 'POST', body: { name }, cookie });
  expect(answer.status).toBe(201);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  return (await answer.json()) as NewApiTokenModel;
}

const listed = async (cookie: string): Promise<ApiTokenModel[]> =>
  (await (await ask('api/server/tokens', { cookie })).json()) as ApiTokenModel[];

async function openSocket(headers: Record<string, string>): Promise<WebSocket> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}api/events/subscribe`, { headers });
  await once(socket, 'open');
  return socket;
}

describe('an API token', () => {
  beforeEach(() => start());

  it('lets a program in wherever the server’s own token does, and is shown once', async () => {
    const mine = await logIn();
    const made = await make(mine, 'nightly');
    expect(made).toMatchObject({
      name: 'nightly',
      used: null,
      token: expect.stringMatching(/^nbs_[\w-]{43}$/) as string,
    });
    const { token, id } = made;
    for (const how of [
      withToken(token),
      { headers: { Authorization: `Bearer ${token}` } },
      { headers: { 'X-Other': 'x' }, path: `api/status?token=${token}` },
    ]) {
      const path = 'path' in how && typeof how.path === 'string' ? how.path : 'api/status';
      expect((await ask(path, how)).status).toBe(200);
    }
    // No xsrf token, no Origin: as with the server's own.
    const folder = await ask('api/contents', {
      method: 'POST',
      body: { type: 'directory' },
      ...withToken(token),
    });
    expect(folder.status).toBe(201);
    (await openSocket(withToken(token).headers)).terminate();

    const [seen] = await listed(mine);
    expect(seen).toMatchObject({ id, name: 'nightly', used: { address: '127.0.0.1' } });
    const model = await (await ask('api/server', { cookie: mine })).text();
    expect((JSON.parse(model) as ServerModel).tokens.map(({ name }) => name)).toEqual(['nightly']);
    expect(model + JSON.stringify(seen)).not.toContain(token);
  });

  it('is kept as a hash, in files that only their owner reads', async () => {
    const { token } = await make(await logIn(), 'nightly');
    await ask('api/status', withToken(token));
    const state = join(server.home, 'data', 'nbserver');
    const folder = join(state, 'api-tokens');
    for (const each of [state, folder]) expect(statSync(each).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toHaveLength(2);
    for (const name of readdirSync(folder)) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
      expect(name + readFileSync(join(folder, name), 'utf8')).not.toContain(token.slice(4, 20));
    }
  });

  it('that is revoked ends at once, with its websockets and the browsers that came with it', async () => {
    const mine = await logIn();
    const [one, other] = [await make(mine, 'one'), await make(mine, 'other')];
    const guest = await logIn(one.token);
    const sockets = [
      await openSocket(withToken(one.token).headers),
      await openSocket({ Cookie: guest, Origin: new URL(server.url).origin }),
    ];
    const staying = await openSocket(withToken(other.token).headers);
    const ends = Promise.all(sockets.map((socket) => once(socket, 'close')));

    expect((await ask(`api/server/tokens/${one.id}`, { method: 'DELETE', cookie: mine })).status).toBe(204);
    expect((await ask(`api/server/tokens/${one.id}`, { method: 'DELETE', cookie: mine })).status).toBe(404);
    expect((await ends).map(([code]) => Number(code))).toEqual([4401, 4401]);
    expect((await ask('api/status', withToken(one.token))).status).toBe(403);
    expect((await ask('api/status', { cookie: guest })).status).toBe(403);
    expect((await ask('api/status', withToken(other.token))).status).toBe(200);
    expect(staying.readyState).toBe(WebSocket.OPEN);
    expect((await listed(mine)).map(({ name }) => name)).toEqual(['other']);
    staying.terminate();
  });

  it('logs in on the login page, too', async () => {
    const { token } = await make(await logIn(), 'by hand');
    const answer = await typePassword(token);
    expect(answer.status).toBe(302);
    expect((await ask('api/status', { cookie: cookiesOf(answer) })).status).toBe(200);
  });

  it('forgets no wrong tries when it logs in: who stole one guesses the password as slowly as anybody', async () => {
    const { token } = await make(await logIn(), 'stolen');
    for (let tries = 0; tries < 9; tries += 1) expect((await typePassword('wrong')).status).toBe(401);
    expect((await typePassword(token)).status).toBe(302);
    expect((await typePassword('wrong')).status).toBe(401);
    expect((await typePassword('wrong')).status).toBe(429);
  });

  it('gives way to the server’s own token in a browser, and not the other way round', async () => {
    const mine = await logIn();
    const { token } = await make(mine, 'nightly');
    const guest = await logIn(token);
    const owner = cookiesOf(await ask(`tree?token=${TOKEN}`, { cookie: guest }));
    await make(owner, 'second');
    expect(cookiesOf(await ask(`tree?token=${token}`, { cookie: mine }))).toBe('');
    await make(mine, 'third');
  });

  it('makes and revokes no tokens, ends no logins and changes no password, nor does a browser that came with it', async () => {
    const mine = await logIn();
    const { token, id } = await make(mine, 'nightly');
    for (const asking of [withToken(token), { cookie: await logIn(token) }]) {
      for (const [method, path, body] of [
        ['POST', 'api/server/tokens', { name: 'second' }],
        ['DELETE', `api/server/tokens/${id}`, undefined],
        ['PUT', 'api/server/password', { new_password: 'mine now' }],
        ['DELETE', 'api/server/logins', undefined],
        ['DELETE', 'api/server/logins/x', undefined],
      ] as const) {
        const answer = await ask(path, { method, body, ...asking });
        expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('API token')]);
      }
    }
    expect(await listed(mine)).toHaveLength(1);
  });

  it('is not made by other sites, nor without the token of the login', async () => {
    const mine = await logIn();
    const body = { name: 'theirs' };
    const foreign = { Origin: 'https://evil.example' };
    expect(
      (await ask('api/server/tokens', { method: 'POST', body, cookie: mine, headers: foreign })).status,
    ).toBe(403);
    const bare = { Cookie: mine, Origin: new URL(server.url).origin };
    expect((await ask('api/server/tokens', { method: 'POST', body, headers: bare })).status).toBe(403);
    expect(await listed(mine)).toEqual([]);
  });

  it.each([
    ['', 400],
    ['   ', 400],
    ['two\nlines', 400],
    ['x'.repeat(101), 400],
    [7, 400],
    ['taken', 409],
  ])('named %j is refused with %i', async (name, status) => {
    const mine = await logIn();
    await make(mine, 'taken');
    const answer = await ask('api/server/tokens', { method: 'POST', body: { name }, cookie: mine });
    expect(answer.status).toBe(status);
    expect(await listed(mine)).toHaveLength(1);
  });

  it.each(['__proto__', '..%2fcookie-secret', 'x', 'A'.repeat(64)])('is not called %s', async (id) => {
    const mine = await logIn();
    expect((await ask(`api/server/tokens/${id}`, { method: 'DELETE', cookie: mine })).status).toBe(404);
  });
});

it('was used last when a browser that came with it did anything', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    await start();
    const mine = await logIn();
    const guest = await logIn((await make(mine, 'nightly')).token);
    const before = Date.now();
    vi.setSystemTime(before + 5 * 60_000);
    expect((await ask('api/status', { cookie: guest })).status).toBe(200);
    const [seen] = await listed(mine);
    expect(Date.parse(seen?.used?.time ?? '')).toBeGreaterThan(before + 60_000);
  } finally {
    vi.useRealTimers();
  }
});

it('needs no token where nobody is asked for one', async () => {
  await start({ token: '', password: '' });
  const answer = await ask('api/server/tokens', {
    method: 'POST',
    body: { name: 'x' },
    headers: { Origin: new URL(server.url).origin },
  });
  expect(answer.status).toBe(409);
});

describe('the password', () => {
  const written: string[] = [];
  let refusal: string | undefined;
  beforeEach(async () => {
    written.length = 0;
    refusal = undefined;
    const password = await passwd('first', 'sha1');
    const password_keeper = { refusal: () => refusal, write: (hash: string) => void written.push(hash) };
    await start({ password, password_keeper });
  });

  const change = (cookie: string, body: object) =>
    ask('api/server/password', { method: 'PUT', body, cookie });

  it('is changed by who knows it; everybody else is logged out, with their websockets', async () => {
    const [mine, other] = [await logIn(), await logIn()];
    const { token } = await make(mine, 'nightly');
    const socket = await openSocket({ Cookie: other, Origin: new URL(server.url).origin });
    const end = once(socket, 'close');
    const answer = await change(mine, { current_password: 'first', new_password: 'second' });
    expect(answer.status).toBe(204);
    expect(written).toEqual([expect.stringMatching(/^argon2:/)]);
    expect((await end)[0]).toBe(4401);

    const renewed = cookiesOf(answer);
    expect((await ask('api/status', { cookie: renewed })).status).toBe(200);
    for (const cookie of [mine, other]) expect((await ask('api/status', { cookie })).status).toBe(403);
    expect((await typePassword('first')).status).toBe(401);
    expect((await typePassword('second')).status).toBe(302);
    expect((await ask('api/status', withToken(token))).status).toBe(200);

    const again = { current_password: 'second', new_password: 'third', revoke_tokens: true };
    expect((await change(renewed, again)).status).toBe(204);
    expect((await ask('api/status', withToken(token))).status).toBe(403);
  });

  it.each([
    [{ new_password: 'second' }, 400],
    [{ current_password: 'wrong', new_password: 'second' }, 400],
    [{ current_password: 'first' }, 400],
    [{ current_password: 'first', new_password: '' }, 400],
    [{ current_password: 'first', new_password: 'x'.repeat(1025) }, 400],
    [{ current_password: ['first'], new_password: 'second' }, 400],
  ])('stays with %j', async (body, status) => {
    const mine = await logIn();
    expect((await change(mine, body)).status).toBe(status);
    expect(written).toEqual([]);
    expect((await ask('api/status', { cookie: mine })).status).toBe(200);
    expect((await typePassword('first')).status).toBe(302);
  });

  it('is not guessed there: wrong tries of a login make it wait, and nobody else', async () => {
    const mine = await logIn();
    const body = { current_password: 'wrong', new_password: 'second' };
    const answers: number[] = [];
    for (let tries = 0; tries < 11; tries += 1) answers.push((await change(mine, body)).status);
    expect(answers).toEqual([...Array<number>(10).fill(400), 429]);
    const right = await change(mine, { ...body, current_password: 'first' });
    expect([right.status, Number(right.headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect((await typePassword('first')).status).toBe(302);
    expect((await change(await logIn(), body)).status).toBe(400);
    const model = (await (await ask('api/server', { cookie: mine })).json()) as ServerModel;
    expect(model.failed_logins).toHaveLength(11);
  });

  it('is changed by its owner also while somebody at the same address guesses at the login', async () => {
    const mine = await logIn();
    for (let tries = 0; tries < 10; tries += 1) await typePassword('wrong');
    expect((await typePassword('wrong')).status).toBe(429);
    expect((await change(mine, { current_password: 'first', new_password: 'second' })).status).toBe(204);
  });

  it('is changed also when a token cannot be revoked, which is said', async () => {
    const mine = await logIn();
    const { token } = await make(mine, 'nightly');
    const id = 'a'.repeat(64);
    mkdirSync(join(server.home, 'data', 'nbserver', 'api-tokens', `${id}.json`));
    const one = await ask(`api/server/tokens/${id}`, { method: 'DELETE', cookie: mine });
    expect([one.status, await one.text()]).toEqual([500, expect.stringContaining('Remove it by hand')]);
    const wanted = { current_password: 'first', new_password: 'second', revoke_tokens: true };
    const answer = await change(mine, wanted);
    expect([answer.status, await answer.json()]).toEqual([200, { tokens_left: ['unnamed (aaaaaaaa)'] }]);
    expect((await ask('api/status', withToken(token))).status).toBe(403);
    expect((await typePassword('second')).status).toBe(302);
  });

  it('that is no hash is not taken over', async () => {
    const before = server.server.passwordHash();
    await expect(server.server.setPassword('second')).rejects.toThrow('password hash');
    expect(server.server.passwordHash()).toBe(before);
    expect((await typePassword('first')).status).toBe(302);
  });

  it('stays, with the reason, where something else would win over the file', async () => {
    refusal = 'The password comes from the start of this server (env X): change it there.';
    const mine = await logIn();
    const answer = await change(mine, { current_password: 'first', new_password: 'second' });
    expect([answer.status, await answer.text()]).toEqual([409, expect.stringContaining('env X')]);
    const model = (await (await ask('api/server', { cookie: mine })).json()) as ServerModel;
    expect(model.password).toEqual({ set: true, refusal });
  });
});
