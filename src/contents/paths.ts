/**
 * Paths of the contents API: '/'-separated, relative, checked segment by segment before anything is joined or touched
 * (a name must not reach outside the notebook directory by any spelling).
 */
import { HttpError } from '../http-error.js';

/** No name on Linux or macOS may be longer: bytes in UTF-8. */
export const LONGEST_NAME = 255;

/**
 * Brings a path into its one form: no slashes at the ends, no empty segments; '' is the root.
 *
 * @throws HttpError 404 for what can never be a path here (NUL, `..`, a lone surrogate), 400 for a name that is too long
 */
export function cleanPath(raw: string): string {
  const segments = raw.split('/').filter((segment) => segment !== '');
  for (const segment of segments) {
    if (segment.includes('\0') || /[\uD800-\uDFFF]/u.test(segment)) {
      throw new HttpError(404, `${JSON.stringify(raw)} is not a valid path`);
    }
    if (segment === '..') throw new HttpError(404, `${raw} is outside root contents directory`);
    if (Buffer.byteLength(segment) > LONGEST_NAME) {
      throw new HttpError(400, `The name ${segment.slice(0, 40)}… is longer than ${LONGEST_NAME} bytes`);
    }
  }
  return segments.filter((segment) => segment !== '.').join('/');
}

/** Whether a segment begins with a dot. The root is not hidden. */
export function isHidden(path: string): boolean {
  return path.split('/').some((segment) => segment.startsWith('.'));
}

/** '' for the root and for what stands directly in it. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function joinPath(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

/** For URLs: each segment percent-encoded. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
