/**
 * Which pages of this browser are alive, by name: what one that is gone has left is for others to take. A page holds a lock of its
 * name, or, where the browser has no locks (plain http to another machine), answers when it is asked.
 */

/** Milliseconds in which a page that is alive answers, however busy it is */
const ANSWERED = 2_000;

type Call = 'who is there?' | { page: string };

export class LivePages {
  readonly #family: string;
  readonly #roll: BroadcastChannel;

  /**
   * @param family  of the pages that ask for each other
   * @param page    a name that no other page has; it counts as alive until the page is gone
   */
  constructor(family: string, page: string) {
    this.#family = family;
    this.#roll = new BroadcastChannel(family);
    // held until the page is gone
    void navigator.locks?.request(this.#lockOf(page), () => new Promise(() => undefined));
    this.#roll.onmessage = ({ data }: MessageEvent<Call>) => {
      if (data === 'who is there?') this.#roll.postMessage({ page } satisfies Call);
    };
  }

  async names(): Promise<Set<string>> {
    if (navigator.locks !== undefined) {
      const { held = [] } = await navigator.locks.query();
      const lock = this.#lockOf('');
      return new Set(
        held.flatMap(({ name = '' }) => (name.startsWith(lock) ? [name.slice(lock.length)] : [])),
      );
    }
    const alive = new Set<string>();
    const asked = new BroadcastChannel(this.#family);
    asked.onmessage = ({ data }: MessageEvent<Call>) => {
      if (typeof data === 'object') alive.add(data.page);
    };
    asked.postMessage('who is there?' satisfies Call);
    await new Promise((resolve) => setTimeout(resolve, ANSWERED));
    asked.close();
    return alive;
  }

  #lockOf(page: string): string {
    return `${this.#family}.${page}`;
  }
}
