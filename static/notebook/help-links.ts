/** Help ▸ references on the web, as the classic notebook has them; nothing is fetched before somebody clicks. */
import type { MenuEntry } from '../base/menu.js';

const link = (label: string, href: string): MenuEntry => ({ label, href, target: '_blank' });

export const HELP_LINKS: readonly MenuEntry[] = [
  link('Markdown', 'https://docs.github.com/en/get-started/writing-on-github'),
];

/** A link of `kernel_info`. */
export interface KernelLink {
  text: string;
  url: string;
}

/** For kernels that say no links of their own, or are busy when the menu opens. */
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

/** @param own  what the kernel says; an address that is no web page is left out */
export function helpLinks(language: string, own: readonly KernelLink[] | undefined): readonly MenuEntry[] {
  const links = (own ?? []).filter(({ url }) => /^https?:\/\//i.test(url));
  if (links.length > 0) return links.map(({ text, url }) => link(text, url));
  const name = language.toLowerCase().replace(/^i?python.*$/, 'python');
  return BY_LANGUAGE[name] ?? [];
}
