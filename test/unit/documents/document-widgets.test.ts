import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DocumentWidgets } from '../../../src/documents/document-widgets.js';
import { notCaptured, OutputCapture } from '../../../src/documents/output-capture.js';
import type { DocumentPage } from '../../../src/documents/index.js';
import { WidgetStates } from '../../../src/documents/widget-states.js';
import type { JsonObject } from '../../../src/notebook/types.js';
import type { ServerMessage, WidgetChanges } from '../../../src/protocol/document-messages.js';
import { modelChange } from '../../../src/protocol/widget-messages.js';
import type { WireMessage } from '../../../src/protocol/wire-frames.js';

const none = Buffer.alloc(0);
const message = (content: object, buffers: Buffer[] = []): WireMessage => ({
  identities: [],
  header: none,
  parentHeader: none,
  metadata: none,
  content: Buffer.from(JSON.stringify(content)),
  buffers,
});
const bar: JsonObject = {
  _model_name: 'FloatProgressModel',
  _model_module: '@jupyter-widgets/controls',
  _model_module_version: '2.0.0',
  value: 0,
};
const out: JsonObject = { ...bar, _model_name: 'OutputModel', msg_id: '', outputs: [] };

describe('modelChange', () => {
  const open = (data: object, target_name = 'jupyter.widget') => ({ comm_id: 'm', target_name, data });
  const update = (data: object) => ({ comm_id: 'm', data });
  const one = Buffer.from([1]);

  it.each<[string, string, object, Buffer[], unknown]>([
    [
      'a model',
      'comm_open',
      open({ state: { a: 1 }, buffer_paths: [] }),
      [],
      { kind: 'open', state: { a: 1 } },
    ],
    ['a model of version 1', 'comm_open', open({ a: 1 }), [], { kind: 'open', state: { a: 1 } }],
    ['a comm of something else', 'comm_open', open({}, 'debugger'), [], undefined],
    [
      'an update',
      'comm_msg',
      update({ method: 'update', state: { a: 2 } }),
      [],
      { kind: 'update', state: { a: 2 } },
    ],
    [
      'an update with a buffer',
      'comm_msg',
      update({ method: 'update', state: {}, buffer_paths: [['v', 0]] }),
      [one],
      { buffers: [{ path: ['v', 0], data: one }] },
    ],
    [
      'an update of version 1 with a buffer',
      'comm_msg',
      update({ method: 'update', state: {}, buffers: ['v'] }),
      [one],
      { buffers: [{ path: ['v'], data: one }] },
    ],
    [
      'a path without a buffer, and one that is none',
      'comm_msg',
      update({ method: 'update', state: {}, buffer_paths: [[0], ['v']] }),
      [one],
      { buffers: [] },
    ],
    [
      'an echo',
      'comm_msg',
      update({ method: 'echo_update', state: { a: 1 } }),
      [],
      { kind: 'echo', state: { a: 1 } },
    ],
    ...['__proto__', 'constructor', 'prototype'].map((part): [string, string, object, Buffer[], unknown] => [
      `no path that leaves the state by ${part}`,
      'comm_msg',
      update({ method: 'update', state: {}, buffer_paths: [['v', part]] }),
      [one],
      { buffers: [] },
    ]),
    ['a message of its own', 'comm_msg', update({ method: 'custom', content: {} }), [], undefined],
    ['the end', 'comm_close', { comm_id: 'm', data: {} }, [], { kind: 'close' }],
    ['no state', 'comm_open', open([]), [], undefined],
    ['no id', 'comm_msg', { data: { method: 'update', state: {} } }, [], undefined],
  ])('reads %s', (_, type, content, buffers, expected) => {
    const change = modelChange(type, content, buffers, () => true);
    if (expected === undefined) expect(change).toBeUndefined();
    else expect(change).toMatchObject({ id: 'm', ...(expected as object) });
  });

  it('takes no update of a comm that nobody opened as a widget', () => {
    expect(modelChange('comm_msg', update({ method: 'update', state: {} }), [], () => false)).toBeUndefined();
  });
});

