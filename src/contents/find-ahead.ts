/** Two lists that have the same order, but for what came or went. */

/** So many in a row may have gone before the rest counts as new. */
const WINDOW = 32;

/**
 * Where something of one list stands in the other one.
 *
 * @param from  behind the one that was found last
 * @returns -1: not at `from` or a little behind it
 */
export function findAhead<T>(list: readonly T[], from: number, isIt: (each: T) => boolean): number {
  const end = Math.min(from + WINDOW, list.length);
  for (let i = from; i < end; i++) if (isIt(list[i] as T)) return i;
  return -1;
}
