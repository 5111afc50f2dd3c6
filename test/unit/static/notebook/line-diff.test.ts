import { describe, expect, it } from 'vitest';
import { lineDiff } from '../../../../static/notebook/history/line-diff.js';

const SIGNS = { same: ' ', then: '-', now: '+', gap: '~' };
const shown = (before: string | null, after: string | null) =>
  lineDiff(before, after).map(({ kind, text }) => SIGNS[kind] + text);

describe('lineDiff', () => {
  it.each([
    ['a changed line between others', 'a\nb\nc', 'a\nB\nc', [' a', '-b', '+B', ' c']],
    ['a line more', 'a', 'a\nb', [' a', '+b']],
    ['a text that was not there', null, 'a\nb', ['+a', '+b']],
    ['a text that is gone', 'a', null, ['-a']],
    ['nothing', 'a\nb', 'a\nb', ['~2 equal lines']],
    [
      'a change far from the ends',
      '1\n2\n3\n4\n5\nx\n6\n7\n8\n9',
      '1\n2\n3\n4\n5\ny\n6\n7\n8\n9',
      ['~3 equal lines', ' 4', ' 5', '-x', '+y', ' 6', ' 7', '~2 equal lines'],
    ],
  ])('shows %s', (_name, before, after, lines) => {
    expect(shown(before, after)).toEqual(lines);
  });
});
