import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readNotebook, notebookContent } from '../../../src/notebook/index.js';
import { checkNotebook } from '../../../src/notebook/validate.js';

const code = { cell_type: 'code', id: 'a', execution_count: null, metadata: {}, outputs: [], source: '' };
const withoutId = { cell_type: 'code', execution_count: null, metadata: {}, outputs: [], source: '' };
const markdown = { cell_type: 'markdown', id: 'm', metadata: {}, source: '' };
const notebook = (cells: unknown, rest = {}): object => ({
  cells,
  metadata: {},
  nbformat: 4,
  nbformat_minor: 5,
  ...rest,
});
const output = (value: unknown): object => notebook([{ ...code, outputs: [value] }]);
const display = (data: unknown) => output({ output_type: 'display_data', metadata: {}, data });

describe('a notebook is valid', () => {
  it.each<[string, unknown]>([
    ['without cells', notebook([])],
    ['with lists of lines', notebook([{ ...code, source: ['a\n', 'b'] }])],
    ['with attachments', notebook([{ ...markdown, attachments: { f: { 'image/png': 'AA' } } }])],
    ['with any JSON in JSON types', display({ 'application/x+json': [1], 'application/json': 7 })],
    ['in format 4.5 with fields in metadata', notebook([{ ...code, metadata: { x: 1, trusted: true } }])],
    [
      'in a later format with fields we do not know',
      notebook([{ ...code, x: 1 }], { nbformat_minor: 9, y: 1 }),
    ],
    [
      'in a later format with kinds we do not know',
      notebook([{ ...code, cell_type: 'chart' }], { nbformat_minor: 6 }),
    ],
    ...[0, 1, 2, 3, 4].map((minor): [string, unknown] => [
      `in format 4.${minor} without ids`,
      notebook([withoutId], { nbformat_minor: minor }),
    ]),
  ])('%s', (_name, value) => {
    const { problems, message } = checkNotebook(value);
    expect(problems).toEqual([]);
    expect(message).toBeUndefined();
  });
});

describe('what is wrong is told with its place', () => {
  it.each<[unknown, string[]]>([
    [[], [': a notebook must be an object']],
    [{}, [": 'metadata' is missing"]],
    [notebook({}), ['/cells: must be a list']],
    [notebook([7]), ['/cells/0: a cell must be an object']],
    [notebook([], { nbformat_minor: '5' }), ['/nbformat_minor: must be a whole number']],
    [
      notebook([], { metadata: { kernelspec: { name: 'x' } } }),
      ["/metadata/kernelspec: 'display_name' is missing"],
    ],
    [notebook([], { extra: 1 }), [": format 4.5 has no 'extra' here"]],
    [
      notebook([{ ...code, cell_type: 'heading' }]),
      ['/cells/0/cell_type: must be "code", "markdown" or "raw", not "heading"'],
    ],
    [notebook([markdown, { ...code, metadata: [] }]), ['/cells/1/metadata: must be an object']],
    [notebook([{ ...code, source: 7 }]), ['/cells/0/source: must be a text or a list of lines']],
    [notebook([{ ...markdown, outputs: [] }]), ["/cells/0: format 4.5 has no 'outputs' here"]],
    [notebook([code, code]), ['/cells/1/id: is used by an earlier cell too: "a"']],
    [notebook([withoutId]), ["/cells/0: 'id' is missing"]],
    [notebook([code], { nbformat_minor: 4 }), ["/cells/0: format 4.4 has no 'id' here"]],
    ...['a b', '', 'x'.repeat(65)].map((id): [unknown, string[]] => [
      notebook([{ ...code, id }]),
      ['/cells/0/id: must be 1 to 64 letters, digits, - or _'],
    ]),
    [
      notebook([{ ...code, execution_count: 1.5 }]),
      ['/cells/0/execution_count: must be a whole number or null'],
    ],
    [notebook([{ ...code, outputs: {} }]), ['/cells/0/outputs: must be a list']],
    [
      notebook([{ ...code, metadata: { tags: ['a,b'] } }]),
      ['/cells/0/metadata/tags/0: must be a text without commas'],
    ],
    [
      notebook([{ ...code, metadata: { tags: ['a', 'a'] } }]),
      ['/cells/0/metadata/tags: must not name the same twice'],
    ],
    [
      notebook([{ ...code, metadata: { scrolled: 1 } }]),
      ['/cells/0/metadata/scrolled: must be true or false or "auto"'],
    ],
    [output('text'), ['/cells/0/outputs/0: an output must be an object']],
    [
      output({ output_type: 'pyout' }),
      [
        '/cells/0/outputs/0/output_type: must be "execute_result", "display_data", "stream" or "error", not "pyout"',
      ],
    ],
    [output({ output_type: 'stream', name: 'stdout' }), ["/cells/0/outputs/0: 'text' is missing"]],
    [output({ output_type: 'display_data', metadata: {} }), ["/cells/0/outputs/0: 'data' is missing"]],
    [display({ 'text/x~y': 7 }), ['/cells/0/outputs/0/data/text~1x~0y: must be a text or a list of lines']],
    [
      output({ output_type: 'error', ename: 'E', evalue: '', traceback: [1] }),
      ['/cells/0/outputs/0/traceback/0: must be a text'],
    ],
    [
      notebook([
        { ...code, source: 7, outputs: [{ output_type: 'stream' }, { output_type: 'display_data' }] },
        { ...markdown, source: 7 },
      ]),
      [
        '/cells/0/source: must be a text or a list of lines',
        "/cells/0/outputs/0: 'name' is missing",
        "/cells/0/outputs/1: 'data' is missing",
        '/cells/1/source: must be a text or a list of lines',
      ],
    ],
  ])('%j', (value, problems) => {
    expect(checkNotebook(value).problems.map(({ path, problem }) => `${path}: ${problem}`)).toEqual(problems);
  });

  it('in one sentence, with the number of others', () => {
    const one = notebook([{ ...code, source: 7 }]);
    expect(checkNotebook(one).message).toBe(
      'Notebook validation failed: /cells/0/source: must be a text or a list of lines',
    );
    const many = checkNotebook(notebook(Array.from({ length: 100 }, () => 7)));
    expect(many.problems).toHaveLength(20);
    expect(many.message).toBe(
      'Notebook validation failed: /cells/0: a cell must be an object (and at least 19 more)',
    );
  });

  it('in a file that was read', () => {
    const path = join(process.cwd(), 'test/notebooks/broken/wrong-kinds.ipynb.txt');
    const file = readNotebook(readFileSync(path));
    expect(checkNotebook(notebookContent(file, false)).problems.map(({ path }) => path)).toEqual([
      '/cells/0/outputs/0',
      '/cells/0/outputs/1/text',
      '/cells/1/source',
    ]);
  });
});
