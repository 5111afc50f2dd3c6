/** A set of listeners where one that throws does not keep the others from hearing. */
import type { Log } from './log.js';

export interface Subscription {
  close(): void;
}

export class ListenerSet<Args extends unknown[]> {
  readonly #listeners = new Set<(...args: Args) => void>();

  get size(): number {
    return this.#listeners.size;
  }

  add(listener: (...args: Args) => void): Subscription {
    // Its own entry, so that the same function may listen twice.
    const entry = (...args: Args) => listener(...args);
    this.#listeners.add(entry);
    return { close: () => void this.#listeners.delete(entry) };
  }

  clear(): void {
    this.#listeners.clear();
  }

  emit(log: Log, ...args: Args): void {
    for (const listener of this.#listeners) {
      try {
        listener(...args);
      } catch (error) {
        log.error(
          `A listener failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
      }
    }
  }
}
