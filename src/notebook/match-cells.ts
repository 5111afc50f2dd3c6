/**
 * Finds the cells of one version of a notebook in another one where ids do not tell: equal ones in order first, then,
 * between those, the ones whose lines are mostly the same.
 */
import { LCS } from 'node-diff3';

export interface MatchedCell {
  type: string;
  source: string;
}

/** Of the lines of two cells, the share that both have, from which on they count as one cell that was edited. */
const LEAST_SHARED = 0.5;
/** Above this many pairs of cells, only equal ones are matched. */
const MOST_PAIRS = 250_000;

/** @returns for each cell of `now`, the place in `old` of the cell that it was; -1 for a new one. In order, each once. */
export function matchCells(old: readonly MatchedCell[], now: readonly MatchedCell[]): number[] {
  const matched = new Array<number>(now.length).fill(-1);
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && isEqual(old[head], now[head])) matched[head] = head++;
  let tail = 0;
  while (tail < shorter - head && isEqual(old[old.length - 1 - tail], now[now.length - 1 - tail])) {
    tail += 1;
    matched[now.length - tail] = old.length - tail;
  }
  const gap = { old: [head, old.length - tail], now: [head, now.length - tail] } as const;
  let oldFrom: number = gap.old[0];
  let nowFrom: number = gap.now[0];
  for (const [oldAt, nowAt] of equalInOrder(old.slice(...gap.old), now.slice(...gap.now))) {
    matchSimilar(old, now, [oldFrom, gap.old[0] + oldAt], [nowFrom, gap.now[0] + nowAt], matched);
    matched[gap.now[0] + nowAt] = gap.old[0] + oldAt;
    oldFrom = gap.old[0] + oldAt + 1;
    nowFrom = gap.now[0] + nowAt + 1;
  }
  matchSimilar(old, now, [oldFrom, gap.old[1]], [nowFrom, gap.now[1]], matched);
  return matched;
}

function isEqual(a: MatchedCell | undefined, b: MatchedCell | undefined): boolean {
  return a !== undefined && b !== undefined && a.type === b.type && a.source === b.source;
}

/** A longest list of pairs of equal cells in the order of both. */
function equalInOrder(old: readonly MatchedCell[], now: readonly MatchedCell[]): [number, number][] {
  if (old.length * now.length > MOST_PAIRS * 16) return [];
  const key = ({ type, source }: MatchedCell) => `${type}\n${source}`;
  const pairs: [number, number][] = [];
  for (let at = LCS(old.map(key), now.map(key)); at.chain !== null; at = at.chain) {
    pairs.unshift([at.buffer1index, at.buffer2index]);
  }
  return pairs;
}

/** Matches what is similar within a gap of each list, in order. */
function matchSimilar(
  old: readonly MatchedCell[],
  now: readonly MatchedCell[],
  [oldFrom, oldTo]: readonly [number, number],
  [nowFrom, nowTo]: readonly [number, number],
  matched: number[],
): void {
  if ((oldTo - oldFrom) * (nowTo - nowFrom) > MOST_PAIRS) return;
  const lines = (cell: MatchedCell | undefined) => lineCounts(cell?.source ?? '');
  const oldLines = old.slice(oldFrom, oldTo).map(lines);
  let from = oldFrom;
  for (let at = nowFrom; at < nowTo; at += 1) {
    const own = lines(now[at]);
    let best = -1;
    let bestShare = LEAST_SHARED;
    for (let other = from; other < oldTo; other += 1) {
      const share = old[other]?.type === now[at]?.type ? sharedBy(oldLines[other - oldFrom], own) : 0;
      if (share > bestShare) [best, bestShare] = [other, share];
    }
    if (best < 0) continue;
    matched[at] = best;
    from = best + 1;
  }
  // One cell in the place of one: it was rewritten, as far as anybody can tell.
  const isOnly = oldTo - oldFrom === 1 && nowTo - nowFrom === 1 && matched[nowFrom] === -1;
  if (isOnly && old[oldFrom]?.type === now[nowFrom]?.type) matched[nowFrom] = oldFrom;
}

function lineCounts(source: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of source.split('\n')) {
    const text = line.trim();
    if (text !== '') counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}

/** 0: no line is in both; 1: the same lines. */
function sharedBy(a: ReadonlyMap<string, number> | undefined, b: ReadonlyMap<string, number>): number {
  if (a === undefined) return 0;
  let shared = 0;
  let all = 0;
  for (const [line, count] of a) {
    shared += Math.min(count, b.get(line) ?? 0);
    all += count;
  }
  for (const count of b.values()) all += count;
  return all === 0 ? 0 : (2 * shared) / all;
}
