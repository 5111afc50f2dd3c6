// What every group of the bench measures and prints with. How a group is added stands in bench.mjs.
import { PEERS, installed } from './servers.mjs';

/** The value below which `share` of the values lie; `at(values, 0.5)` is the median. */
export function at(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
export const median = (values) => at(values, 0.5);

/**
 * `random(below)`: whole numbers that are the same in every run, and in which nothing can find a pattern to pack (mulberry32).
 */
export function randomNumbers(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export class Bench {
  missed = [];

  /** @param {{ quick: boolean }} options  `--quick`: fewer rounds, smaller sizes; such figures do not compare with full ones */
  constructor({ quick }) {
    this.quick = quick;
  }

  /** How many rounds, or how much of something, this run takes. */
  size(full, quick) {
    return this.quick ? quick : full;
  }

  /**
   * Runs the servers in turn. The order turns each round, so that no server always has the warm cache; those that are not
   * installed are left out. A server whose run throws is left out, too, and the reason is printed. For pieces of a group:
   * NBSERVER_BENCH_SERVERS=nbserver,jupyter-server and NBSERVER_BENCH_ROUNDS=2.
   *
   * @param {{ of?: string[], rounds?: number, run: (name: string, round: number) => Promise<Record<string, number>> }} what
   *   `run` makes one measurement of one server and returns its figures by name
   * @returns {Promise<Record<string, Record<string, number[]>>>}  server → figure → one value per round
   */
  async measure({ of = ['nbserver', ...PEERS], rounds = this.size(7, 3), run }) {
    const results = {};
    const failed = new Set();
    const only = process.env.NBSERVER_BENCH_SERVERS?.split(',');
    const names = of.filter((name) => installed(name) && (only?.includes(name) ?? true));
    const count = Number(process.env.NBSERVER_BENCH_ROUNDS ?? rounds);
    for (let round = 0; round < count; round++) {
      for (const name of round % 2 === 0 ? names : [...names].reverse()) {
        if (failed.has(name)) continue;
        try {
          for (const [figure, value] of Object.entries(await run(name, round)))
            ((results[name] ??= {})[figure] ??= []).push(value);
        } catch (error) {
          if (name === 'nbserver') throw error;
          failed.add(name);
          delete results[name];
          console.log(`${name} is left out: ${error.message}`);
        }
      }
    }
    return results;
  }

  /** The median of a figure, or undefined where the server was not measured. */
  of(results, name, figure) {
    const values = results[name]?.[figure];
    return values === undefined || values.length === 0 ? undefined : median(values);
  }

  /** The better peer's median: the least (times, memory) or the `most` (rates). */
  better(results, figure, { most = false } = {}) {
    const found = PEERS.map((name) => this.of(results, name, figure)).filter((value) => value !== undefined);
    if (found.length === 0) return undefined;
    return most ? Math.max(...found) : Math.min(...found);
  }

  /** Prints the medians of all figures, one line a server. */
  table(results, digits = 1) {
    const rows = Object.entries(results).map(([server, figures]) => [
      server,
      Object.fromEntries(
        Object.entries(figures).map(([figure, values]) => [figure, Number(median(values).toFixed(digits))]),
      ),
    ]);
    console.table(Object.fromEntries(rows));
  }

  /**
   * Prints `label: 12.3 ms (target ≤ 60 ms)`, and MISSED where that is so.
   *
   * @param {number | undefined} value  undefined: what it is compared with is not installed
   * @param {{ atMost?: number, atLeast?: number, unit?: string }} target
   */
  target(label, value, { atMost, atLeast, unit = '' }) {
    if (value === undefined || Number.isNaN(value)) {
      console.log(`${label}: not shown`);
      return;
    }
    const space = unit === '' ? '' : ' ';
    const aim = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
    const met = atMost === undefined ? value >= atLeast : value <= atMost;
    // Three digits that tell something, and never 0.00 for what is small
    const shown = Math.abs(value) >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString();
    const bound = unit === '×' ? aim : aim + space + unit;
    const line = `${label}: ${shown}${space}${unit} (target ${bound})`;
    console.log(met ? line : `${line}   MISSED`);
    if (!met) this.missed.push(line);
  }

  /** Prints `label: 0.42 × (target ≤ 0.6)`: ours divided by theirs. */
  ratio(label, ours, theirs, target) {
    const value = ours === undefined || theirs === undefined ? undefined : ours / theirs;
    this.target(label, value, { ...target, unit: '×' });
  }
}
