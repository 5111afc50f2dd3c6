/**
 * One change at a time for each path: changes of the same place, or of a directory and of something in it, wait for each
 * other in the order in which they came; others do not.
 */
export class PathTurns {
  readonly #tickets = new Set<{ places: readonly string[]; done: Promise<unknown> }>();

  /** @param places absolute paths that `action` changes */
  async take<T>(places: readonly string[], action: () => Promise<T>): Promise<T> {
    const before = [...this.#tickets]
      .filter((other) => overlap(other.places, places))
      .map(({ done }) => done);
    const result = Promise.allSettled(before).then(action);
    const ticket = { places, done: result };
    this.#tickets.add(ticket);
    try {
      return await result;
    } finally {
      this.#tickets.delete(ticket);
    }
  }
}

function overlap(some: readonly string[], others: readonly string[]): boolean {
  return some.some((one) =>
    others.some((other) => one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`)),
  );
}
