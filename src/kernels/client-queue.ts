/**
 * What waits for one client, bounded in bytes.
 *
 * A client that falls behind gets the texts of streams joined to fewer and longer ones. Beyond the soft bound their oldest
 * is left out, with one notice in its place, so that it sees the newest. Everything else is kept up to the hard bound,
 * where the client is given up.
 */
import { mergeStreams } from './merge-streams.js';
import { inWords, textNotice } from './notices.js';
import type { OutgoingMessage } from './outgoing-message.js';

export interface QueueBounds {
  /** bytes of stream output beyond which its oldest is left out */
  streams: number;
  /** bytes beyond which the client is given up */
  all: number;
}

/** In place of what was left out. */
interface Gap {
  /** header of the request whose output it was */
  parentHeader: Uint8Array;
  /** bytes */
  leftOut: number;
}

type Item = OutgoingMessage | Gap;

/** At this share of the soft bound streams are joined, and again after each further one. */
const mergeShare = 1 / 2;

export class ClientQueue {
  readonly #session: string;
  readonly #bounds: QueueBounds;
  #items: Item[] = [];
  #next = 0;
  #length = 0;
  #streamLength = 0;
  /** bytes of streams that came since they were last joined */
  #unmerged = 0;

  /** @param session  of the client, for notices */
  constructor(session: string, bounds: QueueBounds) {
    this.#session = session;
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#next === this.#items.length;
  }

  /** bytes */
  get length(): number {
    return this.#length;
  }

  /** False: the hard bound is passed and the queue is of no use any more. */
  push(message: OutgoingMessage): boolean {
    const isAlone = this.isEmpty;
    this.#items.push(message);
    this.#length += message.length;
    if (message.isStream) {
      this.#streamLength += message.length;
      this.#unmerged += message.length;
      if (this.#unmerged > this.#bounds.streams * mergeShare) this.#merge();
      if (this.#streamLength > this.#bounds.streams) this.#leaveOut();
    }
    // One message alone always fits, however big it is.
    return isAlone || this.#length <= this.#bounds.all;
  }

  shift(): OutgoingMessage | undefined {
    const item = this.#items[this.#next];
    if (!item) return undefined;
    this.#next += 1;
    if (this.#next === this.#items.length) {
      this.#items = [];
      this.#next = 0;
    } else if (this.#next > 1024 && this.#next * 2 > this.#items.length) {
      // Array.shift moves everything behind it; the read part is cut off now and then instead.
      this.#items = this.#items.slice(this.#next);
      this.#next = 0;
    }
    if (isGap(item)) {
      const text = `${inWords(item.leftOut)} of output are left out here: they came faster than this page could take them.`;
      return textNotice(this.#session, item.parentHeader, text);
    }
    this.#length -= item.length;
    if (item.isStream) this.#streamLength -= item.length;
    this.#unmerged = Math.min(this.#unmerged, this.#streamLength);
    return item;
  }

  clear(): void {
    this.#replace([]);
  }

  #merge(): void {
    let items: Item[] = [];
    let run: OutgoingMessage[] = [];
    for (const item of this.#waiting()) {
      if (!isGap(item)) {
        run.push(item);
        continue;
      }
      items = items.concat(mergeStreams(run), item);
      run = [];
    }
    items = items.concat(mergeStreams(run));
    // What stays for long must not keep alive the memory of what went.
    for (const item of items) if (!isGap(item)) item.standAlone();
    this.#replace(items);
  }

  /** Leaves out the oldest streams, down to half of the bound: each pass looks at everything that waits. */
  #leaveOut(): void {
    const items: Item[] = [];
    let gap: Gap | undefined;
    let excess = this.#streamLength - this.#bounds.streams / 2;
    for (const item of this.#waiting()) {
      if (isGap(item)) {
        gap = item;
        items.push(item);
      } else if (!item.isStream || excess <= 0) {
        items.push(item);
      } else {
        excess -= item.length;
        const { parentHeader } = item.parts;
        if (gap && Buffer.compare(gap.parentHeader, parentHeader) === 0) {
          gap.leftOut += item.length;
        } else {
          gap = { parentHeader: Buffer.from(parentHeader), leftOut: item.length };
          items.push(gap);
        }
      }
    }
    this.#replace(items);
  }

  #waiting(): Item[] {
    return this.#items.slice(this.#next);
  }

  #replace(items: Item[]): void {
    this.#items = items;
    this.#next = 0;
    this.#length = 0;
    this.#streamLength = 0;
    this.#unmerged = 0;
    for (const item of items) {
      if (isGap(item)) continue;
      this.#length += item.length;
      if (item.isStream) this.#streamLength += item.length;
    }
  }
}

function isGap(item: Item): item is Gap {
  return 'leftOut' in item;
}
