import { describe, expect, it } from 'vitest';
import { ansiToHtml, stripAnsi } from '../../../src/render/ansi.js';

const html = (text: string) => ansiToHtml(text).html;

describe('terminal text as HTML', () => {
  it.each<[string, string, string]>([
    ['plain text', 'a\nb', 'a\nb'],
    [
      'markup as text',
      '<script>alert("1")</script>&',
      '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;',
    ],
    ['a base colour', '\u001b[31mred\u001b[0m x', '<span class="ansi-red-fg">red</span> x'],
    ['an empty reset', '\u001b[31mred\u001b[m x', '<span class="ansi-red-fg">red</span> x'],
    ['bold brightens', '\u001b[1;34mb\u001b[0m', '<span class="ansi-blue-intense-fg ansi-bold">b</span>'],
    [
      'bright colours',
      '\u001b[92;103mb',
      '<span class="ansi-green-intense-fg ansi-yellow-intense-bg">b</span>',
    ],
    [
      'several attributes',
      '\u001b[3;4;9;2mt',
      '<span class="ansi-faint ansi-italic ansi-underline ansi-strike">t</span>',
    ],
    [
      'attributes turned off',
      '\u001b[1;4mb\u001b[22;24mx',
      '<span class="ansi-bold ansi-underline">b</span>x',
    ],
    [
      'reverse of defaults',
      '\u001b[7mr',
      '<span class="ansi-default-inverse-fg ansi-default-inverse-bg">r</span>',
    ],
    ['reverse swaps', '\u001b[31;42;7mr', '<span class="ansi-green-fg ansi-red-bg">r</span>'],
    ['256 colours, base part', '\u001b[38;5;1mr', '<span class="ansi-red-fg">r</span>'],
    [
      '256 colours, cube',
      '\u001b[38;5;208mr',
      '<span class="ansi-rgb-fg" style="--ansi-fg:#ff8700">r</span>',
    ],
    [
      '256 colours, grey',
      '\u001b[48;5;232mr',
      '<span class="ansi-rgb-bg" style="--ansi-bg:#080808">r</span>',
    ],
    ['24-bit', '\u001b[38;2;1;2;255mr', '<span class="ansi-rgb-fg" style="--ansi-fg:#0102ff">r</span>'],
    [
      '24-bit with colons',
      '\u001b[38:2::1:2:255mr',
      '<span class="ansi-rgb-fg" style="--ansi-fg:#0102ff">r</span>',
    ],
    ['a colour out of range', '\u001b[38;5;999mr', 'r'],
    ['a parameter after a colour', '\u001b[38;5;1;4mr', '<span class="ansi-red-fg ansi-underline">r</span>'],
    ['an unknown code', '\u001b[73mr', 'r'],
    [
      'colour across lines',
      '\u001b[31ma\nb',
      '<span class="ansi-red-fg">a</span>\n<span class="ansi-red-fg">b</span>',
    ],
    ['other sequences dropped', 'a\u001b[2J\u001b[?25lb\u001b(Bc\u001b7d', 'abcd'],
    ['a title (OSC) dropped', '\u001b]0;evil <b>\u0007x', 'x'],
    [
      'a hyperlink (OSC 8) keeps its text',
      '\u001b]8;;javascript:alert(1)\u001b\\here\u001b]8;;\u001b\\',
      'here',
    ],
    ['an unfinished sequence', 'a\u001b[31', 'a'],
    ['a lone escape', 'a\u001b', 'a'],
    ['other controls dropped', 'a\u0000\u0007b', 'ab'],
  ])('%s', (_name, text, expected) => {
    expect(html(text)).toBe(expected);
  });

  it.each<[string, string, string]>([
    ['a progress bar', ' 10%\r 50%\r100%', '100%'],
    ['a shorter text over a longer one', 'abcdef\rxy', 'xycdef'],
    ['erase to the end of line', 'abcdef\rxy\u001b[K', 'xy'],
    ['erase the line', 'abc\r\u001b[2Kx', 'x  '],
    ['CRLF is a line end', 'a\r\nb\r\n', 'a\nb\n'],
    ['backspace', 'abc\b\bX', 'aXc'],
    ['backspace at the start', '\b\bX', 'X'],
    ['astral characters are one column', '😀b\rX', 'Xb'],
    [
      'colours stay with their characters',
      '\u001b[31mab\u001b[0mc\rX',
      'X<span class="ansi-red-fg">b</span>c',
    ],
  ])('overwrites: %s', (_name, text, expected) => {
    expect(html(text)).toBe(expected);
  });

  it('hands the style on, so that a stream can be rendered piece by piece', () => {
    const first = ansiToHtml('\u001b[31mone\n');
    expect(ansiToHtml('two', first.style).html).toBe('<span class="ansi-red-fg">two</span>');
  });

  it('stays linear on hostile input', () => {
    const flood = '\u001b]'.repeat(50_000) + '\u001b['.repeat(50_000) + '\b\r'.repeat(50_000);
    expect(html(flood)).toBe('');
  });
});

describe('links in text', () => {
  const link = (url: string) => `<a href="${url}" target="_blank" rel="noopener noreferrer">${url}</a>`;
  it.each<[string, string]>([
    ['see https://example.org/a?b=1.', `see ${link('https://example.org/a?b=1')}.`],
    ['(http://a.org/x_(y))', `(${link('http://a.org/x_(y)')})`],
    ['https://a.org/?a=1&b=2', link('https://a.org/?a=1&amp;b=2')],
    [
      'javascript:alert(1) file:///etc/passwd data:text/html,x',
      'javascript:alert(1) file:///etc/passwd data:text/html,x',
    ],
    ['https://"><script>', 'https://&quot;&gt;&lt;script&gt;'],
    ['http://', 'http://'],
  ])('%s', (text, expected) => {
    expect(html(text)).toBe(expected);
  });
});

describe('stripAnsi', () => {
  it('leaves the text that a person would see', () => {
    expect(stripAnsi('\u001b[31mab\u001b[0m\rX\nc')).toBe('Xb\nc');
  });
});
