/** Exports as clients ask for them: every format, status and header, with nothing of Python. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { ServerConnection, NbConvertManager } from '@jupyterlab/services';
import { fromBuffer } from 'yauzl';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';

let server: TestServer;
let bin: string;
beforeAll(async () => {
  bin = join(process.cwd(), 'test-results', `bin-${process.pid}`);
  mkdirSync(bin, { recursive: true });
  server = await startTestServer({ onlyOwnKernel: true, environment: { ...process.env, PATH: bin } });
  for (const name of ['matplotlib', 'hostile', 'v3', 'unicode']) {
    copyFileSync(
      join(process.cwd(), `test/notebooks/${name}.ipynb`),
      join(server.notebooks, `${name}.ipynb`),
    );
  }
  writeFileSync(join(server.notebooks, 'a b.txt'), 'text');
  copyFileSync(
    join(process.cwd(), 'test/notebooks/broken/truncated.ipynb.txt'),
    join(server.notebooks, 'broken.ipynb'),
  );
});
afterAll(() => server.close());

const names = async (zip: Buffer): Promise<string[]> =>
  new Promise((resolve, reject) => {
    fromBuffer(zip, (error, file) => {
      if (error !== null) return reject(error);
      const found: string[] = [];
      file.on('entry', (entry: { fileName: string }) => found.push(entry.fileName));
      file.on('end', () => resolve(found));
    });
  });

/** What the page for a person says. */
const sentence = async (answer: Response): Promise<string> =>
  (await answer.text()).replaceAll(/&#39;|&#x27;/g, "'").replaceAll('&quot;', '"');

describe('GET /nbconvert', () => {
  it('html is one page in a sandbox, without scripts, never kept by caches', async () => {
    const answer = await server.fetch('nbconvert/html/matplotlib.ipynb');
    const text = await answer.text();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store, no-cache, must-revalidate, max-age=0');
    expect(answer.headers.get('last-modified')).not.toBeNull();
    expect(answer.headers.get('content-disposition')).toBeNull();
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none';.*sandbox allow-popups/);
    expect(policy).not.toMatch(/allow-same-origin|allow-scripts|script-src/);
    expect(text).toContain('data:image/png;base64,');
    expect(text).toContain('<span class="tok-keyword">import</span>');
    expect(text).not.toContain('<script');
    expect(text).toMatch(/--paper:[^]*\.tok-keyword[^]*@media print/);
  });

  it.each([
    ['html', 'text/html; charset=utf-8', 'unicode.html'],
    ['pdf', 'text/html; charset=utf-8', 'unicode.html'],
    ['script', 'text/x-python; charset=utf-8', 'unicode.py'],
    ['markdown', 'text/markdown; charset=utf-8', 'unicode.md'],
    ['notebook', 'application/x-ipynb+json', 'unicode.ipynb'],
  ])('%s downloads as %s in %s', async (format, type, name) => {
    const answer = await server.fetch(`nbconvert/${format}/unicode.ipynb?download=true`);
    expect([
      answer.status,
      answer.headers.get('content-type'),
      answer.headers.get('content-disposition'),
    ]).toEqual([200, type, `attachment; filename*=utf-8''${name}`]);
    expect(answer.headers.get('content-security-policy')).toMatch(/sandbox/);
  });

  it('with files that belong to it is a zip', async () => {
    const answer = await server.fetch('nbconvert/markdown/matplotlib.ipynb');
    expect(answer.headers.get('content-disposition')).toBe("attachment; filename*=utf-8''matplotlib.zip");
    expect(await names(Buffer.from(await answer.arrayBuffer()))).toEqual([
      'matplotlib.md',
      'matplotlib_files/2_1.png',
      'matplotlib_files/3_1.png',
      'matplotlib_files/4_0.svg',
    ]);
  });

  it('of an old notebook is of what it became', async () => {
    const text = await (await server.fetch('nbconvert/notebook/v3.ipynb')).text();
    expect(JSON.parse(text)).toMatchObject({ nbformat: 4, nbformat_minor: 5 });
  });

  it.each([
    ['nbconvert/nonsense/unicode.ipynb', 404, /No exporter for format: nonsense/],
    ['nbconvert/rst/unicode.ipynb', 404, /No exporter for format: rst\. It needs Jupyter's nbconvert/],
    ['nbconvert/html/gone.ipynb', 404, /does not exist: 'gone\.ipynb'/],
    ['nbconvert/html/broken.ipynb', 400, /broken\.ipynb: Unreadable notebook: line /],
    ['nbconvert/html/.hidden.ipynb', 404, /does not exist/],
    ['nbconvert/html/../../etc/passwd', 404, /./],
  ])('%s is %i', async (path, status, message) => {
    const answer = await server.fetch(path);
    expect([answer.status, await sentence(answer)]).toEqual([status, expect.stringMatching(message)]);
  });

  it('html has the colours of its language, and of the fences in its text', async () => {
    const cells = [
      {
        cell_type: 'code',
        metadata: {},
        outputs: [],
        execution_count: 1,
        source: 'f <- function(x) x + 1 # R',
      },
      { cell_type: 'markdown', metadata: {}, source: '```sql\nSELECT 1\n```\n\n```nonsense\nSELECT 1\n```' },
    ];
    const metadata = { language_info: { name: 'R', file_extension: '.r' } };
    writeFileSync(
      join(server.notebooks, 'colours.ipynb'),
      JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 4 }),
    );
    const text = await (await server.fetch('nbconvert/html/colours.ipynb')).text();
    expect(text).toContain('<span class="tok-keyword">function</span>');
    expect(text).toContain('<span class="tok-comment"># R</span>');
    expect(text.match(/<span class="tok-keyword">SELECT<\/span>/g)).toHaveLength(1);
  });

  it('of another file leads to the file', async () => {
    const answer = await server.fetch('nbconvert/html/a%20b.txt');
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/files/a%20b.txt']);
  });

  it('is refused to pages of other sites, and to those without a credential', async () => {
    const cross = await server.fetch('nbconvert/html/unicode.ipynb', {
      headers: { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' },
    });
    expect(cross.status).toBe(403);
    expect(
      (await fetch(`${server.url}nbconvert/html/unicode.ipynb`, { redirect: 'manual' })).status,
    ).not.toBe(200);
  });
});

describe('POST /nbconvert', () => {
  const post = (format: string, body: unknown) =>
    server.fetch(`nbconvert/${format}`, { method: 'POST', body: JSON.stringify(body) });

  it('converts what is not saved, in a sandbox as well', async () => {
    const content: unknown = JSON.parse(
      readFileSync(join(process.cwd(), 'test/notebooks/hostile.ipynb'), 'utf8'),
    );
    const answer = await post('html', { name: 'unsaved.ipynb', content });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-security-policy')).not.toMatch(/https:|allow-scripts/);
    expect(await answer.text()).toContain('<title>unsaved</title>');
  });

  it.each([
    [{}, 400],
    [{ content: 'text' }, 400],
    [{ content: { nbformat: 4, cells: 7 } }, 500],
  ])('%j is %i', async (body, status) => expect((await post('html', body)).status).toBe(status));
});

it('the formats are told, also to the client of JupyterLab', async () => {
  const expected = {
    html: { output_mimetype: 'text/html' },
    notebook: { output_mimetype: 'application/json' },
  };
  expect(await (await server.fetch('api/nbconvert')).json()).toMatchObject(expected);
  const manager = new NbConvertManager({
    serverSettings: ServerConnection.makeSettings({
      baseUrl: server.url,
      token: TOKEN,
      appendToken: false,
      WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
      fetch,
    }),
  });
  expect(Object.keys(await manager.getExportFormats())).toEqual([
    'html',
    'markdown',
    'notebook',
    'pdf',
    'script',
  ]);
});

describe("with Jupyter's nbconvert", () => {
  it('its formats are there, its failures are told, and it sees no secrets', async () => {
    // stands for the real one, which the tests of all tiers need not have
    const program = join(bin, 'jupyter-nbconvert');
    writeFileSync(
      program,
      `#!/bin/sh
if [ "$2" = asciidoc ]; then echo "no asciidoc today" >&2; exit 3; fi
/bin/mkdir -p out && echo "$JUPYTER_TOKEN|$*" > "out/notebook.$2"
if [ "$2" = latex ]; then /bin/cat notebook.ipynb > out/notebook.latex; fi
if [ "$2" = slides ]; then /bin/sleep 1000 & fi
`,
    );
    chmodSync(program, 0o755);
    const other = await startTestServer({
      onlyOwnKernel: true,
      environment: { ...process.env, PATH: bin, JUPYTER_TOKEN: 'secret' },
    });
    try {
      copyFileSync(join(process.cwd(), 'test/notebooks/unicode.ipynb'), join(other.notebooks, '-x;y.ipynb'));
      const rst = await other.fetch('nbconvert/rst/-x;y.ipynb');
      expect([rst.status, await rst.text()]).toEqual([200, '|--to rst --output-dir out notebook.ipynb\n']);
      expect(rst.headers.get('content-security-policy')).toBe('sandbox');

      // what it left running does not hold the answer up; scripts run in what the owner trusts alone
      const slides = await other.fetch('nbconvert/slides/-x;y.ipynb');
      expect([slides.status, slides.headers.get('content-security-policy')]).toEqual([
        200,
        'sandbox allow-scripts',
      ]);
      copyFileSync(join(process.cwd(), 'test/notebooks/hostile.ipynb'), join(other.notebooks, 'h.ipynb'));
      const foreign = await other.fetch('nbconvert/slides/h.ipynb');
      expect([foreign.status, foreign.headers.get('content-security-policy')]).toEqual([200, 'sandbox']);

      // names of files in a notebook lead to no file of ours
      const picture = { 'image/png': 'iVBORw0KGgo=' };
      const metadata = { filename: '/home/me/.bashrc', filenames: {}, 'image/png': { width: 5 } };
      const notebook = {
        nbformat: 4,
        nbformat_minor: 4,
        metadata: { title: 'T' },
        cells: [
          {
            cell_type: 'markdown',
            metadata: {},
            source: '![](attachment:../../.profile.png) ![](attachment:a%20b.png) ![](attachment:none)',
            attachments: { '../../.profile.png': picture, 'a b.png': picture },
          },
          {
            cell_type: 'code',
            metadata: {},
            source: '',
            execution_count: null,
            outputs: [{ output_type: 'display_data', data: picture, metadata }],
          },
        ],
      };
      // Python takes the last of two fields
      const twice = JSON.stringify(notebook).replace(
        '"metadata":{"filename"',
        '"metadata":{},"metadata":{"filen\\u0061me"',
      );
      writeFileSync(join(other.notebooks, 'names.ipynb'), twice);
      const sent = (await (await other.fetch('nbconvert/latex/names.ipynb')).json()) as typeof notebook;
      expect(sent).toEqual({
        ...notebook,
        cells: [
          {
            ...notebook.cells[0],
            source:
              '![](attachment:attachment_0_0.png) ![](attachment:attachment_0_1.png) ![](attachment:none)',
            attachments: { 'attachment_0_0.png': picture, 'attachment_0_1.png': picture },
          },
          {
            ...notebook.cells[1],
            outputs: [
              { output_type: 'display_data', data: picture, metadata: { 'image/png': { width: 5 } } },
            ],
          },
        ],
      });
      const failed = await other.fetch('nbconvert/asciidoc/-x;y.ipynb');
      expect([failed.status, await sentence(failed)]).toEqual([
        500,
        expect.stringContaining('nbconvert failed: no asciidoc today'),
      ]);
      expect(Object.keys((await (await other.fetch('api/nbconvert')).json()) as object)).toContain('slides');
    } finally {
      await other.close();
    }
  });
});
