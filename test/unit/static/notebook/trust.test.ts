/** Who trusts a notebook trusts what was there when the question was asked. */
import { afterAll, expect, it, vi } from 'vitest';
import { NotebookState } from '../../../../src/notebook/notebook-state.js';
import { applyAll } from '../../../../src/notebook/operations-apply.js';
import type { Operation } from '../../../../src/notebook/operations.js';
import type { Cell } from '../../../../src/notebook/types.js';
import type { NotebookContext } from '../../../../static/notebook/notebook-context.js';

/** What happens while the dialog is open; true: "Trust" was pressed. */
let meanwhile: () => boolean;
vi.resetModules();
vi.doMock('../../../../static/base/dialog.js', () => ({ confirmDialog: () => Promise.resolve(meanwhile()) }));
vi.doMock('../../../../static/base/api.js', () => ({
  api: { post: (path: string) => posted.push(path) },
  ApiError: class extends Error {},
}));
const { trustNotebook } = await import('../../../../static/notebook/commands/trust.js');
afterAll(() => {
  vi.doUnmock('../../../../static/base/dialog.js');
  vi.doUnmock('../../../../static/base/api.js');
  vi.resetModules();
});

const posted: string[] = [];
const output = (text: string) => ({ output_type: 'stream' as const, name: 'stdout' as const, text });
const cell = (id: string, outputs: Cell['outputs']): Cell => ({
  id,
  cell_type: 'code',
  source: '',
  metadata: {},
  execution_count: null,
  ...(outputs === undefined ? {} : { outputs }),
});

it.each<[string, boolean, Operation[], string | undefined, string[]]>([
  ['trusts what it asked about', true, [], undefined, ['api/contents/a%20b.ipynb/trust']],
  ['does nothing without a yes', false, [], undefined, []],
  [
    'trusts no other outputs of a cell',
    true,
    [{ op: 'set-outputs', id: 'a', outputs: [output('other')], execution_count: null }],
    'Outputs came from elsewhere',
    [],
  ],
  [
    'trusts no cell that came meanwhile',
    true,
    [{ op: 'insert-cell', cell: cell('b', [output('new')]), after: 'a' }],
    'Outputs came from elsewhere',
    [],
  ],
  [
    'is not held up by what is changed elsewhere in the notebook',
    true,
    [{ op: 'set-metadata', id: 'a', metadata: { tags: ['x'] } }],
    undefined,
    ['api/contents/a%20b.ipynb/trust'],
  ],
])('%s', async (_what, yes, ops, problem, expected) => {
  posted.length = 0;
  const view = NotebookState.fromCells({}, [cell('a', [output('first')])]);
  const untrusted = new Set(['a']);
  const notebook = { view, client: { sync: { untrusted }, path: { value: 'a b.ipynb' } } };
  meanwhile = () => {
    applyAll(view, ops);
    for (const op of ops) if (op.op === 'insert-cell') untrusted.add(op.cell.id);
    return yes;
  };
  const done = trustNotebook(notebook as unknown as NotebookContext, () => Promise.resolve());
  if (problem === undefined) await done;
  else await expect(done).rejects.toThrow(problem);
  expect(posted).toEqual(expected);
});
