/**
 * `comms`: messages of a notebook's own between cells and the page, or whatever client there is (Jupyter messaging 5.3,
 * "Custom messages"). Widgets are built on them.
 */
import { randomUUID } from 'node:crypto';
import type { CommRequest } from './requests.js';
import type { PublishType } from './thread-messages.js';

/** Sends an iopub message with buffers under the cell that the running code belongs to. */
export type PublishComm = (
  type: Extract<PublishType, 'comm_open' | 'comm_msg' | 'comm_close'>,
  content: Record<string, unknown>,
  metadata: Record<string, unknown>,
  buffers: Uint8Array[],
) => void;

/** What came from the other side. */
export interface CommMessage {
  data: unknown;
  metadata: Record<string, unknown>;
  buffers: Uint8Array[];
}
export interface CommOptions {
  metadata?: Record<string, unknown>;
  /** bytes that travel beside the JSON */
  buffers?: (Uint8Array | ArrayBuffer)[];
}
type Listener = (message: CommMessage) => unknown;
export type CommTarget = (comm: Comm, message: CommMessage) => unknown;

/** One open line; either side may close it. */
export class Comm {
  readonly id: string;
  readonly target: string;
  /** called for each message that comes */
  onMessage: Listener | undefined;
  /** called when the other side closed it */
  onClose: Listener | undefined;
  readonly #send: (type: 'comm_msg' | 'comm_close', data: unknown, options: CommOptions) => void;

  constructor(
    id: string,
    target: string,
    send: (comm: Comm, type: 'comm_msg' | 'comm_close', data: unknown, options: CommOptions) => void,
  ) {
    this.id = id;
    this.target = target;
    this.#send = (type, data, options) => send(this, type, data, options);
  }

  /** @throws {Error} when it is closed */
  send(data: unknown = {}, options: CommOptions = {}): void {
    this.#send('comm_msg', data, options);
  }

  close(data: unknown = {}, options: CommOptions = {}): void {
    this.#send('comm_close', data, options);
  }
}

export class Comms {
  readonly #publish: PublishComm;
  readonly #targets = new Map<string, CommTarget>();
  readonly #open = new Map<string, Comm>();

  constructor(publish: PublishComm) {
    this.#publish = publish;
  }

  /** Opens a line to `target` on the other side. */
  open(target: string, data: unknown = {}, options: CommOptions = {}): Comm {
    const comm = this.#add(randomUUID(), target);
    const content = { comm_id: comm.id, target_name: target, data };
    this.#publish('comm_open', content, options.metadata ?? {}, bytesOf(options));
    return comm;
  }

  /** What is done with a line that the other side opens to `target`: called with it, and with the first message. */
  register(target: string, open: CommTarget): void {
    if (typeof open !== 'function') throw new TypeError('comms.register takes a target name and a function');
    this.#targets.set(target, open);
  }

  unregister(target: string): void {
    this.#targets.delete(target);
  }

  /**
   * A message of the other side.
   *
   * @returns what the notebook's own function returned; it may be a promise
   */
  receive({ action, id, target, ...message }: CommRequest): unknown {
    if (action === 'open') {
      const open = this.#targets.get(target);
      // The protocol asks for the line to be closed when there is nobody.
      if (!open) return this.#publish('comm_close', { comm_id: id, data: {} }, {}, []);
      return open(this.#add(id, target), message);
    }
    const comm = this.#open.get(id);
    if (action === 'message') return comm?.onMessage?.(message);
    this.#open.delete(id);
    return comm?.onClose?.(message);
  }

  #add(id: string, target: string): Comm {
    const comm = new Comm(id, target, (one, type, data, options) => {
      if (this.#open.get(one.id) !== one) {
        // Both sides may close it at the same moment.
        if (type === 'comm_close') return;
        throw new Error(`The comm to ${one.target} is closed.`);
      }
      if (type === 'comm_close') this.#open.delete(one.id);
      this.#publish(type, { comm_id: one.id, data }, options.metadata ?? {}, bytesOf(options));
    });
    this.#open.set(id, comm);
    return comm;
  }
}

function bytesOf({ buffers = [] }: CommOptions): Uint8Array[] {
  return buffers.map((one) => (one instanceof Uint8Array ? one : new Uint8Array(one)));
}
