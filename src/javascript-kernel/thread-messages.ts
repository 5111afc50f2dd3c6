/**
 * What travels between the two threads of the kernel: the main thread runs the user's code, the worker speaks ZeroMQ.
 *
 * A *cell* is a number that names one execute request for the life of the kernel (0: none yet). The worker keeps its
 * parent header, so that output that comes seconds later still goes under the cell that made it.
 */
import type { MessagePort } from 'node:worker_threads';
import type { KernelRequest } from './requests.js';

/** What the main thread hands to the worker when it starts it. */
export interface WorkerStart {
  connectionFile: string;
  /** memory of the `TextRing` that carries stdout and stderr */
  ring: SharedArrayBuffer;
  /** two Int32: [0] 1 when an answer to `prompt()` lies in `answers`, [1] 1 when the sockets are closed */
  flags: SharedArrayBuffer;
  answers: MessagePort;
  /** node's version and ours, for kernel_info */
  version: string;
}

export type MainToWorker =
  /** The evaluator stands; requests may come. */
  | { kind: 'ready' }
  /** There is text in the ring; `now`: it is filling up. */
  | { kind: 'output'; now: boolean }
  /** An iopub message of a cell. Text that was written before it (up to `position`) goes out first. */
  | {
      kind: 'publish';
      position: number;
      cell: number;
      type: PublishType;
      content: Record<string, unknown>;
      /** of comms */
      extras?: MessageExtras;
    }
  /** The content of the reply to request `id`. */
  | { kind: 'reply'; position: number; id: number; content: Record<string, unknown> }
  | { kind: 'input'; position: number; cell: number; prompt: string; password: boolean }
  /** The event loop of the main thread turns: an interrupt (number `attempt`) has been seen. */
  | { kind: 'interrupt-seen'; attempt: number }
  /** The process ends because user code said so; the main thread waits for the sockets to be closed. */
  | { kind: 'exiting'; position: number };

export type PublishType =
  | 'display_data'
  | 'update_display_data'
  | 'execute_result'
  | 'error'
  | 'clear_output'
  | 'stream'
  | 'comm_open'
  | 'comm_msg'
  | 'comm_close';

/** What a message has beside its content. */
export interface MessageExtras {
  metadata: Record<string, unknown>;
  buffers: Uint8Array[];
}

export type WorkerToMain =
  | { kind: 'request'; id: number; cell: number; request: KernelRequest }
  /** `id` and `cell`: the request that was running when the interrupt came; null and 0: none */
  | { kind: 'interrupt'; attempt: number; id: number | null; cell: number }
  | { kind: 'exit' };
