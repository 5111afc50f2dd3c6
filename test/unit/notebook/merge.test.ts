import { Text } from '@codemirror/state';
import { describe, expect, it } from 'vitest';
import { matchCells } from '../../../src/notebook/match-cells.js';
import { alignFile, mergeNotebooks } from '../../../src/notebook/merge.js';
import { lineChanges, mergeWithMarks } from '../../../src/notebook/merge-text.js';
import { readNotebook } from '../../../src/notebook/index.js';
import { NotebookState, sourceText } from '../../../src/notebook/notebook-state.js';
import { applyAll } from '../../../src/notebook/operations.js';
import type { Cell, Output } from '../../../src/notebook/types.js';
import { rounds } from '../../tier.js';
import { Random, plain, randomNotebook, randomPageOperation } from './random-operations.js';

const raw = (id: string, source: string): Cell => ({ id, cell_type: 'raw', source, metadata: {} });
const code = (id: string, outputs: Output[]): Cell => ({
  id,
  cell_type: 'code',
  source: id,
  metadata: {},
  outputs,
  execution_count: null,
});
const text = (value: string): Output => ({ output_type: 'stream', name: 'stdout', text: value });
const state = (cells: Cell[], metadata = {}) => NotebookState.fromCells(metadata, cells);

/** The merged notebook. */
function merged(base: Cell[], ours: Cell[], theirs: Cell[]) {
  const result = state(ours);
  const { ops, collisions } = mergeNotebooks(state(base), result, state(theirs));
  applyAll(result, ops);
  return { cells: [...result.cells()].map(({ id, cell }) => `${id}:${cell.source}`), collisions };
}
const cells = (...texts: string[]) => texts.map((one) => raw(one.slice(0, 1), one.slice(2)));

