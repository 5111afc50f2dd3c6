import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHtml, type HtmlParts } from '../../../src/export/html.js';
import { inertHtml, inertUnstyledHtml } from '../../../src/export/inert-html.js';
import { toMarkdown } from '../../../src/export/markdown.js';
import { viewOf, type NotebookView } from '../../../src/export/notebook-view.js';
import { toScript } from '../../../src/export/script.js';
import { readNotebook } from '../../../src/notebook/index.js';
import { rounds } from '../../tier.js';

const sample = (name: string): NotebookView =>
  viewOf(
    readNotebook(readFileSync(join(process.cwd(), 'test/notebooks', `${name}.ipynb`))),
    `${name}.ipynb`,
    false,
  );
const notebook = (cells: object[], metadata: object = {}): NotebookView =>
  viewOf(
    readNotebook(Buffer.from(JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 4 }))),
    'n.ipynb',
    false,
  );
const code = (source: string, execution_count: number | null = 1, outputs: object[] = []): object => ({
  cell_type: 'code',
  execution_count,
  metadata: {},
  outputs,
  source,
});
const markdown = (source: string): object => ({ cell_type: 'markdown', metadata: {}, source });
const parts: HtmlParts = {
  css: '',
  highlight: () => undefined,
  math: (tex, display) => `[${display ? 'display ' : ''}math ${tex}]`,
};

describe('a script', () => {
  it('has the code as it is, and text as comments', () => {
    expect(toScript(notebook([markdown('# Title\n\nText'), code('a = 1\na', 3), code('b', null)]))).toBe(
      '#!/usr/bin/env python\n# coding: utf-8\n\n\n# # Title\n#\n# Text\n\n\n# In[3]:\n\n\na = 1\na\n\n\n# In[ ]:\n\n\nb\n',
    );
  });

  it('calls what IPython calls for its own commands', () => {
    expect(
      toScript(notebook([code("%matplotlib inline\nif x:\n    !ls -l 'a'\n5 %2"), code('%%timeit -n 1\nx')])),
    ).toMatch(
      /get_ipython\(\)\.run_line_magic\('matplotlib', 'inline'\)\nif x:\n {4}get_ipython\(\)\.system\("ls -l 'a'"\)\n5 %2[^]*get_ipython\(\)\.run_cell_magic\('timeit', '-n 1', 'x'\)/,
    );
  });

  it('has comments of its language', () => {
    const language_info = { name: 'javascript', file_extension: '.js' };
    const view = notebook([markdown('Text'), code('1')], { language_info });
    expect([toScript(view), view.language.extension]).toEqual(['// Text\n\n\n// In[1]:\n\n\n1\n', '.js']);
    const types = ['text/x-y+z', 'text/x\r\nA: b', 'text', 7].map(
      (mimetype) => notebook([], { language_info: { name: 'x', mimetype } }).language.mimetype,
    );
    expect(types).toEqual(['text/x-y+z', 'text/plain', 'text/plain', 'text/plain']);
    expect(notebook([], { language_info: { name: 'x', file_extension: '/../x' } }).language.extension).toBe(
      '.txt',
    );
  });
});

describe('markdown', () => {
  it('has code in fences, text outputs indented, and pictures as files', () => {
    const { text, resources } = toMarkdown(sample('matplotlib'));
    expect(text).toContain(
      '```python\nx = np.linspace(0, 2 * np.pi)\nplt.plot(x, np.sin(x))\n```\n\n    [<matplotlib',
    );
    expect([...resources.keys()]).toEqual([
      'matplotlib_files/2_1.png',
      'matplotlib_files/3_1.png',
      'matplotlib_files/4_0.svg',
    ]);
    expect(text).toContain('![](matplotlib_files/2_1.png)');
    expect(
      Buffer.from(resources.get('matplotlib_files/2_1.png') ?? [])
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
  });

  it('keeps attachments as files, and fences longer than those inside', () => {
    const { text, resources } = toMarkdown(sample('attachments'));
    expect(text).toContain('![image.png](attachments_files/0_image.png)');
    expect(resources.size).toBe(2);
    const odd = toMarkdown({ ...sample('attachments'), title: 'A: x\\y' });
    expect([...odd.resources.keys()][0]).toBe('A_ x_y_files/0_image.png');
    expect(odd.text).toContain('(A_%20x_y_files/0_image.png)');
    expect(toMarkdown(notebook([code('"""```"""')])).text).toBe('````python\n"""```"""\n````\n');
  });
});

describe('html', () => {
  it('shows every kind of output without a script', () => {
    const html = toHtml(sample('pandas'), parts);
    expect(html).toContain(
      '<details class="output error" open><summary>KeyError: &#39;country&#39;</summary>',
    );
    expect(html).toContain('<template shadowrootmode="open">');
    expect(html).toContain('class="output stream stderr"');
    expect(html).toMatch(/class="ansi-red-fg"/);
    expect(toHtml(sample('matplotlib'), parts)).toContain('src="data:image/png;base64,iVBOR');
    expect(toHtml(sample('r'), parts)).toContain('A data.frame: 2 × 2');
    expect(toHtml(notebook([markdown('$x^2$ and $$y$$')]), parts)).toContain(
      '[math x^2] and [display math y]',
    );
  });

  it('numbers equations over the whole notebook, and what refers to them', () => {
    const cells = ['See $\\eqref{b}$.', '$$x \\label{a}$$', '$$y \\label{b}$$ and \\ref{none}'];
    const html = toHtml(notebook(cells.map(markdown)), parts);
    for (const shown of ['\\text{(2)}', 'x \\tag{1}', 'y \\tag{2}', '\\text{???}'])
      expect(html).toContain(shown);
  });

  it('forbids what could run or load, unless its owner trusts it: then pictures from outside', () => {
    const policy = /content="(default-src[^"]*)"/.exec(toHtml(sample('hostile'), parts))?.[1];
    expect(policy).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; font-src data:; base-uri 'none'; form-action 'none'",
    );
    expect(toHtml({ ...sample('hostile'), isTrusted: true }, parts)).toContain('img-src data: https:;');
  });

  it('escapes names and metadata', () => {
    const view = { ...sample('hostile'), title: '</title><script>x</script>' };
    expect(toHtml(view, parts)).toContain('<title>&lt;/title&gt;&lt;script&gt;x&lt;/script&gt;</title>');
  });
});

describe('inert html', () => {
  it.each([
    ['<b>x</b>', '<b>x</b>'],
    ['a<script>b</script>c', 'ac'],
    ['a<SCRIPT\nsrc=x>b', 'a'],
    ['<scr<script></script>ipt>x', 'x'],
    ['<meta http-equiv="refresh" content="0;url=x>y">z', 'z'],
    ['</template></div>x', '</div>x'],
    ['<form action=x><input name=y>z</form>', 'z'],
    ['<iframe srcdoc="<b>">x</iframe>y', 'y'],
    ['<base href=x><link rel=y>z', 'z'],
    ['a < b and <3', 'a < b and <3'],
  ])('of %j is %j', (html, inert) => expect(inertHtml(html)).toBe(inert));

  it('has no style where styles reach the page', () => {
    expect(inertUnstyledHtml('a<style>b{}</style>c<STYLE>d')).toBe('ac');
  });

  it('holds no tag of what was taken out, whatever it is made from', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      'script',
      'meta',
      'template',
      ' ',
      '"',
      "'",
      'x',
      '=',
      '<script>',
      '</script>',
      '<me',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        expect(inertHtml(pieces.join(''))).not.toMatch(/<\/?(script|meta|template)\b/i);
      }),
      { numRuns: rounds(300, 10_000) },
    );
  });
});
