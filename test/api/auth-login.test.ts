/** Login, logout, and what ends a session. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';

import { passwd } from '../../src/auth/index.js';
import {
  browserOf,
  closed,
  logIn,
  newFolder,
  passwordHash,
  removeFolders,
  startApp,
  token,
  type Answer,
  type App,
  type AppOptions,
  type Browser,
} from './auth-app.js';

const apps: App[] = [];
async function start(options: AppOptions = { passwordHash }): Promise<App> {
  const app = await startApp(options);
  apps.push(app);
  return app;
}
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});
afterAll(removeFolders);

const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const post = (app: App, body: string, headers = {}, path = '/login'): Promise<Answer> =>
  app.send(path, { method: 'POST', headers: { ...form, ...headers }, body });
const right = 'password=mypassword';
const mayEnter = async (app: App, { cookie }: Browser): Promise<boolean> =>
  (await app.send('/api/x', { headers: { Cookie: cookie } })).status === 200;
const socketOf = async (app: App, { page }: Browser): Promise<WebSocket> => {
  const ws = await app.upgrade('/api/x', page);
  if (!(ws instanceof WebSocket)) throw new Error(`refused: ${ws.body}`);
  return ws;
};

describe('the login', () => {
  it.each<[string, AppOptions, string]>([
    ['password', { passwordHash }, 'password'],
    ['token', { token }, 'token'],
    ['password or token', { passwordHash, token }, 'password or token'],
  ])('asks for the %s', async (_what, options, asks) => {
    const app = await start(options);
    const { body, headers } = await app.send('/login?next=%2Ftree');
    expect(body).toContain(`"asks":"${asks}"`);
    expect(body).toContain('"next":"/tree"');
    expect(headers['cache-control']).toBe('no-store');
  });

  it.each(['/', '/ipython/'])('with the right password opens a session, base_url %s', async (base) => {
    const app = await start({ passwordHash, baseUrl: base });
    const answer = await post(app, right, {}, `${base}login?next=${encodeURIComponent(`${base}tree?a=1`)}`);
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toBe(`${base}tree?a=1`);
    expect(answer.headers['cache-control']).toBe('no-store');
    const [name = ''] = Object.keys(answer.cookies).filter((each) => each !== '_xsrf');
    expect(name).toMatch(new RegExp(`^nbserver-${app.port}-[0-9a-f]{8}$`));
    expect(answer.cookies[name]).toContain(`; Path=${base};`);
    expect(answer.cookies[name]).toContain('; HttpOnly; SameSite=Lax');
    expect(answer.cookies[name]).not.toContain('Secure');
    expect(answer.cookies._xsrf).toContain(`; Path=${base};`);
    expect(answer.cookies._xsrf).toContain('; SameSite=Lax');
    expect(answer.cookies._xsrf).not.toContain('HttpOnly');
    const cookie = browserOf(app, answer).cookie;
    expect((await app.send(`${base}tree`, { headers: { Cookie: cookie } })).status).toBe(200);
    expect(
      (await app.send(`${base}login?next=${base}tree`, { headers: { Cookie: cookie } })).headers.location,
    ).toBe(`${base}tree`);
  });

  it('takes the token in the same field, and in its address', async () => {
    const app = await start({ passwordHash, token });
    expect((await post(app, `password=${token}`)).status).toBe(302);
    const link = await app.send(`/login?token=${token}&next=/tree`);
    expect(link.headers.location).toBe('/tree');
    expect(await mayEnter(app, browserOf(app, link))).toBe(true);
  });

  it.each([
    ['sha1', 'sha1'],
    ['argon2', 'argon2'],
  ] as const)('checks %s hashes', async (_name, algorithm) => {
    const app = await start({ passwordHash: await passwd('geheim ü+&', algorithm) });
    expect((await post(app, `password=${encodeURIComponent('geheim ü+&')}`)).status).toBe(302);
    expect((await post(app, right)).status).toBe(401);
  });

  it('answers every wrong try alike, and keeps what was typed to itself', async () => {
    const app = await start({ passwordHash, token });
    const wrong = [
      'password=guess-1',
      'password=',
      '',
      'other=1',
      `password=${'x'.repeat(2000)}`,
      `password=${token}x`,
    ];
    const answers = await Promise.all(wrong.map((body) => post(app, body)));
    const bodies = answers.map(({ status, body }) => `${status} ${body.replace(/xsrf=.*/, '')}`);
    expect(new Set(bodies).size).toBe(1);
    expect(bodies[0]).toMatch(/^401 .*Invalid password or token/);
    expect(answers.every(({ cookies }) => Object.keys(cookies).every((name) => name === '_xsrf'))).toBe(true);
    expect(app.lines.join('\n')).not.toContain('guess-1');
    expect(app.lines.filter((line) => line.includes('127.0.0.1'))).toHaveLength(wrong.length);
  });

  it.each([
    ['https://evil.org/', '/'],
    ['//evil.org', '/'],
    ['///evil.org', '/'],
    ['/\\evil.org', '/'],
    ['https:///evil.org', '/'],
    ['/x/..//evil.org', '/'],
    ['/login', '/'],
    ['/logout', '/'],
    ['/tree/a?b=c', '/tree/a?b=c'],
  ])('with next=%s leads to %s, on every branch', async (next, target) => {
    const app = await start({ passwordHash, token });
    const query = `?next=${encodeURIComponent(next)}`;
    const login = await post(app, right, {}, `/login${query}`);
    expect(login.headers.location).toBe(target);
    expect((await post(app, `${right}&next=${encodeURIComponent(next)}`)).headers.location).toBe(target);
    const { cookie } = browserOf(app, login);
    const again = await app.send(`/login${query}`, { headers: { Cookie: cookie } });
    expect(again.headers.location).toBe(target);
    expect((await app.send(`/login${query}&token=${token}`)).headers.location).toBe(target);
    expect((await app.send(`/login${query}`)).body).toContain(`"next":"${target}"`);
  });

  it('takes the first of two next', async () => {
    const app = await start();
    const answer = await post(app, right, {}, '/login?next=/tree&next=//evil.org');
    expect(answer.headers.location).toBe('/');
  });

  it.each<[string, Record<string, string>, number]>([
    ['no Origin at all', {}, 302],
    ['our Origin', { Origin: 'own', 'Sec-Fetch-Site': 'same-origin' }, 302],
    ['a foreign Origin', { Origin: 'https://evil.org' }, 403],
    ['another port', { Origin: 'http://127.0.0.1:1' }, 403],
    ['a cross-site form without Origin', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['a same-site form without Origin', { 'Sec-Fetch-Site': 'same-site' }, 403],
    ['a sandboxed frame', { Origin: 'null' }, 403],
    ['a sandboxed frame elsewhere', { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['a foreign Host', { Host: 'evil.org' }, 403],
  ])('from %s', async (_what, extra, status) => {
    const app = await start();
    const headers = {
      ...extra,
      ...(extra.Origin === 'own' ? { Origin: `http://127.0.0.1:${app.port}` } : {}),
    };
    const answer = await post(app, right, headers);
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('from our page under no-referrer, which sends Origin: null, needs the token of its form', async () => {
    const app = await start();
    const page = await app.send('/login');
    const xsrf = /xsrf=(\S+)\.$/.exec(page.body)?.[1] ?? '';
    const headers = { Origin: 'null', Cookie: `_xsrf=${xsrf}` };
    expect((await post(app, `${right}&_xsrf=${xsrf}`, headers)).status).toBe(302);
    expect((await post(app, right, headers)).status).toBe(403);
    expect((await post(app, `${right}&_xsrf=${xsrf}`, { Origin: 'null' })).status).toBe(403);
    expect((await post(app, `${right}&_xsrf=a.b`, { Origin: 'null', Cookie: '_xsrf=a.b' })).status).toBe(403);
    const again = await app.send('/login', { headers: { Cookie: `_xsrf=${xsrf}` } });
    expect(again.body).toContain(`xsrf=${xsrf}.`);
    expect(again.headers['set-cookie']).toBeUndefined();
  });

  it.each<[string, string, Record<string, string>, number]>([
    ['larger than 16 kB', `password=${'x'.repeat(17_000)}`, form, 413],
    [
      'of unknown length and larger',
      `password=${'x'.repeat(17_000)}`,
      { ...form, 'Transfer-Encoding': 'chunked' },
      413,
    ],
    ['compressed', 'x', { ...form, 'Content-Encoding': 'gzip' }, 415],
    ['with a thousand fields', 'a=1&'.repeat(1000), form, 413],
    ['not a form', '{"password":"mypassword"}', { 'Content-Type': 'application/json' }, 401],
    ['with a nested field', 'password[a]=1', form, 401],
    ['with two passwords', 'password=mypassword&password=x', form, 401],
  ])('does not take a body that is %s', async (_what, body, headers, status) => {
    const app = await start();
    expect((await app.send('/login', { method: 'POST', headers, body })).status).toBe(status);
  });

  it('keeps nothing of a login that failed', async () => {
    const app = await start();
    await post(app, 'password=wrong');
    await app.send('/login');
    app.auth.close();
    expect(readdirSync(app.stateDirectory)).toEqual(['cookie-secret']);
  });
});

