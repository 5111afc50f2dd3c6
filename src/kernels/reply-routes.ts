/** Remembers who asked what, so that replies and input requests find the asking session. Bounded. */
import type { MessageHeader } from '../protocol/kernel-messages.js';

/** Requests wait for a reply; comm messages get none, so they are remembered apart and for less long. */
const longestRequests = 10_000;
const longestOthers = 1000;

export class ReplyRoutes {
  readonly #requests = new Map<string, string>();
  readonly #others = new Map<string, string>();

  /** A client's message goes to the kernel. */
  asked({ msg_id, msg_type }: MessageHeader, sessionId: string): void {
    const isRequest = msg_type.endsWith('_request');
    const routes = isRequest ? this.#requests : this.#others;
    routes.set(msg_id, sessionId);
    if (routes.size <= (isRequest ? longestRequests : longestOthers)) return;
    const [oldest] = routes.keys();
    if (oldest !== undefined) routes.delete(oldest);
  }

  /** Who sent the message with this id. */
  find(parentId: string): string | undefined {
    return this.#requests.get(parentId) ?? this.#others.get(parentId);
  }

  /** The reply came: nothing else will. */
  answered(parentId: string): void {
    this.#requests.delete(parentId);
  }
}
