import { describe, expect, it } from 'vitest';
import { NotebookState } from '../../../../src/notebook/notebook-state.js';
import { applyAll } from '../../../../src/notebook/operations-apply.js';
import type { Operation } from '../../../../src/notebook/operations.js';
import type { Cell } from '../../../../src/notebook/types.js';
import { attachPictures } from '../../../../static/notebook/attachments.js';
import {
  changeType,
  deleteCells,
  mergeCells,
  moveCells,
  pasteCells,
  setFlag,
  splitCell,
  toHeading,
} from '../../../../static/notebook/cell-actions.js';

const code = (id: string, source: string, fields: Partial<Cell> = {}): Cell => ({
  id,
  cell_type: 'code',
  source,
  metadata: {},
  outputs: [],
  execution_count: null,
  ...fields,
});
const text = (id: string, source: string, fields: Partial<Cell> = {}): Cell => ({
  id,
  cell_type: 'markdown',
  source,
  metadata: {},
  ...fields,
});
const state = (...cells: Cell[]) => NotebookState.fromCells({}, cells);
const sources = (notebook: NotebookState) => [...notebook.cells()].map((cell) => cell.cell.source);
const after = (notebook: NotebookState, ops: Operation[]) => {
  applyAll(notebook, ops);
  return sources(notebook);
};

describe('delete', () => {
  it('keeps cells that must not be deleted', () => {
    const notebook = state(code('a', '1'), code('b', '2', { metadata: { deletable: false } }));
    expect(after(notebook, deleteCells(notebook, ['a', 'b']))).toEqual(['2']);
  });

  it('leaves an empty cell in a notebook that would have none', () => {
    const notebook = state(code('a', '1'), code('b', '2'));
    expect(after(notebook, deleteCells(notebook, ['a', 'b']))).toEqual(['']);
  });
});

describe('cells that must not be edited or deleted', () => {
  const locked = (flag: 'editable' | 'deletable') =>
    state(
      code('a', 'one\ntwo', { metadata: { [flag]: false } }),
      code('b', 'free'),
      text('m', 'text', { metadata: { [flag]: false } }),
    );
  const picture = { name: 'p.png', mime: 'image/png', base64: 'AA==' };
  it.each<[string, (notebook: NotebookState) => Operation[], changesTheText: boolean]>([
    ['merge', (notebook) => mergeCells(notebook, ['a', 'b']), false],
    ['merge into another', (notebook) => mergeCells(notebook, ['b', 'm']), false],
    ['split', (notebook) => splitCell(notebook, 'a', [3]), false],
    ['change the type', (notebook) => changeType(notebook, ['a'], 'markdown'), true],
    ['make a heading', (notebook) => toHeading(notebook, 'a', 2), true],
    ['take a picture', (notebook) => attachPictures(notebook, 'm', [picture], 0), true],
  ])('do not %s', (_what, act, changesTheText) => {
    expect(act(locked('editable'))).toEqual([]);
    expect(act(locked('deletable')).length > 0).toBe(changesTheText);
    // what is free does all of it
    expect(act(state(code('a', 'one\ntwo'), code('b', 'free'), text('m', 'text'))).length).toBeGreaterThan(0);
  });
});

describe('move', () => {
  const abcd = () => state(code('a', 'a'), code('b', 'b'), code('c', 'c'), code('d', 'd'));
  it.each<[string[], 'up' | 'down', string]>([
    [['b', 'c'], 'up', 'bcad'],
    [['b', 'c'], 'down', 'adbc'],
    [['a'], 'up', 'abcd'],
    [['d'], 'down', 'abcd'],
    [['a'], 'down', 'bacd'],
    [['d'], 'up', 'abdc'],
    [[], 'up', 'abcd'],
  ])('%j %s', (ids, direction, expected) => {
    const notebook = abcd();
    expect(after(notebook, moveCells(notebook, ids, direction)).join('')).toBe(expected);
  });
});

