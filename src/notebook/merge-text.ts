/** Three-way merges of texts by lines (node-diff3), and the small edits that lead from one text to another. */
import { ChangeSet, type Text } from '@codemirror/state';
import { diff3Merge, diffIndices } from 'node-diff3';
import { increasingRun } from './increasing-run.js';
import { textDifference } from './operations-difference.js';

/** Above this many lines times lines, finding what is common takes too long: then lines that occur once have to do. */
const MOST_WORK = 4_000_000;

type Lines = readonly string[];

/** A part of a merged text: what it says, or what both sides say where they collide. */
type Region = { ok: Lines; conflict?: undefined } | { ok?: undefined; conflict: { a: Lines; b: Lines } };

/**
 * What `ours` and `theirs` say when both were made from `base`.
 *
 * @returns undefined when both changed the same lines, in different ways
 */
export function mergeTexts(base: Text, ours: Text, theirs: Text): string | undefined {
  if (ours.eq(theirs) || theirs.eq(base)) return ours.toString();
  if (ours.eq(base)) return theirs.toString();
  const regions = mergeLines(linesOf(base), linesOf(ours), linesOf(theirs));
  if (regions.some(({ conflict }) => conflict !== undefined)) return undefined;
  return regions.flatMap(({ ok = [] }) => ok).join('\n');
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
  let conflicts = 0;
  const lines = mergeLines(linesOf(base), linesOf(ours), linesOf(theirs)).flatMap(({ ok, conflict }) => {
    if (ok !== undefined) return ok;
    conflicts += 1;
    return [`<<<<<<< ${names.ours}`, ...conflict.a, '=======', ...conflict.b, `>>>>>>> ${names.theirs}`];
  });
  return { text: lines.join('\n'), conflicts };
}

/** Takes time in the order of the texts' lengths where the sides changed different places; only between those it compares. */
function mergeLines(o: Lines, a: Lines, b: Lines): Region[] {
  if (isEqual(a, b) || isEqual(b, o)) return [{ ok: a }];
  if (isEqual(a, o)) return [{ ok: b }];
  const mine = changedSpan(o, a);
  const other = changedSpan(o, b);
  if (mine.to < other.from) return [{ ok: a.slice(0, mine.end) }, { ok: b.slice(mine.to) }];
  if (other.to < mine.from) return [{ ok: b.slice(0, other.end) }, { ok: a.slice(other.to) }];
  const head = Math.min(mine.from, other.from);
  const tail = o.length - Math.max(mine.to, other.to);
  const middle = (lines: Lines) => lines.slice(head, lines.length - tail);
  return [
    { ok: a.slice(0, head) },
    ...mergeMiddle(middle(o), middle(a), middle(b)),
    { ok: a.slice(a.length - tail) },
  ];
}

/** As `mergeLines`, for what has no common beginning or end. */
function mergeMiddle(o: Lines, a: Lines, b: Lines): Region[] {
  if (o.length * Math.max(a.length, b.length) <= MOST_WORK)
    return diff3Merge([...a], [...o], [...b], { excludeFalseConflicts: true }) as Region[];
  const regions: Region[] = [];
  for (const piece of piecesBetween([o, a, b])) {
    if (typeof piece === 'string') regions.push({ ok: [piece] });
    else {
      const [po = [], pa = [], pb = []] = piece;
      // Without a line to go by, both versions are kept as they are.
      const isWhole = po.length === o.length && pa.length === a.length && pb.length === b.length;
      regions.push(...(isWhole ? [{ conflict: { a, b } }] : mergeLines(po, pa, pb)));
    }
  }
  return regions;
}

/** The lines of `o` that are not those of `x`: from and to in `o`, and where they end in `x`. */
function changedSpan(o: Lines, x: Lines): { from: number; to: number; end: number } {
  const least = Math.min(o.length, x.length);
  let head = 0;
  while (head < least && o[head] === x[head]) head += 1;
  let tail = 0;
  while (tail < least - head && o[o.length - 1 - tail] === x[x.length - 1 - tail]) tail += 1;
  return { from: head, to: o.length - tail, end: x.length - tail };
}

