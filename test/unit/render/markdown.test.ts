import { describe, expect, it } from 'vitest';
import { headingId } from '../../../src/render/heading-id.js';
import { renderMarkdown } from '../../../src/render/markdown.js';
import { maskMath } from '../../../src/render/markdown-math.js';

const math = (tex: string) => `<span class="nb-math">${tex}</span>`;
const display = (tex: string) => `<span class="nb-math nb-math-display">${tex}</span>`;

describe('markdown', () => {
  it.each<[string, string, string]>([
    ['headings and emphasis', '# A *b*', '<h1>A <em>b</em></h1>\n'],
    [
      'tables',
      '|a|\n|-|\n|1|',
      '<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody><tr>\n<td>1</td>\n</tr>\n</tbody></table>\n',
    ],
    ['fenced code', '```python\na<b\n```', '<pre><code class="language-python">a&lt;b</code></pre>\n'],
    ['code that looks like math', '`$x$`', '<p><code>$x$</code></p>\n'],
    ['inline math', 'a $x_1*y_1*z$ b', `<p>a ${math('x_1*y_1*z')} b</p>\n`],
    ['math inside emphasis', '*a $b*c$ d*', `<p><em>a ${math('b*c')} d</em></p>\n`],
    ['math with markup', '$a<b$', `<p>${math('a&lt;b')}</p>\n`],
    ['an escaped dollar inside', '$a\\$b$', `<p>${math('a\\$b')}</p>\n`],
    ['prices are not math', 'from $5 to $10 each', '<p>from $5 to $10 each</p>\n'],
    ['an escaped dollar', '\\$5 and $x$', `<p>$5 and ${math('x')}</p>\n`],
    ['one dollar', 'a $ b', '<p>a $ b</p>\n'],
    ['math does not cross paragraphs', 'a $x\n\ny$ b', '<p>a $x</p>\n<p>y$ b</p>\n'],
    [
      'display math as a block',
      '$$\na_1\n\nb_1\n$$\ntext',
      `<p>${display('\na_1\n\nb_1\n')}</p>\n<p>text</p>\n`,
    ],
    ['display math in a line', 'a $$x$$ b', `<p>a ${display('x')} b</p>\n`],
    ['double backslash brackets', '\\\\[x\\\\] and \\\\(y\\\\)', `<p>${display('x')} and ${math('y')}</p>\n`],
    [
      'an environment',
      '\\begin{align*}a&=b\\\\c\\end{align*}',
      `<p>${display('\\begin{align*}a&amp;=b\\\\c\\end{align*}')}</p>\n`,
    ],
    ['a task list', '- [x] a', '<ul>\n<li><span role="img" aria-label="done">☑</span> a</li>\n</ul>\n'],
  ])('%s', (_name, source, expected) => {
    expect(renderMarkdown(source)).toBe(expected);
  });

  it('shows attached images and nothing else of an attachment', () => {
    const attachments = {
      'a b.png': { 'image/png': 'AA\nAA' },
      'x.html': { 'text/html': '<script>1</script>' },
    };
    expect(renderMarkdown('![i](attachment:a%20b.png)', { attachments })).toContain(
      'src="data:image/png;base64,AAAA"',
    );
    expect(renderMarkdown('![i](attachment:x.html)', { attachments })).toContain('src="attachment:x.html"');
    expect(renderMarkdown('![i](attachment:100%.png)', { attachments })).not.toContain('data:');
  });

  it('lets the page colour fenced code, and escapes where it does not', () => {
    const highlight = (code: string, language: string) =>
      language === 'js' ? `<span class="tok-keyword">${code}</span>` : undefined;
    expect(renderMarkdown('```js\nlet\n```', { highlight })).toContain(
      '<span class="tok-keyword">let</span>',
    );
    expect(renderMarkdown('```xx"><b>\n<i>\n```', { highlight })).toBe(
      '<pre><code class="language-xx&quot;&gt;&lt;b&gt;">&lt;i&gt;</code></pre>\n',
    );
  });

  it('masks formulas without changing the length', () => {
    const source = 'a $x*y$ *b* $$c$$ $';
    expect(maskMath(source)).toBe('a aaaaa *b* aaaaa $');
  });

  it('survives an unclosed formula of any length', () => {
    expect(renderMarkdown('$'.repeat(2000)).length).toBeGreaterThan(1000);
    expect(renderMarkdown('\\begin{a}'.repeat(500))).toContain('begin{a}');
  });

  it('names headings as the classic notebook does', () => {
    expect(headingId(' Two words ')).toBe('Two-words');
  });
});
