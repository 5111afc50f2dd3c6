/** Shell requests in the order they came, and which of them an error takes along (`stop_on_error`). */

export class RequestQueue<T> {
  readonly #waiting: T[] = [];
  readonly #work: (item: T) => Promise<void>;
  #working = false;

  /** @param work  handles one item; the next one starts when its promise resolves */
  constructor(work: (item: T) => Promise<void>) {
    this.#work = work;
  }

  push(item: T): void {
    this.#waiting.push(item);
    if (!this.#working) void this.#run();
  }

  /** Takes the waiting items that `match` out of the queue. */
  take(match: (item: T) => boolean): T[] {
    const taken = this.#waiting.filter(match);
    const kept = this.#waiting.filter((item) => !match(item));
    this.#waiting.splice(0, this.#waiting.length, ...kept);
    return taken;
  }

  async #run(): Promise<void> {
    this.#working = true;
    for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift())
      await this.#work(item);
    this.#working = false;
  }
}