describe('WidgetStates', () => {
  it('replaces fields with their buffers, and keeps the others', () => {
    const states = new WidgetStates();
    states.open('m', { ...bar, v: [null, null], w: 1 }, [
      { path: ['v', 0], data: Buffer.from('old') },
      { path: ['w'], data: Buffer.from('kept') },
    ]);
    states.update('m', { v: [null] }, [{ path: ['v', 0], data: Buffer.from('new') }]);
    expect(states.model('m')).toEqual({
      model_name: 'FloatProgressModel',
      model_module: '@jupyter-widgets/controls',
      model_module_version: '2.0.0',
      state: { ...bar, v: [null], w: 1 },
      buffers: [
        { encoding: 'base64', path: ['w'], data: Buffer.from('kept').toString('base64') },
        { encoding: 'base64', path: ['v', 0], data: Buffer.from('new').toString('base64') },
      ],
    });
  });

  it('counts what it holds, and holds nothing of what was closed', () => {
    const states = new WidgetStates();
    states.open('m', bar, []);
    const { size } = states;
    states.update('m', { text: 'x'.repeat(1_000) }, [{ path: ['b'], data: Buffer.alloc(500) }]);
    expect(states.size).toBeGreaterThan(size + 1_400);
    states.update('m', { text: '', b: null }, []);
    expect(states.size).toBeLessThan(size + 100);
    states.close('m');
    expect(states.size).toBe(0);
  });

  it('makes room: first models of kernels that have ended, then those that have not changed for the longest', () => {
    const dropped: string[] = [];
    const states = new WidgetStates((id) => dropped.push(id), 45_000);
    const text = { text: 'x'.repeat(9_000) };
    states.open('ended', text, []);
    states.end();
    for (const id of ['a', 'b', 'c']) states.open(id, text, []);
    states.update('a', { value: 1 }, []);
    states.open('d', text, []);
    expect(dropped).toEqual(['ended']);
    states.open('e', text, []);
    expect(dropped).toEqual(['ended', 'b']);
    expect(states.ids).toEqual(['c', 'a', 'd', 'e']);
  });

  it('lets a model go alone that is above the limit alone', () => {
    const dropped: string[] = [];
    const states = new WidgetStates((id) => dropped.push(id), 10_000);
    states.open('ended', bar, []);
    states.end();
    states.open('living', bar, []);
    states.open('huge', { text: 'x'.repeat(10_000) }, []);
    expect(dropped).toEqual(['huge']);
    expect(states.ids).toEqual(['ended', 'living']);
  });

  const nested = (depth: number, inner: unknown): unknown =>
    depth === 0 ? inner : [nested(depth - 1, inner)];
  it.each<[string, JsonObject, [(string | number)[], string][]]>([
    ['what is nested deep', { deep: nested(20, 'x'.repeat(9_000)) as string }, []],
    ['the names of fields', { ['k'.repeat(9_000)]: 1 }, []],
    ['the names in fields', { field: { ['k'.repeat(9_000)]: 1 } }, []],
    ['many empty texts', { field: Array.from({ length: 9_000 }, () => '') }, []],
    ['paths of buffers', {}, [[['b', 'k'.repeat(9_000)], '']]],
  ])('counts %s', (_, state, buffers) => {
    const states = new WidgetStates();
    states.open(
      'm',
      state,
      buffers.map(([path, data]) => ({ path, data: Buffer.from(data) })),
    );
    expect(states.size).toBeGreaterThan(9_000);
  });

  it('counts models that hold nothing, and their ids', () => {
    const states = new WidgetStates(undefined, 10_000);
    for (let n = 0; n < 1_000; n += 1) states.open(String(n), {}, []);
    expect(states.ids.length).toBeLessThanOrEqual(10);
    states.open('x'.repeat(10_000), {}, []);
    expect(states.ids.join('').length).toBeLessThan(100);
  });

  it('cuts the names in what stands for a model', () => {
    const states = new WidgetStates();
    states.open('m', { ...bar, _model_name: 'x'.repeat(100_000) }, []);
    expect(JSON.stringify(states.reference('m')).length).toBeLessThan(500);
    expect(states.model('m')?.model_name).toHaveLength(100_000);
  });

  it('keeps a field that every object seems to have', () => {
    const states = new WidgetStates();
    states.open('__proto__', JSON.parse('{"__proto__":1,"constructor":2}') as JsonObject, []);
    expect(JSON.stringify(states.model('__proto__')?.state)).toBe('{"__proto__":1,"constructor":2}');
  });
});

