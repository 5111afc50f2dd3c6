/** The choice between light, dark and what the system says. Every page applies it before its first paint (page.html). */

export type Theme = 'system' | 'light' | 'dark';

const key = 'nbserver.theme';

export function currentTheme(): Theme {
  const theme = document.documentElement.dataset['theme'];
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

/** Sets it for this page and all later ones of this browser. */
export function setTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  try {
    if (theme === 'system') localStorage.removeItem(key);
    else localStorage.setItem(key, theme);
  } catch {
    // storage is switched off: the theme holds for this page only
  }
}
