/**
 * What was read of a kernel while none of its clients had room: in order, and counted with that of all other kernels. It is
 * read although nobody can take it yet, because what nobody reads lies in libzmq, where nothing bounds its bytes.
 */
import { totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';
import { wireLength } from '../protocol/wire-frames.js';
import type { WireMessage } from '../protocol/wire-frames.js';

/** Bytes that a message costs besides its own: seven buffers and their places. */
const overhead = 1024;

/** Bytes at most, and the share of the memory that this process may use at most. */
const mostBytes = 512 * 1024 * 1024;
const mostShare = 1 / 8;

/** Bytes of all kernels of a server. */
export class ReadAheadBudget {
  readonly bound: number;
  used = 0;

  constructor(
    bound = Math.min(mostBytes, totalmem() * mostShare, (constrainedMemory() || Infinity) * mostShare),
  ) {
    this.bound = bound;
  }
}

export class ReadAhead {
  readonly #budget: ReadAheadBudget;
  #messages: WireMessage[] = [];
  #next = 0;

  constructor(budget: ReadAheadBudget) {
    this.#budget = budget;
  }

  get isEmpty(): boolean {
    return this.#next === this.#messages.length;
  }

  /** What waits here is too much, with what waits for other kernels. */
  get isTooMuch(): boolean {
    return !this.isEmpty && this.#budget.used > this.#budget.bound;
  }

  push(message: WireMessage): void {
    this.#messages.push(message);
    this.#budget.used += cost(message);
  }

  shift(): WireMessage | undefined {
    const message = this.#messages[this.#next];
    if (!message) return undefined;
    this.#next += 1;
    this.#budget.used -= cost(message);
    // Array.shift moves everything behind it; the part that was read is cut off now and then instead.
    if (this.#next * 2 >= this.#messages.length) {
      this.#messages = this.#messages.slice(this.#next);
      this.#next = 0;
    }
    return message;
  }

  close(): void {
    while (this.shift());
  }
}

function cost(message: WireMessage): number {
  return wireLength(message) + overhead;
}
