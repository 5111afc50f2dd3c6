import { Text } from '@codemirror/state';
import { describe, expect, it } from 'vitest';
import { continues } from '../../../src/notebook/text-continued.js';

const text = (value: string) => Text.of(value.split('\n'));

describe('continues', () => {
  it.each([
    ['a', 'ab', 'abc', true],
    ['a', 'ab', 'ab', true],
    ['x = 1\ny', 'x = 1\nnew\ny', 'x = 1\nnew line\ny', true],
    ['', 'abc', 'ab', false],
    ['abc', 'abXc', 'aXc', false],
    ['a b', 'a 1 b', 'a 2 b', false],
    ['abc', 'ab', 'a', false],
    ['a', 'a', 'b', false],
    ['aa', 'aaa', 'a', false],
  ])('%j → %j → %j: %j', (base, earlier, later, expected) => {
    expect(continues(text(base), text(earlier), text(later))).toBe(expected);
  });
});
