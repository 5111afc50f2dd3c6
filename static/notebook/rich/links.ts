/** Where the addresses inside a notebook's own text lead: relative to the notebook's directory, inside the server's files. */
import { encodePath, parentPath, urlFor } from '../../base/urls.js';

/**
 * The address to put into an `src` or `href`, or undefined when it must not be followed.
 *
 * A relative address means a file beside the notebook, one with a leading slash a file under the notebook directory;
 * neither can reach a page of the server itself, so that an image cannot log anybody out.
 *
 * @param kind  `media` is fetched as soon as it is in the page, `link` only by a click
 */
export function resolveAddress(
  address: string,
  notebookPath: string,
  kind: 'media' | 'link',
): string | undefined {
  const trimmed = address.trim();
  if (trimmed.startsWith('#')) return kind === 'link' ? trimmed : undefined;
  if (/^data:/i.test(trimmed)) return kind === 'media' ? trimmed : undefined;
  if (/^(?:https?:)?\/\//i.test(trimmed)) return trimmed;
  if (/^mailto:/i.test(trimmed)) return kind === 'link' ? trimmed : undefined;
  if (/^[a-z][a-z0-9+.-]*:/i.test(trimmed)) return undefined;
  const [, path = '', rest = ''] = /^([^?#]*)(.*)$/s.exec(trimmed) ?? [];
  const filesPrefix = `${urlFor('files')}/`;
  const isOurs = path.startsWith(filesPrefix);
  const resolved = normalize(
    isOurs
      ? path.slice(filesPrefix.length)
      : path.startsWith('/')
        ? path
        : `${encodePath(parentPath(notebookPath))}/${path}`,
  );
  const isNotebook = kind === 'link' && !isOurs && /\.ipynb$/i.test(resolved);
  return urlFor(isNotebook ? 'notebooks' : 'files', resolved) + (kind === 'link' ? rest : '');
}

/** True for what would be fetched from another server as soon as it is shown. */
export function isOutside(address: string): boolean {
  return (
    /^(?:https?:)?\/\//i.test(address.trim()) && new URL(address, location.href).origin !== location.origin
  );
}

/** Decoded before it is taken apart: a browser takes `%2e%2e` for `..`, and `%2f` would be a slash when it is encoded anew. */
function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/').flatMap((encoded) => decode(encoded).split('/'))) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray % is part of the name
  }
}
