/**
 * The headers and contents of Jupyter messages that we read or write (Jupyter messaging 5.4), and validators for what a
 * kernel sends: they answer undefined for anything that has not the shape, and never throw.
 */

/** What travels in `header`. Other fields may be there; the bytes are passed on as they came. */
export interface MessageHeader {
  msg_id: string;
  msg_type: string;
  /** id of the client that sent it, chosen by that client */
  session: string;
  username: string;
  /** ISO 8601 */
  date: string;
  /** of the message protocol, for example `5.3` */
  version: string;
  /** shell requests to a subshell (5.5) */
  subshell_id?: string | null;
}

/** Data per MIME type, as in notebook outputs. */
export type MimeBundle = Record<string, unknown>;

export type ExecutionStatus = 'starting' | 'idle' | 'busy' | 'restarting' | 'dead';

export interface StatusContent {
  execution_state: ExecutionStatus;
}

export interface StreamContent {
  name: 'stdout' | 'stderr';
  text: string;
}

/** of `display_data` and `update_display_data` */
export interface DisplayContent {
  data: MimeBundle;
  metadata: Record<string, unknown>;
  transient?: { display_id?: string };
}

export interface ExecuteResultContent extends DisplayContent {
  execution_count: number | null;
}

export interface ErrorContent {
  ename: string;
  evalue: string;
  traceback: string[];
}

export interface ExecuteInputContent {
  code: string;
  execution_count: number | null;
}

export interface ClearOutputContent {
  /** true: clear only when the next output arrives */
  wait: boolean;
}

export interface ExecuteRequestContent {
  code: string;
  silent: boolean;
  store_history: boolean;
  user_expressions: Record<string, string>;
  allow_stdin: boolean;
  stop_on_error: boolean;
}

export interface ExecuteReplyContent {
  /** Kernels say `aborted` (ipykernel) or `abort` (IRkernel, others) for cells skipped after an error. */
  status: 'ok' | 'error' | 'aborted';
  execution_count: number | null;
  payload: ExecutePayload[];
  ename?: string;
  evalue?: string;
  traceback?: string[];
}

/** Deprecated but in use: `page` (the pager), `set_next_input`, `edit`, `ask_exit`. */
export interface ExecutePayload {
  source: string;
  [key: string]: unknown;
}

export interface InputRequestContent {
  prompt: string;
  password: boolean;
}

export interface CompleteReplyContent {
  status: 'ok' | 'error';
  matches: string[];
  /** Code points, not UTF-16 units (protocol 5.2). */
  cursor_start: number;
  cursor_end: number;
  metadata: Record<string, unknown>;
}

export interface InspectReplyContent {
  status: 'ok' | 'error';
  found: boolean;
  data: MimeBundle;
  metadata: Record<string, unknown>;
}

export interface KernelInfoContent {
  protocol_version: string;
  implementation: string;
  implementation_version: string;
  /** as kernels send it: name, version, mimetype, file_extension, pygments_lexer, codemirror_mode, nbconvert_exporter */
  language_info: Record<string, unknown>;
  banner: string;
  help_links: { text: string; url: string }[];
  /** for example `kernel subshells` */
  supported_features: string[];
}

type JsonRecord = Record<string, unknown>;

const utf8 = new TextDecoder();

/** Parses one JSON part; undefined when it is not a JSON object. */
export function parseObject(bytes: Uint8Array): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes));
    return isRecord(value) ? value : undefined;
  } catch {
    // Broken JSON is the sender's fault; the caller decides what to do with a message that cannot be read.
    return undefined;
  }
}

const defaulted = ['session', 'username', 'date', 'version'] as const;

/** The header of a message; undefined when it is no header: `msg_id` and `msg_type` are needed, the rest gets defaults. */
export function parseHeader(bytes: Uint8Array): MessageHeader | undefined {
  const value = parseObject(bytes);
  if (typeof value?.msg_id !== 'string' || typeof value.msg_type !== 'string') return undefined;
  // The object is ours alone, and a copy for each message of a flood would be felt.
  for (const name of defaulted) if (typeof value[name] !== 'string') value[name] = '';
  return value as unknown as MessageHeader;
}

