/**
 * The "select graphic rendition" state of a terminal (ECMA-48, 8.3.117) and the class names that show it.
 *
 * The 16 base colours become the classic notebook's class names (`ansi-red-fg`), so that a theme and people's own
 * style sheets decide what red is. The 256-colour cube and 24-bit colours become a custom property, which a dark
 * theme can still soften.
 */

/** 0–15: index into the base colours; a string: `#rrggbb`; null: the default. */
export type AnsiColor = number | string | null;

export interface AnsiStyle {
  readonly fg: AnsiColor;
  readonly bg: AnsiColor;
  readonly bold: boolean;
  readonly faint: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly strike: boolean;
  readonly reverse: boolean;
}

export const PLAIN: AnsiStyle = {
  fg: null,
  bg: null,
  bold: false,
  faint: false,
  italic: false,
  underline: false,
  strike: false,
  reverse: false,
};

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
const CUBE = [0, 95, 135, 175, 215, 255];

/** The style after `ESC [ parameters m`. Unknown parameters change nothing. */
export function applySgr(style: AnsiStyle, parameters: string): AnsiStyle {
  let next: AnsiStyle = style;
  const groups = parameters.split(';');
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i] ?? '';
    const sub = group.split(':').map(Number);
    const code = sub[0] ?? 0;
    if (code === 38 || code === 48) {
      // 38;5;n and 38;2;r;g;b take the parameters that follow; the colon form carries them inside
      const inline = sub.length > 1;
      const rest = inline ? sub.slice(1) : groups.slice(i + 1, i + 5).map(Number);
      const { color, used } = extendedColor(rest, inline);
      if (!inline) i += used;
      if (color !== undefined) next = { ...next, [code === 38 ? 'fg' : 'bg']: color };
    } else {
      next = applyCode(next, code, sub[1]);
    }
  }
  return next;
}

function applyCode(style: AnsiStyle, code: number, sub: number | undefined): AnsiStyle {
  if (code >= 30 && code <= 37) return { ...style, fg: code - 30 };
  if (code >= 40 && code <= 47) return { ...style, bg: code - 40 };
  if (code >= 90 && code <= 97) return { ...style, fg: code - 82 };
  if (code >= 100 && code <= 107) return { ...style, bg: code - 92 };
  switch (code) {
    case 0:
      return PLAIN;
    case 1:
      return { ...style, bold: true };
    case 2:
      return { ...style, faint: true };
    case 3:
      return { ...style, italic: true };
    case 4: // 4:0 is "no underline", 4:3 a curly one
      return { ...style, underline: sub !== 0 };
    case 7:
      return { ...style, reverse: true };
    case 9:
      return { ...style, strike: true };
    case 21:
    case 22:
      return { ...style, bold: false, faint: false };
    case 23:
      return { ...style, italic: false };
    case 24:
      return { ...style, underline: false };
    case 27:
      return { ...style, reverse: false };
    case 29:
      return { ...style, strike: false };
    case 39:
      return { ...style, fg: null };
    case 49:
      return { ...style, bg: null };
    default:
      return style;
  }
}

/** Reads `5;n` or `2;r;g;b`; the colon form may have a colour space before r (`2:space:r:g:b`). */
function extendedColor(rest: number[], inline: boolean): { color: AnsiColor | undefined; used: number } {
  if (rest[0] === 5) return { color: indexedColor(rest[1] ?? NaN), used: 2 };
  if (rest[0] !== 2) return { color: undefined, used: inline ? 0 : 1 };
  const rgb = inline && rest.length > 4 ? rest.slice(2, 5) : rest.slice(1, 4);
  return { color: rgb.length === 3 ? hex(rgb) : undefined, used: 4 };
}

function indexedColor(n: number): AnsiColor | undefined {
  if (!Number.isInteger(n) || n < 0 || n > 255) return undefined;
  if (n < 16) return n;
  if (n >= 232) return hex([0, 0, 0].map(() => 8 + 10 * (n - 232)));
  const cube = n - 16;
  return hex([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((level) => CUBE[level] ?? 0));
}

function hex(rgb: number[]): string | undefined {
  if (!rgb.every((part) => Number.isInteger(part) && part >= 0 && part <= 255)) return undefined;
  return '#' + rgb.map((part) => part.toString(16).padStart(2, '0')).join('');
}

/** The attributes of the `<span>` that shows this style, with a leading blank; '' when nothing is to be shown. */
export function styleAttributes(style: AnsiStyle): string {
  if (style === PLAIN) return '';
  const classes: string[] = [];
  const properties: string[] = [];
  // bold brightens the eight base colours, as the classic notebook and most terminals do
  const bright =
    style.bold && typeof style.fg === 'number' && style.fg < 8 ? { ...style, fg: style.fg + 8 } : style;
  const [fg, bg] = style.reverse ? [bright.bg, bright.fg] : [bright.fg, bright.bg];
  addColor('fg', fg, style.reverse);
  addColor('bg', bg, style.reverse);
  for (const flag of ['bold', 'faint', 'italic', 'underline', 'strike'] as const) {
    if (style[flag]) classes.push(`ansi-${flag}`);
  }
  return (
    (classes.length > 0 ? ` class="${classes.join(' ')}"` : '') +
    (properties.length > 0 ? ` style="${properties.join(';')}"` : '')
  );

  function addColor(side: 'fg' | 'bg', color: AnsiColor, reversed: boolean): void {
    if (typeof color === 'number') {
      classes.push(`ansi-${NAMES[color % 8] ?? 'black'}${color > 7 ? '-intense' : ''}-${side}`);
    } else if (typeof color === 'string') {
      classes.push(`ansi-rgb-${side}`);
      properties.push(`--ansi-${side}:${color}`);
    } else if (reversed) {
      classes.push(`ansi-default-inverse-${side}`);
    }
  }
}
