import { ChangeSet } from '@codemirror/state';
import { describe, expect, it } from 'vitest';
import { CellState, NotebookState } from '../../../src/notebook/notebook-state.js';
import {
  apply,
  applyAll,
  carryOver,
  checkOperation,
  checkPageOperation,
  invert,
  OperationError,
  PAGE_OPERATIONS,
  Rebase,
  type Operation,
} from '../../../src/notebook/operations.js';
import type { Cell } from '../../../src/notebook/types.js';
import {
  plain,
  Random,
  randomNotebook,
  randomPageOperation,
  randomServerOperation,
} from './random-operations.js';

const code = (id: string, source = '', extra: Partial<Cell> = {}): Cell => ({
  id,
  cell_type: 'code',
  source,
  metadata: {},
  outputs: [],
  execution_count: null,
  ...extra,
});
const notebook = (...ids: string[]) =>
  NotebookState.fromCells(
    {},
    ids.map((id) => code(id, `${id}\n`)),
  );
const editing = (id: string, before: string, from: number, to: number, insert: string): Operation => ({
  op: 'edit-source',
  id,
  changes: ChangeSet.of({ from, to, insert }, before.length).toJSON(),
});

describe('apply', () => {
  it('puts a cell behind its anchor, and at the top behind null', () => {
    const state = notebook('a', 'b');
    apply(state, { op: 'insert-cell', cell: code('c'), after: 'a' });
    apply(state, { op: 'insert-cell', cell: code('d'), after: null });
    expect(state.ids).toEqual(['d', 'a', 'c', 'b']);
  });

  it('takes a deleted anchor for what stood before it, through several deletions', () => {
    const state = notebook('a', 'b', 'c', 'd');
    for (const id of ['c', 'b']) apply(state, { op: 'delete-cell', id });
    const insert: Operation = { op: 'insert-cell', cell: code('x'), after: 'c' };
    expect(apply(state, insert)).toEqual({ ...insert, after: 'a' });
    expect(state.ids).toEqual(['a', 'x', 'd']);
    apply(state, { op: 'delete-cell', id: 'a' });
    expect(apply(state, { op: 'move-cell', id: 'd', after: 'a' })).toMatchObject({ after: null });
    expect(state.ids).toEqual(['d', 'x']);
  });

  it('takes an anchor it never heard of for the end', () => {
    const state = notebook('a', 'b');
    apply(state, { op: 'move-cell', id: 'a', after: 'stranger' });
    expect(state.ids).toEqual(['b', 'a']);
  });

  it.each<[string, Operation]>([
    ['a cell that is gone', { op: 'delete-cell', id: 'x' }],
    ['a cell that is there already', { op: 'insert-cell', cell: code('a'), after: null }],
    ['a move to where it stands', { op: 'move-cell', id: 'b', after: 'a' }],
    ['a move behind itself', { op: 'move-cell', id: 'b', after: 'b' }],
    ['a type that it has', { op: 'set-cell-type', id: 'a', cell_type: 'code' }],
    ['an output that does not exist', { op: 'extend-stream', id: 'a', index: 0, text: 't' }],
  ])('says null and changes nothing for %s', (_, op) => {
    const state = notebook('a', 'b');
    const before = plain(state);
    expect(apply(state, op)).toBeNull();
    expectInverse(notebook('a', 'b'), op);
    expect(plain(state)).toEqual(before);
  });

  it('counts every line end as one position, as an editor does', () => {
    const state = NotebookState.fromCells({}, [code('a', 'x\r\ny')]);
    apply(state, editing('a', 'x\ny', 3, 3, '!'));
    expect(state.cell('a')?.cell.source).toBe('x\ny!');
  });

  it('refuses an edit that was made on another text', () => {
    expect(() => apply(notebook('a'), editing('a', 'longer text', 0, 0, 'x'))).toThrow(OperationError);
  });

  it('keeps fields of a cell that it does not know', () => {
    const state = NotebookState.fromCells({}, [code('a', 'x', { extension: { deep: 1 } } as Partial<Cell>)]);
    apply(state, editing('a', 'x', 1, 1, 'y'));
    apply(state, { op: 'set-cell-type', id: 'a', cell_type: 'markdown' });
    expect(state.cell('a')?.cell).toEqual({
      id: 'a',
      cell_type: 'markdown',
      source: 'xy',
      metadata: {},
      extension: { deep: 1 },
    });
  });

  it('writes the count of a run into the cell and leaves the rest out of it', () => {
    const state = notebook('a');
    const execution = { state: 'running', count: 5, started: 10 } as const;
    apply(state, { op: 'set-execution', id: 'a', execution });
    expect(state.cell('a')?.cell.execution_count).toBe(5);
    expect(state.cell('a')?.run).toEqual(execution);
    apply(state, { op: 'clear-outputs', id: 'a' });
    expect(state.cell('a')?.run).toEqual({ ...execution, count: null });
  });

  it('parses only the cells that it touches', () => {
    const parsed: string[] = [];
    const lazy = ['a', 'b', 'c'].map(
      (id) =>
        new CellState(id, () => {
          parsed.push(id);
          return code(id, 'x');
        }),
    );
    const state = new NotebookState({}, lazy);
    apply(state, { op: 'move-cell', id: 'a', after: 'c' });
    apply(state, editing('b', 'x', 0, 0, 'y'));
    expect(parsed).toEqual(['b']);
  });

  it('forgets where a cell was read from when the file would change, and only then', () => {
    const origin = {};
    const state = new NotebookState({}, [new CellState('a', code('a', 'x'), undefined, origin)]);
    apply(state, { op: 'set-execution', id: 'a', execution: { state: 'queued', count: null } });
    expect(state.cell('a')?.origin).toBe(origin);
    apply(state, { op: 'set-execution', id: 'a', execution: { state: 'running', count: 1 } });
    expect(state.cell('a')?.origin).toBeUndefined();
  });
});

