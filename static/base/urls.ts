/** Addresses inside the server, built by encoding each segment, so that no file name can become anything but a name. */
import { pageData } from './page-data.js';

/** `a b/c#.ipynb` → `a%20b/c%23.ipynb`; slashes separate, everything else is a name. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** `joinPath('', 'a')` is `a`. */
export function joinPath(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

/** `parentPath('a/b')` is `a`, `parentPath('a')` is ``. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * Address under base_url: `urlFor('notebooks', 'my dir/x.ipynb', { kernel_name: 'python3' })` is
 * `/notebooks/my%20dir/x.ipynb?kernel_name=python3`. `route` is ours and goes in as it stands; `path` is a file's path.
 */
export function urlFor(route: string, path = '', query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString();
  const encoded = path === '' ? '' : `/${encodePath(path)}`;
  return `${pageData().base_url}${route}${encoded}${search === '' ? '' : `?${search}`}`;
}
