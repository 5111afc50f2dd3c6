/** What find and replace finds, and what it would write. */
import { describe, expect, it } from 'vitest';
import { compileQuery, findMatches, previewLines } from '../../../../static/notebook/find/matches.js';

function replaced(text: string, query: string, replacement: string, regex = false, caseSensitive = false) {
  const pattern = compileQuery(query, { regex, caseSensitive });
  if (pattern === undefined) return text;
  let result = '';
  let at = 0;
  for (const { from, to, insert } of findMatches(text, pattern, replacement, regex)) {
    result += text.slice(at, from) + insert;
    at = to;
  }
  return result + text.slice(at);
}

describe('find and replace', () => {
  it.each([
    { text: 'a.b aXb', query: 'a.b', to: '-', regex: false, result: '- aXb' },
    { text: 'a.b aXb', query: 'a.b', to: '-', regex: true, result: '- -' },
    { text: 'Ab ab', query: 'ab', to: 'x', regex: false, result: 'x x' },
    { text: 'one two', query: '(\\w+) (\\w+)', to: '$2 $1', regex: true, result: 'two one' },
    { text: 'one', query: 'one', to: '$1', regex: false, result: '$1' },
    { text: 'a', query: 'a', to: '[$&$$]\\n', regex: true, result: '[a$]\n' },
    { text: 'x=1', query: '(?<name>x)', to: '$<name>y', regex: true, result: 'xy=1' },
    { text: 'bbb', query: 'a*', to: '-', regex: true, result: 'bbb' },
    { text: 'one\ntwo', query: '^t', to: 'T', regex: true, result: 'one\nTwo' },
    { text: '😀x', query: '.', to: '-', regex: true, result: '--' },
    { text: '1+1 [x] /', query: '1+1 [x] /', to: 'y', regex: false, result: 'y' },
  ])('makes "$result" of "$text" by $query → $to', ({ text, query, to, regex, result }) => {
    expect(replaced(text, query, to, regex)).toBe(result);
  });

  it('respects case when it is asked to, and finds nothing for an empty query', () => {
    expect(replaced('Ab ab', 'ab', 'x', false, true)).toBe('Ab x');
    expect(compileQuery('', { regex: false, caseSensitive: false })).toBeUndefined();
  });

  it('says what is wrong with an expression', () => {
    expect(() => compileQuery('(', { regex: true, caseSensitive: false })).toThrow(
      /^This is not a regular expression: /,
    );
  });

  it('previews a line once, with all its matches', () => {
    const text = 'first\nxx a x\nlast x';
    const pattern = compileQuery('x', { regex: false, caseSensitive: false });
    const matches = findMatches(text, pattern ?? /$^/g, 'y', false);
    const lines = previewLines(text, matches, 10);
    expect(lines.map(({ parts }) => parts.map((part) => part.text))).toEqual([
      ['x', 'x', ' a ', 'x'],
      ['last ', 'x'],
    ]);
    expect(previewLines(text, matches, 1)).toHaveLength(1);
  });
});
