/**
 * How deep JSON may nest that enters a notebook in memory. JSON.parse takes any depth, and what walks or writes the value
 * afterwards runs out of stack at some thousand levels: whoever lets a value in asks here first.
 */

/** Less than what a file may have (`json-scanner.ts`): the value stands some levels deep in its notebook. */
export const DEEPEST_VALUE = 900;

/** Costs no more than `levels` levels of stack, whatever the value. */
export function isNestedDeeper(value: unknown, levels = DEEPEST_VALUE): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  const parts: unknown[] = Array.isArray(value) ? value : Object.values(value);
  return parts.some((part) => isNestedDeeper(part, levels - 1));
}
