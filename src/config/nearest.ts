/** "Did you mean …": the known word that is most like what was written. */
import { closest, distance } from 'fastest-levenshtein';

/** Nothing far-fetched: at most a third of the letters may differ. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  const candidate = closest(written, known);
  return distance(written, candidate) <= Math.ceil(written.length / 3) ? candidate : undefined;
}
