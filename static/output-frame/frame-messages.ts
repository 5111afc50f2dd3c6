/** What the notebook page and a frame with an output say to each other, over a MessageChannel of their own. */
import type { JsonObject, JsonValue } from '../../src/notebook/types.js';

/** Of a comm: a line between a script of the output and something in the kernel (Jupyter messaging, "Custom messages"). */
export interface CommMessage {
  type: 'comm';
  what: 'open' | 'msg' | 'close';
  /** `comm_id` */
  comm: string;
  /** `target_name`; '' but for `open` */
  target: string;
  data: JsonValue;
}

/** From the page. Everything in it comes from a notebook that the person trusts, or from its kernel. */
export type ToFrame =
  | {
      type: 'render';
      /** HTML, or JavaScript that may use `element` */
      kind: 'html' | 'javascript';
      source: string;
      /** earlier outputs that set something up: HTML with scripts, or JavaScript, in order */
      prelude: { kind: 'html' | 'javascript'; source: string }[];
      theme: 'light' | 'dark';
    }
  | { type: 'theme'; theme: 'light' | 'dark' }
  | (CommMessage & { metadata: JsonObject; buffers: readonly Uint8Array[] })
  /** what the code of an `execute` with this id printed or showed, and at last its reply */
  | { type: 'ran'; id: string; channel: string; message: string; content: JsonObject };

/** What a frame asks of the kernel; the person is asked first. */
export type ToKernel =
  | { type: 'execute'; id: string; code: string; silent: boolean }
  /** comms that the kernel opens to this target are for this frame */
  | { type: 'target'; target: string }
  | CommMessage;

/** From the frame, whose scripts may send anything: see `parseFrameMessage`. */
export type FromFrame =
  | { type: 'size'; height: number }
  | { type: 'error'; message: string }
  /** Escape was pressed: the keyboard goes back to the notebook */
  | { type: 'escape' }
  | ToKernel;

/** Pixels: what no output needs, and a hostile one may ask for. */
const TALLEST = 20_000;
const LONGEST_NAME = 500;

/** undefined: not one of ours. */
export function parseFrameMessage(value: unknown): FromFrame | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, height, message } = value as Record<string, unknown>;
  switch (type) {
    case 'size':
      if (typeof height !== 'number' || !Number.isFinite(height)) return undefined;
      return { type, height: Math.min(TALLEST, Math.max(0, Math.ceil(height))) };
    case 'error':
      return typeof message === 'string' ? { type, message: message.slice(0, 2000) } : undefined;
    case 'escape':
      return { type };
    default:
      return parseToKernel(value as Record<string, unknown>);
  }
}

function parseToKernel(value: Record<string, unknown>): ToKernel | undefined {
  const { type, id, code, silent, what, comm, target } = value;
  if (type === 'execute') {
    return isName(id) && typeof code === 'string' ? { type, id, code, silent: silent !== false } : undefined;
  }
  if (type === 'target') return isName(target) ? { type, target } : undefined;
  if (type !== 'comm' || !isName(comm) || (what !== 'open' && what !== 'msg' && what !== 'close'))
    return undefined;
  const data = asJson(value['data']);
  const name = isName(target) ? target : '';
  return data === undefined || (what === 'open' && name === '')
    ? undefined
    : { type, what, comm, target: name, data };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME;
}

/** What the kernel would get of it: a structured clone may hold what JSON cannot say. */
function asJson(value: unknown): JsonValue | undefined {
  try {
    return JSON.parse(JSON.stringify(value ?? {})) as JsonValue;
  } catch {
    return undefined; // it goes in circles
  }
}
