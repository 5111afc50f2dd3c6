import { parser } from '@lezer/python';
import { describe, expect, it } from 'vitest';
import { highlightToHtml } from '../../../src/render/highlight.js';

describe('static highlight', () => {
  it('uses the classes of the live editor', () => {
    expect(highlightToHtml('def f():\n    return "<b>"', parser)).toBe(
      '<span class="tok-keyword">def</span> <span class="tok-variableName tok-definition">f</span>' +
        '<span class="tok-punctuation">(</span><span class="tok-punctuation">)</span>:\n    <span class="tok-keyword">return</span> ' +
        '<span class="tok-string">&quot;&lt;b&gt;&quot;</span>',
    );
  });

  it.each(['', '\n', 'a\r\nb', '%matplotlib inline\n!ls <x>', '"""open', '\u0000\ud800'])(
    'keeps every character of %j',
    (source) => {
      const text = highlightToHtml(source, parser)
        .replace(/<[^>]*>/g, '')
        .replace(/&lt;/g, '<')
        .replace(/&gt;/g, '>')
        .replace(/&quot;/g, '"')
        .replace(/&amp;/g, '&');
      expect(text.replace(/\r/g, '')).toBe(source.replace(/\r/g, ''));
    },
  );

  it('escapes plainly without a parser', () => {
    expect(highlightToHtml('a<b', undefined)).toBe('a&lt;b');
  });
});