describe('mergeNotebooks', () => {
  it.each([
    ['theirs edited', 'a:1 b:2', 'a:1 b:2', 'a:1 b:3', 'a:1 b:3'],
    ['each edited another cell', 'a:1 b:2', 'a:9 b:2', 'a:1 b:3', 'a:9 b:3'],
    ['both made the same edit', 'a:1', 'a:2', 'a:2', 'a:2'],
    ['theirs inserted at the top, ours at the end', 'a:1', 'a:1 b:2', 'c:3 a:1', 'c:3 a:1 b:2'],
    ['both inserted behind one cell', 'a:1 z:0', 'a:1 b:2 z:0', 'a:1 c:3 z:0', 'a:1 c:3 b:2 z:0'],
    ['theirs deleted', 'a:1 b:2 c:3', 'a:1 b:2 c:3', 'a:1 c:3', 'a:1 c:3'],
    ['theirs deleted what ours edited: it stays', 'a:1 b:2', 'a:1 b:9', 'a:1', 'a:1 b:9'],
    [
      'ours deleted what theirs edited: it comes back',
      'a:1 b:2 c:3',
      'a:1 c:3',
      'a:1 b:9 c:3',
      'a:1 b:9 c:3',
    ],
    ['ours deleted what theirs left alone', 'a:1 b:2', 'a:1', 'a:1 b:2', 'a:1'],
    ['theirs moved, ours edited the same cell', 'a:1 b:2 c:3', 'a:1 b:2 c:9', 'c:3 a:1 b:2', 'c:9 a:1 b:2'],
    ['both deleted', 'a:1 b:2', 'a:1', 'a:1', 'a:1'],
    ['another notebook altogether', 'a:1 b:2', 'a:1 b:2', 'x:7 y:8', 'x:7 y:8'],
    ['theirs is empty', 'a:1 b:2', 'a:1 b:9', '', 'b:9'],
  ])('%s', (_, base, ours, theirs, expected) => {
    const split = (notebook: string) => cells(...notebook.split(' ').filter(Boolean));
    const result = merged(split(base), split(ours), split(theirs));
    expect(result.cells.join(' ')).toBe(expected);
    expect(result.collisions).toEqual([]);
  });

  it('merges lines of one cell, and hands out a text that collides', () => {
    const base = 'one\ntwo\nthree\nfour';
    expect(merged(cells(`a:${base}`), cells(`a:ONE\ntwo\nthree\nfour`), cells(`a:${base}!`)).cells).toEqual([
      'a:ONE\ntwo\nthree\nfour!',
    ]);
    const collided = merged(cells('a:x = 1'), cells('a:x = 2'), cells('a:x = 3'));
    expect(collided).toEqual({ cells: ['a:x = 2'], collisions: [{ id: 'a', theirs: 'x = 3' }] });
  });

  it('takes outputs that only they changed, and keeps ours where the cell ran here or is running', () => {
    const base = state([code('a', [text('1')]), code('b', [text('1')]), code('c', [])]);
    const ours = state([code('a', [text('1')]), code('b', [text('ran')]), code('c', [])]);
    const theirs = state(['a', 'b', 'c'].map((id) => code(id, [text('2')])));
    applyAll(ours, mergeNotebooks(base, ours, theirs, (id) => id === 'c').ops);
    expect([...ours.cells()].map(({ cell }) => cell.outputs)).toEqual([[text('2')], [text('ran')], []]);
  });

  it('does not delete a running cell', () => {
    const both = [code('a', []), code('b', [])];
    const { ops } = mergeNotebooks(state(both), state(both), state([]), (id) => id === 'a');
    expect(ops).toEqual([{ op: 'delete-cell', id: 'b' }]);
  });

  it('merges metadata key by key; where both changed one, ours stays', () => {
    const base = state([], { kernelspec: { name: 'a' }, both: 1, gone: 1 });
    const ours = state([], { kernelspec: { name: 'a', language: 'l' }, both: 2, gone: 1 });
    const theirs = state([], { kernelspec: { name: 'b' }, both: 3, tags: ['t'] });
    applyAll(ours, mergeNotebooks(base, ours, theirs).ops);
    expect(ours.metadata).toEqual({ kernelspec: { name: 'b', language: 'l' }, both: 2, tags: ['t'] });
  });

  it('is the other side when ours is unchanged, and nothing when theirs is; no cell is lost or doubled', () => {
    for (let seed = 1; seed <= rounds(150, 1_500); seed += 1) {
      const random = new Random(seed);
      const base = randomNotebook(random);
      const [ours, theirs] = [base.copy(), base.copy()];
      const change = (one: NotebookState) => {
        for (let n = random.below(8); n > 0 && one.length > 0; n -= 1) {
          const op = randomPageOperation(random, one);
          if (op.op !== 'edit-source') applyAll(one, [op]);
        }
      };
      change(theirs);
      const same = base.copy();
      applyAll(same, mergeNotebooks(base, same, theirs).ops);
      expect(plain(same), `seed ${seed}`).toEqual(plain(theirs));
      expect(mergeNotebooks(base, theirs, base).ops, `seed ${seed}`).toEqual([]);
      change(ours);
      applyAll(ours, mergeNotebooks(base, ours, theirs).ops);
      const ids = [...ours.ids];
      expect(new Set(ids).size, `seed ${seed}`).toBe(ids.length);
      // What is in the other notebook and was not deleted here is there.
      for (const id of theirs.ids) if (!base.has(id)) expect(ours.has(id), `seed ${seed}`).toBe(true);
    }
  });
});

describe('lineChanges', () => {
  it('leads from any text to any other', () => {
    const random = new Random(7);
    const make = () =>
      Array.from({ length: random.below(6) }, () => random.pick(['', 'a', 'b', 'cc', 'd'])).join('\n');
    for (let n = 0; n < 3_000; n += 1) {
      const [from, to] = [sourceText(make()), sourceText(make())];
      const changes = lineChanges(from, to);
      expect((changes?.apply(from) ?? from).toString()).toBe(to.toString());
    }
  });

  it('leaves the lines between two changes alone', () => {
    const changes = lineChanges(sourceText('a\nb\nc\nd'), sourceText('A\nb\nc\nD'));
    const touched: number[][] = [];
    changes?.iterChanges((from, to) => touched.push([from, to]));
    expect(touched).toEqual([
      [0, 2],
      [5, 7],
    ]);
  });
});

