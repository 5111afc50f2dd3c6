/** Cursor positions: Jupyter counts Unicode code points (protocol 5.2), JavaScript UTF-16 units. */

export function codePointLength(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

export function utf16Index(text: string, codePoints: number): number {
  let index = 0;
  let left = codePoints;
  for (const character of text) {
    if (left-- <= 0) break;
    index += character.length;
  }
  return index;
}
