import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpError } from '../../../src/http-error.js';
import { useManifest } from '../../../src/pages/assets.js';
import {
  loadTemplates,
  pagesRouter,
  renderError,
  renderLogin,
  renderLogout,
  renderPage,
} from '../../../src/pages/index.js';
import { jsonBlock } from '../../../src/pages/render-page.js';

const hostile = '</script><script>alert(1)</script><img src=x onerror=alert(2)>';

beforeAll(async () => {
  const entry = (name: string) => ({
    js: `${name}-AAAAAAAA.js`,
    css: [`${name}-BBBBBBBB.css`],
    imports: ['chunk-CCCCCCCC.js'],
    lazy: {},
  });
  const editor = { js: 'editor-DDDDDDDD.js', css: [], imports: ['chunk-CCCCCCCC.js'] };
  const notebook = { ...entry('notebook'), lazy: { 'static/notebook/editor/editor.ts': editor } };
  useManifest({ entries: { tree: entry('tree'), login: entry('login'), notebook } });
  await loadTemplates();
});

/** Every script and style sheet of a page, with its nonce. */
function loaded(html: string): { tag: string; nonce: string | undefined }[] {
  return [...html.matchAll(/<(?:script|link rel="(?:stylesheet|modulepreload)")[^>]*>/g)].map(([tag]) => ({
    tag,
    nonce: /nonce="([^"]*)"/.exec(tag)?.[1],
  }));
}

describe('renderPage', () => {
  const html = () => renderPage('tree.html', { base_url: '/x/', nonce: 'N0/+=', data: { path: hostile } });

  it('loads the built files of its entry, all with the nonce', () => {
    const tags = loaded(html());
    expect(tags.length).toBeGreaterThanOrEqual(5);
    for (const { tag, nonce } of tags) expect(nonce, tag).toBe('N0/+=');
    expect(html()).toContain('src="/x/static/tree-AAAAAAAA.js"');
    expect(html()).toContain('href="/x/static/tree-BBBBBBBB.css"');
    expect(html()).toContain('href="/x/static/chunk-CCCCCCCC.js"');
    expect(html()).toContain('rel="icon" type="image/svg+xml" href="data:image/svg+xml,%3Csvg');
  });

  it('gives the page its data, in which no name can end the block', () => {
    const block = /<script type="application\/json" id="page-data"[^>]*>(.*?)<\/script>/s.exec(html())?.[1];
    expect(JSON.parse(block ?? '')).toMatchObject({
      path: hostile,
      base_url: '/x/',
      static_url: '/x/static/',
      xsrf_cookie: '_xsrf',
    });
    expect(html()).not.toContain('<script>alert');
  });

  it('lets no data of a page shadow base_url', () => {
    const page = renderPage('tree.html', { base_url: '/', nonce: '', data: { base_url: 'https://evil/' } });
    expect(page).not.toContain('evil');
  });

  it('honours another place for static files', () => {
    const page = renderPage('tree.html', { base_url: '/x/', static_url: '/assets/', nonce: '' });
    expect(page).toContain('src="/assets/tree-AAAAAAAA.js"');
  });
});

it.each(['<', '</script>', '<!--', '\u2028', '\u2029'])('jsonBlock escapes %j', (text) => {
  expect(jsonBlock({ text })).not.toContain(text);
  expect(JSON.parse(jsonBlock({ text }))).toEqual({ text });
});

describe('renderLogin', () => {
  const login = (more: object = {}) =>
    renderLogin({
      base_url: '/x/',
      next: '/x/tree?a=b&c=d',
      host: 'nb.example:9999',
      asks: 'password or token',
      xsrf: 'XSRF',
      nonce: 'n',
      ...more,
    });

  it.each([
    ['password', 'Password:'],
    ['token', 'Token:'],
    ['password or token', 'Password or token:'],
  ])('asks for %s', (asks, label) => {
    expect(login({ asks })).toContain(`<label for="password_input">${label}</label>`);
  });

  it('names the host, keeps next, and sends the token of the form', () => {
    const html = login();
    expect(html).toContain('nb.example:9999');
    expect(html).toContain('action="/x/login?next=%2Fx%2Ftree%3Fa%3Db%26c%3Dd"');
    expect(html).toContain('name="_xsrf" value="XSRF"');
    expect(html).not.toContain('aria-invalid');
  });

  it('ties the error to the field, and says how long to wait', () => {
    const html = login({ message: 'Too many wrong tries.', retryAfter: 1 });
    expect(html).toMatch(/<input [^>]*id="password_input"[^>]*aria-describedby="login-error"/);
    expect(html).toMatch(/id="login-error" role="alert">Too many wrong tries\./);
    expect(html).toContain('in 1 second<');
  });

  it('shows a hostile host, next and message as text', () => {
    const html = login({ host: hostile, next: hostile, message: hostile });
    expect(html).not.toContain('<img');
    expect(html).not.toContain('<script>alert');
  });
});

