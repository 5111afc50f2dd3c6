/**
 * Which states of a notebook's history stay: all of an hour, one per ten minutes of a day, one per day of 30 days. What was
 * kept for a reason (before a merge, a restore, a deletion) stays for the 30 days. And which of them, and what of them, when it
 * is too much.
 */
import type { CellReference, HistoryState } from './history-store.js';

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

/**
 * Outputs of the oldest states go first, then those states; the newest stays, which a person would miss most.
 *
 * @param states  oldest first
 * @param sizeOf  bytes of a piece
 */
export function within(
  states: readonly HistoryState[],
  mostBytes: number,
  sizeOf: (piece: string) => number,
): HistoryState[] {
  const uses = new Uses(states, sizeOf);
  const kept = [...states];
  const older = states.slice(0, -1);
  for (const [index, state] of older.entries()) {
    if (uses.size <= mostBytes) break;
    for (const [, , outputs] of state.cells) if (typeof outputs === 'string') uses.drop(outputs);
    kept[index] = withoutOutputs(state);
  }
  let first = 0;
  for (; first < older.length && uses.size > mostBytes; first += 1) {
    const state = kept[first];
    if (state !== undefined) for (const piece of piecesOf(state)) uses.drop(piece);
  }
  return kept.slice(first);
}

/** The pieces of a state, some of them perhaps more than once. */
export function* piecesOf({ metadata, cells }: HistoryState): Generator<string> {
  yield metadata;
  for (const [, cell, outputs] of cells) {
    yield cell;
    if (typeof outputs === 'string') yield outputs;
  }
}

function withoutOutputs(state: HistoryState): HistoryState {
  const cells = state.cells.map(([id, cell, outputs]): CellReference => [
    id,
    cell,
    outputs === null ? null : false,
  ]);
  return { ...state, cells };
}

/** How often each piece is referred to, and what all those that are take on disk. */
class Uses {
  readonly #counts = new Map<string, number>();
  size = 0;

  /** @param sizeOf  bytes of a piece */
  constructor(
    states: readonly HistoryState[],
    private readonly sizeOf: (name: string) => number,
  ) {
    for (const state of states) for (const name of piecesOf(state)) this.#add(name);
  }

  drop(name: string): void {
    const count = (this.#counts.get(name) ?? 0) - 1;
    this.#counts.set(name, count);
    if (count === 0) this.size -= this.sizeOf(name);
  }

  #add(name: string): void {
    const count = this.#counts.get(name) ?? 0;
    this.#counts.set(name, count + 1);
    if (count === 0) this.size += this.sizeOf(name);
  }
}
