/** How this browser's terminals look; remembered, and shared by all of them. */
import type { Colours } from './colours.js';

export interface Preferences {
  /** px */
  fontSize: number;
  colours: Colours;
  /** the text is put into the page for screen readers, line by line */
  screenReader: boolean;
}

const KEY = 'nbserver.terminal';
export const FONT_SIZES = { least: 8, usual: 14, most: 40 };

export function loadPreferences(): Preferences {
  let stored: Partial<Record<keyof Preferences, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof parsed === 'object' && parsed !== null) stored = parsed;
  } catch {
    // storage is switched off, or it holds something else: the usual look
  }
  const { fontSize, colours, screenReader } = stored;
  const known = typeof fontSize === 'number' && fontSize >= FONT_SIZES.least && fontSize <= FONT_SIZES.most;
  return {
    fontSize: known ? fontSize : FONT_SIZES.usual,
    colours: colours === 'page' ? 'page' : 'black',
    screenReader: screenReader === true,
  };
}

export function storePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // storage is switched off: it holds for this page only
  }
}
