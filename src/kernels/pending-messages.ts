/** What clients send to a kernel that is still starting: kept in order, within a bound. */
import { HttpError } from '../http-error.js';
import { wireLength } from '../protocol/wire-frames.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';

export interface PendingMessage {
  channel: Exclude<KernelChannel, 'iopub'>;
  message: WireMessage;
}

/** Bytes. */
const mostBytes = 64 * 1024 * 1024;

export class PendingMessages {
  #messages: PendingMessage[] = [];
  #length = 0;

  /** @throws {HttpError} 429 when too much waits; what waited already stays */
  add(pending: PendingMessage): void {
    const length = this.#length + wireLength(pending.message);
    if (length > mostBytes) {
      throw new HttpError(
        429,
        'Too much was sent to a kernel that is still starting. Wait until it is ready.',
      );
    }
    this.#length = length;
    this.#messages.push(pending);
  }

  /** Everything that waits; nothing does afterwards. */
  take(): PendingMessage[] {
    const messages = this.#messages;
    this.#messages = [];
    this.#length = 0;
    return messages;
  }
}
