import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../../../src/package-files.js';

/** Relative luminance and contrast as WCAG 2 defines them. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const css = readFileSync(packageFile('static', 'base', 'tokens.css'), 'utf8');
const tokens = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map((match) => [
    match[1] ?? '',
    { light: match[2] ?? '', dark: match[3] ?? '' },
  ]),
);

function value(name: string, theme: 'light' | 'dark'): string {
  const token = tokens.get(name);
  if (token === undefined) throw new Error(`tokens.css has no --${name} with two colours`);
  return token[theme];
}

const surfaces = ['paper', 'bg', 'bar', 'head', 'hover', 'selected', 'code-bg'];
const pairs: [string, string][] = [
  ...['text', 'muted', 'link'].flatMap((text) => surfaces.map((on): [string, string] => [text, on])),
  ...['prompt-in', 'prompt-out', 'running'].map((text): [string, string] => [text, 'paper']),
  ['running', 'selected'],
  ['text', 'stderr-bg'],
  ['text', 'button-bg'],
  ['text', 'button-active'],
  ['error-text', 'paper'],
  ['error-text', 'error-bg'],
  ['warning-text', 'warning-bg'],
  ['info-text', 'info-bg'],
  ['on-primary', 'primary'],
  ['on-danger', 'danger'],
  ['on-shutdown', 'shutdown'],
  ...['keyword', 'string', 'comment', 'number', 'def', 'operator'].map((name): [string, string] => [
    `syn-${name}`,
    'code-bg',
  ]),
];

describe('contrast of the tokens', () => {
  it('computes contrast as WCAG does', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
  });

  for (const theme of ['light', 'dark'] as const) {
    it.each(pairs)(`${theme}: --%s on --%s is readable (4.5:1)`, (text, on) => {
      expect(contrast(value(text, theme), value(on, theme))).toBeGreaterThanOrEqual(4.5);
    });

    it.each([
      ['field-border', 'paper'],
      ['focus', 'paper'],
      ['cmd', 'paper'],
      ['edit', 'paper'],
    ])(`${theme}: --%s on --%s is seen (3:1)`, (line, on) => {
      expect(contrast(value(line, theme), value(on, theme))).toBeGreaterThanOrEqual(3);
    });
  }
});
