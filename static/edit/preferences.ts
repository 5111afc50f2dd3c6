/** How this browser's editors look and indent; remembered, as is the language that was chosen for an extension. */

export interface Preferences {
  /** the name of the file, and what else stands above the menus */
  header: boolean;
  lineNumbers: boolean;
  wrap: boolean;
  /** number of spaces, or tabs */
  indent: 2 | 4 | 8 | 'tab';
  /** language by file extension, where the person chose another than the usual one */
  languages: Record<string, string>;
}

const KEY = 'nbserver.edit';
const USUAL: Preferences = { header: true, lineNumbers: true, wrap: false, indent: 4, languages: {} };

export function loadPreferences(): Preferences {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof stored === 'object' && stored !== null) return { ...USUAL, ...stored };
  } catch {
    // storage is switched off, or it holds something else
  }
  return { ...USUAL };
}

export function storePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // storage is switched off: it holds for this page only
  }
}
