/** The state and the last activity of a kernel, from what it publishes (the rules of jupyter_server 2). */
import { parseHeader, parseObject, statusContent } from '../protocol/kernel-messages.js';
import type { MessageHeader } from '../protocol/kernel-messages.js';
import type { WireMessage } from '../protocol/wire-frames.js';

export type KernelState = 'starting' | 'idle' | 'busy' | 'restarting' | 'dead';

/** Messages that are no work of a user: neither they nor what answers them changes the state. */
const untracked = new Set([
  'comm_info_request',
  'comm_info_reply',
  'kernel_info_request',
  'kernel_info_reply',
  'shutdown_request',
  'shutdown_reply',
  'interrupt_request',
  'interrupt_reply',
  'debug_request',
  'debug_reply',
  'usage_request',
  'usage_reply',
  'create_subshell_request',
  'create_subshell_reply',
  'delete_subshell_request',
  'delete_subshell_reply',
  'list_subshell_request',
  'list_subshell_reply',
  'stream',
  'display_data',
  'update_display_data',
  'execute_input',
  'execute_result',
  'error',
  'status',
  'clear_output',
  'debug_event',
  'input_request',
  'input_reply',
]);

export class KernelActivity {
  #state: KernelState = 'starting';
  #last = Date.now();
  /** Where something runs: the main shell (`''`) and subshells do one thing after the other, but beside each other. */
  readonly #busy = new Set<string>();
  #running: Buffer | undefined;

  get state(): KernelState {
    return this.#state;
  }

  /** ms since the epoch */
  get last(): number {
    return this.#last;
  }

  /** What the kernel itself last said about tracked requests, whatever state the server gives it. */
  get lastReported(): 'idle' | 'busy' {
    return this.#busy.size > 0 ? 'busy' : 'idle';
  }

  /** Header of the request, as bytes, that made it busy last; undefined: it is not. */
  get running(): Buffer | undefined {
    return this.#busy.size > 0 ? this.#running : undefined;
  }

  set(state: KernelState): void {
    this.#state = state;
    if (state === 'idle' || state === 'dead') this.#busy.clear();
  }

  /** Another run of the kernel: nothing runs in it. */
  forgetRunning(): void {
    this.#busy.clear();
  }

  /**
   * Looks at a message on iopub. Parts are parsed only when they matter: a flood of streams costs nothing here.
   *
   * @param isCurrent  the run that sent it is the present one and ready; otherwise its state is of no interest
   */
  observe({ msg_type }: MessageHeader, message: WireMessage, isCurrent: boolean): void {
    if (this.#state === 'busy' && msg_type !== 'status') {
      this.#last = Date.now();
      return;
    }
    const parent = parseHeader(message.parentHeader);
    const parentType = parent?.msg_type;
    const parentTracked = parentType === undefined || !untracked.has(parentType);
    if (!untracked.has(msg_type) || parentTracked || this.#state === 'busy') this.#last = Date.now();
    if (msg_type !== 'status' || !parentTracked || !isCurrent) return;
    const state = statusContent(parseObject(message.content))?.execution_state;
    if (state !== 'idle' && state !== 'busy') return;
    const shell = typeof parent?.subshell_id === 'string' ? parent.subshell_id : '';
    if (state === 'busy') {
      this.#busy.add(shell);
      // Copied: it is a view of a block of messages.
      this.#running = Buffer.from(message.parentHeader);
    }
    if (state === 'idle') this.#busy.delete(shell);
    this.#state = this.lastReported;
  }
}
