/**
 * What was read of a kernel and not passed on yet: in order, and counted with that of all other kernels. It is read as
 * soon as it comes, because a kernel that cannot send drops what it has to say.
 */
import { totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';
import type { ZmtpMessage } from './zmtp-reader.js';

/** Bytes that each buffer of a message costs besides its own. */
const overhead = 256;

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
  /** those before `#next` were passed on, and are let go */
  #messages: (ZmtpMessage | undefined)[] = [];
  #next = 0;
  #length = 0;
  #underWay = 0;

  constructor(budget: ReadAheadBudget) {
    this.#budget = budget;
  }

  get isEmpty(): boolean {
    return this.#next === this.#messages.length;
  }

  /** Bytes of messages that are not at their end; they are counted, too. */
  get underWay(): number {
    return this.#underWay;
  }

  set underWay(bytes: number) {
    this.#budget.used += bytes - this.#underWay;
    this.#underWay = bytes;
  }

  /** How many messages wait here. */
  get count(): number {
    return this.#messages.length - this.#next;
  }

  /** Bytes that wait here. */
  get length(): number {
    return this.#length;
  }

  /** What waits here is too much, with what waits for other kernels. */
  get isTooMuch(): boolean {
    return !this.isEmpty && this.#budget.used > this.#budget.bound;
  }

  push(message: ZmtpMessage): void {
    this.#messages.push(message);
    this.#count(cost(message));
  }

  shift(): ZmtpMessage | undefined {
    const message = this.#messages[this.#next];
    if (!message) return undefined;
    this.#messages[this.#next] = undefined;
    this.#next += 1;
    this.#count(-cost(message));
    // Array.shift moves everything behind it; the part that was read is cut off now and then instead.
    if (this.#next * 2 >= this.#messages.length) {
      this.#messages = this.#messages.slice(this.#next);
      this.#next = 0;
    }
    return message;
  }

  close(): void {
    while (this.shift());
    this.underWay = 0;
  }

  #count(by: number): void {
    this.#length += by;
    this.#budget.used += by;
  }
}

function cost(message: ZmtpMessage): number {
  if (!Array.isArray(message)) return message.length + overhead;
  let length = 0;
  for (const frame of message) length += frame.length + overhead;
  return length;
}
