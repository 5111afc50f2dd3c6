/** Find and replace over texts. Pure: what to look for in, places or new texts out. */

export interface FindOptions {
  caseSensitive: boolean;
  /** the query is a regular expression, and `$1` and `$&` in the replacement mean what they mean in JavaScript */
  regex: boolean;
}

/** @throws {Error} with a sentence, when a regular expression is wrong. An empty query finds nothing: undefined. */
export function compileQuery(query: string, { caseSensitive, regex }: FindOptions): RegExp | undefined {
  if (query === '') return undefined;
  const source = regex ? query : query.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  try {
    return new RegExp(source, caseSensitive ? 'gmu' : 'gimu');
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*\/: /s, '') : String(error);
    throw new Error(`This is not a regular expression: ${reason}.`, { cause: error });
  }
}

export interface Match {
  from: number;
  to: number;
  /** what comes in its place */
  insert: string;
}

/**
 * All matches, in order, each with its replacement. An expression that matches nothing at all (`x*` between letters) is
 * passed over there: it would put the replacement between all letters.
 */
export function findMatches(text: string, pattern: RegExp, replacement: string, regex: boolean): Match[] {
  const found: Match[] = [];
  for (const match of text.matchAll(pattern)) {
    if (match[0] === '') continue;
    found.push({
      from: match.index,
      to: match.index + match[0].length,
      insert: regex ? expand(replacement, match) : replacement,
    });
  }
  return found;
}

/** `$1`, `$<name>`, `$&`, `$$`; and `\n`, `\t`, which a one-line field cannot hold otherwise. */
function expand(replacement: string, match: RegExpMatchArray): string {
  return replacement.replace(
    /\$(?:\$|&|(\d{1,2})|<([^>]*)>)|\\(n|t|\\)/g,
    (whole, number: string | undefined, name: string | undefined, escape: string | undefined) => {
      if (escape !== undefined) return escape === 'n' ? '\n' : escape === 't' ? '\t' : '\\';
      if (whole === '$$') return '$';
      if (whole === '$&') return match[0];
      if (name !== undefined) return match.groups?.[name] ?? '';
      const group = Number(number);
      return group > 0 && group < match.length ? (match[group] ?? '') : whole;
    },
  );
}

export interface PreviewLine {
  /** the matches of this line alone, with what stands around them on it */
  parts: { text: string; match?: Match }[];
}

/** Characters of a line before and after a match that a preview shows. */
const AROUND = 60;

/** The line around the first match of each line that has one. A match over several lines counts for its first. */
export function previewLines(text: string, matches: readonly Match[], most: number): PreviewLine[] {
  const lines: PreviewLine[] = [];
  for (let i = 0; i < matches.length && lines.length < most;) {
    const first = matches[i];
    if (first === undefined) break;
    const start = Math.max(text.lastIndexOf('\n', first.from - 1) + 1, first.from - AROUND);
    const lineEnd = text.indexOf('\n', first.from);
    const end = lineEnd < 0 ? text.length : lineEnd;
    const parts: PreviewLine['parts'] = [];
    let at = start;
    for (let match = matches[i]; match !== undefined && match.from <= end; match = matches[++i]) {
      if (match.from > at) parts.push({ text: text.slice(at, match.from) });
      parts.push({ text: text.slice(match.from, Math.min(match.to, end)), match });
      at = Math.max(at, match.to);
    }
    if (at < end) parts.push({ text: text.slice(at, Math.min(end, at + AROUND)) });
    lines.push({ parts });
  }
  return lines;
}
