/** The requests that reach the main thread, made from what a client sent (Jupyter messaging 5.3, shell channel). */

export interface ExecuteRequest {
  type: 'execute';
  code: string;
  silent: boolean;
  storeHistory: boolean;
  allowStdin: boolean;
  stopOnError: boolean;
  /** name → expression */
  userExpressions: Record<string, string>;
  /** the number in `In [n]` */
  count: number;
}
/** `cursor` counts code points (protocol 5.2). */
export interface CompleteRequest {
  type: 'complete';
  code: string;
  cursor: number;
}
export interface InspectRequest {
  type: 'inspect';
  code: string;
  cursor: number;
  /** 0: a signature and a short value; 1: the source, too */
  detail: number;
}
export interface IsCompleteRequest {
  type: 'is_complete';
  code: string;
}
/** A message of the other side of a comm. Nobody waits for its reply. */
export interface CommRequest {
  type: 'comm';
  action: 'open' | 'message' | 'close';
  id: string;
  /** only of `open` */
  target: string;
  data: unknown;
  metadata: Record<string, unknown>;
  buffers: Uint8Array[];
}
export type KernelRequest =
  ExecuteRequest | CompleteRequest | InspectRequest | IsCompleteRequest | CommRequest;

/** Reads the content of an `execute_request`; missing fields get the protocol's defaults. */
export function executeRequest(content: Record<string, unknown>, count: number): ExecuteRequest {
  const silent = content.silent === true;
  return {
    type: 'execute',
    code: text(content.code),
    silent,
    storeHistory: !silent && content.store_history !== false,
    allowStdin: content.allow_stdin !== false,
    stopOnError: content.stop_on_error !== false,
    userExpressions: stringValues(content.user_expressions),
    count,
  };
}

export function completeRequest(content: Record<string, unknown>): CompleteRequest {
  const code = text(content.code);
  return { type: 'complete', code, cursor: cursor(content.cursor_pos, code) };
}

export function inspectRequest(content: Record<string, unknown>): InspectRequest {
  const code = text(content.code);
  return {
    type: 'inspect',
    code,
    cursor: cursor(content.cursor_pos, code),
    detail: content.detail_level === 1 ? 1 : 0,
  };
}

export function isCompleteRequest(content: Record<string, unknown>): IsCompleteRequest {
  return { type: 'is_complete', code: text(content.code) };
}

const commActions = { comm_open: 'open', comm_msg: 'message', comm_close: 'close' } as const;

/** Undefined for what is no message of a comm. */
export function commRequest(
  msgType: string,
  content: Record<string, unknown>,
  extras: Pick<CommRequest, 'metadata' | 'buffers'>,
): CommRequest | undefined {
  if (!(msgType in commActions) || typeof content.comm_id !== 'string') return undefined;
  const action = commActions[msgType as keyof typeof commActions];
  return {
    type: 'comm',
    action,
    id: content.comm_id,
    target: text(content.target_name),
    data: content.data,
    ...extras,
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Without a position the cursor stands at the end. */
function cursor(value: unknown, code: string): number {
  return typeof value === 'number' && value >= 0 ? Math.floor(value) : [...code].length;
}

function stringValues(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
