/** Names that the server makes up: untitled files and copies, exactly as Jupyter does. */
import { LONGEST_NAME } from './paths.js';

/** The beginning of a text, as many whole characters as fit into so many bytes of UTF-8. */
export function cutToBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  let end = Math.max(0, most);
  // 10xxxxxx: in the middle of a character
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** A name with more behind it. Of one that leaves no room for that, the end goes: 85 Chinese characters fill a name. */
export function fitName(name: string, more: string): string {
  return cutToBytes(name, LONGEST_NAME - Buffer.byteLength(more)) + more;
}

/** Puts a number into a name: before the last dot of a notebook, before the first dot of anything else. */
export function numberedName(name: string, number: string): string {
  const dot = name.endsWith('.ipynb') ? name.lastIndexOf('.') : name.indexOf('.');
  return dot === -1 ? fitName(name, number) : fitName(name.slice(0, dot), number + name.slice(dot));
}

/** The names to try, in order: `Untitled.ipynb`, `Untitled1.ipynb`, …; directories have a space before the number. */
export function* untitledNames(name: string, isDirectory: boolean): Generator<string> {
  yield name;
  for (let i = 1; ; i++) yield numberedName(name, (isDirectory ? ' ' : '') + i);
}

/** The names to try for a copy: the name itself, then `-Copy1`, `-Copy2`, … in place of one that it has already. */
export function* copyNames(name: string): Generator<string> {
  yield name;
  const original = name.replace(/-Copy\d*(?=\.|$)/, '');
  for (let i = 1; ; i++) yield numberedName(original, `-Copy${i}`);
}

/** Names that lists leave out; what the peers call `hide_globs`. */
export function isUnlisted(name: string): boolean {
  return name === '__pycache__' || name === '.DS_Store' || /\.py[co]$|~$/.test(name);
}