describe('renderLogout and renderError', () => {
  it('asks with a form, or says that it is done', () => {
    const view = { base_url: '/', host: 'h', xsrf: 'T', nonce: 'n' };
    const asked = renderLogout({ ...view, done: false, message: 'Log out?' });
    expect(asked).toMatch(
      /<form method="post" action="\/logout">\s*<input type="hidden" name="_xsrf" value="T">/,
    );
    const done = renderLogout({ ...view, done: true, message: 'You are logged out.' });
    expect(done).not.toContain('<form');
    expect(done).toContain('href="/login"');
  });

  it('says what happened and what to do', () => {
    const html = renderError({ base_url: '/x/', status: 404, message: hostile, nonce: 'n' });
    expect(html).toContain('Not Found');
    expect(html).toContain('The dashboard shows what is there.');
    expect(html).toContain('href="/x/"');
    expect(html).not.toContain('<img');
  });
});

describe('pagesRouter', () => {
  let server: Server;
  const opened: string[] = [];
  let mayOpen = Promise.resolve();
  /** its first cells are known before the notebook is open */
  let isReadFirst = false;
  let origin: string;
  const files: Record<string, { kind: 'file' | 'directory'; size?: number }> = {
    '': { kind: 'directory' },
    'a b': { kind: 'directory' },
    'a b/n.ipynb': { kind: 'file', size: 2 },
    'broken.ipynb': { kind: 'file', size: 2 },
    'notes.txt': { kind: 'file', size: 20 },
    '<img src=x onerror=alert(1)>.txt': { kind: 'file', size: 1 },
  };

  beforeAll(async () => {
    const app = express();
    app.use((_req, res, next) => {
      res.locals['nonce'] = 'NONCE';
      res.locals['identity'] = { kind: 'session', xsrf: 'XSRF' };
      next();
    });
    app.use(
      '/x/',
      pagesRouter({
        baseUrl: '/x/',
        place: 'p1',
        contents: {
          stat: async (path) => {
            const found = files[path];
            if (found === undefined && path.startsWith('throws')) throw new HttpError(404, 'gone');
            return found;
          },
        },
        isOpen: (path) => path.endsWith('unsaved.ipynb') || path === 'throws.txt',
        openNotebook: async (path, onFirstCells) => {
          opened.push(path);
          const run = { state: 'idle', count: 7 };
          const cells = [
            { id: hostile, type: 'code', source: `\n${hostile}\n`, run },
            { id: 'b', type: 'markdown', source: '# Title', run: undefined },
          ];
          if (isReadFirst) onFirstCells(cells);
          await mayOpen;
          if (path.includes('broken')) throw new HttpError(400, 'Not a notebook');
          return {
            opening: {
              id: 'D1',
              cells,
              messages: () => [JSON.stringify({ type: 'snapshot', cells: [hostile] })],
            },
          };
        },
      }),
    );
    app.use(((error, _req, res, _next) => {
      const status = error instanceof HttpError ? error.status : 500;
      res.status(status).send(error instanceof Error ? error.message : '');
    }) as express.ErrorRequestHandler);
    server = createServer(app).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const get = (path: string) => fetch(`${origin}${path}`, { redirect: 'manual' });

  it.each([
    ['/x/', '/x/tree'],
    ['/x/?token=1', '/x/tree?token=1'],
    ['/x/notebooks/a%20b', '/x/tree/a%20b'],
    ['/x/notebooks/notes.txt', '/x/edit/notes.txt'],
    ['/x/tree/a%20b/n.ipynb', '/x/notebooks/a%20b/n.ipynb'],
    ['/x/tree/notes.txt', '/x/edit/notes.txt'],
    ['/x/edit/a%20b', '/x/tree/a%20b'],
    ['/x/view/a%20b', '/x/tree/a%20b'],
    [
      '/x/tree/%3Cimg%20src=x%20onerror=alert(1)%3E.txt',
      '/x/edit/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E.txt',
    ],
  ])('%s leads to %s', async (from, to) => {
    const response = await get(from);
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe(to);
  });

  it.each([
    '/x/tree/no',
    '/x/notebooks/no.ipynb',
    '/x/edit/no',
    '/x/view/no',
    '/x/tree/throws',
    '/x/notebooks/throws.txt',
  ])('%s is a 404 with a sentence', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(await response.text()).toMatch(/^There is no (folder|notebook|file) named ".+"\.$/);
  });

  it('serves the dashboard, never from a cache', async () => {
    const response = await get('/x/tree/a%20b');
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const html = await response.text();
    expect(html).toContain('"path":"a b"');
    expect(html).toContain('"logout":true');
    expect(html).toContain('href="/x/api/contents/a%20b?type=directory"');
  });

  describe('the notebook page', () => {
    const document = (html: string): unknown => {
      const json = /<script type="application\/json" id="document"[^>]*>(.*?)<\/script>/s.exec(html)?.[1];
      return json === undefined ? undefined : JSON.parse(json);
    };

    it('shows a notebook that is open on the server when its file is gone', async () => {
      const response = await get('/x/notebooks/a%20b/unsaved.ipynb');
      expect(response.status).toBe(200);
      expect(document(await response.text())).toMatchObject({ id: 'D1' });
    });

    it('brings its document along, and shows the first cells, whatever their text is', async () => {
      const html = await (await get('/x/notebooks/a%20b/n.ipynb')).text();
      expect(html).not.toContain('<script>alert');
      expect(html).not.toContain('<img');
      expect(document(html)).toEqual({ id: 'D1', messages: [{ type: 'snapshot', cells: [hostile] }] });
      const [code, text] = html.match(/<section .*?<\/section>/gs) ?? [];
      expect(code).toContain('data-cell-type="code" data-run="idle"');
      expect(code).toContain('<div class="prompt">In [7]:</div>');
      // a browser drops the first line end of three, and an empty last line needs one more to be seen
      expect(code).toMatch(/<pre [^>]*>\n\n&lt;\/script&gt;.*\n\n<\/pre>/);
      expect(text).toContain('data-cell-id="b" data-cell-type="markdown" role');
      expect(text).toMatch(/<pre [^>]*>\n# Title<\/pre>/);
      for (const { tag, nonce } of loaded(html)) expect(nonce, tag).toBe('NONCE');
    });

    it('names style, script and editor before the notebook is open', async () => {
      let go = () => {};
      mayOpen = new Promise((resolve) => (go = resolve));
      const { body } = await get('/x/notebooks/a%20b/n.ipynb');
      const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
      let first = '';
      while (!first.includes('id="cells"')) first += (await reader?.read())?.value ?? '';
      expect(first).toContain('notebook-AAAAAAAA.js');
      expect(first).toContain(
        '<link rel="modulepreload" fetchpriority="low" href="/x/static/editor-DDDDDDDD.js"',
      );
      expect(first).not.toContain('</html>');
      go();
      while (!first.includes('</html>')) first += (await reader?.read())?.value ?? '';
      expect(document(first)).toMatchObject({ id: 'D1' });
    });

    it('shows the first cells before the notebook is open, once', async () => {
      isReadFirst = true;
      let go = () => {};
      mayOpen = new Promise((resolve) => (go = resolve));
      const { body } = await get('/x/notebooks/a%20b/n.ipynb');
      isReadFirst = false;
      const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
      let html = '';
      while (!html.includes('# Title')) html += (await reader?.read())?.value ?? '';
      expect(html).not.toContain('id="document"');
      go();
      while (!html.includes('</html>')) html += (await reader?.read())?.value ?? '';
      expect(document(html)).toMatchObject({ id: 'D1' });
      expect(html.match(/<section /g)).toHaveLength(2);
    });

    it('is there without the document when that cannot be opened, and opens nothing for who asks for its headers', async () => {
      const response = await get('/x/notebooks/broken.ipynb');
      expect(response.status).toBe(200);
      const html = await response.text();
      expect(document(html)).toBeUndefined();
      expect(html).toMatch(/<div id="cells"[^>]*><\/div>.*<\/html>/s);
      opened.length = 0;
      const head = await fetch(`${origin}/x/notebooks/a%20b/n.ipynb`, { method: 'HEAD' });
      expect(head.status).toBe(200);
      expect(opened).toEqual([]);
    });
  });

  it('gives the editor a file by its name alone, and a way to download it', async () => {
    const html = await (await get('/x/edit/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E.txt')).text();
    expect(html).not.toContain('<img');
    expect(html).toContain('href="/x/files/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E.txt?download=1"');
    expect(html).toContain('rel="preload"');
  });

  it('views a file only in a sandboxed frame', async () => {
    const html = await (await get('/x/view/notes.txt')).text();
    expect(html).toMatch(/<iframe [^>]*sandbox="allow-scripts" src="\/x\/files\/notes\.txt">/);
  });

  it('keeps search engines away', async () => {
    expect(await (await get('/x/robots.txt')).text()).toBe('User-agent: *\nDisallow: /\n');
  });
});