describe('lineChanges of long texts', () => {
  it('leaves the lines between two changes alone', () => {
    const lines = Array.from({ length: 5000 }, (_, at) => `line ${at}`);
    const [from, to] = [Text.of(lines), Text.of(['first', ...lines.slice(0, 4000), ...lines.slice(4001)])];
    const changes = lineChanges(from, to);
    expect(changes?.apply(from).eq(to)).toBe(true);
    expect(changes?.mapPos(from.line(2000).from)).toBe(to.line(2001).from);
    const touched: number[] = [];
    changes?.iterChanges((start) => touched.push(from.lineAt(start).number));
    expect(touched).toEqual([1, 4001]);
  });

  it('leads from any text to any other', () => {
    const random = new Random(11);
    const lines = Array.from({ length: 3000 }, (_, at) => (random.below(3) === 0 ? '' : `line ${at}`));
    for (let n = 0; n < rounds(20, 200); n += 1) {
      const change = () =>
        lines.flatMap((line) => {
          const dice = random.below(500);
          if (dice === 0) return [];
          if (dice === 1) return [line, random.pick(['', 'new'])];
          return dice === 2 ? ['other'] : [line];
        });
      const [from, to] = [Text.of([...change(), '']), Text.of([...change(), 'end'])];
      expect(lineChanges(from, to)?.apply(from).eq(to), `round ${n}`).toBe(true);
    }
  });
});

describe('matchCells', () => {
  const face = (source: string) => ({ type: 'code', source });
  it.each([
    ['equal ones', ['a', 'b'], ['a', 'b'], [0, 1]],
    ['one inserted', ['a', 'c'], ['a', 'b', 'c'], [0, -1, 1]],
    ['one deleted', ['a', 'b', 'c'], ['a', 'c'], [0, 2]],
    ['one edited between equal ones', ['a', 'b', 'c'], ['a', 'B', 'c'], [0, 1, 2]],
    ['the similar one of two', ['x\ny\nz', 'q\nr'], ['n\nm', 'x\ny\nw'], [-1, 0]],
    ['nothing', [], ['a'], [-1]],
  ])('finds %s', (_, old, now, expected) => {
    expect(matchCells(old.map(face), now.map(face))).toEqual(expected);
  });
});

describe('alignFile', () => {
  const file = (sources: string[], minor: number, ids: (string | undefined)[] = []) =>
    readNotebook(
      Buffer.from(
        JSON.stringify({
          cells: sources.map((source, n) => ({
            ...(ids[n] === undefined ? {} : { id: ids[n] }),
            cell_type: 'raw',
            source,
            metadata: {},
          })),
          metadata: {},
          nbformat: 4,
          nbformat_minor: minor,
        }),
      ),
    );

  it('gives cells without ids those they had, also edited ones and doubles', () => {
    const known = file(['same', 'same', 'first\nsecond\nthird', 'end'], 4);
    const read = alignFile(file(['new', 'same', 'same', 'first\nsecond\nfourth', 'end'], 4), known);
    const old = known.cells.map(({ id }) => id);
    expect(read.cells.slice(1).map(({ id }) => id)).toEqual(old);
    expect(new Set(read.cells.map(({ id }) => id)).size).toBe(5);
    expect(read.cells.slice(1, 3)).toEqual(known.cells.slice(0, 2));
  });

  it('keeps a few changed cells without all of what was read with them', () => {
    const sources = Array.from({ length: 10 }, (_, n) => `${n} ${'x'.repeat(1_000)}`);
    const known = file(sources, 4);
    const changed = file([...sources.slice(0, 9), 'changed'], 4);
    const { layout, cells } = alignFile(changed, known);
    const { open, close, cellsClose, cellLead, fields } = layout;
    const fresh = cells.slice(9).flatMap(({ bytes, before, after }) => [bytes, before, after]);
    const values = fields.flatMap(({ before, label, value, after }) => [
      before,
      label,
      value ?? before,
      after,
    ]);
    const read = changed.cells[0]?.bytes.buffer;
    for (const piece of [open, close, cellsClose, cellLead, ...values, ...fresh])
      expect(piece.buffer).not.toBe(read);
    expect(cells.slice(0, 9)).toEqual(known.cells.slice(0, 9));
    expect(Buffer.from(alignFile(changed, known).toBytes()).toString()).toBe(
      Buffer.from(changed.toBytes()).toString(),
    );
  });

  it('believes ids that stand in the file', () => {
    const known = file(['x'], 5, ['one']);
    expect(alignFile(file(['x'], 5, ['two']), known).cells[0]?.id).toBe('two');
    expect(alignFile(file(['x'], 5, ['one']), known).cells[0]).toBe(known.cells[0]);
  });
});

