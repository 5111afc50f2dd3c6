/** Notebooks in which git left the marks of a merge: no JSON any more, and a matter for a text editor. */

/**
 * @returns what to do, for the person who wanted to open it; undefined when there are no such marks. JSON has none: its
 *   strings go over no line end.
 */
export function mergeConflictSentence(bytes: Uint8Array): string | undefined {
  const line = conflictLine(bytes);
  if (line === undefined) return undefined;
  return `git could not merge this notebook and left its marks in it, the first in line ${line}. Open it as text, keep one side of each conflict, and delete the lines that begin with <<<<<<<, ======= and >>>>>>>.`;
}

/** The line, counted from 1, of the first `<<<<<<<` that is followed by the other two marks. */
function conflictLine(bytes: Uint8Array): number | undefined {
  const text = new TextDecoder().decode(bytes);
  const start = text.search(/^<{7}( |\r?$)/m);
  if (start < 0 || !/^={7}\r?$[^]*^>{7}( |\r?$)/m.test(text.slice(start))) return undefined;
  return text.slice(0, start).split('\n').length;
}