describe('applyAll', () => {
  it('changes nothing when one operation does not fit', () => {
    const state = notebook('a', 'b');
    const before = plain(state);
    const ops: Operation[] = [
      { op: 'delete-cell', id: 'a' },
      { op: 'insert-cell', cell: code('n'), after: 'b' },
      editing('b', 'b\n', 0, 1, 'z'),
      editing('b', 'not its text', 0, 0, 'z'),
    ];
    expect(() => applyAll(state, ops)).toThrow(OperationError);
    expect(plain(state)).toEqual(before);
  });

  it('returns what took effect', () => {
    const move: Operation = { op: 'move-cell', id: 'a', after: 'b' };
    expect(applyAll(notebook('a', 'b'), [{ op: 'delete-cell', id: 'x' }, move]).applied).toEqual([move]);
  });
});

function expectInverse(state: NotebookState, op: Operation): void {
  const before = JSON.stringify(plain(state));
  const inverse = invert(op, state);
  apply(state, op);
  for (const back of inverse) apply(state, back);
  expect(plain(state)).toEqual(JSON.parse(before));
}

describe('invert', () => {
  it('leads back from random operations on random notebooks', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const random = new Random(seed);
      const state = randomNotebook(random);
      for (let step = 0; step < 12; step += 1) {
        const make = random.chance(0.5) ? randomPageOperation : randomServerOperation;
        const op = make(random, state);
        // An edited text has lost its \r\n; the inverse of an edit brings the text back, with plain line ends.
        if (op.op === 'edit-source') normalise(state, op.id);
        expectInverse(state, op);
        apply(state, op);
      }
    }
  });

  function normalise(state: NotebookState, id: string): void {
    const cell = state.cell(id);
    if (cell !== undefined) state.replace(cell.withText(cell.text));
  }
});

