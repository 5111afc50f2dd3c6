/** Help ▸ references on the web, as the classic notebook has them; nothing is fetched before somebody clicks. */
import type { MenuEntry } from '../base/menu.js';

const link = (label: string, href: string): MenuEntry => ({ label, href, target: '_blank' });

export const HELP_LINKS: readonly MenuEntry[] = [
  link('Markdown', 'https://docs.github.com/en/get-started/writing-on-github'),
];

/** A kernel says its own links only when it is asked (`kernel_info`); these are what ipykernel says. */
const BY_LANGUAGE: Readonly<Record<string, readonly MenuEntry[]>> = {
  python: [
    link('Python Reference', 'https://docs.python.org/3/'),
    link('IPython Reference', 'https://ipython.org/documentation.html'),
    link('NumPy Reference', 'https://numpy.org/doc/stable/'),
    link('SciPy Reference', 'https://docs.scipy.org/doc/scipy/'),
    link('Matplotlib Reference', 'https://matplotlib.org/stable/'),
    link('SymPy Reference', 'https://docs.sympy.org/latest/'),
    link('pandas Reference', 'https://pandas.pydata.org/docs/'),
  ],
  javascript: [
    link('JavaScript Reference', 'https://developer.mozilla.org/en-US/docs/Web/JavaScript'),
    link('Node.js Reference', 'https://nodejs.org/docs/latest/api/'),
  ],
};

export function helpLinks(language: string): readonly MenuEntry[] {
  const name = language.toLowerCase().replace(/^i?python.*$/, 'python');
  return BY_LANGUAGE[name] ?? [];
}
