/** One kernel: its process, its sockets and the state that people see. */
import type { KernelInfoContent, MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelModel } from '../protocol/rest-models.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import type { KernelSpec } from './kernelspecs.js';

export type KernelState = 'starting' | 'idle' | 'busy' | 'restarting' | 'dead';

/** Gets every message from the kernel, in the order of its channel. The header is parsed already; the rest are bytes. */
export type MessageListener = (channel: KernelChannel, message: WireMessage, header: MessageHeader) => void;

export interface RequestOptions {
  metadata?: Record<string, unknown>;
  /** `header.subshell_id`, for kernels that have `kernel subshells` */
  subshellId?: string;
}

export interface Subscription {
  close(): void;
}

export class Kernel {
  constructor(
    readonly id: string,
    readonly spec: KernelSpec,
  ) {}
  get name(): string {
    return this.spec.name;
  }
  get state(): KernelState {
    throw new Error('being written');
  }
  /** Why it died or did not start: a sentence. */
  get reason(): string | undefined {
    throw new Error('being written');
  }
  /** The kernel's own description of itself, once it is ready. */
  get info(): KernelInfoContent | undefined {
    throw new Error('being written');
  }
  /** Resolves when the kernel answers; of the present run, so read it again after a restart. Rejects with an HttpError. */
  get ready(): Promise<void> {
    throw new Error('being written');
  }
  /** Sends a request and answers its msg_id. While the kernel starts, it is kept and sent once the kernel is ready. */
  request(
    _channel: 'shell' | 'control',
    _msgType: string,
    _content: object,
    _options: RequestOptions = {},
  ): string {
    throw new Error('being written');
  }
  /** Answers an input_request. `parentHeader` is the header of that request, as bytes or parsed. */
  replyInput(_value: string, _parentHeader: Uint8Array | object): void {
    throw new Error('being written');
  }
  onMessage(_listener: MessageListener): Subscription {
    throw new Error('being written');
  }
  onState(_listener: () => void): Subscription {
    throw new Error('being written');
  }
  interrupt(): Promise<void> {
    throw new Error('being written');
  }
  restart(): Promise<void> {
    throw new Error('being written');
  }
  model(): KernelModel {
    throw new Error('being written');
  }
}
