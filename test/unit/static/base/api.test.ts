import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

// A page's data is read once, so this file has modules of its own.
vi.resetModules();
const { api, ApiError, readCookie, toError } = await import('../../../../static/base/api.js');
const { baseName, encodePath, joinPath, parentPath, urlFor } =
  await import('../../../../static/base/urls.js');
afterAll(() => vi.resetModules());

interface Call {
  url: string;
  init: RequestInit & { headers: Record<string, string> };
}
let calls: Call[];
let answer: () => Promise<Response> | Response;

beforeEach(() => {
  calls = [];
  answer = () => new Response('{"ok":true}');
  const data = JSON.stringify({
    base_url: '/x/',
    static_url: '/x/static/',
    version: '1',
    xsrf_cookie: '_xsrf',
  });
  vi.stubGlobal('document', {
    getElementById: (id: string) => (id === 'page-data' ? { textContent: data } : null),
    cookie: '_xsrf=old; other=1; _xsrf=new',
  });
  vi.stubGlobal('fetch', (url: string, init: Call['init']) => {
    calls.push({ url, init });
    return Promise.resolve(answer());
  });
});
afterEach(() => vi.unstubAllGlobals());

describe('api', () => {
  it('calls below base_url, with the token, without redirects and caches', async () => {
    expect(await api.post('api/contents', { type: 'file' })).toEqual({ ok: true });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.url).toBe('/x/api/contents');
    expect(calls[0]?.init).toMatchObject({
      method: 'POST',
      body: '{"type":"file"}',
      redirect: 'error',
      cache: 'no-store',
      credentials: 'same-origin',
    });
    expect(calls[0]?.init.headers).toMatchObject({
      'X-XSRFToken': 'new',
      'Content-Type': 'application/json',
    });
  });

  it('asks without a token: an answer that the page has preloaded is only for a request with no more headers', async () => {
    await api.get('api/contents', { preloaded: true });
    expect(calls[0]?.init).toMatchObject({ method: 'GET', cache: 'default' });
    expect(calls[0]?.init.headers).toEqual({ Accept: 'application/json' });
  });

  it('says that the server does not answer when the connection breaks in the middle of an answer', async () => {
    answer = () =>
      new Response(new ReadableStream({ start: (controller) => controller.error(new TypeError('cut')) }));
    await expect(api.get('api/me')).rejects.toMatchObject({ status: 0, unreachable: true });
  });

  it('writes only where nothing is, when told so', async () => {
    await api.put('api/contents/a', {}, { ifNoneMatch: true });
    expect(calls[0]?.init.headers['If-None-Match']).toBe('*');
  });

  describe('on a page that knows its own token', () => {
    const own = { base_url: '/', static_url: '/static/', version: '1', xsrf: 'own', xsrf_cookie: '_xsrf' };
    const tokens = () => calls.map(({ init }) => init.headers['X-XSRFToken']);
    let fresh: typeof import('../../../../static/base/api.js');
    beforeEach(async () => {
      vi.stubGlobal('document', {
        getElementById: () => ({ textContent: JSON.stringify(own) }),
        cookie: '_xsrf=theirs',
      });
      vi.resetModules(); // the page's data is parsed once
      fresh = await import('../../../../static/base/api.js');
    });

    it('sends that, not the cookie, which a server on another port of this host may have set', async () => {
      await fresh.api.post('api/contents');
      expect(tokens()).toEqual(['own']);
    });

    it('takes the cookie after a login in another tab, and stays with it', async () => {
      answer = () =>
        new Response('{}', { status: calls.at(-1)?.init.headers['X-XSRFToken'] === 'own' ? 403 : 200 });
      await fresh.api.post('api/contents');
      await fresh.api.post('api/contents');
      expect(tokens()).toEqual(['own', 'theirs', 'theirs']);
    });

    it('keeps its own when both are refused', async () => {
      answer = () => new Response('{"message":"no"}', { status: 403 });
      await expect(fresh.api.post('api/contents')).rejects.toMatchObject({ status: 403 });
      calls = [];
      answer = () => new Response('{}');
      await fresh.api.post('api/contents');
      expect(tokens()).toEqual(['own']);
    });
  });

  it('answers undefined for an empty body', async () => {
    answer = () => new Response(null, { status: 204 });
    expect(await api.delete('api/sessions/1')).toBeUndefined();
    expect(calls[0]?.init.headers).not.toHaveProperty('Content-Type');
  });

  it('throws the sentence and the reason of the server', async () => {
    answer = () => new Response('{"message":"x is a directory","reason":"bad type"}', { status: 400 });
    await expect(api.get('api/contents/x')).rejects.toMatchObject({
      status: 400,
      message: 'x is a directory',
      reason: 'bad type',
    });
  });

  it('has a sentence when nobody answers', async () => {
    answer = () => Promise.reject(new TypeError('fetch failed'));
    const error = await api.get('api').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as InstanceType<typeof ApiError>).unreachable).toBe(true);
    expect((error as InstanceType<typeof ApiError>).message).toMatch(/^The server does not answer\./);
  });

  it('asks who is logged in after a 403, and only then', async () => {
    answer = () => new Response('{"message":"Forbidden","reason":null}', { status: 403 });
    await expect(api.get('api/sessions')).rejects.toThrow('Forbidden');
    expect(calls.map((call) => call.url)).toEqual(['/x/api/sessions', '/x/api/me']);
    answer = () => new Response('{}', { status: 404 });
    await expect(api.get('api/sessions')).rejects.toThrow('status 404');
    expect(calls).toHaveLength(3);
  });
});

describe('toError', () => {
  it('makes a sentence out of a proxy page', () => {
    expect(toError(502, '<html>Bad Gateway</html>').message).toBe('The server answered with status 502.');
  });
});

describe('readCookie', () => {
  it.each([
    ['a=1; _xsrf=t', '_xsrf', 't'],
    ['_xsrf=first; _xsrf=last', '_xsrf', 'last'],
    ['my_xsrf=no', '_xsrf', undefined],
    ['', '_xsrf', undefined],
    ['_xsrf=a=b', '_xsrf', 'a=b'],
  ])('%s → %s', (cookies, name, value) => {
    expect(readCookie(cookies, name)).toBe(value);
  });
});

describe('urls', () => {
  it.each([
    ['a b/c#.ipynb', 'a%20b/c%23.ipynb'],
    ['100%?.txt', '100%25%3F.txt'],
    ['javascript:alert(1)', 'javascript%3Aalert(1)'],
    ['ü/日本.ipynb', '%C3%BC/%E6%97%A5%E6%9C%AC.ipynb'],
    ['', ''],
  ])('encodePath(%s)', (path, encoded) => {
    expect(encodePath(path)).toBe(encoded);
  });

  it('urlFor keeps every name inside base_url', () => {
    expect(urlFor('tree')).toBe('/x/tree');
    expect(urlFor('notebooks', 'a b.ipynb', { kernel_name: 'py 3' })).toBe(
      '/x/notebooks/a%20b.ipynb?kernel_name=py+3',
    );
    expect(urlFor('edit', 'javascript:alert(1)')).toBe('/x/edit/javascript%3Aalert(1)');
  });

  it('takes paths apart and together', () => {
    expect([joinPath('', 'a'), joinPath('d/e', 'a')]).toEqual(['a', 'd/e/a']);
    expect([parentPath('a'), parentPath('d/e/a')]).toEqual(['', 'd/e']);
    expect([baseName('a'), baseName('d/e/a')]).toEqual(['a', 'a']);
  });
});