/**
 * Cuts texts at the lines that each of them has exactly once, in the same order in all.
 *
 * @returns such lines, and between them what each text has there
 */
function piecesBetween(texts: readonly Lines[]): (string | Lines[])[] {
  const places = texts.map(linesThatOccurOnce);
  const [first = new Map<string, number>(), ...others] = places;
  let cuts = [...first.keys()].filter((line) => others.every((other) => other.has(line)));
  for (const other of others)
    cuts = increasingRun(cuts.map((line) => other.get(line) ?? 0)).map((index) => cuts[index] ?? '');
  const from = texts.map(() => 0);
  const upTo = (ends: readonly number[]) => texts.map((lines, at) => lines.slice(from[at], ends[at]));
  const pieces: (string | Lines[])[] = [];
  for (const line of cuts) {
    const at = places.map((place) => place.get(line) ?? 0);
    pieces.push(upTo(at), line);
    at.forEach((place, index) => (from[index] = place + 1));
  }
  pieces.push(upTo(texts.map(({ length }) => length)));
  return pieces;
}

/** Each line that occurs once, and where; in order. */
function linesThatOccurOnce(lines: Lines): Map<string, number> {
  const places = new Map<string, number>();
  lines.forEach((line, at) => places.set(line, places.has(line) ? -1 : at));
  for (const [line, at] of places) if (at < 0) places.delete(line);
  return places;
}

/**
 * As `textDifference`, but one replacement for each group of lines that differ: what somebody types between two of them
 * meanwhile stays where it is.
 */
export function lineChanges(from: Text, to: Text): ChangeSet | null {
  if (from.eq(to)) return null;
  const old = linesOf(from);
  const hunks = differentLines(old, linesOf(to), 0);
  // Where it is one replacement, the smallest one is finer than whole lines.
  if (hunks.length === 1) return textDifference(from, to);
  const changes = hunks.map(({ start, length, lines }) => {
    const isLast = start + length === old.length;
    // Whole lines with the line end behind them; at the end of the text, with the one in front of them.
    const begin = start < old.length ? from.line(start + 1).from : from.length;
    const end = isLast ? from.length : from.line(start + length + 1).from;
    const text = lines.join('\n');
    if (!isLast) return { from: begin, to: end, insert: lines.length === 0 ? '' : `${text}\n` };
    if (start === 0) return { from: begin, to: end, insert: text };
    const before = length === 0 ? from.length : begin - 1;
    return { from: before, to: end, insert: lines.length === 0 ? '' : `\n${text}` };
  });
  return ChangeSet.of(changes, from.length);
}

interface Hunk {
  /** the first line that is replaced, and how many are */
  start: number;
  length: number;
  /** by what */
  lines: Lines;
}

/** @param offset  is added to the places */
function differentLines(old: Lines, now: Lines, offset: number): Hunk[] {
  const { from, to, end } = changedSpan(old, now);
  const [was, is] = [old.slice(from, to), now.slice(from, end)];
  if (was.length === 0 && is.length === 0) return [];
  if (was.length * is.length <= MOST_WORK) {
    return diffIndices([...was], [...is]).map(({ buffer1: [start, length], buffer2Content }) => ({
      start: offset + from + start,
      length,
      lines: buffer2Content,
    }));
  }
  const hunks: Hunk[] = [];
  let at = offset + from;
  for (const piece of piecesBetween([was, is])) {
    if (typeof piece === 'string') {
      at += 1;
      continue;
    }
    const [before = [], after = []] = piece;
    const isWhole = before.length === was.length && after.length === is.length;
    if (isWhole) hunks.push({ start: at, length: was.length, lines: is });
    else hunks.push(...differentLines(before, after, at));
    at += before.length;
  }
  return hunks;
}

function isEqual(a: Lines, b: Lines): boolean {
  return a.length === b.length && a.every((line, at) => line === b[at]);
}

function linesOf(text: Text): string[] {
  return [...text.iterLines()];
}