export function statusContent(value: unknown): StatusContent | undefined {
  const states: unknown[] = ['starting', 'idle', 'busy', 'restarting', 'dead'];
  return isRecord(value) && states.includes(value.execution_state)
    ? { execution_state: value.execution_state as ExecutionStatus }
    : undefined;
}

export function streamContent(value: unknown): StreamContent | undefined {
  if (!isRecord(value) || typeof value.text !== 'string') return undefined;
  return { name: value.name === 'stderr' ? 'stderr' : 'stdout', text: value.text };
}

export function displayContent(value: unknown): DisplayContent | undefined {
  if (!isRecord(value) || !isRecord(value.data)) return undefined;
  const content: DisplayContent = { data: value.data, metadata: record(value.metadata) };
  const transient = record(value.transient);
  if (typeof transient.display_id === 'string') content.transient = { display_id: transient.display_id };
  return content;
}

export function executeResultContent(value: unknown): ExecuteResultContent | undefined {
  const display = displayContent(value);
  return display && { ...display, execution_count: count(value) };
}

export function errorContent(value: unknown): ErrorContent | undefined {
  if (!isRecord(value) || typeof value.ename !== 'string') return undefined;
  return { ename: value.ename, evalue: text(value.evalue), traceback: strings(value.traceback) };
}

export function executeInputContent(value: unknown): ExecuteInputContent | undefined {
  if (!isRecord(value) || typeof value.code !== 'string') return undefined;
  return { code: value.code, execution_count: count(value) };
}

export function clearOutputContent(value: unknown): ClearOutputContent {
  return { wait: isRecord(value) && value.wait === true };
}

export function executeReplyContent(value: unknown): ExecuteReplyContent | undefined {
  if (!isRecord(value) || typeof value.status !== 'string') return undefined;
  const payload = Array.isArray(value.payload) ? value.payload : [];
  const reply: ExecuteReplyContent = {
    status: value.status === 'ok' || value.status === 'error' ? value.status : 'aborted',
    execution_count: count(value),
    payload: payload.filter((one): one is ExecutePayload => isRecord(one) && typeof one.source === 'string'),
  };
  return reply.status === 'error' ? { ...reply, ...errorContent(value) } : reply;
}

export function inputRequestContent(value: unknown): InputRequestContent | undefined {
  if (!isRecord(value)) return undefined;
  return { prompt: text(value.prompt), password: value.password === true };
}

export function completeReplyContent(value: unknown): CompleteReplyContent | undefined {
  if (!isRecord(value) || typeof value.cursor_start !== 'number' || typeof value.cursor_end !== 'number')
    return undefined;
  return {
    status: value.status === 'error' ? 'error' : 'ok',
    matches: strings(value.matches),
    cursor_start: value.cursor_start,
    cursor_end: value.cursor_end,
    metadata: record(value.metadata),
  };
}

export function inspectReplyContent(value: unknown): InspectReplyContent | undefined {
  if (!isRecord(value)) return undefined;
  return {
    status: value.status === 'error' ? 'error' : 'ok',
    found: value.found === true,
    data: record(value.data),
    metadata: record(value.metadata),
  };
}

export function kernelInfoContent(value: unknown): KernelInfoContent | undefined {
  if (!isRecord(value) || !isRecord(value.language_info)) return undefined;
  const links = Array.isArray(value.help_links) ? (value.help_links as unknown[]) : [];
  return {
    protocol_version: text(value.protocol_version),
    implementation: text(value.implementation),
    implementation_version: text(value.implementation_version),
    language_info: value.language_info,
    banner: text(value.banner),
    help_links: links.flatMap((link) => {
      const { text: label, url } = record(link);
      return typeof label === 'string' && typeof url === 'string' ? [{ text: label, url }] : [];
    }),
    supported_features: strings(value.supported_features),
  };
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function record(value: unknown): JsonRecord {
  return isRecord(value) ? value : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function count(value: unknown): number | null {
  return isRecord(value) && typeof value.execution_count === 'number' ? value.execution_count : null;
}
