/**
 * What waits for one client: bounded in bytes, whether the client reads slowly or is away for a moment.
 *
 * Over the soft bound the text of streams is left out, and one notice says so where it begins. Over the hard bound the
 * queue is given up. Statuses, replies and input requests are never left out of it.
 */
import { OutgoingMessage } from './outgoing-message.js';
import { makeMessage } from './message-factory.js';

export interface QueueBounds {
  /** bytes beyond which stream output is left out */
  streams: number;
  /** bytes beyond which the client is given up */
  all: number;
}

export class ClientQueue {
  readonly #bounds: QueueBounds;
  #messages: OutgoingMessage[] = [];
  #next = 0;
  #length = 0;
  #leavingOut = false;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#next === this.#messages.length;
  }

  /** number of messages */
  get count(): number {
    return this.#messages.length - this.#next;
  }

  /** bytes */
  get length(): number {
    return this.#length;
  }

  /** False: the hard bound is passed and the queue is of no use any more. */
  push(message: OutgoingMessage): boolean {
    if (message.isStream && this.#length + message.length > this.#bounds.streams) {
      if (!this.#leavingOut) this.#add(notice(message));
      this.#leavingOut = true;
      return true;
    }
    this.#leavingOut = false;
    // One message alone always fits, however big it is.
    if (!this.isEmpty && this.#length + message.length > this.#bounds.all) return false;
    this.#add(message);
    return true;
  }

  shift(): OutgoingMessage | undefined {
    const message = this.#messages[this.#next];
    if (!message) return undefined;
    this.#next += 1;
    this.#length -= message.length;
    // Array.shift moves everything behind it; the read part is cut off now and then instead.
    if (this.#next === this.#messages.length) this.clear();
    else if (this.#next > 1024 && this.#next * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#next);
      this.#next = 0;
    }
    return message;
  }

  clear(): void {
    this.#messages = [];
    this.#next = 0;
    this.#length = 0;
  }

  #add(message: OutgoingMessage): void {
    this.#messages.push(message);
    this.#length += message.length;
  }
}

/** A stderr text in place of what is left out, as output of the same cell. */
function notice(leftOut: OutgoingMessage): OutgoingMessage {
  const text = '\n[Some output is not shown here: it came faster than this page could take it.]\n';
  const { message, header } = makeMessage(leftOut.header.session, 'stream', {
    content: { name: 'stderr', text },
    parentHeader: leftOut.message.parentHeader,
  });
  return new OutgoingMessage('iopub', message, header);
}
