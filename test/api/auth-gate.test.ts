/** Who may pass: every refusal that the gate knows, over real connections. */
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import {
  browserOf,
  logIn,
  newFolder,
  passwordHash,
  removeFolders,
  startApp,
  token,
  type App,
  type AppOptions,
  type Browser,
} from './auth-app.js';

const apps: App[] = [];
async function start(options: AppOptions = {}): Promise<App> {
  const app = await startApp(options);
  apps.push(app);
  return app;
}
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});
afterAll(removeFolders);

describe.each(['/', '/x/'])('without a credential, base_url %s', (base) => {
  let app: App;
  beforeAll(async () => {
    app = await startApp({ baseUrl: base, passwordHash });
  });
  afterAll(() => app.close());

  it.each([
    ['GET', '', 302],
    ['GET', 'tree', 302],
    ['GET', 'tree/a%20b?x=1', 302],
    ['HEAD', 'tree', 302],
    ['GET', 'notebooks/a.ipynb', 302],
    ['GET', 'files/a.csv', 302],
    ['GET', 'no/such/page', 302],
    ['GET', 'static/../api/contents', 302],
    ['GET', 'static/%2e%2e/api/contents', 302],
    ['POST', 'tree', 403],
    ['PUT', 'files/a', 403],
    ['OPTIONS', 'tree', 403],
    ['GET', 'api/contents', 403],
    ['GET', 'api/contents/', 403],
    ['GET', 'API/contents', 403],
    ['GET', 'api/', 403],
    ['GET', 'api/status', 403],
    ['POST', 'api', 403],
    ['OPTIONS', 'api/contents', 403],
    ['DELETE', 'api/contents/a', 403],
    ['POST', 'api/shutdown', 403],
    ['GET', 'api', 200],
    ['HEAD', 'api', 200],
    ['GET', 'login', 200],
    ['GET', 'static/tree-AB12.js', 200],
    ['GET', 'favicon.ico', 200],
    ['GET', 'robots.txt', 200],
  ])('%s %s is answered %i', async (method, path, status) => {
    const answer = await app.send(base + path, { method });
    expect(answer.status).toBe(status);
    if (status === 403) expect(JSON.parse(answer.body)).toMatchObject({ reason: null });
    if (status === 302) {
      expect(answer.headers.location).toBe(`${base}login?next=${encodeURIComponent(base + path)}`);
    }
    expect(Object.keys(answer.cookies).filter((name) => name !== '_xsrf')).toEqual([]);
  });

  it.each([
    'api/kernels/x/channels',
    'api/documents/x/socket',
    'terminals/websocket/1',
    'api',
    'static/x.js',
  ])('an upgrade of %s is refused', async (path) => {
    const answer = await app.upgrade(base + path, { Origin: `http://127.0.0.1:${app.port}` });
    expect(answer).toMatchObject({ status: 403 });
    expect((answer as { body: string }).body).toMatch(/^This server needs a login.*$/);
  });

  it.each([
    `http://evil.org${base}api/contents`,
    `http://127.0.0.1${base}api`,
    `http:///private${base}api`,
    `http:///private${base}static/a.txt`,
    `http://127.0.0.1${base}private/../login`,
    '*',
  ])('a request target for a proxy is no way round: %s', async (target) => {
    const socket = connect(app.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    const method = target === '*' ? 'OPTIONS' : 'GET';
    socket.write(`${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).not.toContain('identity');
  });
});

describe('a token', () => {
  it.each<[string, string, Record<string, string>, number]>([
    ['token', '/api/contents', { Authorization: `token ${token}` }, 200],
    ['TOKEN', '/api/contents', { Authorization: `TOKEN ${token}` }, 200],
    ['Bearer', '/api/contents', { Authorization: `Bearer ${token}` }, 200],
    ['bearer, spaces', '/api/contents', { Authorization: `bearer   ${token}  ` }, 200],
    ['?token=', `/api/contents?token=${token}`, {}, 200],
    ['a wrong one beside it', `/api/contents?token=x&token=${token}`, {}, 200],
    ['a wrong one', '/api/contents', { Authorization: 'token x' }, 403],
    ['a prefix', '/api/contents', { Authorization: `token ${token.slice(0, -1)}` }, 403],
    ['upper case', '/api/contents', { Authorization: `token ${token.toUpperCase()}` }, 403],
    ['none', '/api/contents', { Authorization: 'token' }, 403],
    ['an empty one', '/api/contents?token=', {}, 403],
    ['Basic', '/api/contents', { Authorization: `Basic ${token}` }, 403],
    ['no scheme', '/api/contents', { Authorization: token }, 403],
    ['the password', '/api/contents', { Authorization: 'token mypassword' }, 403],
    ['the hash', '/api/contents', { Authorization: `token ${passwordHash}` }, 403],
  ])('%s', async (_what, path, headers, status) => {
    const app = await start({ passwordHash, token });
    const answer = await app.send(path, { headers });
    expect(answer.status).toBe(status);
    expect(answer.headers['set-cookie']).toBeUndefined();
    if (status === 200) expect(JSON.parse(answer.body)).toEqual({ identity: { kind: 'token' } });
  });

  it('needs neither xsrf nor Origin, and works from any page', async () => {
    const app = await start({ token });
    const headers = { Authorization: `token ${token}` };
    for (const extra of [{}, { Origin: 'https://other.example', 'Sec-Fetch-Site': 'cross-site' }]) {
      expect((await app.send('/api/x', { method: 'POST', headers: { ...headers, ...extra } })).status).toBe(
        200,
      );
      const ws = await app.upgrade('/api/x', { ...headers, ...extra });
      expect(ws).toBeInstanceOf(WebSocket);
    }
    expect(await app.upgrade(`/api/x?token=${token}`)).toBeInstanceOf(WebSocket);
  });

  it('that is empty lets nobody in', async () => {
    const app = await start({ passwordHash, token: '' });
    for (const path of ['/api/x?token=', '/api/x?token']) expect((await app.send(path)).status).toBe(403);
    expect((await app.send('/api/x', { headers: { Authorization: 'token ' } })).status).toBe(403);
  });

  it.each(['/', '/x/'])(
    'in the link to a page becomes a session and a clean address, base_url %s',
    async (base) => {
      const app = await start({ token, baseUrl: base, tokenGenerated: true });
      const answer = await app.send(`${base}tree/a%20b?x=1&token=${token}&y=2`);
      expect(answer.status).toBe(302);
      expect(answer.headers.location).toBe(`${base}tree/a%20b?x=1&y=2`);
      expect(answer.body).not.toContain(token);
      const { page } = browserOf(app, answer);
      const follow = await app.send(`${base}tree/a%20b?x=1&y=2`, { headers: page });
      expect(JSON.parse(follow.body)).toMatchObject({ identity: { kind: 'session' } });
      expect(app.auth.loginUrl('http://h:1')).toBe(`http://h:1${base}?token=${token}`);
      expect((await app.send(`${base}?token=${token}`)).headers.location).toBe(base);
    },
  );

  it('in a link keeps the session that is there', async () => {
    const app = await start({ token, passwordHash });
    const { page } = await logIn(app);
    const answer = await app.send(`/tree?token=${token}`, { headers: page });
    expect(answer.status).toBe(302);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it.each([
    `//evil.org/?token=${token}`,
    `//evil.org/%2e%2e?token=${token}`,
    `/x/..//evil.org/?token=${token}`,
  ])('in the link %s does not lead elsewhere', async (path) => {
    const app = await start({ token });
    const answer = await app.send(path);
    expect(new URL(answer.headers.location ?? '', 'http://here/').host).toBe('here');
  });

  it('in a wrong link leads to the login without it', async () => {
    const app = await start({ token });
    const { headers } = await app.send('/tree?a=1&token=wrong');
    expect(headers.location).toBe(`/login?next=${encodeURIComponent('/tree?a=1')}`);
  });

  it('that is short is warned of, unless it was made', async () => {
    const app = await start({ token: 'test' });
    expect(app.lines.join()).toMatch(/only 4 characters/);
  });
});

describe('the Host', () => {
  const loopback = { token };
  const all = { token, ip: '*' };
  it.each<[string, AppOptions, string, number]>([
    ['loopback', loopback, 'localhost:1', 200],
    ['loopback', loopback, '127.0.0.1', 200],
    ['loopback', loopback, '[::1]:8888', 200],
    ['loopback', loopback, 'evil.org', 403],
    ['loopback', loopback, 'localhost.evil.org', 403],
    ['loopback', loopback, '127.0.0.1.nip.io', 403],
    ['loopback', loopback, '1.2.3.4', 403],
    ['local_hostnames', { ...loopback, localHostnames: ['nb.lan'] }, 'nb.lan:8888', 200],
    ['public_url', { ...loopback, publicUrl: 'https://nb.example.org/' }, 'nb.example.org', 200],
    ['public_url', { ...loopback, publicUrl: 'https://nb.example.org/' }, 'evil.org', 403],
    ['public without TLS', all, 'nb.lan', 403],
    ['public with TLS', { ...all, tls: true }, 'nb.lan', 200],
    ['public with TLS and names', { ...all, tls: true, localHostnames: ['a.lan'] }, 'nb.lan', 403],
    ['public with TLS and nothing else', { ip: '*', tls: true }, 'nb.lan', 403],
  ])('%s: %s %s → %i', async (_what, options, host, status) => {
    const app = await start(options);
    const headers = { Host: host, Authorization: `token ${token}` };
    for (const path of ['/api', '/api/contents', '/login', '/static/x.js']) {
      const answer = await app.send(path, { headers });
      const expected = status === 200 && path === '/login' ? [200, 302] : [status];
      expect(expected, path).toContain(answer.status);
      if (status === 403) expect(answer.body).toContain('local_hostnames');
    }
    const ws = await app.upgrade('/api/x', headers);
    if (status === 200) expect(ws).toBeInstanceOf(WebSocket);
    else expect(ws).toMatchObject({ status });
  });

  it('must be there', async () => {
    const app = await start({ token });
    const socket = connect(app.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.write('GET /api HTTP/1.0\r\n\r\n');
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('of a rebinding page is not excused by X-Forwarded-Host, though loopback is a trusted proxy', async () => {
    const app = await start({ token, publicUrl: 'https://nb.example.org/' });
    const headers = {
      Host: 'evil.org',
      'X-Forwarded-Host': 'nb.example.org',
      Authorization: `token ${token}`,
    };
    expect((await app.send('/api/x', { headers })).status).toBe(403);
  });
});

describe('a browser session', () => {
  let app: App;
  let browser: Browser;
  beforeAll(async () => {
    app = await startApp({ passwordHash, token });
    browser = await logIn(app);
  });
  afterAll(() => app.close());

  it('identifies itself without giving its secret away', async () => {
    const { body } = await app.send('/api/x', { headers: browser.page });
    const { identity } = JSON.parse(body) as { identity: { kind: string; id: string; xsrf: string } };
    expect(identity.kind).toBe('session');
    expect(identity.xsrf).toBe(browser.xsrf);
    expect(browser.cookie).not.toContain(identity.id);
  });

  const own = (): string => `http://127.0.0.1:${app.port}`;
  it.each<[string, (b: Browser) => Record<string, string>, string, number]>([
    ['the header', (b) => ({ 'X-XSRFToken': b.xsrf }), '', 200],
    ["Jupyter's other header", (b) => ({ 'X-CSRFToken': b.xsrf }), '', 200],
    ['the query', () => ({}), '?_xsrf=', 200],
    ['no Origin', (b) => ({ 'X-XSRFToken': b.xsrf, Origin: '' }), '', 200],
    ['nothing', () => ({}), '', 403],
    ['an empty one', () => ({ 'X-XSRFToken': '' }), '', 403],
    ['a wrong one', (b) => ({ 'X-XSRFToken': `${b.xsrf}x` }), '', 403],
    [
      'one that a neighbour planted as cookie',
      (b) => ({ Cookie: `${b.cookie}; _xsrf=evil`, 'X-XSRFToken': 'evil' }),
      '',
      403,
    ],
    ['a foreign Origin', (b) => ({ 'X-XSRFToken': b.xsrf, Origin: 'https://evil.org' }), '', 403],
    ['another port', (b) => ({ 'X-XSRFToken': b.xsrf, Origin: 'http://127.0.0.1:1' }), '', 403],
    ['another scheme', (b) => ({ 'X-XSRFToken': b.xsrf, Origin: own().replace('http', 'https') }), '', 403],
    [
      'another name',
      (b) => ({ 'X-XSRFToken': b.xsrf, Origin: own().replace('127.0.0.1', 'localhost') }),
      '',
      403,
    ],
    ['Origin null', (b) => ({ 'X-XSRFToken': b.xsrf, Origin: 'null' }), '', 403],
    ['no-cors is no excuse', () => ({ 'Sec-Fetch-Mode': 'no-cors' }), '', 403],
  ])('changes things with %s', async (_what, extra, query, status) => {
    const headers: Record<string, string> = {
      ...(browser.page as Record<string, string>),
      ...extra(browser),
    };
    if (headers.Origin === '') {
      delete headers.Origin;
      delete headers['Sec-Fetch-Site'];
    }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const path = `/api/contents/a${query}${query ? browser.xsrf : ''}`;
      const answer = await app.send(path, { method, headers });
      expect(answer.status, method).toBe(status);
    }
  });

  it.each<[string, string | undefined, boolean]>([
    ['our own', 'own', true],
    ['none', undefined, false],
    ['null', 'null', false],
    ['a foreign one', 'https://evil.org', false],
    ['another port', 'http://127.0.0.1:1', false],
    ['another scheme', 'scheme', false],
    ['a prefix', 'prefix', false],
  ])('opens a websocket from the Origin: %s', async (_what, origin, allowed) => {
    const spelled = {
      own: own(),
      scheme: own().replace('http', 'https'),
      prefix: `${own()}.evil.org`,
    }[origin ?? ''];
    const value = spelled ?? origin;
    const ws = await app.upgrade('/api/x', {
      Cookie: browser.cookie,
      ...(value === undefined ? {} : { Origin: value }),
    });
    if (allowed) expect(ws).toBeInstanceOf(WebSocket);
    else expect(ws).toMatchObject({ status: 403 });
  });

  it.each<[string, string, string, string, string, number]>([
    ['an own fetch', '/api/x', 'same-origin', 'cors', 'empty', 200],
    ['the address bar', '/api/x', 'none', 'navigate', 'document', 200],
    ['a link in a mail', '/tree', 'cross-site', 'navigate', 'document', 200],
    ['a link to a file', '/files/a.html', 'cross-site', 'navigate', 'document', 403],
    ['a link to an export', '/nbconvert/rst/a.ipynb', 'cross-site', 'navigate', 'document', 403],
    ['a link to the API', '/api/contents', 'cross-site', 'navigate', 'document', 403],
    ['a link to the API in upper case', '/API/contents', 'cross-site', 'navigate', 'document', 403],
    ['a script of another site', '/files/a.js', 'cross-site', 'no-cors', 'script', 403],
    ['a script of another port', '/files/a.js', 'same-site', 'no-cors', 'script', 403],
    ['an image of another site', '/files/a.png', 'cross-site', 'no-cors', 'image', 403],
    ['a fetch of another site', '/api/contents', 'cross-site', 'cors', 'empty', 403],
    ['a frame on another site', '/tree', 'cross-site', 'navigate', 'iframe', 403],
    ['a page as a script', '/tree', 'cross-site', 'no-cors', 'script', 403],
    ['an unheard-of value', '/api/x', 'sideways', 'cors', 'empty', 403],
  ])('loads by %s', async (_what, path, site, mode, dest, status) => {
    const headers = {
      Cookie: browser.cookie,
      'Sec-Fetch-Site': site,
      'Sec-Fetch-Mode': mode,
      'Sec-Fetch-Dest': dest,
    };
    expect((await app.send(path, { headers })).status).toBe(status);
  });

  it.each([
    ['a forged signature', (c: string) => c.replace(/(nbserver[^=]+=s%3A[^.]+\.)[^;]+/, '$1AAAA')],
    ['another id', (c: string) => c.replace(/(s%3A)[^.]+/, '$1other')],
    ['an unsigned id', (c: string) => c.replace(/s%3A([^.]+)[^;]+/, '$1')],
  ])('is nobody with %s', async (_what, change) => {
    const cookie = change(browser.cookie);
    expect(cookie).not.toBe(browser.cookie);
    expect((await app.send('/api/x', { headers: { Cookie: cookie } })).status).toBe(403);
  });

  it('gets its _xsrf cookie back on a page after another server on this host overwrote it', async () => {
    const cookie = browser.cookie.replace(/_xsrf=[^;]+/, '_xsrf=of-another-port');
    const { cookies } = await app.send('/tree', { headers: { Cookie: cookie } });
    expect(cookies._xsrf).toContain(browser.xsrf);
    expect(
      (await app.send('/tree', { headers: { Cookie: browser.cookie } })).headers['set-cookie'],
    ).toBeUndefined();
  });

  it('needs no xsrf with disable_check_xsrf, but still its own Origin', async () => {
    const lax = await start({ passwordHash, disableCheckXsrf: true });
    const { page } = await logIn(lax);
    expect((await lax.send('/api/x', { method: 'POST', headers: page })).status).toBe(200);
    const foreign = { ...page, Origin: 'https://evil.org' };
    expect((await lax.send('/api/x', { method: 'POST', headers: foreign })).status).toBe(403);
  });
});

describe('with authentication off', () => {
  it.each<[string, string, Record<string, string>, number]>([
    ['GET', '/tree', {}, 200],
    ['GET', '/api/contents', {}, 200],
    ['POST', '/api/x', {}, 200],
    ['POST', '/api/x', { Origin: 'own', 'Sec-Fetch-Site': 'same-origin' }, 200],
    ['POST', '/api/x', { Origin: 'https://evil.org' }, 403],
    ['POST', '/api/x', { Origin: 'null' }, 403],
    ['POST', '/api/x', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['DELETE', '/api/x', { Origin: 'http://localhost:1' }, 403],
    ['GET', '/api/contents', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['GET', '/files/a.js', { 'Sec-Fetch-Site': 'same-site' }, 403],
    ['GET', '/api/x', { Host: 'evil.org' }, 403],
    ['GET', '/login', {}, 302],
    ['POST', '/login', {}, 302],
    ['GET', '/logout', {}, 302],
    ['GET', '/tree?token=old', {}, 302],
  ])('%s %s %j → %i', async (method, path, extra, status) => {
    const app = await start();
    const headers = {
      ...extra,
      ...(extra.Origin === 'own' ? { Origin: `http://127.0.0.1:${app.port}` } : {}),
    };
    expect((await app.send(path, { method, headers })).status).toBe(status);
  });

  it.each<[string | undefined, boolean]>([
    [undefined, true],
    ['own', true],
    ['https://evil.org', false],
    ['null', false],
  ])('a websocket from the Origin %s: %s', async (origin, allowed) => {
    const app = await start();
    const value = origin === 'own' ? `http://127.0.0.1:${app.port}` : origin;
    const ws = await app.upgrade('/api/x', value === undefined ? {} : { Origin: value });
    if (allowed) expect(ws).toBeInstanceOf(WebSocket);
    else expect(ws).toMatchObject({ status: 403 });
  });
});

describe('the body of a refused request', () => {
  it.each([
    ['without a credential', {}],
    ['with a foreign Host', { Host: 'evil.org' }],
  ])('is not read %s', async (_why, extra) => {
    const app = await start({ token });
    const socket = connect(app.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', () => {});
    const total = 64 * 1024 * 1024;
    const headers = { Host: 'localhost', 'Content-Length': String(total), ...extra };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`PUT /api/upload HTTP/1.1\r\n${lines.join('')}\r\n`);
    const chunk = Buffer.alloc(64 * 1024);
    let open = true;
    socket.once('close', () => (open = false));
    // A client that does not listen: it sends on until the server hangs up.
    for (let sent = 0; sent < total && open; sent += chunk.length) {
      if (!socket.write(chunk)) {
        // Hung up in the middle of a write: that is what this is about.
        await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {});
      }
      await new Promise(setImmediate);
    }
    if (open) await once(socket, 'close');
    expect(text === '' || text.startsWith('HTTP/1.1 403 ')).toBe(true);
    expect(app.uploaded()).toBe(0);
    const read = Math.max(...[...app.connections].map((each) => each.bytesRead));
    expect(read).toBeLessThan(8 * 1024 * 1024);
  });

  it('that is small keeps its connection', async () => {
    const app = await start({ token });
    const answer = await app.send('/api/upload', {
      method: 'PUT',
      body: 'x'.repeat(1000),
      headers: { Connection: 'keep-alive' },
    });
    expect(answer.status).toBe(403);
    expect(answer.headers.connection).toBe('keep-alive');
  });

  it('that comes to a public address, is large or of unknown length costs the connection; that of the owner does not', async () => {
    const app = await start({ token });
    const large = {
      body: 'x'.repeat(65_537),
      headers: { 'Transfer-Encoding': 'chunked', Connection: 'keep-alive' },
    };
    const nobody = await app.send('/api', large);
    expect([nobody.status, nobody.headers.connection]).toEqual([200, 'close']);
    const headers = { ...large.headers, Authorization: `token ${token}` };
    const owner = await app.send('/api/upload', { ...large, method: 'PUT', headers });
    expect([owner.status, owner.headers.connection]).toEqual([200, undefined]);
    const usual = await app.send('/api/x', {
      headers: { Connection: 'keep-alive', Authorization: `token ${token}` },
    });
    expect([usual.status, usual.headers.connection]).toEqual([200, 'keep-alive']);
  });

  it('that is large or of unknown length costs the connection', async () => {
    const app = await start({ token });
    for (const headers of [{ 'Transfer-Encoding': 'chunked' }, { 'Content-Length': 65_537 }]) {
      const answer = await app.send('/api/upload', { method: 'PUT', body: 'x'.repeat(65_537), headers });
      expect(answer.status).toBe(403);
      expect(answer.headers.connection).toBe('close');
    }
  });
});

describe('behind a proxy', () => {
  const proxied = {
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'nb.example.org',
    'X-Forwarded-For': '198.51.100.7',
  };
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

  it('accepts the public origin and sets Secure cookies', async () => {
    const app = await start({ passwordHash, publicUrl: 'https://nb.example.org/x/', baseUrl: '/x/' });
    const login = await app.send('/x/login', {
      method: 'POST',
      headers: { ...form, ...proxied, Origin: 'https://nb.example.org' },
      body: 'password=mypassword',
    });
    expect(login.status).toBe(302);
    expect(Object.values(login.cookies).every((cookie) => cookie.includes('; Secure'))).toBe(true);
    const { cookie } = browserOf(app, login);
    const ws = await app.upgrade('/x/api/x', {
      ...proxied,
      Cookie: cookie,
      Origin: 'https://nb.example.org',
    });
    expect(ws).toBeInstanceOf(WebSocket);
  });

  it('works with a proxy that forwards nothing', async () => {
    const app = await start({ passwordHash, publicUrl: 'https://nb.example.org/' });
    const headers = { ...form, Origin: 'https://nb.example.org' };
    const login = await app.send('/login', { method: 'POST', headers, body: 'password=mypassword' });
    expect(Object.keys(login.cookies)).toHaveLength(2);
    const { cookie } = browserOf(app, login);
    expect(await app.upgrade('/api/x', { Cookie: cookie, Origin: 'https://nb.example.org' })).toBeInstanceOf(
      WebSocket,
    );
  });

  it('sets Secure cookies for those who come by a trusted one, without public_url, and others beside it', async () => {
    const app = await start({
      passwordHash,
      trustedProxies: ['loopback'],
      localHostnames: ['nb.example.org', 'localhost'],
    });
    const ways = [
      { headers: { ...form, ...proxied, Origin: 'https://nb.example.org' }, secure: true },
      { headers: { ...form, Host: 'localhost', Origin: 'http://localhost' }, secure: false },
    ];
    for (const { headers, secure } of ways) {
      const page = await app.send('/login', { headers });
      const login = await app.send('/login', { method: 'POST', headers, body: 'password=mypassword' });
      expect(login.status).toBe(302);
      const { cookie } = browserOf(app, login);
      expect((await app.send('/api/x', { headers: { ...headers, Cookie: cookie } })).status).toBe(200);
      const logout = await app.send('/logout', { headers: { ...headers, Cookie: cookie } });
      const cookies = [page, login, logout].flatMap((answer) => Object.values(answer.cookies));
      expect(cookies.map((each) => each.includes('; Secure'))).toEqual([secure, secure, secure, secure]);
    }
  });

  it('does not believe anybody without public_url', async () => {
    const app = await start({ passwordHash });
    const headers = { ...form, ...proxied, Origin: 'https://nb.example.org' };
    const login = await app.send('/login', { method: 'POST', headers, body: 'password=mypassword' });
    expect(login.status).toBe(403);
    expect(login.body).toContain('public_url');
  });

  it('names the client of a failed login as the proxy does', async () => {
    const app = await start({ passwordHash, publicUrl: 'https://nb.example.org/' });
    await app.send('/login', { method: 'POST', headers: { ...form, ...proxied }, body: 'password=wrong' });
    expect(app.lines.join('\n')).toContain('198.51.100.7');
    expect(app.lines.join('\n')).not.toContain('wrong');
  });

  it('works over a unix socket', async () => {
    const sock = join(newFolder(), 's.sock');
    const app = await start({ passwordHash, sock, publicUrl: 'https://nb.example.org/' });
    const headers = { ...form, Host: 'localhost', ...proxied, Origin: 'https://nb.example.org' };
    const login = await app.send('/login', { method: 'POST', headers, body: 'password=mypassword' });
    expect(login.status).toBe(302);
    const { cookie } = browserOf(app, login);
    const ws = await app.upgrade('/api/x', {
      Cookie: cookie,
      Host: 'localhost',
      Origin: 'https://nb.example.org',
    });
    expect(ws).toBeInstanceOf(WebSocket);
    expect((await app.send('/api/x', { headers: { Host: 'evil.org', Cookie: cookie } })).status).toBe(403);
  });
});

describe('allow_origin', () => {
  const preflight = {
    'Access-Control-Request-Method': 'PUT',
    'Access-Control-Request-Headers': 'authorization',
  };

  it.each<[string, AppOptions, string, string | undefined]>([
    ['one', { allowOrigin: 'https://lab.example' }, 'https://lab.example', 'https://lab.example'],
    ['one', { allowOrigin: 'https://lab.example' }, 'https://evil.org', undefined],
    ['a pattern', { allowOriginPat: 'https://.*\\.good\\.org' }, 'https://a.good.org', 'https://a.good.org'],
    ['a pattern', { allowOriginPat: 'https://.*\\.good\\.org' }, 'https://a.good.org.evil.org', undefined],
    ['all', { allowOrigin: '*' }, 'https://any.example', '*'],
    ['all', { allowOrigin: '*' }, 'null', undefined],
    ['none', {}, 'https://lab.example', undefined],
  ])('%s: %j for %s', async (_what, options, origin, header) => {
    const app = await start({ token, ...options });
    const asked = await app.send('/api/x', { method: 'OPTIONS', headers: { Origin: origin, ...preflight } });
    expect(asked.status).toBe(header === undefined ? 403 : 204);
    expect(asked.headers['access-control-allow-origin']).toBe(header);
    const answer = await app.send('/api/x', {
      method: 'PUT',
      headers: { Origin: origin, Authorization: `token ${token}` },
    });
    expect(answer.headers['access-control-allow-origin']).toBe(header);
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('lets a named site use a login too, with its xsrf token', async () => {
    const app = await start({ passwordHash, allowOrigin: 'https://lab.example', allowCredentials: true });
    const { cookie, xsrf } = await logIn(app);
    const headers = { Cookie: cookie, Origin: 'https://lab.example', 'Sec-Fetch-Site': 'cross-site' };
    expect((await app.send('/api/x', { method: 'POST', headers })).status).toBe(403);
    const answer = await app.send('/api/x', { method: 'POST', headers: { ...headers, 'X-XSRFToken': xsrf } });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-credentials']).toBe('true');
    expect(await app.upgrade('/api/x', headers)).toBeInstanceOf(WebSocket);
  });

  it('warns of *', async () => {
    const app = await start({ token, allowOrigin: '*' });
    expect(app.lines.join()).toContain('allow_origin');
  });
});
