/**
 * Escape sequences that ask a terminal something, which it answers as if the answer had been typed.
 *
 * A question is for one client only. Were it asked again when a page comes back, or of two pages at once, the second
 * answer would land on the command line (`1;2c`, `11;rgb:0000/…`).
 */

const QUERIES = new RegExp(
  [
    '\\x1b\\[[>=?]?[0-9;]*c', // device attributes
    '\\x1b\\[\\??[56]n', // status, place of the cursor
    '\\x1b\\[\\??[0-9;]*\\$p', // is a mode set
    '\\x1b\\[>[0-9]*q', // name and version
    '\\x1b\\[\\?u', // keyboard protocol
    '\\x1b\\[(?:1[13-9]|2[01])(?:;[0-9]+)*t', // size and title of the window
    '\\x1b\\](?:4;[0-9]+|1[0-9]|5|52;[a-z]*);\\?(?:\\x07|\\x1b\\\\)', // colours, clipboard
    '\\x1bP[+$]q[^\\x1b\\x07]*(?:\\x07|\\x1b\\\\)', // capabilities, settings
  ].join('|'),
  'g',
);

export function withoutQueries(text: string): string {
  return text.includes('\x1b') ? text.replace(QUERIES, '') : text;
}
