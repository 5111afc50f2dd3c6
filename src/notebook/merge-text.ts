/** Three-way merges of texts by lines (node-diff3), and the small edits that lead from one text to another. */
import { ChangeSet, type Text } from '@codemirror/state';
import { diff3Merge, diffIndices } from 'node-diff3';
import { textDifference } from './operations-difference.js';

/** Above this many lines times lines, finding what is common takes too long: then one replacement has to do. */
const MOST_WORK = 4_000_000;

/**
 * What `ours` and `theirs` say when both were made from `base`.
 *
 * @returns undefined when both changed the same lines, in different ways
 */
export function mergeTexts(base: Text, ours: Text, theirs: Text): string | undefined {
  if (ours.eq(theirs) || theirs.eq(base)) return ours.toString();
  if (ours.eq(base)) return theirs.toString();
  if (base.lines * Math.max(ours.lines, theirs.lines) > MOST_WORK) return undefined;
  const regions = diff3Merge(linesOf(ours), linesOf(base), linesOf(theirs), { excludeFalseConflicts: true });
  const lines: string[] = [];
  for (const region of regions) {
    if (region.ok === undefined) return undefined;
    lines.push(...region.ok);
  }
  return lines.join('\n');
}

/**
 * As `mergeTexts`, for a text that has no other place for a second version: where both changed the same lines, both are
 * kept, between the marks that git uses.
 *
 * @returns the text, and how many such places it has
 */
export function mergeWithMarks(
  base: Text,
  ours: Text,
  theirs: Text,
  names: { ours: string; theirs: string },
): { text: string; conflicts: number } {
  const clean = mergeTexts(base, ours, theirs);
  if (clean !== undefined) return { text: clean, conflicts: 0 };
  const [a, b] = [linesOf(ours), linesOf(theirs)];
  const tooLong = base.lines * Math.max(ours.lines, theirs.lines) > MOST_WORK;
  const regions = tooLong
    ? outerRegions(linesOf(base), a, b)
    : diff3Merge(a, linesOf(base), b, { excludeFalseConflicts: true });
  const lines: string[] = [];
  let conflicts = 0;
  for (const { ok, conflict } of regions) {
    if (ok !== undefined) lines.push(...ok);
    if (conflict === undefined) continue;
    conflicts += 1;
    lines.push(`<<<<<<< ${names.ours}`, ...conflict.a, '=======', ...conflict.b, `>>>>>>> ${names.theirs}`);
  }
  return { text: lines.join('\n'), conflicts };
}

/** A merge of what is too long to compare: what all three begin and end with, and between them both versions. */
function outerRegions(o: string[], a: string[], b: string[]) {
  const least = Math.min(o.length, a.length, b.length);
  let head = 0;
  while (head < least && a[head] === o[head] && b[head] === o[head]) head += 1;
  let tail = 0;
  const fromEnd = (lines: string[]) => lines[lines.length - 1 - tail];
  while (tail < least - head && fromEnd(a) === fromEnd(o) && fromEnd(b) === fromEnd(o)) tail += 1;
  const middle = (lines: string[]) => lines.slice(head, lines.length - tail);
  return [
    { ok: a.slice(0, head), conflict: undefined },
    { ok: undefined, conflict: { a: middle(a), b: middle(b) } },
    { ok: a.slice(a.length - tail), conflict: undefined },
  ];
}

/**
 * As `textDifference`, but one replacement for each group of lines that differ: what somebody types between two of them
 * meanwhile stays where it is.
 */
export function lineChanges(from: Text, to: Text): ChangeSet | null {
  if (from.eq(to)) return null;
  if (from.lines * to.lines > MOST_WORK) return textDifference(from, to);
  const old = linesOf(from);
  const now = linesOf(to);
  const changes = diffIndices(old, now).map(({ buffer1: [start, length], buffer2Content }) => {
    const isLast = start + length === old.length;
    // Whole lines with the line end behind them; at the end of the text, with the one in front of them.
    const begin = start < old.length ? from.line(start + 1).from : from.length;
    const end = isLast ? from.length : from.line(start + length + 1).from;
    const text = buffer2Content.join('\n');
    if (!isLast) return { from: begin, to: end, insert: buffer2Content.length === 0 ? '' : `${text}\n` };
    if (start === 0) return { from: begin, to: end, insert: text };
    const before = length === 0 ? from.length : begin - 1;
    return { from: before, to: end, insert: buffer2Content.length === 0 ? '' : `\n${text}` };
  });
  const set = ChangeSet.of(changes, from.length);
  // Where it is one replacement, the smallest one is finer than whole lines.
  return changes.length === 1 ? textDifference(from, to) : set;
}

function linesOf(text: Text): string[] {
  return [...text.iterLines()];
}
