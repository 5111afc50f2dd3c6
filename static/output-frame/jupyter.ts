/**
 * `Jupyter.notebook.kernel` and its comms, as scripts of outputs know them from the classic notebook. What they ask goes to
 * the page, which asks the person.
 */
import type { JsonObject, JsonValue } from '../../src/notebook/types.js';
import type { CommMessage, ToFrame, ToKernel } from './frame-messages.js';

/** The shape that the classic notebook gave to messages, as far as outputs read it. */
interface ClassicMessage {
  header: { msg_type: string };
  msg_type: string;
  content: JsonValue;
  metadata: JsonObject;
  buffers: DataView[];
}
type Listener = (message: ClassicMessage) => void;

interface Callbacks {
  iopub?: { output?: Listener; clear_output?: Listener };
  shell?: { reply?: Listener };
}

class Comm {
  onMessage: Listener | undefined;
  onClose: Listener | undefined;

  constructor(
    readonly comm_id: string,
    readonly target_name: string,
    private readonly tell: (message: CommMessage) => void,
  ) {}

  send(data: JsonValue = {}): void {
    this.tell({ type: 'comm', what: 'msg', comm: this.comm_id, target: '', data });
  }

  close(data: JsonValue = {}): void {
    this.tell({ type: 'comm', what: 'close', comm: this.comm_id, target: '', data });
  }

  on_msg(listener: Listener): void {
    this.onMessage = listener;
  }

  on_close(listener: Listener): void {
    this.onClose = listener;
  }
}

/** Defines the globals. @returns what takes in the answers */
export function provideJupyter(tell: (message: ToKernel) => void): (message: ToFrame) => void {
  const runs = new Map<string, Callbacks>();
  const comms = new Map<string, Comm>();
  const targets = new Map<string, (comm: Comm, message: ClassicMessage) => void>();
  const make = (id: string, target: string): Comm => {
    const comm = new Comm(id, target, tell);
    comms.set(id, comm);
    return comm;
  };
  const manager = {
    register_target(target: string, open: (comm: Comm, message: ClassicMessage) => void): void {
      targets.set(target, open);
      tell({ type: 'target', target });
    },
    unregister_target: (target: string) => void targets.delete(target),
    new_comm(target: string, data: JsonValue = {}, _callbacks?: unknown, _metadata?: unknown, id = newId()) {
      tell({ type: 'comm', what: 'open', comm: id, target, data });
      return make(id, target);
    },
  };
  const kernel = {
    comm_manager: manager,
    is_connected: () => true,
    execute(code: string, callbacks: Callbacks = {}, options: { silent?: boolean } = {}): string {
      const id = newId();
      runs.set(id, callbacks);
      tell({ type: 'execute', id, code, silent: options.silent !== false });
      return id;
    },
  };
  const jupyter = { notebook: { kernel } };
  Object.assign(globalThis, { Jupyter: jupyter, IPython: jupyter });

  const heardOfRun = (message: ToFrame & { type: 'ran' }): void => {
    const { iopub, shell } = runs.get(message.id) ?? {};
    const classic = classicMessage(message.message, message.content);
    if (message.channel === 'shell') {
      runs.delete(message.id);
      shell?.reply?.(classic);
    } else if (message.message === 'clear_output') iopub?.clear_output?.(classic);
    else iopub?.output?.(classic);
  };
  const heardOfComm = (message: ToFrame & { type: 'comm' }): void => {
    const { what, comm: id, target, data, metadata, buffers } = message;
    const content = { comm_id: id, target_name: target, data };
    const classic = classicMessage(`comm_${what}`, content, metadata, buffers);
    if (what === 'open') return targets.get(target)?.(make(id, target), classic);
    const comm = comms.get(id);
    if (what === 'msg') return comm?.onMessage?.(classic);
    comms.delete(id);
    comm?.onClose?.(classic);
  };
  return (message) => {
    if (message.type === 'ran') heardOfRun(message);
    else if (message.type === 'comm') heardOfComm(message);
  };
}

function classicMessage(
  type: string,
  content: JsonValue,
  metadata: JsonObject = {},
  buffers: readonly Uint8Array[] = [],
): ClassicMessage {
  return {
    header: { msg_type: type },
    msg_type: type,
    content,
    metadata,
    buffers: buffers.map((each) => new DataView(each.buffer, each.byteOffset, each.byteLength)),
  };
}

/** A frame's origin is opaque, but its page may come over plain http, where there is no `randomUUID`. */
function newId(): string {
  const parts = crypto.getRandomValues(new Uint32Array(4));
  return [...parts].map((part) => part.toString(16).padStart(8, '0')).join('');
}
