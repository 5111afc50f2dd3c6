/**
 * The order of names: in any case, and numbers by their value, since people number their files and 2 comes before 10.
 *
 * The browser's collator takes long for thousands of names. For those of plain ASCII there is a text instead that is made
 * once and that `<` puts into the same order.
 */
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

export const compareNames = (a: string, b: string): number =>
  collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);

const ASCII = /^[\x20-\x7e]*$/;
const FIRST = 0x20;
const [ZERO, NINE] = [0x30, 0x39];
/** How long a number is stands before it, and so far from all ranks. */
const LENGTH_FROM = 0x100;

/** Of the characters from FIRST on, as the collator has them. */
let ranks: readonly string[] | undefined;

function makeRanks(): readonly string[] {
  const all = Array.from({ length: 0x7f - FIRST }, (_each, at) => String.fromCharCode(FIRST + at));
  const result: string[] = [];
  let rank = 1;
  let before: string | undefined;
  for (const each of [...all].sort(collator.compare)) {
    if (before !== undefined && collator.compare(before, each) !== 0) rank += 1;
    before = each;
    result[each.charCodeAt(0) - FIRST] = String.fromCharCode(rank);
  }
  return result;
}

/** A text that `<` orders as `compareNames` orders names, but for names that differ only in case or zeros; null: there is none. */
export function nameKey(name: string): string | null {
  if (!ASCII.test(name)) return null;
  const rankOf = (ranks ??= makeRanks());
  let key = '';
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    if (code < ZERO || code > NINE) {
      key += rankOf[code - FIRST];
      continue;
    }
    let end = at + 1;
    while (end < name.length && name.charCodeAt(end) >= ZERO && name.charCodeAt(end) <= NINE) end += 1;
    while (at < end - 1 && name.charCodeAt(at) === ZERO) at += 1;
    // all numbers stand where 0 stands, and the longer one is the larger one
    key += rankOf[ZERO - FIRST] + String.fromCharCode(LENGTH_FROM + end - at) + name.slice(at, end);
    at = end - 1;
  }
  return key;
}