describe('guessing', () => {
  it('costs waits after ten wrong tries, and never locks out who is in', async () => {
    const app = await start({ passwordHash, token });
    const owner = await logIn(app);
    for (let i = 0; i < 10; i++) expect((await post(app, 'password=wrong')).status).toBe(401);
    const slowed = await post(app, 'password=wrong');
    expect(slowed.status).toBe(429);
    expect(Number(slowed.headers['retry-after'])).toBe(1);
    expect(slowed.body).toContain('"retryAfter":1');
    expect(await mayEnter(app, owner)).toBe(true);
    expect((await app.send('/api/x', { headers: { Authorization: `token ${token}` } })).status).toBe(200);
    expect((await app.send(`/tree?token=${token}`)).status).toBe(302);
  });

  it('in parallel gains nothing', async () => {
    // The clock stands: on a slow computer the first wait would be over before all of them are answered.
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const app = await start();
      const statuses = await Promise.all(
        Array.from({ length: 40 }, async () => (await post(app, 'password=wrong')).status),
      );
      expect(statuses.filter((status) => status === 401)).toHaveLength(10);
      expect(statuses.filter((status) => status === 429)).toHaveLength(30);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not helped by X-Forwarded-For', async () => {
    const app = await start();
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) {
      statuses.push((await post(app, 'password=wrong', { 'X-Forwarded-For': `10.0.0.${i}` })).status);
    }
    expect(statuses.slice(10)).toEqual([429, 429]);
  });
});

