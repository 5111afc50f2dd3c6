import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OutputRecorder } from '../../../src/documents/output-recorder.js';
import { NotebookState } from '../../../src/notebook/notebook-state.js';
import { applyAll, type Operation } from '../../../src/notebook/operations.js';
import { withoutOverwritten } from '../../../src/notebook/overwritten-text.js';
import type { Cell, CellId, Output } from '../../../src/notebook/types.js';

let state: NotebookState;
let batches: Operation[][];
let recorder: OutputRecorder;
/** when each of `batches` came */
let times: number[];
let orphans: [CellId, Output[], string][];

function record(streamLimit = 100_000, tailLimit = 1_000): void {
  state = NotebookState.fromCells(
    {},
    ['a', 'b'].map((id) => ({
      id,
      cell_type: 'code',
      source: '',
      metadata: {},
      outputs: [],
      execution_count: null,
    })),
  );
  batches = [];
  times = [];
  orphans = [];
  recorder = new OutputRecorder({
    state: () => state,
    emit: (ops) => {
      batches.push(ops);
      times.push(Date.now());
      applyAll(state, ops);
    },
    streamLimit,
    tailLimit,
    orphaned: (...one) => orphans.push(one),
  });
  recorder.begin('run-a', 'a');
  recorder.begin('run-b', 'b');
}
function say(type: string, content: object, parent = 'run-a'): void {
  recorder.message(type, parent, Buffer.from(JSON.stringify(content)));
}
const print = (text: string, parent = 'run-a', name = 'stdout') => say('stream', { name, text }, parent);
/** The most operations that any second had, whenever it begins. */
function mostInASecond(cell: CellId): number {
  const ops = batches.flatMap((batch, index) =>
    batch.flatMap((op) => (op.op !== 'insert-cell' && op.id === cell ? [times[index] ?? 0] : [])),
  );
  return Math.max(...ops.map((from) => ops.filter((time) => time >= from && time < from + 1_000).length));
}
const outputs = (id: CellId = 'a') => state.cell(id)?.cell.outputs;
const display = (text: string, id?: string) => ({
  data: { 'text/plain': text },
  metadata: {},
  ...(id === undefined ? {} : { transient: { display_id: id } }),
});

beforeEach(() => {
  vi.useFakeTimers();
  record();
});
afterEach(() => {
  recorder.close();
  vi.useRealTimers();
});

