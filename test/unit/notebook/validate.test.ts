import { expect, it } from 'vitest';
import { validateNotebook, validationMessage } from '../../../src/notebook/index.js';

const code = { cell_type: 'code', id: 'a', execution_count: null, metadata: {}, outputs: [], source: '' };
const notebook = (cells: unknown, rest = {}): object => ({
  cells,
  metadata: {},
  nbformat: 4,
  nbformat_minor: 5,
  ...rest,
});
const output = (value: unknown): object => notebook([{ ...code, outputs: [value] }]);

it.each<[string, unknown]>([
  ['no cells', notebook([])],
  ['lines', notebook([{ ...code, source: ['a\n', 'b'] }])],
  ['attachments', notebook([{ ...code, cell_type: 'raw', attachments: { f: { 'image/png': 'AA' } } }])],
  [
    'any JSON in JSON types',
    output({ output_type: 'display_data', metadata: {}, data: { 'application/x+json': [1] } }),
  ],
  ['no ids below 4.5', notebook([{ ...code, id: undefined }], { nbformat_minor: 4 })],
])('finds nothing wrong with %s', (_name, value) => {
  expect(validateNotebook(value)).toEqual([]);
  expect(validationMessage(value)).toBeUndefined();
});

it.each<[unknown, string[]]>([
  [[], ['']],
  [{}, ['/metadata', '/nbformat', '/nbformat_minor', '/cells']],
  [notebook([7]), ['/cells/0']],
  [notebook([{ ...code, cell_type: 'heading' }]), ['/cells/0/cell_type']],
  [notebook([{ ...code, metadata: [], source: 7 }]), ['/cells/0/metadata', '/cells/0/source']],
  [notebook([code, code]), ['/cells/1/id']],
  [notebook([{ ...code, id: 'a b' }]), ['/cells/0/id']],
  [notebook([{ ...code, id: 'x'.repeat(65) }]), ['/cells/0/id']],
  [
    notebook([{ ...code, execution_count: 1.5, outputs: {} }]),
    ['/cells/0/execution_count', '/cells/0/outputs'],
  ],
  [output('text'), ['/cells/0/outputs/0']],
  [output({ output_type: 'pyout' }), ['/cells/0/outputs/0/output_type']],
  [output({ output_type: 'stream' }), ['/cells/0/outputs/0/name', '/cells/0/outputs/0/text']],
  [
    output({ output_type: 'execute_result', data: { 'text/x~y': 7 }, metadata: {} }),
    ['/cells/0/outputs/0/execution_count', '/cells/0/outputs/0/data/text~1x~0y'],
  ],
  [output({ output_type: 'display_data' }), ['/cells/0/outputs/0/data', '/cells/0/outputs/0/metadata']],
  [
    output({ output_type: 'error', ename: 'E', traceback: [1] }),
    ['/cells/0/outputs/0/evalue', '/cells/0/outputs/0/traceback'],
  ],
  [notebook([{ ...code, attachments: [] }]), ['/cells/0/attachments']],
])('finds in %j the problems at %j', (value, paths) => {
  expect(validateNotebook(value).map(({ path }) => path)).toEqual(paths);
});

it('names the first problem and counts the others', () => {
  expect(validationMessage(notebook([{ ...code, source: 7, metadata: 7 }]))).toBe(
    'Notebook validation failed: /cells/0/metadata: must be an object (and 1 more)',
  );
  expect(validateNotebook(notebook(Array.from({ length: 100 }, () => 7)))).toHaveLength(20);
});