describe('a session', () => {
  it('has a new id at every login', async () => {
    const app = await start();
    const first = await logIn(app);
    const second = await post(app, right, { Cookie: first.cookie });
    const name = Object.keys(second.cookies)[0] ?? '';
    expect(first.cookie).not.toContain(second.cookies[name]?.split(';')[0]);
    expect(await mayEnter(app, first)).toBe(false);
    expect(await mayEnter(app, browserOf(app, second))).toBe(true);
  });

  it('cannot be fixed from outside', async () => {
    const app = await start();
    const planted = `nbserver-${app.port}-8a5edab2=s%3Aplanted.AAAA`;
    const answer = await post(app, right, { Cookie: planted });
    expect(browserOf(app, answer).cookie).not.toContain('planted');
  });

  it.each<[string, AppOptions, AppOptions, boolean]>([
    ['survives a restart', { passwordHash }, { passwordHash }, true],
    [
      'survives a restart with a made token',
      { token, tokenGenerated: true },
      { token: 'f'.repeat(48), tokenGenerated: true },
      true,
    ],
    [
      'ends with another password',
      { passwordHash },
      { passwordHash: 'sha1:0e112c3ddfce:0000677475c2b47b6e86d0467eec97ac5f4b85a0' },
      false,
    ],
    ['ends with another configured token', { token }, { token: 'f'.repeat(48) }, false],
    ['ends when the password goes', { passwordHash, token }, { token }, false],
    ['ends under another base_url', { passwordHash }, { passwordHash, baseUrl: '/y/' }, false],
  ])('%s', async (_what, before, after, survives) => {
    const stateDirectory = join(newFolder(), 'state');
    const app = await startApp({ ...before, stateDirectory });
    const answer = before.passwordHash ? await post(app, right) : await app.send(`/?token=${token}`);
    const browser = browserOf(app, answer);
    expect(await mayEnter(app, browser)).toBe(true);
    await app.close();
    const again = await start({ ...after, stateDirectory, listenOn: app.port });
    const { status } = await again.send(`${after.baseUrl ?? '/'}api/x`, {
      headers: { Cookie: browser.cookie },
    });
    expect(status).toBe(survives ? 200 : 403);
  });

  it('is stored privately', async () => {
    const app = await start();
    const { cookie } = await logIn(app);
    app.auth.close();
    expect(statSync(app.stateDirectory).mode & 0o777).toBe(0o700);
    const sid = /s%3A([^.]+)/.exec(cookie)?.[1] ?? '';
    const files = readdirSync(app.stateDirectory);
    expect(files).toHaveLength(2);
    for (const file of files) {
      const path = join(app.stateDirectory, file);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(readFileSync(path, 'utf8')).not.toContain(sid);
      expect(readFileSync(path, 'utf8')).not.toContain(passwordHash);
    }
  });

  it('of one port is none of another port', async () => {
    const stateDirectory = join(newFolder(), 'state');
    const one = await start({ passwordHash, stateDirectory });
    const two = await start({ passwordHash, stateDirectory });
    const browser = await logIn(one);
    expect(await mayEnter(one, browser)).toBe(true);
    expect(await mayEnter(two, browser)).toBe(false);
    const renamed = { ...browser, cookie: browser.cookie.replace(`-${one.port}-`, `-${two.port}-`) };
    expect(await mayEnter(two, renamed)).toBe(false);
  });
});