describe('OutputCapture', () => {
  it('gives the output of a request to the widget that asked last, and back when that has enough', () => {
    const capture = new OutputCapture();
    capture.set('outer', 'run');
    capture.set('inner', 'run');
    expect(capture.of('run')).toBe('inner');
    capture.set('inner', '');
    expect(capture.of('run')).toBe('outer');
    capture.set('outer', 'other');
    expect(capture.of('run')).toBeUndefined();
    expect(capture.of('other')).toBe('outer');
  });

  it('tells of recorded messages which went to the cell', () => {
    const said = (type: string, content: object) => ({ type, content: Buffer.from(JSON.stringify(content)) });
    const take = (msg_id: string) =>
      said('comm_msg', { comm_id: 'o', data: { method: 'update', state: { msg_id } } });
    const messages = [
      said('stream', { text: 'to the cell' }),
      take('run'),
      said('stream', { text: 'to the widget' }),
      take(''),
      said('stream', { text: 'to the cell again' }),
    ];
    expect(notCaptured(messages, 'run')).toEqual([messages[0], messages[4]]);
    const opened = (_model_name: string) =>
      said('comm_open', { comm_id: 'o', target_name: 'jupyter.widget', data: { state: { _model_name } } });
    const printed = said('stream', { text: 'printed' });
    const closed = [take('run'), said('comm_close', { comm_id: 'o', data: {} }), printed];
    expect(notCaptured(closed, 'run')).toEqual([printed]);
    expect(notCaptured([opened('TextModel'), take('run'), printed], 'run')).toEqual([printed]);
    expect(notCaptured([opened('OutputModel'), take('run'), printed], 'run')).toEqual([]);
  });
});

