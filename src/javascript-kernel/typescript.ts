/** Strips TypeScript's syntax from a cell; types are not checked. Lines stay where they are. */
import { transform } from 'sucrase';

/**
 * @returns JavaScript with the same lines (enums become code), JSX untouched
 * @throws  an Error with `pos` (an index into `code`) when it is not TypeScript either
 */
export function stripTypes(code: string): string {
  return transform(code, {
    transforms: ['typescript'],
    disableESTransforms: true,
    // An import may be used by a later cell.
    keepUnusedImports: true,
  }).code;
}
