/**
 * Widgets (`jupyter.widget`): what a kernel says of their models on its comms, and the form in which pages and files hold
 * them, `application/vnd.jupyter.widget-state+json` (ipywidgets, "Jupyter widget messaging protocol", versions 1 and 2).
 */
import type { JsonObject, JsonValue } from '../notebook/types.js';

/** A binary part of a state: it stands in the state at `path`. */
export interface WidgetBuffer {
  path: (string | number)[];
  data: Uint8Array;
}

/** A model as pages and files have it. */
export interface WidgetModel {
  model_name: string;
  model_module: string;
  model_module_version: string;
  /** with references to other models as `IPY_MODEL_<id>` */
  state: JsonObject;
  buffers?: { encoding: 'base64'; path: (string | number)[]; data: string }[];
}

/** In place of a large model: `GET api/documents/<id>/widgets/<model id>` has it. */
export type WidgetReference = Omit<WidgetModel, 'state' | 'buffers'> & { size: number };

/** All models of a notebook, the content of `application/vnd.jupyter.widget-state+json`. */
export interface WidgetState {
  version_major: 2;
  version_minor: 0;
  state: Record<string, WidgetModel>;
}

/** What a message on a comm does to a model. */
export type ModelChange =
  /** `echo`: an update that says that the kernel took what a client sent */
  | { kind: 'open' | 'update' | 'echo'; id: string; state: JsonObject; buffers: WidgetBuffer[] }
  | { kind: 'close'; id: string };

const TARGET = 'jupyter.widget';

/**
 * Reads `comm_open`, `comm_msg` and `comm_close`.
 *
 * @param content  parsed; nested no deeper than a notebook may be
 * @param isKnown  whether a comm is one of a widget: only `comm_open` says what it is for
 * @returns undefined when it is another comm's, or changes no state
 */
export function modelChange(
  type: string,
  content: unknown,
  buffers: readonly Uint8Array[],
  isKnown: (id: string) => boolean,
): ModelChange | undefined {
  if (!isObject(content) || typeof content['comm_id'] !== 'string') return undefined;
  const { comm_id: id, target_name, data } = content;
  if (type === 'comm_open' ? target_name !== TARGET : !isKnown(id)) return undefined;
  if (type === 'comm_close') return { kind: 'close', id };
  if (!isObject(data)) return undefined;
  if (type === 'comm_open') {
    // Version 1 has the state itself here, and never buffers with it.
    const state = isObject(data['state']) ? data['state'] : data;
    return { kind: 'open', id, state, buffers: buffersOf(data['buffer_paths'], buffers) };
  }
  const { method, state } = data;
  if ((method !== 'update' && method !== 'echo_update') || !isObject(state)) return undefined;
  // Version 1 names the fields of the buffers in `buffers`.
  const paths = data['buffer_paths'] ?? data['buffers'];
  const kind = method === 'update' ? 'update' : 'echo';
  return { kind, id, state, buffers: buffersOf(paths, buffers) };
}

function buffersOf(paths: JsonValue | undefined, buffers: readonly Uint8Array[]): WidgetBuffer[] {
  if (!Array.isArray(paths)) return [];
  return paths.flatMap((value, index) => {
    const path = typeof value === 'string' ? [value] : value;
    const data = buffers[index];
    return data !== undefined && isPath(path) ? [{ path, data }] : [];
  });
}

/** Who puts buffers into a state walks along their paths, and must not leave it. */
const UNSAFE = new Set<string | number>(['__proto__', 'constructor', 'prototype']);

function isPath(value: JsonValue | undefined): value is (string | number)[] {
  return (
    Array.isArray(value) &&
    typeof value[0] === 'string' &&
    value.every((part) => (typeof part === 'string' || typeof part === 'number') && !UNSAFE.has(part))
  );
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