describe('split', () => {
  it.each<[string, number[], string[]]>([
    ['one\ntwo', [4], ['one', 'two']],
    ['one\ntwo', [3], ['one', 'two']],
    ['one\n\n\ntwo', [4], ['one', 'two']],
    ['abc', [0], ['', 'abc']],
    ['abc', [3], ['abc', '']],
    ['abc', [1, 2], ['a', 'b', 'c']],
    ['abc', [2, 1, 2], ['a', 'b', 'c']],
    ['abc', [], ['abc']],
    ['abc', [99], ['abc']],
  ])('%j at %j', (source, carets, expected) => {
    const notebook = state(text('x', 'before'), code('a', source), text('y', 'behind'));
    expect(after(notebook, splitCell(notebook, 'a', carets))).toEqual(['before', ...expected, 'behind']);
  });

  it('leaves the outputs with the last part', () => {
    const output = { output_type: 'stream' as const, name: 'stdout' as const, text: 'x' };
    const notebook = state(code('a', 'one\ntwo', { outputs: [output] }));
    applyAll(notebook, splitCell(notebook, 'a', [4]));
    expect([...notebook.cells()].map((cell) => cell.cell.outputs?.length)).toEqual([0, 1]);
    expect(notebook.cell('a')?.cell.source).toBe('two');
  });
});

describe('merge', () => {
  it('joins with an empty line, into the first cell', () => {
    const notebook = state(code('a', 'one'), code('b', 'two'), text('c', 'three'));
    expect(after(notebook, mergeCells(notebook, ['a', 'b', 'c']))).toEqual(['one\n\ntwo\n\nthree']);
    expect(notebook.ids).toEqual(['a']);
  });

  it('keeps the attachments of text cells', () => {
    const notebook = state(
      text('a', 'one', { attachments: { 'a.png': { 'image/png': 'AA' } } }),
      text('b', 'two', { attachments: { 'b.png': { 'image/png': 'BB' } } }),
    );
    applyAll(notebook, mergeCells(notebook, ['a', 'b']));
    expect(Object.keys(notebook.cell('a')?.cell.attachments ?? {})).toEqual(['a.png', 'b.png']);
  });

  it('does nothing with one cell', () => {
    const notebook = state(code('a', 'one'));
    expect(mergeCells(notebook, ['a'])).toEqual([]);
  });
});

describe('headings', () => {
  it.each([
    ['title', 1, '# title'],
    ['# title', 3, '### title'],
    ['  ##title\nmore', 2, '## title\nmore'],
    ['', 1, '# '],
  ])('%j to level %d', (source, level, expected) => {
    const notebook = state(code('a', source));
    expect(after(notebook, toHeading(notebook, 'a', level))).toEqual([expected]);
    expect(notebook.cell('a')?.cell.cell_type).toBe('markdown');
  });
});

describe('paste', () => {
  it('gives every copy an id of its own, in order', () => {
    const notebook = state(code('a', '1'), code('b', '2'));
    const { ops, ids } = pasteCells(notebook, [code('a', 'x'), text('a', 'y')], 'a');
    expect(after(notebook, ops)).toEqual(['1', 'x', 'y', '2']);
    expect(new Set([...ids, 'a', 'b']).size).toBe(4);
  });
});

describe('flags and types', () => {
  it('writes no flag that is off, except scrolled', () => {
    const notebook = state(code('a', '', { metadata: { collapsed: true, other: 1 } }));
    applyAll(notebook, setFlag(notebook, 'a', 'collapsed', false));
    expect(notebook.cell('a')?.cell.metadata).toEqual({ other: 1 });
    applyAll(notebook, setFlag(notebook, 'a', 'scrolled', false));
    expect(notebook.cell('a')?.cell.metadata).toEqual({ other: 1, scrolled: false });
    expect(setFlag(notebook, 'a', 'scrolled', false)).toEqual([]);
  });

  it('changes only what has another type', () => {
    expect(changeType(state(code('a', ''), text('b', '')), ['a', 'b'], 'code')).toEqual([
      { op: 'set-cell-type', id: 'b', cell_type: 'code' },
    ]);
  });
});
