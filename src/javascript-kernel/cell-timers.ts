/**
 * Wraps the timers and queues of Node so that a callback runs as code of the cell that asked for it, and so that
 * interrupting a cell stops its timers, too: `for (;;) { await sleep(500); console.log('x'); }` ends for good.
 */
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';
import type { CellContext } from './cell-context.js';

type Callback = (...args: unknown[]) => unknown;
type Timer = NodeJS.Timeout | NodeJS.Immediate;
type Schedule = (callback: Callback, ...rest: unknown[]) => Timer;

export class CellTimers {
  readonly #context: CellContext;
  readonly #pending = new Map<number, Set<Timer>>();
  readonly #setOf = new WeakMap<object, Set<Timer>>();
  readonly #stops = new Map<number, AbortController>();
  #running: Timer | undefined;
  /** The last error that a wrapped callback threw, and whose it was. */
  #thrown: { error: unknown; cell: number } | undefined;

  constructor(context: CellContext) {
    this.#context = context;
  }

  install(): void {
    const { setTimeout, setInterval, setImmediate } = timers;
    const wrapped = {
      setTimeout: this.#schedule(setTimeout as Schedule, true),
      setInterval: this.#schedule(setInterval as Schedule, false),
      setImmediate: this.#schedule(setImmediate, true),
    };
    const clearing = {
      clearTimeout: this.#clearing(timers.clearTimeout),
      clearInterval: this.#clearing(timers.clearInterval),
      clearImmediate: this.#clearing(timers.clearImmediate),
    };
    Object.assign(timers, wrapped, clearing);
    Object.assign(globalThis, wrapped, clearing);
    this.#installPromises();
    this.#installQueues();
    syncBuiltinESMExports();
  }

  /** Stops what the cell still has waiting. */
  stop(cell: number): void {
    for (const timer of this.#pending.get(cell) ?? []) clear(timer);
    this.#pending.delete(cell);
    this.#stops.get(cell)?.abort();
    this.#stops.delete(cell);
  }

  /** After an interrupt: a timer whose callback was cut short must not start the same loop again. */
  stopInterrupted(): void {
    if (this.#running) clear(this.#running);
    this.#running = undefined;
  }

  /** The cell whose timer or queued callback threw `error`. */
  cellOfError(error: unknown): number | undefined {
    return this.#thrown?.error === error ? this.#thrown?.cell : undefined;
  }

  #schedule(original: Schedule, once: boolean): Schedule {
    const schedule: Schedule = (callback, ...rest) => {
      if (typeof callback !== 'function') return original(callback, ...rest);
      const cell = this.#context.cell;
      const timer: Timer = original(
        (...args: unknown[]) => {
          if (once) this.#setOf.get(timer)?.delete(timer);
          this.#running = timer;
          this.#call(cell, () => Reflect.apply(callback, timer, args));
          this.#running = undefined;
        },
        ...rest,
      );
      const pending = this.#pending.get(cell) ?? new Set<Timer>();
      this.#pending.set(cell, pending.add(timer));
      this.#setOf.set(timer, pending);
      return timer;
    };
    return Object.defineProperty(schedule, 'name', { value: original.name });
  }

  #clearing(original: (timer: never) => void): (timer: unknown) => void {
    const clear = (timer: unknown) => {
      if (typeof timer === 'object' && timer !== null) this.#setOf.get(timer)?.delete(timer as Timer);
      original(timer as never);
    };
    return Object.defineProperty(clear, 'name', { value: original.name });
  }

  #call(cell: number, callback: () => unknown): void {
    this.#context.run(cell, () => {
      try {
        callback();
      } catch (error) {
        this.#thrown = { error, cell };
        throw error;
      }
    });
  }

  /** `node:timers/promises` waits until its cell is interrupted; then it rejects with an AbortError. */
  #installPromises(): void {
    const { setTimeout, setImmediate } = timersPromises;
    const withStop = <T extends { signal?: AbortSignal }>(options: T | undefined): T => {
      const stop = this.#stopSignal(this.#context.cell);
      const signal = options?.signal ? AbortSignal.any([options.signal, stop]) : stop;
      return { ...options, signal } as T;
    };
    const promises = {
      setTimeout: (delay?: number, value?: unknown, options?: { signal?: AbortSignal; ref?: boolean }) =>
        setTimeout(delay, value, withStop(options)),
      setImmediate: (value?: unknown, options?: { signal?: AbortSignal; ref?: boolean }) =>
        setImmediate(value, withStop(options)),
    };
    Object.assign(timersPromises, promises);
    // util.promisify(setTimeout) looks for its promise form here.
    Object.defineProperty(timers.setTimeout, promisify.custom, { get: () => promises.setTimeout });
    Object.defineProperty(timers.setImmediate, promisify.custom, { get: () => promises.setImmediate });
  }

  #stopSignal(cell: number): AbortSignal {
    const known = this.#stops.get(cell) ?? new AbortController();
    this.#stops.set(cell, known);
    return known.signal;
  }

  #installQueues(): void {
    const { nextTick } = process;
    process.nextTick = (callback: Callback, ...args: unknown[]) => {
      const cell = this.#context.cell;
      nextTick((...given: unknown[]) => this.#call(cell, () => callback(...given)), ...args);
    };
    const original = globalThis.queueMicrotask;
    globalThis.queueMicrotask = (callback: () => void) => {
      const cell = this.#context.cell;
      original(() => this.#call(cell, callback));
    };
  }
}

function clear(timer: Timer): void {
  // A timer is one of the two; the other call does nothing.
  timers.clearTimeout(timer as NodeJS.Timeout);
  timers.clearImmediate(timer as NodeJS.Immediate);
}
