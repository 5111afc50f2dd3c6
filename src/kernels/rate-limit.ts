/**
 * Jupyter's limits on what a websocket gets from iopub, off unless they are set. Over a limit the texts of streams are left
 * out until the rate is below 80 % of it, or the kernel is idle. Results and displays always pass: a limit protects a page
 * from a loop that prints, and must not cost anybody a result. Pure but for the clock that it is given.
 */

export interface RateLimits {
  /** `iopub_msg_rate_limit`: messages a second; 0 is no limit */
  messages: number;
  /** `iopub_data_rate_limit`: bytes of streams a second; 0 is no limit */
  bytes: number;
  /** `rate_limit_window`: ms over which rates are taken */
  window: number;
}

/** Below this share of a limit messages pass again. */
const resumeShare = 0.8;
/** Not counted, as in Jupyter: there is no page without them. */
const uncounted = new Set(['status', 'comm_open', 'execute_input']);

export class RateLimit {
  readonly #limits: RateLimits;
  readonly #now: () => number;
  /** what was counted, in the order of time */
  #events: { at: number; bytes: number }[] = [];
  #next = 0;
  #bytes = 0;
  #exceeded: 'messages' | 'bytes' | undefined;

  /** @param now  ms */
  constructor(limits: RateLimits, now = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  /**
   * Counts a message on iopub.
   *
   * @param message.bytes  of its frame
   * @returns `pass`, `drop`, or at the first one that is dropped what to say in its place
   */
  take({ type, bytes }: { type: string; bytes: number }): 'pass' | 'drop' | { notice: string } {
    if (uncounted.has(type)) return 'pass';
    const at = this.#now();
    this.#forget(at - this.#limits.window);
    const counted = type === 'stream' ? bytes : 0;
    const before = this.#exceeded;
    this.#judge(counted);
    if (this.#exceeded !== undefined && type === 'stream') {
      return before === this.#exceeded ? 'drop' : { notice: this.#notice(this.#exceeded) };
    }
    this.#events.push({ at, bytes: counted });
    this.#bytes += counted;
    return 'pass';
  }

  /** The kernel is idle: what comes next is another cell's. */
  reset(): void {
    this.#events = [];
    this.#next = 0;
    this.#bytes = 0;
    this.#exceeded = undefined;
  }

  /** Decides whether one more message of so many bytes is too much. */
  #judge(bytes: number): void {
    const { messages, bytes: most, window } = this.#limits;
    const seconds = window / 1000;
    const share = this.#exceeded === undefined ? 1 : resumeShare;
    const tooMany = messages > 0 && (this.#events.length - this.#next + 1) / seconds > messages * share;
    const tooMuch = most > 0 && (this.#bytes + bytes) / seconds > most * share;
    this.#exceeded = tooMany ? 'messages' : tooMuch ? 'bytes' : undefined;
  }

  #forget(before: number): void {
    for (let event = this.#events[this.#next]; event && event.at < before; event = this.#events[this.#next]) {
      this.#bytes -= event.bytes;
      this.#next += 1;
    }
    if (this.#next * 2 <= this.#events.length) return;
    this.#events = this.#events.slice(this.#next);
    this.#next = 0;
  }

  #notice(exceeded: 'messages' | 'bytes'): string {
    const [option, limit] =
      exceeded === 'messages'
        ? ['iopub_msg_rate_limit', `${this.#limits.messages} messages/s`]
        : ['iopub_data_rate_limit', `${this.#limits.bytes} bytes/s`];
    return (
      `More output came than ${option} allows (${limit} over ${this.#limits.window / 1000} s). ` +
      `Some of it is left out here; raise the option or set it to 0 to see all of it.`
    );
  }
}
