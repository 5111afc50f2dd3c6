/**
 * The last messages of one kernel, numbered, for clients that come back: bounded in bytes for the kernel, and for all
 * kernels together. The oldest go first; of them replies, input requests and statuses are kept a while longer, because
 * without its end a cell would look as if it ran for ever.
 */
import type { OutgoingMessage } from './outgoing-message.js';

/** Bytes of all journals of a server. */
export class ReplayBudget {
  readonly bound: number;
  readonly #journals = new Set<ReplayJournal>();
  #used = 0;

  constructor(bound: number) {
    this.bound = bound;
  }

  get used(): number {
    return this.#used;
  }

  join(journal: ReplayJournal): void {
    this.#journals.add(journal);
  }

  leave(journal: ReplayJournal): void {
    this.#journals.delete(journal);
    this.#used -= journal.length;
  }

  /** A journal grew or shrank. Over the bound, the biggest one has to let go of its oldest. */
  changed(by: number): void {
    this.#used += by;
    while (by > 0 && this.#used > this.bound) {
      let biggest: ReplayJournal | undefined;
      for (const journal of this.#journals)
        if (!biggest || journal.length > biggest.length) biggest = journal;
      if (!biggest?.dropOldest()) return;
    }
  }
}

/** Share of a journal's bytes that essential messages may take after their time. */
const essentialShare = 1 / 16;

export class ReplayJournal {
  /** number of the first message that ever was */
  readonly first: number;
  readonly #budget: ReplayBudget;
  readonly #bound: number;
  /** in the order of their numbers, without a gap; those before `#start` are gone */
  #messages: (OutgoingMessage | undefined)[] = [];
  #start = 0;
  /** number of the message at `#start` */
  #oldest: number;
  /** older ones that were kept, in the order of their numbers */
  #essentials: OutgoingMessage[] = [];
  #essentialLength = 0;
  #length = 0;
  /** bytes of all that ever were added */
  #added = 0;

  /** @param bound  bytes */
  constructor(budget: ReplayBudget, bound: number) {
    this.#budget = budget;
    this.#bound = bound;
    // Numbers of another server, or of an earlier kernel with the same id, are smaller, and so known as foreign.
    this.#oldest = this.first = Date.now() * 1000;
    budget.join(this);
  }

  /** bytes */
  get length(): number {
    return this.#length;
  }

  /** number of the newest message */
  get newest(): number {
    return this.#oldest + this.#messages.length - this.#start - 1;
  }

  /** number from which on everything is there */
  get complete(): number {
    return this.#oldest;
  }

  /** Numbers a message and keeps it. */
  add(message: OutgoingMessage): void {
    message.sequence = this.newest + 1;
    message.endsAt = this.#added += message.length;
    this.#messages.push(message);
    this.#count(message.length);
    // The newest one stays, however big it is: a client that is only a moment away must not miss it.
    while (this.#length > this.#bound && this.#start < this.#messages.length - 1) this.#dropFirst();
  }

  /**
   * The first message after a number that is for a session.
   *
   * @param skips  what this session is not to get again
   */
  next(
    after: number,
    session: string,
    skips: (message: OutgoingMessage) => boolean,
  ): OutgoingMessage | undefined {
    const fits = (message: OutgoingMessage) =>
      message.sequence > after &&
      (message.recipient === undefined || message.recipient === session) &&
      !skips(message);
    if (after + 1 < this.#oldest) {
      const essential = this.#essentials.find(fits);
      if (essential) return essential;
    }
    const first = this.#start + Math.max(0, after + 1 - this.#oldest);
    for (let at = first; at < this.#messages.length; at++) {
      const message = this.#messages[at];
      if (message && fits(message)) return message;
    }
    return undefined;
  }

  /** Bytes of what is kept after a number, but for older essential messages. */
  lengthAfter(after: number): number {
    const first = this.#messages[this.#start + Math.max(0, after + 1 - this.#oldest)];
    return first ? this.#added - first.endsAt + first.length : 0;
  }

  /** How many messages after a number are gone. */
  missedAfter(after: number): number {
    if (after >= this.#oldest - 1) return 0;
    const kept = this.#essentials.filter(({ sequence }) => sequence > after).length;
    return Math.max(0, this.#oldest - 1 - after - kept);
  }

  /** Lets go of the oldest message. False: there is none. */
  dropOldest(): boolean {
    if (this.#start < this.#messages.length) this.#dropFirst();
    else if (!this.#dropEssential()) return false;
    return true;
  }

  close(): void {
    this.#budget.leave(this);
    this.#messages = [];
    this.#start = 0;
    this.#essentials = [];
    this.#length = 0;
  }

  #dropFirst(): void {
    const message = this.#messages[this.#start];
    this.#messages[this.#start] = undefined;
    this.#start += 1;
    this.#oldest += 1;
    if (this.#start > 1024 && this.#start * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#start);
      this.#start = 0;
    }
    if (!message) return;
    const room = this.#bound * essentialShare;
    if (message.isEssential && message.length <= room) {
      while (this.#essentialLength + message.length > room) this.#dropEssential();
      message.standAlone();
      this.#essentials.push(message);
      this.#essentialLength += message.length;
    } else {
      this.#count(-message.length);
    }
  }

  #dropEssential(): boolean {
    const oldest = this.#essentials.shift();
    if (!oldest) return false;
    this.#essentialLength -= oldest.length;
    this.#count(-oldest.length);
    return true;
  }

  #count(by: number): void {
    this.#length += by;
    this.#budget.changed(by);
  }
}
