import { describe, expect, it } from 'vitest';
import { canonical } from '../../../../static/notebook/colours/language-names.js';
import { estimateHeight } from '../../../../static/notebook/cells/estimate-height.js';
import { fromCodePoints, toCodePoints } from '../../../../static/notebook/code-points.js';

describe('positions for kernels count code points', () => {
  it.each([
    ['abc', 2, 2],
    ['😀b', 2, 1],
    ['a😀b', 3, 2],
    ['a😀b', 4, 3],
    ['', 0, 0],
  ])('%j: unit %d is point %d, and back', (text, unit, point) => {
    expect(toCodePoints(text, unit)).toBe(point);
    expect(fromCodePoints(text, point)).toBe(unit);
  });

  it('stays inside the text', () => {
    expect(fromCodePoints('ab', 99)).toBe(2);
  });
});

describe('names of languages', () => {
  it.each([
    ['python', 'python'],
    ['ipython3', 'python'],
    ['Python', 'python'],
    ['py', 'python'],
    ['TypeScript', 'javascript'],
    ['node', 'javascript'],
    ['R', 'r'],
    ['', ''],
  ])('%s → %s', (name, expected) => {
    expect(canonical(name)).toBe(expected);
  });
});

describe('the estimated height of a cell', () => {
  it('grows with lines and outputs, and stops where output scrolls', () => {
    const cell = (source: string, text = '') => ({
      id: 'a',
      cell_type: 'code' as const,
      source,
      metadata: {},
      outputs: text === '' ? [] : [{ output_type: 'stream' as const, name: 'stdout' as const, text }],
    });
    expect(estimateHeight(cell('a\nb')) - estimateHeight(cell('a'))).toBe(17);
    expect(estimateHeight(cell('a', 'x\n'.repeat(5)))).toBeGreaterThan(estimateHeight(cell('a')) + 80);
    expect(estimateHeight(cell('a', 'x\n'.repeat(5000)))).toBe(estimateHeight(cell('a', 'x\n'.repeat(9000))));
  });
});
