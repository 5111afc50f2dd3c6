/** Style sheets that a page loads only when it has something for them. */
import { pageData } from './page-data.js';

const loading = new Map<string, Promise<void>>();

/** Resolves when the sheet holds. @throws when it cannot be had; the next call tries again */
export function loadStyle(name: 'math'): Promise<void> {
  const known = loading.get(name);
  if (known !== undefined) return known;
  const loads = new Promise<void>((resolve, reject) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = pageData().styles[name] ?? '';
    link.addEventListener('load', () => resolve());
    link.addEventListener('error', () => {
      link.remove();
      loading.delete(name);
      reject(new Error(`The style sheet ${link.href} could not be loaded.`));
    });
    document.head.append(link);
  });
  loading.set(name, loads);
  return loads;
}
