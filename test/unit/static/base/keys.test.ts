import { describe, expect, it } from 'vitest';
import { chordsOf, keyLabel, normalizeKeys, type KeyPress } from '../../../../static/base/keys.js';

const press = (key: string, code: string, modifiers: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  shiftKey: false,
  ...modifiers,
});

describe('normalizeKeys', () => {
  it.each([
    ['Shift-Ctrl-S', 'ctrl-shift-s'],
    ['D,D', 'd,d'],
    ['mod-s', 'ctrl-s'],
    ['cmd-k', 'meta-k'],
    ['Ctrl-Shift-minus', 'ctrl-shift-minus'],
  ])('%s is %s', (written, normal) => {
    expect(normalizeKeys(written, false)).toBe(normal);
  });

  it('takes Cmd for mod- on a Mac', () => {
    expect(normalizeKeys('mod-s', true)).toBe('meta-s');
  });
});

describe('chordsOf', () => {
  it.each<[string, KeyPress, string]>([
    ['a letter', press('s', 'KeyS', { ctrlKey: true }), 'ctrl-s'],
    ['a letter with Shift', press('K', 'KeyK', { shiftKey: true }), 'shift-k'],
    ['an arrow', press('ArrowUp', 'ArrowUp', { shiftKey: true }), 'shift-up'],
    ['Space', press(' ', 'Space', { shiftKey: true }), 'shift-space'],
    ['a symbol that Shift made', press('?', 'Slash', { shiftKey: true }), '?'],
    [
      'minus, which Shift turns into _',
      press('_', 'Minus', { ctrlKey: true, shiftKey: true }),
      'ctrl-shift-minus',
    ],
    [
      'minus where German, Italian, Spanish and Nordic keyboards have it',
      press('_', 'Slash', { ctrlKey: true, shiftKey: true }),
      'ctrl-shift-minus',
    ],
    ['S on a Cyrillic layout', press('ы', 'KeyS', { ctrlKey: true }), 'ctrl-s'],
    ['1 on a French layout, without Shift', press('&', 'Digit1'), '1'],
    ['1 on a French layout, with Shift', press('1', 'Digit1', { shiftKey: true }), '1'],
    ['minus on a French layout', press('6', 'Digit6', { ctrlKey: true, shiftKey: true }), 'ctrl-shift-minus'],
  ])('knows %s', (_what, event, chord) => {
    expect(chordsOf(event)).toContain(chord);
  });

  it.each<[string, KeyPress, string[]]>([
    ['o of Dvorak, on the key of S', press('o', 'KeyS', { ctrlKey: true }), ['ctrl-o']],
    ['; of Dvorak, on the key of Z', press(';', 'KeyZ'), [';']],
    ['. of bépo, on the key of V', press('.', 'KeyV'), ['.']],
    ['the French comma, on the key of M', press(',', 'KeyM'), ['comma']],
    ['the French ?, on the key of M', press('?', 'KeyM', { shiftKey: true }), ['shift-?', '?']],
  ])('goes by the sign, not by the place, on Latin layouts: %s', (_what, event, chords) => {
    expect(chordsOf(event)).toEqual(chords);
  });
});

describe('keyLabel', () => {
  it.each([
    ['ctrl-s', 'Ctrl-S'],
    ['d,d', 'D,D'],
    ['shift-enter', 'Shift-Enter'],
    ['up', '↑'],
    ['ctrl-shift-minus', 'Ctrl-Shift--'],
  ])('%s is shown as %s', (keys, label) => {
    expect(keyLabel(keys, false)).toBe(label);
  });

  it('uses the signs of a Mac', () => {
    expect(keyLabel('mod-s', true)).toBe('⌘S');
  });
});
