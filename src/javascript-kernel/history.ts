/** The inputs of this kernel's life, as `history_request` asks for them (Jupyter messaging 5.3, "History"). */

/** session number (always 1), line number, source */
type Entry = [session: number, line: number, source: string];

/** Entries kept; a notebook that runs for weeks must not fill the memory. */
const limit = 10_000;

export class InputHistory {
  readonly #entries: Entry[] = [];

  add(line: number, source: string): void {
    this.#entries.push([1, line, source]);
    if (this.#entries.length > limit) this.#entries.splice(0, limit / 10);
  }

  /** The content of the reply. With `output: true` each source comes as `[source, null]`: outputs are not kept. */
  reply(content: Record<string, unknown>): Record<string, unknown> {
    const found = this.#select(content);
    const history =
      content.output === true ? found.map(([s, line, source]) => [s, line, [source, null]]) : found;
    return { status: 'ok', history };
  }

  #select(content: Record<string, unknown>): Entry[] {
    const count = (name: string, fallback: number) => {
      const value = content[name];
      return typeof value === 'number' ? value : fallback;
    };
    const last = (entries: Entry[], n: number) => (n > 0 ? entries.slice(-n) : []);
    switch (content.hist_access_type) {
      case 'range': {
        // 0 is the current session; there is no other one.
        if (![0, 1].includes(count('session', 0))) return [];
        const [start, stop] = [count('start', 0), count('stop', Infinity)];
        return this.#entries.filter(([, line]) => line >= start && line < stop);
      }
      case 'search': {
        const matches = globPattern(typeof content.pattern === 'string' ? content.pattern : '*');
        let found = this.#entries.filter(([, , source]) => matches.test(source));
        if (content.unique === true) {
          const seen = new Set<string>();
          found = found.reverse().filter(([, , source]) => !seen.has(source) && seen.add(source));
          found.reverse();
        }
        return last(found, count('n', found.length));
      }
      default:
        return last(this.#entries, count('n', this.#entries.length));
    }
  }
}

/** SQLite's GLOB, which the protocol took over: `*` and `?`, the whole source. */
function globPattern(pattern: string): RegExp {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '[^]*')
    .replace(/\?/g, '[^]');
  return new RegExp(`^${escaped}$`, 'u');
}
