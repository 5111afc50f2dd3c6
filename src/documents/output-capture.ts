/**
 * Which Output widget takes what is printed for a request: one whose `msg_id` is that request's, of several the last that
 * said so (`with out:` blocks may stand in each other).
 */
import { parseObject } from '../protocol/kernel-messages.js';
import { modelChange } from '../protocol/widget-messages.js';

/** Messages by which a kernel prints, and which an Output widget may take. */
const PRINTED = new Set(['stream', 'display_data', 'execute_result', 'error', 'clear_output']);

/** `_model_name` of Output widgets. */
export const OUTPUT_MODEL = 'OutputModel';

export function isPrinted(type: string): boolean {
  return PRINTED.has(type);
}

/** Of what was printed for one request, what went to its cell. @param messages  on iopub, in order */
export function notCaptured<T extends { type: string; content: Uint8Array }>(
  messages: readonly T[],
  request: string,
): T[] {
  const capture = new OutputCapture();
  /** comms that were opened meanwhile, and are no Output widgets; one that was open before may be one */
  const others = new Set<string>();
  return messages.filter(({ type, content }) => {
    if (isPrinted(type)) return capture.of(request) === undefined;
    if (type !== 'comm_open' && type !== 'comm_msg' && type !== 'comm_close') return true;
    const change = modelChange(type, parseObject(content), [], () => true);
    if (change === undefined) return false;
    const { kind, id } = change;
    if (kind === 'close') {
      capture.set(id, '');
      return false;
    }
    if (kind === 'open' && change.state['_model_name'] !== OUTPUT_MODEL) others.add(id);
    const taken = change.state['msg_id'];
    if (typeof taken === 'string' && !others.has(id)) capture.set(id, taken);
    return false;
  });
}

export class OutputCapture {
  /** request → widgets that take its output, the last of them does */
  readonly #takers = new Map<string, string[]>();
  readonly #taking = new Map<string, string>();

  /** @param request  msg_id; the empty text: it takes nothing any more */
  set(widget: string, request: string): void {
    const before = this.#taking.get(widget);
    if (before === request) return;
    if (before !== undefined) {
      const rest = (this.#takers.get(before) ?? []).filter((other) => other !== widget);
      if (rest.length === 0) this.#takers.delete(before);
      else this.#takers.set(before, rest);
      this.#taking.delete(widget);
    }
    if (request === '') return;
    this.#taking.set(widget, request);
    this.#takers.set(request, [...(this.#takers.get(request) ?? []), widget]);
  }

  /** The widget that takes the output of this request. */
  of(request: string): string | undefined {
    return this.#takers.get(request)?.at(-1);
  }

  clear(): void {
    this.#takers.clear();
    this.#taking.clear();
  }
}