describe('a changed password', () => {
  it('ends all sessions and their websockets at once', async () => {
    const app = await start();
    const browsers = [await logIn(app), await logIn(app)];
    const sockets = await Promise.all(browsers.map((browser) => socketOf(app, browser)));
    const revoked: string[] = [];
    app.auth.onRevoked((id) => revoked.push(id));
    const next = await passwd('other');
    await app.auth.setCredentials({ passwordHash: next, token: '' });
    expect(revoked).toHaveLength(2);
    for (const browser of browsers) expect(await mayEnter(app, browser)).toBe(false);
    await Promise.all(sockets.map(closed));
    expect((await post(app, right)).status).toBe(401);
    await expect(logIn(app, { password: 'other' })).resolves.toBeDefined();
  });

  it('that is the same ends nothing', async () => {
    const app = await start();
    const browser = await logIn(app);
    await app.auth.setCredentials({ passwordHash, token: '' });
    expect(await mayEnter(app, browser)).toBe(true);
  });

  it('that is no hash is refused, and the old one stays', async () => {
    const app = await start();
    const browser = await logIn(app);
    await expect(app.auth.setCredentials({ passwordHash: 'plain', token: '' })).rejects.toThrow(
      'nbserver passwd',
    );
    expect(await mayEnter(app, browser)).toBe(true);
    await expect(start({ passwordHash: 'plain' })).rejects.toThrow('nbserver passwd');
  });

  it('does not concern tokens, which end when they change', async () => {
    const app = await start({ passwordHash, token });
    await app.auth.setCredentials({ passwordHash: '', token });
    expect((await app.send(`/api/x?token=${token}`)).status).toBe(200);
    await app.auth.setCredentials({ passwordHash: '', token: 'f'.repeat(48) });
    expect((await app.send(`/api/x?token=${token}`)).status).toBe(403);
  });
});

