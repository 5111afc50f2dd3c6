/** The headings that a table of contents finds in markdown. */
import { describe, expect, it } from 'vitest';
import { headingsOf } from '../../../../static/notebook/panels/headings.js';

describe('headings of markdown', () => {
  it.each([
    { markdown: '# One\n\n### Three ###', found: ['1 One', '3 Three'] },
    { markdown: 'Title\n=====\n\nPart\n---', found: ['1 Title', '2 Part'] },
    { markdown: '```\n# code\n```\n# text', found: ['1 text'] },
    { markdown: '~~~~\n# code\n~~~\n# still\n~~~~\n## text', found: ['2 text'] },
    { markdown: '#hashtag\n####### seven', found: [] },
    { markdown: '- item\n---', found: [] },
    { markdown: '# A *b* `c` [d](e) **f**', found: ['1 A b c d f'] },
    { markdown: '#', found: ['1 (empty heading)'] },
    { markdown: 'no\n\n---', found: [] },
  ])('$markdown', ({ markdown, found }) => {
    expect(headingsOf(markdown).map(({ level, text }) => `${level} ${text}`)).toEqual(found);
  });
});
