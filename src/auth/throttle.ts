/**
 * Slows down the guessing of passwords: ten wrong tries are free, then each further one costs a wait that doubles up to
 * a minute. Counted per address (or whatever names who tries), and over all addresses for those who have many.
 */
import { isIP } from 'node:net';

export interface ThrottleOptions {
  /** milliseconds, for tests */
  now?: () => number;
  freePerAddress?: number;
  freeOverall?: number;
}

/**
 * A try that may go on. It counts as wrong until one of its two functions is called, so that a thousand at once are counted
 * as well: `succeeded` forgets the wrong tries before it, too; `takeBack` only says that this one was none.
 */
export type Attempt =
  { allowed: true; succeeded(): void; takeBack(): void } | { allowed: false; retryAfter: number };

interface Bucket {
  wrong: number;
  blockedUntil: number;
  last: number;
}

const firstWait = 1_000;
const longestWait = 60_000;
/** Wrong tries are forgotten after so long without another. */
const forgetAfter = 3_600_000;
const maxAddresses = 10_000;
const maxKnown = 100;

export class LoginThrottle {
  readonly #now: () => number;
  readonly #free: number;
  readonly #freeOverall: number;
  readonly #byAddress = new Map<string, Bucket>();
  readonly #overall: Bucket = { wrong: 0, blockedUntil: 0, last: 0 };
  /** Addresses that logged in before: a flood from elsewhere must not keep their owner out. */
  readonly #known = new Set<string>();

  constructor({ now = Date.now, freePerAddress = 10, freeOverall = 100 }: ThrottleOptions = {}) {
    this.#now = now;
    this.#free = freePerAddress;
    this.#freeOverall = freeOverall;
  }

  /** @returns whether the password may be looked at; `retryAfter` in whole seconds otherwise */
  attempt(address: string): Attempt {
    const now = this.#now();
    const key = network(address);
    const bucket = this.#bucket(key, now);
    forgetOld(this.#overall, now);
    const local = key === 'unix' || key === '::1' || key === '127.0.0.1';
    const spared = local || this.#known.has(key);
    const until = Math.max(bucket.blockedUntil, spared ? 0 : this.#overall.blockedUntil);
    if (until > now) return { allowed: false, retryAfter: Math.ceil((until - now) / 1000) };

    const refunds = [charge(bucket, this.#free, now)];
    if (!spared) refunds.push(charge(this.#overall, this.#freeOverall, now));
    const takeBack = () => {
      for (const refund of refunds) refund();
    };
    return {
      allowed: true,
      takeBack,
      succeeded: () => {
        takeBack();
        this.#byAddress.delete(key);
        this.#known.add(key);
        trim(this.#known, maxKnown);
      },
    };
  }

  #bucket(key: string, now: number): Bucket {
    const bucket = this.#byAddress.get(key) ?? { wrong: 0, blockedUntil: 0, last: 0 };
    forgetOld(bucket, now);
    // Written again, it moves to the end: the map stays in the order of last use.
    this.#byAddress.delete(key);
    this.#byAddress.set(key, bucket);
    trim(this.#byAddress, maxAddresses);
    return bucket;
  }
}

/** Counts a try; the returned function takes it back. */
function charge(bucket: Bucket, free: number, now: number): () => void {
  const before = bucket.blockedUntil;
  bucket.wrong++;
  bucket.last = now;
  if (bucket.wrong >= free) {
    bucket.blockedUntil = now + Math.min(longestWait, firstWait * 2 ** Math.min(30, bucket.wrong - free));
  }
  const after = bucket.blockedUntil;
  return () => {
    bucket.wrong--;
    if (bucket.blockedUntil === after) bucket.blockedUntil = before;
  };
}

function forgetOld(bucket: Bucket, now: number): void {
  if (now - bucket.last > forgetAfter) bucket.wrong = 0;
}

function trim(collection: Map<string, unknown> | Set<string>, max: number): void {
  const oldest = collection.keys().next();
  if (collection.size > max && !oldest.done) collection.delete(oldest.value);
}

/** One person has a whole /64 of IPv6, and every program of this computer all of 127.0.0.0/8: so that is what is counted. */
function network(address: string): string {
  if (isIP(address) === 4) return address.startsWith('127.') ? '127.0.0.1' : address;
  if (isIP(address) !== 6 || address === '::1') return address;
  const [head = [], tail = []] = address
    .toLowerCase()
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const groups = [...head, ...zeros, ...tail].map((group) => group.replace(/^0+(?=.)/, ''));
  return `${groups.slice(0, 4).join(':')}::/64`;
}
