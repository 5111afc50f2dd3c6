import { describe, expect, it } from 'vitest';
import { parseFrameMessage } from '../../../../static/output-frame/frame-messages.js';

const circle: Record<string, unknown> = {};
circle['circle'] = circle;

describe('a message of a frame, whose scripts may send anything', () => {
  it.each([
    [
      { type: 'size', height: 10.2 },
      { type: 'size', height: 11 },
    ],
    [
      { type: 'size', height: 1e9 },
      { type: 'size', height: 20_000 },
    ],
    [{ type: 'escape', more: 1 }, { type: 'escape' }],
    [
      { type: 'execute', id: 'a', code: '1', silent: false, store_history: true },
      { type: 'execute', id: 'a', code: '1', silent: false },
    ],
    [
      { type: 'target', target: 't' },
      { type: 'target', target: 't' },
    ],
    [
      { type: 'comm', what: 'open', comm: 'c', target: 't' },
      { type: 'comm', what: 'open', comm: 'c', target: 't', data: {} },
    ],
    [
      { type: 'comm', what: 'msg', comm: 'c', data: { n: 1, f: undefined } },
      { type: 'comm', what: 'msg', comm: 'c', target: '', data: { n: 1 } },
    ],
  ])('%o', (sent, read) => {
    expect(parseFrameMessage(sent)).toEqual(read);
  });

  it.each([
    undefined,
    'size',
    { type: 'size', height: NaN },
    { type: 'size', height: '10' },
    { type: 'error' },
    { type: 'execute', id: '', code: '1' },
    { type: 'execute', id: 'a', code: 1 },
    { type: 'target', target: 'x'.repeat(501) },
    { type: 'comm', what: 'open', comm: 'c' },
    { type: 'comm', what: 'other', comm: 'c', target: 't' },
    { type: 'comm', what: 'msg', comm: 'c', data: circle },
    { type: 'render', kind: 'html', source: '' },
  ])('is none: %o', (sent) => {
    expect(parseFrameMessage(sent)).toBeUndefined();
  });
});
