/**
 * What the event bus carries (`POST api/events`, the websocket `api/events/subscribe`): Jupyter's events of contents and
 * kernels, and one of our own that tells pages which list to fetch again. For each a type, and the JSON Schema that an
 * event from outside has to match.
 */

/** jupyter_server's `contents_service` v1. */
export interface ContentsEvent {
  action: 'get' | 'create' | 'save' | 'upload' | 'rename' | 'copy' | 'delete';
  /** API path; of a rename or copy the new one */
  path: string;
  /** of a rename or copy: where it was */
  source_path?: string;
}

/** jupyter_server's `kernel_actions` v1. */
export interface KernelEvent {
  action: 'start' | 'interrupt' | 'shutdown' | 'restart';
  kernel_id?: string;
  /** kernelspec name */
  kernel_name?: string;
  status: 'success' | 'error';
  /** HTTP status, when it failed */
  status_code?: number;
  /** a sentence */
  msg: string;
}

/** Something that pages list is not what it was; `path` is the directory whose files changed. */
export type ListEvent = { list: 'kernels' | 'sessions' | 'terminals' } | { list: 'files'; path: string };

/** Schema id → what its events hold. */
export interface EventData {
  'https://events.jupyter.org/jupyter_server/contents_service/v1': ContentsEvent;
  'https://events.jupyter.org/jupyter_server/kernel_actions/v1': KernelEvent;
  'urn:nbserver:list_changed:v1': ListEvent;
}
export type SchemaId = keyof EventData;

export const contentsEvents = 'https://events.jupyter.org/jupyter_server/contents_service/v1';
export const kernelEvents = 'https://events.jupyter.org/jupyter_server/kernel_actions/v1';
export const listEvents = 'urn:nbserver:list_changed:v1';

/** One message on the websocket: the data with its schema id beside it, as jupyter_server sends it. */
export type Emission = { [Id in SchemaId]: { schema_id: Id } & EventData[Id] }[SchemaId];

const text = { type: 'string' };
const path = { type: 'string', description: 'a path of the contents API' };

/** JSON Schemas (draft 7) of the data, by schema id. All of them are version 1. */
export const eventSchemas: Readonly<Record<SchemaId, object>> = {
  [contentsEvents]: {
    type: 'object',
    properties: {
      action: { enum: ['get', 'create', 'save', 'upload', 'rename', 'copy', 'delete'] },
      path,
      source_path: path,
    },
    required: ['action', 'path'],
    if: { properties: { action: { enum: ['rename', 'copy'] } } },
    then: { required: ['source_path'] },
  },
  [kernelEvents]: {
    type: 'object',
    properties: {
      action: { enum: ['start', 'interrupt', 'shutdown', 'restart'] },
      kernel_id: text,
      kernel_name: text,
      status: { enum: ['success', 'error'] },
      status_code: { type: 'number' },
      msg: text,
    },
    required: ['action', 'msg'],
  },
  [listEvents]: {
    type: 'object',
    properties: { list: { enum: ['kernels', 'sessions', 'terminals', 'files'] }, path },
    required: ['list'],
    if: { properties: { list: { const: 'files' } } },
    then: { required: ['path'] },
  },
};
