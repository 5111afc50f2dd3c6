import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OutputRecorder } from '../../../src/documents/output-recorder.js';
import { NotebookState } from '../../../src/notebook/notebook-state.js';
import { applyAll, type Operation } from '../../../src/notebook/operations.js';
import type { CellId } from '../../../src/notebook/types.js';

let state: NotebookState;
let batches: Operation[][];
let recorder: OutputRecorder;

function record(streamLimit = 10_000): void {
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
  recorder = new OutputRecorder({
    state: () => state,
    emit: (ops) => {
      batches.push(ops);
      applyAll(state, ops);
    },
    streamLimit,
  });
  recorder.begin('run-a', 'a');
  recorder.begin('run-b', 'b');
}
function say(type: string, content: object, parent = 'run-a'): void {
  recorder.message(type, parent, Buffer.from(JSON.stringify(content)));
}
const print = (text: string, parent = 'run-a', name = 'stdout') => say('stream', { name, text }, parent);
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
    expect(batches.length).toBeGreaterThan(15);
    expect(batches.length).toBeLessThanOrEqual(21);
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

  it('cuts endless text, and says so in the cell', () => {
    record(100);
    for (let n = 0; n < 1000; n += 1) print('0123456789');
    recorder.flush();
    const [stream] = outputs() ?? [];
    expect(stream).toMatchObject({ text: expect.stringContaining('cut here') as string });
    expect(JSON.stringify(stream).length).toBeLessThan(300);
    say('clear_output', { wait: false });
    print('again');
    recorder.flush();
    expect(outputs()).toMatchObject([{ text: 'again' }]);
  });
});
