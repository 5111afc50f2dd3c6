import { describe, expect, it } from 'vitest';
import { joinFrames, splitFrames, WireError, wireLength } from '../../../src/protocol/wire-frames.js';

const frames = (...parts: string[]) => parts.map((part) => Buffer.from(part));

describe('splitFrames', () => {
  it('takes identities, signature, JSON parts and buffers apart', () => {
    const { message, signature } = splitFrames(
      frames('a', 'b', '<IDS|MSG>', 'sig', '{"h":1}', '{}', '{"m":1}', '{"c":1.0}', 'x', ''),
    );
    expect(message.identities.map(String)).toEqual(['a', 'b']);
    expect(String(signature)).toBe('sig');
    expect(String(message.header)).toBe('{"h":1}');
    expect(String(message.parentHeader)).toBe('{}');
    expect(String(message.metadata)).toBe('{"m":1}');
    expect(String(message.content)).toBe('{"c":1.0}');
    expect(message.buffers.map(String)).toEqual(['x', '']);
  });

  it.each([
    ['no delimiter', frames('a', 'sig', '{}', '{}', '{}', '{}')],
    ['nothing', []],
    ['four parts after the delimiter', frames('<IDS|MSG>', 'sig', '{}', '{}', '{}')],
  ])('refuses %s', (_name, given) => {
    expect(() => splitFrames(given)).toThrow(WireError);
  });
});

describe('joinFrames', () => {
  it('is the opposite of splitFrames', () => {
    const original = frames('id', '<IDS|MSG>', 'sig', '{"h":1}', '{}', '{}', '{"c":[1]}', 'buffer');
    const { message, signature } = splitFrames(original);
    expect(joinFrames(message, signature).map((part) => Buffer.from(part).toString())).toEqual(
      original.map(String),
    );
  });

  it('does not touch the bytes of the JSON parts', () => {
    const odd = Buffer.from('{ "big": 12345678901234567890, "one": 1.0, "nan": NaN }');
    const { message } = splitFrames([...frames('<IDS|MSG>', '', '{}', '{}', '{}'), odd]);
    expect(joinFrames(message, Buffer.alloc(0)).at(-1)).toBe(odd);
  });
});

it('wireLength counts the four JSON parts and the buffers', () => {
  const { message } = splitFrames(frames('identity', '<IDS|MSG>', 'sig', '12', '3', '4', '56', '789'));
  expect(wireLength(message)).toBe(9);
});