describe('mergeWithMarks', () => {
  const names = { ours: 'yours', theirs: 'the file' };
  it.each([
    ['changes of different lines', 'a\nb\nc', 'A\nb\nc', 'a\nb\nC', 'A\nb\nC', 0],
    ['the same change', 'a\nb', 'a\nB', 'a\nB', 'a\nB', 0],
    ['only theirs', 'a', 'a', 'b\n', 'b\n', 0],
    [
      'different changes of one line',
      'a\nb\nc',
      'a\nX\nc',
      'a\nY\nc',
      'a\n<<<<<<< yours\nX\n=======\nY\n>>>>>>> the file\nc',
      1,
    ],
  ])('%s', (_what, base, ours, theirs, merged, conflicts) => {
    const of = (value: string) => Text.of(value.split('\n'));
    expect(mergeWithMarks(of(base), of(ours), of(theirs), names)).toEqual({ text: merged, conflicts });
  });

  describe('in a text of 5,000 lines', () => {
    const lines = Array.from({ length: 5000 }, (_, at) => (at % 3 === 0 ? '' : `line ${at}`));
    const replaced = (by: Record<number, string>) => lines.map((line, at) => by[at] ?? line);
    const merge = (base: string[], ours: string[], theirs: string[]) =>
      mergeWithMarks(Text.of(base), Text.of(ours), Text.of(theirs), names);

    it.each([
      ['one at the top, the other at the end', { 1: 'ours' }, { 4999: 'theirs' }],
      ['the other above', { 3001: 'ours' }, { 2: 'theirs' }],
      ['around each other', { 1: 'ours', 4999: 'ours too' }, { 2500: 'theirs' }],
      ['in turns', { 1: 'a', 2000: 'b', 4000: 'c' }, { 1000: 'd', 3000: 'e', 4999: 'f' }],
      ['a line apart', { 2000: 'ours' }, { 2002: 'theirs' }],
    ])('takes in changes of different lines: %s', (_what, ours, theirs) => {
      const both = { text: replaced({ ...ours, ...theirs }).join('\n'), conflicts: 0 };
      expect(merge(lines, replaced(ours), replaced(theirs))).toEqual(both);
    });

    it('takes in what each of them inserted and deleted', () => {
      const ours = ['first', ...lines.slice(0, 2500), ...lines.slice(2510)];
      const theirs = [...lines.slice(0, 1000), 'theirs', ...lines.slice(1000), 'last'];
      const both = [
        ...['first', ...lines.slice(0, 1000), 'theirs', ...lines.slice(1000, 2500)],
        ...[...lines.slice(2510), 'last'],
      ];
      expect(merge(lines, ours, theirs)).toEqual({ text: both.join('\n'), conflicts: 0 });
    });

    it('marks only the lines that both changed', () => {
      const { text, conflicts } = merge(
        lines,
        replaced({ 1: 'top', 2002: 'ours', 4999: 'end' }),
        replaced({ 2002: 'theirs' }),
      );
      const marked = ['<<<<<<< yours', 'ours', '=======', 'theirs', '>>>>>>> the file'];
      expect(conflicts).toBe(1);
      expect(text.split('\n').slice(2001, 2008)).toEqual(['', ...marked, 'line 2003']);
      expect(text.startsWith('\ntop\n') && text.endsWith('\nend')).toBe(true);
    });

    it('keeps both where no line says what belongs together', () => {
      const same = lines.map(() => 'x');
      const ours = ['A', ...same.slice(2), 'A'];
      const theirs = [...same.slice(0, 2500), 'B', ...same.slice(2501)];
      const { text, conflicts } = merge(same, ours, theirs);
      expect(conflicts).toBe(1);
      expect(text.split('\n').filter((line) => line === 'A' || line === 'B')).toEqual(['A', 'A', 'B']);
    });
  });
});
