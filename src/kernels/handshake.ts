/**
 * Finds out that a starting kernel can be used: it answers on shell, what it publishes on iopub reaches us, and it can
 * ask for input on stdin.
 *
 * A subscription comes into force some time after the connection. A reply on shell alone proves nothing about iopub:
 * the outputs of the first cell would be lost now and then. So kernel_info is asked until a reply *and* the iopub
 * `idle` have come for a request that was sent when everything was connected.
 */
import { kernelInfoContent, parseHeader, parseObject } from '../protocol/kernel-messages.js';
import type { KernelInfoContent, MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import { makeMessage } from './message-factory.js';

/** ms until the question is repeated: no answer at all yet, or an answer but not the rest. */
const repeatUnanswered = 1000;
const repeatIncomplete = 20;
/** A kernel that answers for this long (ms) without the rest does not publish, or has no stdin; it is used as it is. */
const longestPatience = 5000;

interface Request {
  replied: boolean;
  idle: boolean;
  /** all sockets were connected when it was sent */
  reachable: boolean;
}

export class Handshake {
  readonly #ask: () => void;
  readonly #done: (info: KernelInfoContent) => void;
  /** our requests whose `idle` or reply has not come; late ones must not reach any client */
  readonly #open = new Map<string, Request>();
  #info: KernelInfoContent | undefined;
  #finished = false;
  #firstReply = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Asks when it is told to begin, and before that only a kernel of which not everything can be reached.
   *
   * @param send       sends on shell
   * @param reachable  whether all sockets are connected
   * @param done       called once, when the kernel can be used
   */
  constructor(
    session: string,
    send: (message: WireMessage) => void,
    reachable: () => boolean,
    done: (info: KernelInfoContent) => void,
  ) {
    this.#done = done;
    this.#ask = () => {
      const { message, header } = makeMessage(session, 'kernel_info_request');
      this.#open.set(header.msg_id, { replied: false, idle: false, reachable: reachable() });
      send(message);
      const wait = this.#info ? repeatIncomplete : repeatUnanswered;
      this.#timer = setTimeout(this.#ask, wait);
    };
    this.#timer = setTimeout(this.#ask, repeatUnanswered);
  }

  /** The sockets are connected: an answer will come as soon as the kernel can give one. */
  begin(): void {
    if (this.#finished) return;
    clearTimeout(this.#timer);
    this.#ask();
  }

  /** Looks at a message of the kernel. True: it belongs to the handshake and is nobody else's. */
  take(channel: KernelChannel, message: WireMessage, { msg_type }: MessageHeader): boolean {
    if (this.#open.size === 0) return false;
    if (channel === 'iopub' ? msg_type !== 'status' : msg_type !== 'kernel_info_reply') return false;
    const id = parseHeader(message.parentHeader)?.msg_id;
    const request = id === undefined ? undefined : this.#open.get(id);
    if (id === undefined || !request) return false;
    const content = parseObject(message.content);
    if (channel === 'iopub') {
      request.idle ||= content?.execution_state === 'idle';
    } else {
      request.replied = true;
      this.#firstReply ||= performance.now();
      this.#info ??= kernelInfoContent(content) ?? unknownKernel;
    }
    if (request.replied && request.idle) this.#open.delete(id);
    this.#advance(request);
    return true;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#finished = true;
  }

  #advance({ replied, idle, reachable }: Request): void {
    if (this.#finished || !this.#info) return;
    const waited = performance.now() - this.#firstReply;
    if ((replied && idle && reachable) || waited > longestPatience) {
      this.stop();
      this.#done(this.#info);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#ask, repeatIncomplete);
  }
}

/** For a kernel whose reply has no language_info. */
const unknownKernel: KernelInfoContent = {
  protocol_version: '',
  implementation: '',
  implementation_version: '',
  language_info: {},
  banner: '',
  help_links: [],
  supported_features: [],
};
