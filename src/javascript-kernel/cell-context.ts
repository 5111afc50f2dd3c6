/**
 * Knows which cell the running code belongs to, across promises, timers and callbacks.
 *
 * `AsyncLocalStorage` would do it, but on Node 20 it turns async hooks on, and then an interrupt that ends a microtask
 * (`await 1; while (true) {}`) aborts the process ("Assertion failed: execution_async_id() == 0"). V8's plain promise
 * hooks have no such check. Timers are wrapped in `cell-timers.ts`. Callbacks of Node itself (files, sockets, child
 * processes) are placed by their async id: ids count up, so an id given out while a cell ran belongs to that cell.
 */
import { AsyncResource, executionAsyncId, triggerAsyncId } from 'node:async_hooks';
import v8 from 'node:v8';

/** Enough that a notebook's whole session is known; older ranges are forgotten. */
const rememberedRanges = 20_000;

export class CellContext {
  #current = 0;
  #last = 0;
  readonly #stack: number[] = [];
  readonly #ofPromise = new WeakMap<object, number>();
  /** Async ids from `from` up to the next range's belong to `cell` (0: to none). */
  readonly #ranges: { from: number; cell: number }[] = [];

  constructor() {
    v8.promiseHooks.onInit((promise) => {
      this.#ofPromise.set(promise, this.cell);
    });
    v8.promiseHooks.onBefore((promise) => {
      this.#stack.push(this.#current);
      this.#current = this.#ofPromise.get(promise) ?? 0;
    });
    v8.promiseHooks.onAfter(() => {
      this.#current = this.#stack.pop() ?? 0;
    });
  }

  /** The cell that the running code belongs to; when nothing tells, the one that was started last. */
  get cell(): number {
    return this.#current || this.#byAsyncId() || this.#last;
  }

  ofPromise(promise: object): number {
    return this.#ofPromise.get(promise) ?? this.#last;
  }

  /** Runs `callback` as code of `cell`. */
  run<T>(cell: number, callback: () => T): T {
    const outer = this.#current;
    if (outer === cell) return callback();
    this.#current = cell;
    this.#beginRange(cell);
    try {
      return callback();
    } finally {
      this.#current = outer;
      this.#beginRange(outer);
    }
  }

  /** The cell that unplaceable output goes to from now on. */
  startCell(cell: number): void {
    this.#last = cell;
  }

  /** After an interrupt, which skips every `finally` and hook: the event loop stands at its top again. */
  reset(): void {
    this.#current = 0;
    this.#stack.length = 0;
    this.#beginRange(0);
  }

  #beginRange(cell: number): void {
    const from = new AsyncResource('nbserver-cell').asyncId();
    if (this.#ranges.at(-1)?.cell === cell) return;
    this.#ranges.push({ from, cell });
    if (this.#ranges.length > rememberedRanges) this.#ranges.splice(0, rememberedRanges / 2);
  }

  #byAsyncId(): number {
    if (this.#stack.length > 0) return 0;
    return this.#rangeOf(executionAsyncId()) || this.#rangeOf(triggerAsyncId());
  }

  #rangeOf(id: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle]?.from ?? Infinity) <= id) low = middle + 1;
      else high = middle;
    }
    return this.#ranges[low - 1]?.cell ?? 0;
  }
}
