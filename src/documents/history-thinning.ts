/**
 * Which states of a notebook's history stay: all of an hour, one per ten minutes of a day, one per day of 30 days. What was
 * kept for a reason (before a merge, a restore, a deletion) stays for the 30 days.
 */
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const OLDEST_STATE = 30 * DAY;

export interface Dated {
  /** ms since 1970 */
  at: number;
  why: string;
}

/** @param states  oldest first @returns those that stay, in the same order; the last of each stretch of time is its one */
export function thinned<T extends Dated>(states: readonly T[], now: number): T[] {
  const taken = new Set<string>();
  const kept: T[] = [];
  for (const state of [...states].reverse()) {
    const age = now - state.at;
    if (age > OLDEST_STATE) continue;
    const stretch =
      age <= HOUR
        ? undefined
        : age <= DAY
          ? `m${Math.floor(state.at / (10 * MINUTE))}`
          : `d${Math.floor(state.at / DAY)}`;
    if (state.why === 'saved' && stretch !== undefined) {
      if (taken.has(stretch)) continue;
      taken.add(stretch);
    }
    kept.push(state);
  }
  return kept.reverse();
}
