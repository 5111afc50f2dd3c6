import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNames, nameKey } from '../../../../static/tree/name-order.js';

const byKey = (a: string, b: string): number => {
  const [one, other] = [nameKey(a) ?? '', nameKey(b) ?? ''];
  return one < other ? -1 : one > other ? 1 : 0;
};
const fromCollator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

describe('the key of a name', () => {
  it.each([
    [
      ['b', 'A', 'c'],
      ['A', 'b', 'c'],
    ],
    [
      ['file10', 'file9', 'file2'],
      ['file2', 'file9', 'file10'],
    ],
    [
      ['a10b', 'a9c', 'a9b10', 'a9b9'],
      ['a9b9', 'a9b10', 'a9c', 'a10b'],
    ],
    [['a1', 'a', 'a b', 'a_b', 'ab'], ['a', 'a_b', 'a b', 'a1', 'ab'].sort(compareNames)],
  ])('orders %j', (given, wanted) => {
    expect([...given].sort(byKey)).toEqual(wanted);
  });

  it('gives the order of the collator, which is slower', () => {
    const character = fc.oneof(
      fc.constantFrom(...'0019aAbZ-_. ()+~'),
      fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    );
    const name = fc.array(character, { maxLength: 12 }).map((all) => all.join(''));
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect([a, b, byKey(a, b)]).toEqual([a, b, Math.sign(fromCollator.compare(a, b))]);
      }),
      { numRuns: 2000 },
    );
  });

  it('is not there for names that only the collator knows', () => {
    expect(['é', '日本', 'a\tb', '🎉'].map(nameKey)).toEqual([null, null, null, null]);
  });
});
