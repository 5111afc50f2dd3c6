import { describe, expect, it } from 'vitest';
import { finiteNumbers } from '../../../src/kernels/finite-numbers.js';

describe('finiteNumbers', () => {
  it.each([
    ['{"a":NaN,"b":-Infinity,"c":[Infinity, NaN]}', '{"a":null,"b":null,"c":[null, null]}'],
    ['{"NaN":"NaN \\" NaN","x":NaN}', '{"NaN":"NaN \\" NaN","x":null}'],
    ['NaN', 'null'],
    ['{"text":"-Infinity"}', '{"text":"-Infinity"}'],
    ['{"open":"NaN', '{"open":"NaN'],
  ])('%s becomes %s', (given, expected) => {
    expect(String(Buffer.from(finiteNumbers(Buffer.from(given))))).toBe(expected);
  });

  it('gives the same bytes when there is nothing to replace', () => {
    for (const text of ['{"a":1}', '{"a":"NaN"}', '']) {
      const bytes = Buffer.from(text);
      expect(finiteNumbers(bytes)).toBe(bytes);
    }
  });
});
