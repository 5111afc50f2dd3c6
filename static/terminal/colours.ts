/** The colours of a terminal. A library that draws on a canvas cannot read them from the style sheet. */
import type { ITheme } from '@xterm/xterm';

const dark: ITheme = {
  background: '#000000',
  foreground: '#e6e6e6',
  cursor: '#e6e6e6',
  cursorAccent: '#000000',
  selectionBackground: '#3d5a80',
  black: '#2e3436',
  red: '#ef6b6b',
  green: '#73c936',
  yellow: '#d7ba3d',
  blue: '#6ea8e8',
  magenta: '#c78bd6',
  cyan: '#34c6cd',
  white: '#d3d7cf',
  brightBlack: '#8a8f89',
  brightRed: '#ff8a80',
  brightGreen: '#a5e86b',
  brightYellow: '#fce94f',
  brightBlue: '#9fc8ff',
  brightMagenta: '#e3b0ee',
  brightCyan: '#6fe7e9',
  brightWhite: '#ffffff',
};

const light: ITheme = {
  background: '#ffffff',
  foreground: '#1a1a1a',
  cursor: '#1a1a1a',
  cursorAccent: '#ffffff',
  selectionBackground: '#b5d5ff',
  black: '#1a1a1a',
  red: '#b3261e',
  green: '#2a7530',
  yellow: '#7a5b00',
  blue: '#1f5f99',
  magenta: '#8f13a6',
  cyan: '#0b6b70',
  white: '#6b6b6b',
  brightBlack: '#595959',
  brightRed: '#c62828',
  brightGreen: '#2e7d32',
  brightYellow: '#8a6400',
  brightBlue: '#1565c0',
  brightMagenta: '#9c27b0',
  brightCyan: '#00707a',
  brightWhite: '#1a1a1a',
};

export type Colours = 'black' | 'page';

/** @param colours  black as terminals are, or as the page is */
export function terminalTheme(colours: Colours): ITheme {
  if (colours === 'black') return dark;
  const scheme = document.documentElement.dataset['theme'];
  const isDark =
    scheme === 'dark' || (scheme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  return isDark ? dark : light;
}
