import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Histories } from '../../../src/documents/histories.js';
import { cellDifferences } from '../../../src/documents/history-router.js';
import { HistoryStore, type CellReference } from '../../../src/documents/history-store.js';
import { thinned } from '../../../src/documents/history-thinning.js';
import { DocumentHistory, type PastState } from '../../../src/documents/history.js';
import { silentLog } from '../../../src/log.js';
import { NotebookState } from '../../../src/notebook/notebook-state.js';
import { applyAll, type Operation } from '../../../src/notebook/operations.js';
import type { Cell, Output } from '../../../src/notebook/types.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'nbserver-history-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const text = (value: string): Output => ({ output_type: 'stream', name: 'stdout', text: value });
const code = (id: string, source: string, outputs: Output[] = []): Cell => ({
  id,
  cell_type: 'code',
  source,
  metadata: {},
  outputs,
  execution_count: null,
});
const open = (size = 1_000) => new DocumentHistory(join(directory, 'h'), 'a.ipynb', () => size, silentLog);
const cellsOf = ({ state }: PastState) => [...state.cells()].map(({ cell }) => cell);
const edit = (id: string, source: string, to: string): Operation => ({
  op: 'edit-source',
  id,
  changes: [[source.length, ...to.split('\n')]],
});

describe('DocumentHistory', () => {
  it('keeps every saved state with its outputs, each piece once, and has them after a restart', async () => {
    const state = NotebookState.fromCells({ a: 1 }, [code('a', 'x', [text('1')]), code('b', 'y')]);
    const history = open();
    await history.record(state, 'opened');
    await history.record(state, 'saved');
    const pieces = readdirSync(join(directory, 'h', 'pieces')).length;
    applyAll(state, [edit('a', 'x', 'x = 2')]);
    await history.record(state, 'saved');
    expect(readdirSync(join(directory, 'h', 'pieces'))).toHaveLength(pieces + 1);
    const again = open();
    const states = await again.list();
    expect(states.map(({ why }) => why)).toEqual(['saved', 'opened']);
    const first = await again.state(states[1]?.id ?? '');
    expect(cellsOf(first)).toEqual([code('a', 'x', [text('1')]), code('b', 'y')]);
    expect(first.state.metadata).toEqual({ a: 1 });
    expect(first.withoutOutputs).toEqual(new Set());
    expect((await again.state(states[0]?.id ?? '')).state.cell('a')?.cell.source).toBe('x = 2');
    await expect(again.state('nothing')).rejects.toMatchObject({ status: 404 });
  });

  it('can be read by its owner alone, and survives a log that a crash cut off', async () => {
    const state = NotebookState.fromCells({}, [code('a', 'x')]);
    const history = open();
    await history.record(state, 'saved');
    applyAll(state, [edit('a', 'x', 'y')]);
    await history.record(state, 'saved');
    const log = join(directory, 'h', 'states.jsonl');
    expect(statSync(join(directory, 'h')).mode & 0o777).toBe(0o700);
    expect(statSync(log).mode & 0o777).toBe(0o600);
    truncateSync(log, statSync(log).size - 10);
    const again = open();
    expect(await again.list()).toHaveLength(1);
    await again.record(state, 'saved');
    expect((await again.list()).map(({ cells }) => cells.length)).toEqual([1, 1]);
    expect(await open().list()).toEqual(await again.list());
  });

  it('lists cells that are gone, also with what they printed after they were deleted', async () => {
    const state = NotebookState.fromCells({}, [code('a', 'first'), code('b', 'slow()', [text('1')])]);
    const history = open();
    await history.record(state, 'delete');
    applyAll(state, [{ op: 'delete-cell', id: 'b' }]);
    await history.record(state, 'saved');
    const printed = async () => {
      const [gone] = await history.deleted(state);
      expect(gone).toMatchObject({ cell: 'b', cell_type: 'code', source: 'slow()' });
      return (await history.state(gone?.state ?? '')).state.cell('b')?.cell.outputs;
    };
    const pieces = () => readdirSync(join(directory, 'h', 'pieces')).length;
    await history.recordOrphan('b', [text('2')], 'run');
    expect(await printed()).toEqual([text('1'), text('2')]);
    const before = pieces();
    // All of it again, with what came since: that counts, and takes the place of what was there.
    await history.recordOrphan('b', [text('23')], 'run');
    applyAll(state, [edit('a', 'first', 'first!')]);
    await history.record(state, 'saved');
    await history.recordOrphan('b', [text('234')], 'run');
    expect(await printed()).toEqual([text('1'), text('234')]);
    expect(pieces()).toBe(before + 1);
    expect((await history.list()).map(({ why }) => why)).toEqual(['orphan', 'saved', 'saved', 'delete']);
    expect(await open().list()).toEqual(await history.list());
    const log = readFileSync(join(directory, 'h', 'states.jsonl'), 'utf8');
    // A state beside the others does not make the next one list all its cells again.
    const { splice } = JSON.parse(log.trimEnd().split('\n').at(-2) ?? '') as {
      splice: [number, number, ...unknown[]];
    };
    expect([splice.length, splice[1]]).toEqual([3, 1]);
  });

  it('has whole states after what was kept before is forgotten', async () => {
    const state = NotebookState.fromCells({}, [code('a', 'x'), code('b', 'y', [text('1')]), code('c', 'z')]);
    const history = open();
    await history.record(state, 'saved');
    const [first] = await history.list();
    const check = async (cells: Cell[]) => {
      applyAll(state, [edit('a', cells[0]?.source ?? '', 'changed')]);
      await history.record(state, 'saved');
      const [last] = await history.list();
      expect(cellsOf(await history.state(last?.id ?? ''))).toEqual([
        code('a', 'changed'),
        code('b', 'y', [text('1')]),
        code('c', 'z'),
      ]);
    };
    await history.forget(first?.id ?? '');
    await check([code('a', 'x')]);
    await history.forgetAll();
    await check([code('a', 'changed')]);
    await history.hold();
    history.movedTo(join(directory, 'elsewhere'), 'b.ipynb');
    await check([code('a', 'changed')]);
  });

  it('brings nothing back in place of what is lost', async () => {
    const state = NotebookState.fromCells({}, [code('a', 'x', [text('1')]), code('b', 'y')]);
    await open().record(state, 'saved');
    const [last] = await open().list();
    rmSync(join(directory, 'h', 'pieces', last?.cells[0]?.[1] ?? ''));
    await expect(open().state(last?.id ?? '')).rejects.toMatchObject({ status: 410 });
    await expect(open().state(last?.id ?? '', ['a'])).rejects.toMatchObject({ status: 410 });
    expect(cellsOf(await open().state(last?.id ?? '', ['b']))).toEqual([code('b', 'y')]);
  });

  it('knows of a large notebook that it had outputs, not which', async () => {
    const state = NotebookState.fromCells({}, [code('a', 'x', [text('1')]), code('b', 'y')]);
    let size = 65e6;
    const history = new DocumentHistory(join(directory, 'h'), 'a.ipynb', () => size, silentLog);
    const last = async () => {
      await history.record(state, 'merge');
      const [{ id } = { id: '' }] = await history.list();
      return (await history.state(id)).withoutOutputs;
    };
    expect(await last()).toEqual(new Set(['a']));
    size = 1_000;
    expect(await last()).toEqual(new Set());
  });

  it('stays within its room without a state of what is there now being lost', async () => {
    const room = 40_000;
    const random = (n: number) => Array.from({ length: n }, () => Math.random()).join();
    const state = NotebookState.fromCells({}, [code('a', 'x'), code('b', 'y')]);
    const history = new DocumentHistory(join(directory, 'h'), 'a.ipynb', () => 1, silentLog, room);
    for (let n = 0; n < 12; n += 1) {
      const outputs = [text(random(500))];
      applyAll(state, [{ op: 'set-outputs', id: 'a', outputs, execution_count: n }]);
      await history.record(state, 'saved');
      expect(history.bytes).toBeLessThanOrEqual(room);
    }
    const states = await history.list();
    expect(states).toHaveLength(12);
    expect(cellsOf(await history.state(states[0]?.id ?? ''))).toEqual(
      [...state.cells()].map(({ cell }) => cell),
    );
    const oldest = await history.state(states.at(-1)?.id ?? '');
    expect(oldest.state.cell('a')?.cell.source).toBe('x');
    expect(oldest.withoutOutputs).toEqual(new Set(['a']));
  });

  it('says that something could not be forgotten', async () => {
    const history = open();
    await history.record(NotebookState.fromCells({}, [code('a', 'secret')]), 'saved');
    const [state] = await history.list();
    const log = join(directory, 'h', 'states.jsonl');
    rmSync(log);
    mkdirSync(log);
    await expect(history.forget(state?.id ?? '')).rejects.toMatchObject({ status: 500 });
  });

  it('forgets a state, and everything', async () => {
    const state = NotebookState.fromCells({}, [code('a', 'secret')]);
    const history = open();
    await history.record(state, 'saved');
    applyAll(state, [edit('a', 'secret', 'x')]);
    await history.record(state, 'saved');
    const [, old] = await history.list();
    await history.forget(old?.id ?? '');
    expect(await history.list()).toHaveLength(1);
    expect(readdirSync(join(directory, 'h', 'pieces'))).toHaveLength(2);
    await history.forgetAll();
    expect(existsSync(join(directory, 'h'))).toBe(false);
    await history.record(state, 'saved');
    expect(await history.list()).toHaveLength(1);
  });

  it('goes on rightly after a state that could not be written, and has it with the next save', async () => {
    const state = NotebookState.fromCells({}, [code('a', 'x'), code('b', 'y')]);
    const history = open();
    await history.record(state, 'saved');
    const log = join(directory, 'h', 'states.jsonl');
    applyAll(state, [{ op: 'delete-cell', id: 'a' }]);
    renameSync(log, `${log}.away`);
    mkdirSync(log);
    await history.record(state, 'saved');
    rmSync(log, { recursive: true });
    // What a full disk leaves of a line that it takes in part.
    writeFileSync(log, `${readFileSync(`${log}.away`, 'utf8')}{"id":"half","splice":[0,1`);
    await history.record(state, 'saved');
    applyAll(state, [edit('b', 'y', 'z')]);
    await history.record(state, 'saved');
    const sources = async (of: DocumentHistory) => {
      const states = await of.list();
      const all = await Promise.all(states.map(({ id }) => of.state(id)));
      return all.map((one) => cellsOf(one).map(({ source }) => source));
    };
    expect(await sources(history)).toEqual([['z'], ['y'], ['x', 'y']]);
    expect(await sources(open())).toEqual([['z'], ['y'], ['x', 'y']]);
  });

  it('has the states of two servers that keep them in one place, each as it was', async () => {
    const [here, there] = [open(), open()];
    const one = NotebookState.fromCells({}, [code('a', '1'), code('b', '2')]);
    await here.record(one, 'opened');
    await there.record(
      NotebookState.fromCells({}, [code('a', '1'), code('b', '2'), code('c', '3')]),
      'opened',
    );
    applyAll(one, [edit('b', '2', '22')]);
    await here.record(one, 'saved');
    applyAll(one, [edit('a', '1', '11')]);
    await here.record(one, 'saved');
    const all = open();
    const states = await all.list();
    const sources = await Promise.all(
      states.map(async ({ id }) => cellsOf(await all.state(id)).map(({ source }) => source)),
    );
    expect(sources).toEqual([
      ['11', '22'],
      ['1', '22'],
      ['1', '2', '3'],
      ['1', '2'],
    ]);
  });

  it('costs history, never the notebook, when its folder cannot be written', async () => {
    writeFileSync(join(directory, 'h'), 'a file in its place');
    await open().record(NotebookState.fromCells({}, [code('a', 'x')]), 'saved');
    expect(await open().list()).toEqual([]);
  });
});

