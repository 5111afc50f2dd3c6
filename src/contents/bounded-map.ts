/** A map that holds what was used last, up to a total weight (bytes, entries). */
export class BoundedMap<K, V> {
  readonly #most: number;
  readonly #held = new Map<K, { value: V; weight: number }>();
  #weight = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: K): V | undefined {
    const held = this.#held.get(key);
    if (held === undefined) return undefined;
    this.#held.delete(key);
    this.#held.set(key, held);
    return held.value;
  }

  /** What alone weighs more than all may is not kept. */
  set(key: K, value: V, weight: number): void {
    this.delete(key);
    if (weight > this.#most) return;
    this.#held.set(key, { value, weight });
    this.#weight += weight;
    for (const oldest of this.#held.keys()) {
      if (this.#weight <= this.#most) return;
      this.delete(oldest);
    }
  }

  delete(key: K): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    this.#weight -= held.weight;
  }
}
