/** Which of many versions to let go: the further back, the wider the gaps; the first and the last stay. Pure. */

/**
 * @param times ms since the epoch, ascending
 * @param most  how many are kept, at least 2 when there are as many
 * @returns indices of those to remove
 */
export function thinOut(times: readonly number[], most: number, now: number): number[] {
  const kept = times.map((time, index) => ({ time, index }));
  const gone: number[] = [];
  while (kept.length > Math.max(most, 1)) {
    let best = kept.length === 2 ? 0 : 1;
    let least = Infinity;
    for (let i = 1; i < kept.length - 1; i++) {
      // how wide the gap without it would be, measured by how long ago that is
      const gap = timeAt(kept, i + 1) - timeAt(kept, i - 1);
      const worth = gap / Math.max(now - timeAt(kept, i), 1);
      if (worth < least) [least, best] = [worth, i];
    }
    gone.push(...kept.splice(best, 1).map(({ index }) => index));
  }
  return gone;
}

function timeAt(kept: readonly { time: number }[], index: number): number {
  return kept[index]?.time ?? 0;
}