describe('HistoryStore', () => {
  it('lets go of outputs before sources, the oldest first, when there is too much', async () => {
    const store = new HistoryStore(join(directory, 's'), 'a.ipynb');
    const random = (n: number) => Array.from({ length: n }, () => Math.random()).join();
    for (let n = 0; n < 4; n += 1) {
      const cells: CellReference[] = [['a', await store.put(`source ${n}`), await store.put(random(2_000))]];
      await store.add({ id: `s${n}`, at: n * MINUTE, why: 'saved', metadata: await store.put({}), cells });
    }
    const most = store.size / 2;
    await store.thin(5 * MINUTE, most);
    expect(store.size).toBeLessThanOrEqual(most);
    const withOutputs = store.states.map(({ cells }) => cells[0]?.[2] !== false);
    expect(withOutputs).toEqual([...withOutputs].sort());
    expect(withOutputs).toContain(false);
    expect(store.states.at(-1)?.cells[0]?.[2]).not.toBe(false);
    expect(store.states).toHaveLength(4);
    for (const { cells } of store.states) expect(await store.get(cells[0]?.[1] ?? '')).toMatch(/^source/);
    const again = new HistoryStore(join(directory, 's'), 'a.ipynb');
    await again.load();
    expect(again.states).toEqual(store.states);
  });

  it('reads a log whose lines are relative to the line before, and leaves out what has lost its ground', async () => {
    const line = (id: string, fields: object) =>
      JSON.stringify({ id, at: 0, why: 'saved', metadata: 'm', ...fields });
    const log = [
      line('old', { splice: [0, 0, ['a', 'p', null], ['b', 'p', null]] }),
      line('older still', { splice: [0, 1] }),
      line('new', { on: 'old', splice: [2, 0, ['c', 'p', null]] }),
      line('lost', { on: 'forgotten', splice: [0, 1] }),
      line('behind it', { on: 'lost', splice: [0, 1] }),
      line('wrong', { on: 7, splice: [0, 1] }),
      line('whole', { on: null, splice: [0, 0, ['d', 'p', null]] }),
    ];
    writeFileSync(join(directory, 'states.jsonl'), `${log.join('\n')}\n`);
    const store = new HistoryStore(directory, 'a.ipynb');
    await store.load();
    const cells = store.states.map((state) => [state.id, state.cells.map(([id]) => id).join('')]);
    expect(cells).toEqual([
      ['old', 'ab'],
      ['older still', 'b'],
      ['new', 'abc'],
      ['whole', 'd'],
    ]);
  });
});