describe('Rebase', () => {
  it('makes two orders of the same edits meet', () => {
    const server = notebook('a');
    const theirs = editing('a', 'a\n', 1, 1, 'THEIRS');
    const ours = [editing('a', 'a\n', 1, 1, 'ours'), editing('a', 'aours\n', 0, 1, 'A')];
    apply(server, theirs);
    const rebase = new Rebase([theirs]);
    for (const op of ours) {
      const carried = rebase.carry(op, (id) => !server.has(id));
      expect(carried).not.toBeNull();
      if (carried !== null) apply(server, carried);
    }
    const page = notebook('a');
    for (const op of ours) apply(page, op);
    const { edit } = carryOver(ours, theirs, () => true);
    apply(page, { op: 'edit-source', id: 'a', changes: edit?.toJSON() });
    expect(server.cell('a')?.cell.source).toBe('ATHEIRSours\n');
    expect(page.cell('a')?.cell.source).toBe(server.cell('a')?.cell.source);
  });

  it('leaves what it need not change as the same object', () => {
    const rebase = new Rebase([editing('a', 'a\n', 0, 0, 'x')]);
    const op = editing('b', 'b\n', 0, 0, 'y');
    expect(rebase.carry(op, () => true)).toBe(op);
  });

  it('drops an edit whose cell was deleted, put back or not', () => {
    const back: Operation[] = [
      { op: 'delete-cell', id: 'a' },
      { op: 'insert-cell', cell: code('a', 'a\n'), after: null },
    ];
    for (const accepted of [back.slice(0, 1), back]) {
      expect(new Rebase(accepted).carry(editing('a', 'a\n', 0, 0, 'x'), () => false)).toBeNull();
    }
  });

  it('lets edits follow on the text of a cell that the batch itself puts back', () => {
    const rebase = new Rebase([{ op: 'delete-cell', id: 'a' }]);
    rebase.carry({ op: 'insert-cell', cell: code('a', 'new'), after: null }, () => true);
    const op = editing('a', 'new', 0, 0, 'x');
    expect(rebase.carry(op, () => true)).toBe(op);
  });
});

describe('checkOperation', () => {
  it('lets every random operation through, as JSON brings it', () => {
    const random = new Random(7);
    for (let n = 0; n < 500; n += 1) {
      const state = randomNotebook(random);
      const page: unknown = JSON.parse(JSON.stringify(randomPageOperation(random, state)));
      expect(checkPageOperation(page)).toBe(page);
      expect(PAGE_OPERATIONS).toContain((page as Operation).op);
      const server: unknown = JSON.parse(JSON.stringify(randomServerOperation(random, state)));
      expect(checkOperation(server)).toBe(server);
    }
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a list', []],
    ['an unknown name', { op: 'format-disk' }],
    ['the name of an inherited property', { op: 'constructor' }],
    ['no id', { op: 'delete-cell' }],
    ['an id for a file name', { op: 'insert-cell', cell: code('../x'), after: null }],
    ['a cell without metadata', { op: 'insert-cell', cell: { ...code('x'), metadata: null }, after: null }],
    [
      'a code cell without outputs',
      { op: 'insert-cell', cell: { ...code('x'), outputs: undefined }, after: null },
    ],
    [
      'a markdown cell with outputs',
      { op: 'insert-cell', cell: { ...code('x'), cell_type: 'markdown' }, after: null },
    ],
    ['an anchor that is a number', { op: 'move-cell', id: 'a', after: 1 }],
    ['an unknown type', { op: 'set-cell-type', id: 'a', cell_type: 'heading' }],
    ['changes that are no list', { op: 'edit-source', id: 'a', changes: 'x' }],
    ['negative changes', { op: 'edit-source', id: 'a', changes: [-1] }],
    ['a broken line', { op: 'edit-source', id: 'a', changes: [[0, 'a\nb']] }],
    ['metadata that is a list', { op: 'set-metadata', id: 'a', metadata: [] }],
    ['outputs that are none', { op: 'set-outputs', id: 'a', outputs: [{}], execution_count: null }],
    ['a count that is a string', { op: 'set-outputs', id: 'a', outputs: [], execution_count: '1' }],
  ])('refuses %s with a sentence', (_, value) => {
    expect(() => checkOperation(value)).toThrow(/\.$/);
    expect(() => checkOperation(value)).toThrow(OperationError);
  });

  it('refuses from a page what only the server makes', () => {
    const op = {
      op: 'append-output',
      id: 'a',
      outputs: [{ output_type: 'stream', name: 'stdout', text: '' }],
    };
    expect(checkOperation(op)).toBe(op);
    expect(() => checkPageOperation(op)).toThrow('made by the server');
  });
});
