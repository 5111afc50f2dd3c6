/**
 * Names of key presses, as the classic notebook writes them: `shift-enter`, `ctrl-s`, `d,d` (one after the other).
 * `mod-` is Cmd on a Mac and Ctrl elsewhere.
 */

export interface KeyPress {
  key: string;
  code: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

const names: Record<string, string> = {
  ' ': 'space',
  escape: 'esc',
  arrowup: 'up',
  arrowdown: 'down',
  arrowleft: 'left',
  arrowright: 'right',
  '-': 'minus',
  '+': 'plus',
  ',': 'comma',
};

const order = ['ctrl', 'alt', 'meta', 'shift'];

/** True on Apple's systems, where Cmd is the key of commands. */
export function isMac(): boolean {
  return typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);
}

/** `Shift-Ctrl-S` → `ctrl-shift-s`; `mod-s` → `meta-s` on a Mac. */
export function normalizeChord(chord: string, mac = isMac()): string {
  const parts = chord.toLowerCase().split('-').filter(Boolean);
  const key = parts.pop() ?? '';
  const modifiers = parts.map((part) =>
    part === 'mod' ? (mac ? 'meta' : 'ctrl') : part === 'cmd' ? 'meta' : part === 'option' ? 'alt' : part,
  );
  return [...order.filter((name) => modifiers.includes(name)), names[key] ?? key].join('-');
}

/** The same for pairs: `D,D` → `d,d`. */
export function normalizeKeys(keys: string, mac = isMac()): string {
  return keys
    .split(',')
    .map((chord) => normalizeChord(chord, mac))
    .join(',');
}

/**
 * Every name that a press may be bound under, the most literal first: by the character, by the character without the
 * Shift that made it (`?`), and by the place of the key (`minus` with Shift is `_`; on a layout without Latin letters
 * Ctrl with the key of S is still `ctrl-s`). A sign on the place of a letter is only itself: the French comma is no M.
 */
export function chordsOf(press: KeyPress): string[] {
  const key = names[press.key.toLowerCase()] ?? press.key.toLowerCase();
  const modifiers = order.filter((name) => press[`${name}Key` as 'ctrlKey']);
  const withoutShift = modifiers.filter((name) => name !== 'shift');
  const found = [[...modifiers, key].join('-')];
  if (press.shiftKey && press.code === `Digit${press.key}`) {
    // digits that need Shift: French keyboards, whose 6 is the minus without it
    found.push([...withoutShift, key].join('-'));
    if (key === '6') found.push([...modifiers, 'minus'].join('-'));
  }
  const symbol = press.key.length === 1 && !/[a-z0-9]/i.test(press.key);
  if (symbol && press.shiftKey && press.key !== ' ') found.push([...withoutShift, key].join('-'));
  if (symbol) {
    const [, row, sign] = /^(Key|Digit)(.)$/.exec(press.code) ?? [];
    const place = (sign ?? press.code).toLowerCase();
    const counts = row !== 'Key' || /\p{L}/u.test(press.key);
    if (place !== '' && place !== key && counts) found.push([...modifiers, place].join('-'));
    // the key of the minus lies elsewhere on German, Italian, Spanish and Nordic layouts, and has the same two signs
    if (press.key === '_' && place !== 'minus') found.push([...modifiers, 'minus'].join('-'));
  }
  return found;
}

const labels: Record<string, string> = {
  esc: 'Esc',
  space: 'Space',
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  minus: '-',
  plus: '+',
  comma: ',',
  pageup: 'PgUp',
  pagedown: 'PgDn',
};
const macLabels: Record<string, string> = { ctrl: '⌃', alt: '⌥', meta: '⌘', shift: '⇧', enter: '↩' };

/** What a key cap shows: `Ctrl-S`, `D,D`, on a Mac `⌘S`. */
export function keyLabel(keys: string, mac = isMac()): string {
  return keys
    .split(',')
    .map((chord) => {
      const parts = normalizeChord(chord, mac).split('-');
      const words = parts.map((part) => (mac ? macLabels[part] : undefined) ?? labels[part] ?? capital(part));
      return words.join(mac ? '' : '-');
    })
    .join(',');
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
