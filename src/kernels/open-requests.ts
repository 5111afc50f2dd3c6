/**
 * The cells that a kernel was asked to run and has not answered, for the case that the connection to it is lost: replies that
 * were under way, or go to the connection before, never come, and whoever asked would wait for ever.
 */
import { parseHeader } from '../protocol/kernel-messages.js';
import type { MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import { makeMessage } from './message-factory.js';

/** A message that the server says in the kernel's place. */
export type StandIn = [KernelChannel, WireMessage, MessageHeader];

const mostRequests = 10_000;

const lost =
  'The connection to the kernel was lost for a moment. Output and results may be missing; the kernel and its variables are still there.';

export class OpenRequests {
  /** our id as a sender of messages */
  readonly #session: string;
  /** msg_id → header, as bytes */
  readonly #headers = new Map<string, Buffer>();
  /** msg_ids of those that were open when the connection was there again */
  #doubtful: string[] = [];

  constructor(session: string) {
    this.#session = session;
  }

  asked(channel: KernelChannel, { header }: WireMessage): void {
    if (channel !== 'shell') return;
    const parsed = parseHeader(header);
    if (parsed?.msg_type !== 'execute_request') return;
    // Copied: as it came from a client it is a view of a longer frame.
    this.#headers.set(parsed.msg_id, Buffer.from(header));
    const [oldest] = this.#headers.keys();
    if (this.#headers.size > mostRequests && oldest !== undefined) this.#headers.delete(oldest);
  }

  heard(channel: KernelChannel, { parentHeader }: WireMessage, { msg_type }: MessageHeader): void {
    if (channel !== 'shell' || msg_type !== 'execute_reply' || this.#headers.size === 0) return;
    const parent = parseHeader(parentHeader);
    if (parent) this.#headers.delete(parent.msg_id);
  }

  /**
   * The connection was lost and is there again.
   *
   * @param running  header of the request that runs, as far as is known
   * @returns the notice for whoever looks at its cell; undefined: nothing was asked
   */
  reconnected(running: Buffer | undefined): StandIn | undefined {
    this.#doubtful = [...this.#headers.keys()];
    const parentHeader = running ?? this.#headers.values().next().value;
    if (!parentHeader) return undefined;
    return this.#make('iopub', 'stream', { name: 'stderr', text: `\n[${lost}]\n` }, parentHeader);
  }

  /** The kernel has answered what came after everything that was asked before: whose reply is not there now gets ours. */
  settled(): StandIn[] {
    return this.#doubtful.splice(0).flatMap((id) => {
      const header = this.#headers.get(id);
      if (!header) return [];
      this.#headers.delete(id);
      const error = { ename: 'ConnectionLost', evalue: lost, traceback: [lost] };
      const reply = { status: 'error', execution_count: null, ...error };
      return [this.#make('shell', 'execute_reply', reply, header), this.idle(header)];
    });
  }

  /** That the kernel is done with a request. */
  idle(header: Buffer): StandIn {
    return this.#make('iopub', 'status', { execution_state: 'idle' }, header);
  }

  /** Another run of the kernel knows nothing of them. */
  clear(): void {
    this.#headers.clear();
    this.#doubtful = [];
  }

  #make(channel: KernelChannel, type: string, content: object, parentHeader: Buffer): StandIn {
    const { message, header } = makeMessage(this.#session, type, { content, parentHeader });
    return [channel, message, header];
  }
}
