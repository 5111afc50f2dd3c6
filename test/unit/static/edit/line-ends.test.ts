import { describe, expect, it } from 'vitest';
import { readForm, writeForm } from '../../../../static/edit/line-ends.js';

describe('readForm and writeForm', () => {
  it.each([
    ['unix', 'a\nb\n', 'a\nb\n'],
    ['windows', 'a\r\nb\r\n', 'a\nb\n'],
    ['mixed: nothing is taken for a line end but \\n', 'a\r\nb\nc\rd', 'a\r\nb\nc\rd'],
    ['a \\n first', '\na\r\n', '\na\r\n'],
    ['old Mac', 'a\rb', 'a\rb'],
    ['a byte order mark', '\ufeffa\r\nb', 'a\nb'],
    ['empty', '', ''],
  ])('%s: a save of what was read changes no byte', (_what, content, shown) => {
    const { text, form } = readForm(content);
    expect(text).toBe(shown);
    expect(writeForm(text, form)).toBe(content);
  });
});