describe('thinned', () => {
  const now = 100 * DAY;
  const states = (count: number, step: number, from: number) =>
    Array.from({ length: count }, (_, n) => ({ at: now - from + n * step, why: 'saved' }));
  it.each([
    ['all of the last hour', states(60, MINUTE, HOUR), 60],
    ['one per ten minutes of a day', states(6 * 60, MINUTE, 12 * HOUR), 36],
    ['one per day of 30 days', states(20 * 24, HOUR, 25 * DAY), 20],
    ['nothing beyond', states(10, HOUR, 40 * DAY), 0],
  ])('keeps %s', (_, all, expected) => {
    const kept = thinned(all, now);
    expect(Math.abs(kept.length - expected)).toBeLessThanOrEqual(1);
    expect(thinned(kept, now)).toEqual(kept);
    expect(kept).toEqual([...kept].sort((a, b) => a.at - b.at));
  });

  it('keeps what was there before a merge, a restore or a deletion', () => {
    const all = states(100, 1_000, 5 * HOUR).map((state, n) => ({
      ...state,
      why: n === 50 ? 'delete' : 'saved',
    }));
    expect(thinned(all, now).some(({ why }) => why === 'delete')).toBe(true);
  });
});

describe('Histories', () => {
  it('go with a notebook and with a folder that is renamed', async () => {
    const histories = new Histories(directory, silentLog);
    const state = NotebookState.fromCells({}, [code('a', 'x')]);
    await histories.of('dir/a.ipynb', () => 0).record(state, 'saved');
    const stranger = NotebookState.fromCells({}, [code('s', 'x')]);
    await histories.of('other.ipynb', () => 0).record(stranger, 'saved');
    await histories.renamed('dir', 'new');
    expect(await histories.of('new/a.ipynb', () => 0).list()).toHaveLength(1);
    expect(await histories.of('dir/a.ipynb', () => 0).list()).toHaveLength(0);
    await histories.renamed('new/a.ipynb', 'other.ipynb');
    expect(await histories.of('other.ipynb', () => 0).list()).toHaveLength(1);
    // What was there before stays aside, also when the notebook moves on.
    await histories.renamed('other.ipynb', 'last.ipynb');
    expect(await histories.of('last.ipynb', () => 0).list()).toHaveLength(1);
    expect((await histories.of('last.ipynb', () => 0).list())[0]?.cells[0]?.[0]).toBe('a');
    await histories.sweep(Date.now());
    expect(readdirSync(directory)).toHaveLength(2);
    await histories.sweep(Date.now() + 31 * DAY);
    expect(readdirSync(directory)).toHaveLength(0);
  });

  it('let go of what was put aside, also beside a history that goes on', async () => {
    const histories = new Histories(directory, silentLog);
    await histories.of('a.ipynb', () => 0).record(NotebookState.fromCells({}, [code('a', 'x')]), 'saved');
    const folder = histories.directoryOf('a.ipynb');
    mkdirSync(join(folder, 'journal'));
    await histories.removed('a.ipynb');
    const aside = () => readdirSync(folder).filter((name) => name.startsWith('journal-deleted-'));
    await histories.sweep(Date.now() + 29 * DAY);
    expect(aside()).toHaveLength(1);
    // It goes on.
    const later = new Date(Date.now() + 31 * DAY);
    utimesSync(join(folder, 'states.jsonl'), later, later);
    await histories.sweep(later.getTime());
    expect(aside()).toHaveLength(0);
    expect(existsSync(folder)).toBe(true);
  });
});

describe('cellDifferences', () => {
  it('says cell by cell what became of a notebook', () => {
    const from = NotebookState.fromCells({}, [
      code('a', '1'),
      code('b', '2'),
      code('c', '3'),
      code('d', '4'),
    ]);
    const to = NotebookState.fromCells({}, [
      code('d', '4'),
      code('a', '1!'),
      code('n', 'new'),
      code('c', '3', [text('o')]),
    ]);
    const past = { state: from, withoutOutputs: new Set(['a']) };
    const now = { state: to, withoutOutputs: new Set<string>() };
    const differences = cellDifferences(past, now);
    const common = { outputs: false, outputs_kept: true, moved: false };
    expect(differences).toEqual([
      { ...common, cell: 'd', before: '4', after: '4', moved: true },
      { ...common, cell: 'a', before: '1', after: '1!', outputs_kept: false },
      { ...common, cell: 'n', before: null, after: 'new' },
      { ...common, cell: 'c', before: '3', after: '3', outputs: true },
      { ...common, cell: 'b', before: '2', after: null },
    ]);
    const unknown = { state: from, withoutOutputs: new Set(['c']) };
    expect(cellDifferences(unknown, now).map(({ cell }) => cell)).not.toContain('c');
  });
});
