/**
 * Finds out that a starting kernel can be used: it answers on shell, and what it publishes on iopub reaches us.
 *
 * A subscription comes into force some time after the connection. A reply on shell alone proves nothing about iopub:
 * the outputs of the first cell would be lost now and then. So kernel_info is asked until a reply *and* the iopub
 * `idle` of one of our requests have come.
 */
import { kernelInfoContent, parseHeader, parseObject } from '../protocol/kernel-messages.js';
import type { KernelInfoContent, MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import { makeMessage } from './message-factory.js';

/** ms until the question is repeated: no answer at all yet, or an answer but nothing on iopub. */
const repeatUnanswered = 1000;
const repeatUnpublished = 20;
/** A kernel that answers for this long (ms) without publishing any status does not publish; it is used as it is. */
const longestSilence = 5000;

export class Handshake {
  readonly #ask: () => void;
  readonly #done: (info: KernelInfoContent) => void;
  /** our requests whose `idle` or reply has not come; late ones must not reach any client */
  readonly #open = new Map<string, { replied: boolean; idle: boolean }>();
  #info: KernelInfoContent | undefined;
  #published = false;
  #finished = false;
  #firstReply = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Asks at once.
   *
   * @param send  sends on shell
   * @param done  called once, when the kernel can be used
   */
  constructor(
    session: string,
    send: (message: WireMessage) => void,
    done: (info: KernelInfoContent) => void,
  ) {
    this.#done = done;
    this.#ask = () => {
      const { message, header } = makeMessage(session, 'kernel_info_request');
      this.#open.set(header.msg_id, { replied: false, idle: false });
      send(message);
      const wait = this.#info ? repeatUnpublished : repeatUnanswered;
      this.#timer = setTimeout(this.#ask, wait);
    };
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
      this.#published = true;
      request.idle ||= content?.execution_state === 'idle';
    } else {
      request.replied = true;
      this.#firstReply ||= performance.now();
      this.#info ??= kernelInfoContent(content) ?? unknownKernel;
    }
    if (request.replied && request.idle) this.#open.delete(id);
    this.#advance(request.replied && request.idle);
    return true;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#finished = true;
  }

  #advance(answeredInFull: boolean): void {
    if (this.#finished || !this.#info) return;
    const silent = !this.#published && performance.now() - this.#firstReply > longestSilence;
    if (answeredInFull || silent) {
      this.stop();
      this.#done(this.#info);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#ask, repeatUnpublished);
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
