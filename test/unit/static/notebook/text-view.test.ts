import { describe, expect, it } from 'vitest';
import { cutLines } from '../../../../static/notebook/outputs/text-view.js';

describe('cutLines', () => {
  const percents = Array.from({ length: 20_000 }, (_, i) => `\r${Math.floor(i / 200)}%|####|`).join('');
  const long = 'x'.repeat(100_001);
  it.each([
    ['keeps what is short', 'a\rb\nc', 'a\rb\nc'],
    ['shows where a progress bar ended', `before\n0%${percents}\nafter`, 'before\n99%|####|\nafter'],
    [
      'cuts a line that is long on the screen, too',
      `a\n${long}\nb`,
      `a\n${long.slice(1)}… (1 more characters in this line)\nb`,
    ],
  ])('%s', (_what, text, shown) => {
    expect(cutLines(text)).toBe(shown);
  });
});