describe('the logout', () => {
  it.each<[string, (b: Browser) => [string, Record<string, string>, string]]>([
    ['by form', ({ cookie, xsrf }) => ['POST', { ...form, Cookie: cookie }, `_xsrf=${xsrf}`]],
    ['by a page of ours', ({ cookie, xsrf }) => ['POST', { Cookie: cookie, 'X-XSRFToken': xsrf }, '']],
    ['by address', ({ cookie }) => ['GET', { Cookie: cookie }, '']],
    ['by a typed address', ({ cookie }) => ['GET', { Cookie: cookie, 'Sec-Fetch-Site': 'none' }, '']],
    [
      'by a link of ours',
      ({ cookie }) => [
        'GET',
        { Cookie: cookie, 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Dest': 'document' },
        '',
      ],
    ],
  ])('%s ends the session, its websockets and nothing else', async (_what, how) => {
    const app = await start();
    const browser = await logIn(app);
    const other = await logIn(app);
    const [mine, theirs] = [await socketOf(app, browser), await socketOf(app, other)];
    const [method, headers, body] = how(browser);
    const answer = await app.send('/logout', { method, headers, ...(body ? { body } : {}) });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('"done":true');
    expect(Object.values(answer.cookies).join()).toContain('Expires=Thu, 01 Jan 1970');
    expect(await mayEnter(app, browser)).toBe(false);
    expect(await app.upgrade('/api/x', browser.page)).toMatchObject({ status: 403 });
    await closed(mine);
    expect(theirs.readyState).toBe(WebSocket.OPEN);
    expect(await mayEnter(app, other)).toBe(true);
  });

  it.each<[string, string, Record<string, string>]>([
    ['an image elsewhere', 'GET', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Dest': 'image' }],
    ['an image on another port', 'GET', { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Dest': 'image' }],
    ['an image in a page of ours', 'GET', { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Dest': 'image' }],
    ['a link elsewhere', 'GET', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Dest': 'document' }],
    ['an image in an old browser', 'GET', { Referer: 'https://evil.org/page' }],
    ['a form elsewhere', 'POST', { Origin: 'https://evil.org' }],
    ['a form without a token', 'POST', {}],
    ['a form with a wrong token', 'POST', { 'X-XSRFToken': 'wrong' }],
  ])('by %s is refused', async (_what, method, extra) => {
    const app = await start();
    const browser = await logIn(app);
    const answer = await app.send('/logout', { method, headers: { Cookie: browser.cookie, ...extra } });
    expect(answer.status).toBe(403);
    if (method === 'GET') expect(answer.body).toContain(browser.xsrf);
    expect(await mayEnter(app, browser)).toBe(true);
  });

  it('is not undone by a request that was under way', async () => {
    const app = await start();
    const browser = await logIn(app);
    const many = Array.from({ length: 20 }, () => app.send('/tree', { headers: browser.page }));
    await app.send('/logout', { headers: { Cookie: browser.cookie } });
    await Promise.all(many);
    expect(await mayEnter(app, browser)).toBe(false);
  });

  it('everywhere ends all sessions', async () => {
    const app = await start();
    const browsers = [await logIn(app), await logIn(app)];
    app.auth.revokeAll();
    for (const browser of browsers) expect(await mayEnter(app, browser)).toBe(false);
  });

  it('without a session is friendly', async () => {
    const app = await start();
    expect((await app.send('/logout')).body).toContain('"done":true');
  });
});