describe('OutputRecorder', () => {
  it('leaves out what is nested too deep to be written anywhere', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const content = `{"data":{"application/json":${deep}},"metadata":{}}`;
    recorder.message('display_data', 'run-a', Buffer.from(content));
    recorder.flush();
    expect(() => JSON.stringify(outputs())).not.toThrow();
    expect(outputs()).toMatchObject([{ output_type: 'stream', name: 'stderr' }]);
  });

  it('merges neighbouring text of one stream and keeps the order of different ones', () => {
    print('1\n');
    print('2\n');
    print('warn\n', 'run-a', 'stderr');
    print('3\n');
    recorder.flush();
    print('4\n');
    recorder.flush();
    expect(outputs()).toEqual([
      { output_type: 'stream', name: 'stdout', text: '1\n2\n' },
      { output_type: 'stream', name: 'stderr', text: 'warn\n' },
      { output_type: 'stream', name: 'stdout', text: '3\n4\n' },
    ]);
  });

  it('keeps carriage returns and backspaces as they are', () => {
    print('10%\r20%\b');
    recorder.flush();
    expect(outputs()).toMatchObject([{ text: '10%\r20%\b' }]);
  });

  it('makes one batch of what comes within 50 ms, and the first of them at once', () => {
    record(1_000_000);
    vi.advanceTimersByTime(1000);
    for (let n = 0; n < 10_000; n += 1) print(`${n}\n`, n % 2 === 0 ? 'run-a' : 'run-b');
    vi.advanceTimersByTime(1);
    expect(batches).toHaveLength(1);
    for (let ms = 0; ms < 1000; ms += 1) {
      print('.');
      vi.advanceTimersByTime(1);
    }
    expect(batches.length).toBeGreaterThan(12);
    expect(batches.length).toBeLessThanOrEqual(20);
    recorder.flush();
    expect(outputs()?.[0]).toMatchObject({
      text: expect.stringMatching(/^0\n2\n[^]*9998\n\.{1000}$/) as string,
    });
    expect(outputs('b')?.[0]).toMatchObject({ text: expect.stringMatching(/^1\n3\n[^]*9999\n$/) as string });
  });

  it('records displays, results and errors', () => {
    say('display_data', display('figure'));
    say('execute_result', { ...display('42'), execution_count: 7 });
    say('error', { ename: 'E', evalue: 'v', traceback: ['t'] });
    recorder.flush();
    expect(outputs()).toEqual([
      { output_type: 'display_data', data: { 'text/plain': 'figure' }, metadata: {} },
      { output_type: 'execute_result', execution_count: 7, data: { 'text/plain': '42' }, metadata: {} },
      { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['t'] },
    ]);
  });

  it('clears at once, or when the next output comes', () => {
    print('old');
    recorder.flush();
    say('clear_output', { wait: true });
    recorder.flush();
    expect(outputs()).toHaveLength(1);
    print('new');
    recorder.flush();
    expect(outputs()).toMatchObject([{ text: 'new' }]);
    expect(batches.at(-1)?.map(({ op }) => op)).toEqual(['clear-outputs', 'append-output']);
    print('more');
    say('clear_output', { wait: false });
    recorder.flush();
    expect(outputs()).toEqual([]);
  });

  it('makes no operations of what an animation has cleared already', () => {
    for (let frame = 0; frame < 500; frame += 1) {
      say('clear_output', { wait: true });
      say('display_data', display(`frame ${frame}`));
    }
    recorder.flush();
    expect(batches).toHaveLength(1);
    expect(batches[0]).toHaveLength(1);
    expect(outputs()).toMatchObject([{ data: { 'text/plain': 'frame 499' } }]);
  });

  it('updates every display with the id, in any cell, also one of the same batch', () => {
    say('display_data', display('a1', 'x'));
    say('display_data', display('b1', 'x'), 'run-b');
    recorder.flush();
    say('execute_result', { ...display('a2', 'x'), execution_count: 1 });
    for (let n = 0; n < 100; n += 1) say('update_display_data', display(`new ${n}`, 'x'));
    say('update_display_data', display('nobody', 'y'));
    recorder.flush();
    for (const output of [...(outputs() ?? []), ...(outputs('b') ?? [])]) {
      expect(output).toMatchObject({ data: { 'text/plain': 'new 99' } });
    }
    expect(outputs()?.map(({ output_type }) => output_type)).toEqual(['display_data', 'execute_result']);
    expect(batches[1]).toHaveLength(4);
  });

  it('puts the count of the run on the cell as soon as the kernel says it', () => {
    applyAll(state, [
      { op: 'set-execution', id: 'a', execution: { state: 'running', count: null, started: 5 } },
    ]);
    say('execute_input', { code: 'x', execution_count: 12 });
    expect(state.cell('a')?.run).toEqual({ state: 'running', count: 12, started: 5 });
  });

  it('takes late output, and drops what belongs to nobody', () => {
    print('mine');
    print('foreign', 'run-of-another-client');
    recorder.flush();
    print(' late');
    applyAll(state, [{ op: 'delete-cell', id: 'b' }]);
    print('to a deleted cell', 'run-b');
    recorder.flush();
    expect(outputs()).toMatchObject([{ text: 'mine late' }]);
    expect(state.length).toBe(1);
  });

  it('does not take what is no message of its type', () => {
    say('stream', { text: 5 });
    say('display_data', { data: 'x' });
    say('error', {});
    recorder.message('stream', 'run-a', Buffer.from('no json'));
    recorder.flush();
    expect(outputs()).toEqual([]);
  });

  it('keeps the beginning and the end of a text without end, and states the cut', () => {
    record(100, 40);
    for (let n = 0; n < 2_000; n += 1) {
      print(`line ${n}\n`);
      if (n % 100 === 0) recorder.flush();
    }
    recorder.flush();
    const [head, tail] = outputs() ?? [];
    expect(head).toMatchObject({
      output_type: 'stream',
      text: expect.stringMatching(/^line 0\nline 1\n/) as string,
    });
    expect(tail).toMatchObject({
      text: expect.stringMatching(/\n\[[\d,]+ characters are left out here.*\]\n/) as string,
    });
    expect(tail).toMatchObject({ text: expect.stringMatching(/line 1998\nline 1999\n$/) as string });
    expect(outputs()).toHaveLength(2);
    expect(JSON.stringify(outputs()).length).toBeLessThan(400);
    say('display_data', display('picture'));
    print('more\n');
    recorder.flush();
    expect(outputs()).toMatchObject([{}, { text: expect.stringMatching(/more\n$/) as string }, {}]);
    say('clear_output', { wait: false });
    print('again');
    recorder.flush();
    expect(outputs()).toMatchObject([{ text: 'again' }]);
  });

  it('keeps carriage returns as they come, until they are 64 kB: then what a terminal would show', () => {
    print('before\n');
    const bar = (n: number) => `\r${String(n).padStart(3)}%|${'#'.repeat(80)}`;
    for (let n = 0; n < 100; n += 1) print(bar(n));
    recorder.flush();
    expect(outputs()).toMatchObject([{ text: expect.stringContaining(`${bar(50)}${bar(51)}`) as string }]);
    for (let n = 0; n < 900; n += 1) {
      print(bar(n % 101));
      if (n % 50 === 0) recorder.flush();
    }
    recorder.flush();
    const [stream] = outputs() ?? [];
    const text = stream?.output_type === 'stream' ? stream.text : '';
    expect(text.startsWith('before\n')).toBe(true);
    expect(text.length).toBeLessThan(64_000);
    expect(text.endsWith(bar(899 % 101))).toBe(true);
  });

  it('counts of a progress bar what is left of it, however long it goes on', () => {
    const bar = (n: number) => `\r${String(n).padStart(5)}|${'#'.repeat(80)}`;
    print('before\n');
    for (let n = 0; n < 5_000; n += 1) {
      print(bar(n));
      if (n % 20 === 0) recorder.flush();
    }
    print('\nbehind it\n');
    recorder.flush();
    const text = withoutOverwritten((outputs() ?? []).map((one) => ('text' in one ? one.text : '')).join(''));
    expect(text).toBe(`before\n${bar(4_999).slice(1)}\nbehind it\n`);
    expect(outputs()).toHaveLength(1);
  });

  it('shows beyond the limit what is left of a progress bar, in the place of what it was', () => {
    record(100_000, 200_000);
    print('x'.repeat(100_000));
    print('\nlast line\n');
    for (let n = 0; n < 5_000; n += 1) {
      print(`\r${n} ${'#'.repeat(80)}`);
      if (n % 20 === 0) recorder.flush();
    }
    recorder.flush();
    const [head, tail, ...more] = (outputs() ?? []).map((one) => ('text' in one ? one.text : ''));
    expect([head?.length, more]).toEqual([100_000, []]);
    expect(tail?.length).toBeLessThan(70_000);
    expect(withoutOverwritten(tail ?? '')).toBe(`\nlast line\n4999 ${'#'.repeat(80)}`);
  });

  it('makes at most 20 operations a second for a cell', async () => {
    for (let n = 0; n < 1_000; n += 1) {
      print('o', 'run-a', 'stdout');
      print('e', 'run-a', 'stderr');
      await vi.advanceTimersByTimeAsync(10);
    }
    await vi.advanceTimersByTimeAsync(2_000);
    expect(outputs()).toHaveLength(2_000);
    expect(mostInASecond('a')).toBeLessThanOrEqual(20);
  });

  it.each<[string, (n: number) => void]>([
    ['lines', (n) => print(`${n}\n`)],
    ['a progress bar beside lines', (n) => print(`\r${n}`, 'run-a', n % 3 === 0 ? 'stderr' : 'stdout')],
    ['pictures', (n) => say('display_data', display(`picture ${n}`))],
    [
      'an animation',
      (n) => {
        say('clear_output', { wait: true });
        say('display_data', display(`frame ${n}`));
      },
    ],
    [
      'thirty displays that change',
      (n) => {
        if (n < 30) say('display_data', display('new', `d${n}`));
        else say('update_display_data', display(`${n}`, `d${n % 30}`));
      },
    ],
    ['text beyond the limit', (n) => print(`${n} `.repeat(20_000))],
    [
      'pages that come and go',
      (n) => {
        print(`${n}`);
        if (n % 400 === 0) recorder.flush();
      },
    ],
  ])('makes at most 20 operations in any second for a cell that shows %s', async (_, show) => {
    for (let n = 0; n < 2_000; n += 1) {
      show(n);
      await vi.advanceTimersByTimeAsync(n % 7);
    }
    await vi.advanceTimersByTimeAsync(3_000);
    const shown = JSON.stringify(outputs());
    expect(mostInASecond('a')).toBeLessThanOrEqual(20);
    expect(batches.flat().length).toBeGreaterThan(10);
    recorder.flush();
    expect(JSON.stringify(outputs()) === shown, 'nothing waits any more').toBe(true);
  });

  it('hands out what a cell prints that was deleted meanwhile', () => {
    applyAll(state, [{ op: 'delete-cell', id: 'a' }]);
    print('late');
    say('display_data', display('picture'));
    recorder.ended('a');
    expect(batches).toEqual([]);
    expect(orphans.map(([cell, printed]) => [cell, printed])).toMatchObject([
      ['a', [{ text: 'late' }, { output_type: 'display_data' }]],
    ]);
  });

  it('tells of a deleted cell that prints on every 10 s, as a whole and within bounds', () => {
    record(5_000, 1_000);
    applyAll(state, [{ op: 'delete-cell', id: 'a' }]);
    const line = `${'x'.repeat(9_999)}\n`;
    for (let n = 0; n < 300; n += 1) {
      print(line);
      vi.advanceTimersByTime(100);
    }
    vi.advanceTimersByTime(10_000);
    expect(orphans.length).toBeLessThanOrEqual(4);
    expect(new Set(orphans.map(([, , name]) => name)).size).toBe(1);
    for (const [, all] of orphans) expect(JSON.stringify(all).length).toBeLessThan(1_300_000);
    const last = orphans.at(-1)?.[1].map((output) => (output.output_type === 'stream' ? output.text : ''));
    expect(last?.[0]?.length).toBe(1_000_000);
    expect(last?.[1]).toContain('1.8 million characters are left out here');
    // Nothing more is told while nothing more comes, and a cell that is brought back has its own output again.
    const told = orphans.length;
    vi.advanceTimersByTime(60_000);
    expect(orphans.length).toBe(told);
    const cell: Cell = {
      id: 'a',
      cell_type: 'code',
      source: '',
      metadata: {},
      outputs: [],
      execution_count: 1,
    };
    applyAll(state, [{ op: 'insert-cell', cell, after: null }]);
    print('back');
    recorder.flush();
    expect(outputs()).toMatchObject([{ text: 'back' }]);
  });

  it('changes a display of one of its cells whoever asks for it', () => {
    say('display_data', display('before', 'shown'));
    recorder.flush();
    say('update_display_data', display('after', 'shown'), 'a request of another client');
    recorder.flush();
    expect(outputs()).toMatchObject([{ data: { 'text/plain': 'after' } }]);
  });

  it('keeps the ends of long texts for few runs, and goes on with a text of its own after that', () => {
    record(10, 10);
    const run = (n: number) => `run-${n}`;
    for (let n = 0; n < 25; n += 1) {
      recorder.begin(run(n), 'a');
      print('0123456789 and more', run(n));
    }
    recorder.flush();
    const before = outputs()?.length ?? 0;
    print(' late', run(24));
    recorder.flush();
    expect(outputs()).toHaveLength(before);
    print(' late', run(0));
    recorder.flush();
    expect(outputs()).toHaveLength(before + 1);
  });
});

describe('withoutOverwritten', () => {
  it.each([
    ['a\rb', 'b'],
    ['abc\rX', 'Xbc'],
    ['abc\r\nd', 'abc\r\nd'],
    ['one\ntwo\rTHREE\nfour', 'one\nTHREE\nfour'],
    ['ab\bc', 'ac'],
    ['ab\b\b\b\bc', 'cb'],
    ['10%\r', '10%\r'],
    ['\u001b[32m10%\u001b[0m\r\u001b[32m20%\u001b[0m', '\u001b[0m\u001b[32m20%\u001b[0m'],
    ['🙂a\r🙃', '🙃a'],
    ['long line\r\u001b[Kx', 'x'],
    ['long\r\u001b[2Kx', 'x   '],
    ['long\b\b\u001b[1Kx', '  xg'],
    ['plain', 'plain'],
  ])('%j → %j', (text, expected) => {
    expect(withoutOverwritten(text)).toBe(expected);
  });
});