describe('DocumentWidgets', () => {
  let widgets: DocumentWidgets;
  let told: WidgetChanges[];
  let shown: [string, unknown][];
  let pages: FakePage[];
  let failures: unknown[];
  class FakePage implements DocumentPage {
    waiting = 0;
    readonly told: WidgetChanges[] = [];
    send(text: string): void {
      const message = JSON.parse(text) as ServerMessage;
      if (message.type === 'widgets') this.told.push(message.models);
    }
    close(): void {}
  }
  beforeEach(() => {
    vi.useFakeTimers();
    const page = new FakePage();
    pages = [page];
    ({ told } = page);
    shown = [];
    failures = [];
    widgets = new DocumentWidgets({
      pages: () => pages,
      failed: (error) => failures.push(error),
      showsNow: (...one) => shown.push(one),
      isOurs: (request) => request === 'run',
    });
  });
  afterEach(() => {
    widgets.close();
    vi.useRealTimers();
  });
  const say = (type: string, content: object, buffers: Buffer[] = [], parent = 'run') =>
    widgets.message(type, parent, message(content, buffers));
  const open = (id: string, state: JsonObject) =>
    say('comm_open', { comm_id: id, target_name: 'jupyter.widget', data: { state, buffer_paths: [] } });
  const update = (id: string, state: JsonObject) =>
    say('comm_msg', { comm_id: id, data: { method: 'update', state, buffer_paths: [] } });
  const print = (text: string, parent = 'run') => say('stream', { name: 'stdout', text }, [], parent);
  const outputsOf = (id: string) => {
    vi.advanceTimersByTime(500);
    return widgets.model(id)?.state['outputs'];
  };

  it('tells pages of what has changed, 20 times a second at most, and not when nobody looks', () => {
    open('m', bar);
    for (let value = 1; value <= 1_000; value += 1) {
      update('m', { value });
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(100);
    expect(told.length).toBeGreaterThan(15);
    expect(told.length).toBeLessThanOrEqual(21);
    expect(told.at(-1)).toMatchObject({ m: { model_name: 'FloatProgressModel', state: { value: 1_000 } } });
    const [page] = pages.splice(0);
    update('m', { value: 0 });
    vi.advanceTimersByTime(100);
    expect(told.at(-1)).toMatchObject({ m: { state: { value: 1_000 } } });
    expect(widgets.all).toMatchObject({ m: { state: { value: 0 } } });
    if (page !== undefined) pages.push(page);
    say('comm_close', { comm_id: 'm', data: {} });
    vi.advanceTimersByTime(100);
    expect(told.at(-1)).toEqual({ m: null });
    expect(widgets.all).toEqual({});
  });

  it('tells a page that reads slowly of the models as they are when it has read, and the others at once', () => {
    const slow = new FakePage();
    pages.push(slow);
    slow.waiting = 2_000_000;
    open('m', bar);
    open('closed', bar);
    vi.advanceTimersByTime(100);
    for (let value = 1; value <= 100; value += 1) {
      update('m', { value });
      vi.advanceTimersByTime(50);
    }
    say('comm_close', { comm_id: 'closed', data: {} });
    vi.advanceTimersByTime(1_000);
    expect(slow.told).toEqual([]);
    expect(told.length).toBeGreaterThan(90);
    const before = told.length;
    slow.waiting = 0;
    vi.advanceTimersByTime(1_000);
    expect(slow.told).toMatchObject([{ m: { state: { value: 100 } }, closed: null }]);
    expect(told).toHaveLength(before);
    update('m', { value: 0 });
    vi.advanceTimersByTime(100);
    expect(slow.told.at(-1)).toEqual(told.at(-1));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not note without end what a page that never reads was not told', () => {
    const [page] = pages;
    if (page === undefined) throw new Error('no page');
    page.waiting = 2_000_000;
    for (let n = 0; n <= 50_000; n += 1) {
      open(`m${n}`, {});
      say('comm_close', { comm_id: `m${n}`, data: {} });
    }
    vi.advanceTimersByTime(100);
    expect(told).toHaveLength(1);
    expect(Object.keys(told[0] ?? {})).toHaveLength(50_001);
  });

  it('goes on when pages could not be told', () => {
    open('m', bar);
    const send = vi.spyOn(FakePage.prototype, 'send').mockImplementation(() => {
      throw new RangeError('Invalid string length');
    });
    vi.advanceTimersByTime(100);
    expect(failures).toHaveLength(1);
    send.mockRestore();
    update('m', { value: 1 });
    vi.advanceTimersByTime(100);
    expect(told).toMatchObject([{ m: { state: { value: 1 } } }]);
  });

  it('names what is large, and has it in the form of files', () => {
    open('large', { ...bar, text: 'x'.repeat(70_000) });
    open('small', bar);
    expect(widgets.all).toMatchObject({
      large: { model_name: 'FloatProgressModel', size: expect.any(Number) as number },
      small: { state: bar },
    });
    expect(JSON.stringify(widgets.all).length).toBeLessThan(1_000);
    expect(widgets.whole).toMatchObject({
      version_major: 2,
      version_minor: 0,
      state: { small: { state: bar }, large: { state: { value: 0 } } },
    });
  });

  it('leaves the messages of other comms and those that print to others', () => {
    expect(print('to the cell')).toBe(false);
    expect(say('comm_open', { comm_id: 'x', target_name: 'debugger', data: {} })).toBe(true);
    expect(widgets.all).toEqual({});
  });

  it('keeps what an Output widget captures, by the rules of cells', () => {
    open('o', out);
    update('o', { msg_id: 'run' });
    expect(print('1\n')).toBe(true);
    expect(print('2\n')).toBe(true);
    expect(
      say('display_data', { data: { 'text/plain': 'old' }, metadata: {}, transient: { display_id: 'd' } }),
    ).toBe(true);
    expect(print('of another request', 'other')).toBe(false);
    update('o', { msg_id: '' });
    expect(print('to the cell')).toBe(false);
    say('update_display_data', {
      data: { 'text/plain': 'new' },
      metadata: {},
      transient: { display_id: 'd' },
    });
    expect(outputsOf('o')).toEqual([
      { output_type: 'stream', name: 'stdout', text: '1\n2\n' },
      { output_type: 'display_data', data: { 'text/plain': 'new' }, metadata: {} },
    ]);
    update('o', { msg_id: 'run' });
    say('clear_output', { wait: true });
    expect(outputsOf('o')).toHaveLength(2);
    print('again');
    expect(outputsOf('o')).toEqual([{ output_type: 'stream', name: 'stdout', text: 'again' }]);
    say('clear_output', { wait: false });
    expect(outputsOf('o')).toEqual([]);
  });

  it('tells the kernel once, when the request is over, what its Output widgets show', () => {
    open('o', out);
    update('o', { msg_id: 'run' });
    for (let n = 0; n < 100; n += 1) {
      print('.');
      vi.advanceTimersByTime(100);
    }
    expect(shown).toEqual([]);
    say('status', { execution_state: 'idle' }, [], 'other');
    expect(shown).toEqual([]);
    say('status', { execution_state: 'idle' });
    say('status', { execution_state: 'idle' });
    expect(shown).toEqual([['o', [{ output_type: 'stream', name: 'stdout', text: '.'.repeat(100) }]]]);
  });

  it('takes what the kernel itself puts into an Output widget, and leaves out what no page could show', () => {
    open('o', out);
    update('o', { outputs: [{ output_type: 'stream', name: 'stdout', text: ['a', 'b'] }, { no: 'output' }] });
    update('o', { msg_id: 'run' });
    print('c');
    expect(outputsOf('o')).toEqual([{ output_type: 'stream', name: 'stdout', text: 'abc' }]);
  });

  it('takes no old outputs that come back to an Output widget, and the field of that name of others', () => {
    const echo = (comm_id: string) =>
      say('comm_msg', { comm_id, data: { method: 'echo_update', state: { value: 1, outputs: ['echoed'] } } });
    open('o', out);
    open('m', bar);
    echo('o');
    echo('m');
    expect(widgets.model('o')?.state).toMatchObject({ value: 1, outputs: [] });
    expect(widgets.model('m')?.state).toMatchObject({ value: 1, outputs: ['echoed'] });
  });

  it('hears comms that speak unasked, and nothing else that is nobody’s answer', () => {
    const unasked = (type: string, content: object) => widgets.message(type, undefined, message(content));
    expect(unasked('comm_open', { comm_id: 'm', target_name: 'jupyter.widget', data: { state: bar } })).toBe(
      true,
    );
    unasked('comm_msg', { comm_id: 'm', data: { method: 'update', state: { value: 3 } } });
    expect(widgets.model('m')?.state['value']).toBe(3);
    expect(unasked('stream', { name: 'stdout', text: 'x' })).toBe(false);
    unasked('comm_close', { comm_id: 'm', data: {} });
    expect(widgets.all).toEqual({});
  });

  it('does not read what comms say while no widget is open', () => {
    const parse = vi.spyOn(JSON, 'parse');
    update('m', { value: 1 });
    say('comm_close', { comm_id: 'm', data: {} });
    expect(parse).not.toHaveBeenCalled();
    parse.mockRestore();
  });

  it('shows what was when the kernel is gone, and captures nothing more', () => {
    open('o', out);
    update('o', { msg_id: 'run' });
    print('before');
    widgets.kernelLost();
    expect(print('after')).toBe(false);
    update('o', { value: 5 });
    expect(widgets.all).toMatchObject({ o: { state: { value: 0, outputs: [{ text: 'before' }] } } });
  });

  it('takes nothing that is nested too deep to be sent anywhere', () => {
    open('m', bar);
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const content = `{"comm_id":"m","data":{"method":"update","state":{"value":${deep}}}}`;
    widgets.message('comm_msg', 'run', { ...message({}), content: Buffer.from(content) });
    expect(widgets.model('m')?.state['value']).toBe(0);
  });
});
