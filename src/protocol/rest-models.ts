/** The JSON models of the Jupyter REST API that server and pages share (jupyter_server 2, OpenAPI description). */

export interface ContentsModel {
  name: string;
  path: string;
  type: 'directory' | 'file' | 'notebook';
  writable: boolean;
  /** ISO 8601 UTC with microseconds and Z */
  created: string;
  last_modified: string;
  mimetype: string | null;
  format: 'json' | 'text' | 'base64' | null;
  content: unknown;
  /** bytes; null for directories */
  size: number | null;
  hash: string | null;
  hash_algorithm: string | null;
  /** what is wrong with a notebook: it does not validate, or git left the marks of a conflict in it */
  message?: string;
}

/** How far an upload in chunks has come (`GET api/uploads/PATH?upload=…`; ours). */
export interface UploadModel {
  /** 1 when none is going on */
  next_chunk: number;
  /** those that are here, the last one included when only the write of the file is missing */
  chunks: { size: number; sha256: string }[];
}

/** The reason of the 400 by which a client can tell that a notebook wants a text editor. */
export const MERGE_CONFLICT = 'merge conflict';

export interface CheckpointModel {
  id: string;
  last_modified: string;
}

/** Something in the trash (`GET api/trash`; ours). */
export interface TrashModel {
  id: string;
  /** where it was */
  path: string;
  name: string;
  type: 'directory' | 'file' | 'notebook';
  /** bytes; null for directories */
  size: number | null;
  /** ISO 8601 UTC with microseconds and Z */
  deleted: string;
}

export interface KernelModel {
  id: string;
  name: string;
  last_activity: string;
  execution_state: string;
  connections: number;
  /** a sentence: why it died, is started again, or did not start */
  reason?: string;
  /** how its last process ended, together with a `reason` */
  exit?: KernelExit;
  /** only when asked for (`?resources=1`), and while it has a process */
  resources?: ProcessUse;
}

/** How the process of a kernel ended. */
export interface KernelExit {
  /** exit code; null when a signal ended it */
  code: number | null;
  /** for example `SIGSEGV`; null when it ended by itself */
  signal: string | null;
  /** a cell was running */
  was_busy: boolean;
  /** the system ended a process for lack of memory meanwhile */
  out_of_memory: boolean;
  /** the most memory that it was seen with, in bytes; null where that cannot be told */
  peak_memory: number | null;
  /** the last lines (20 at most) that the process itself wrote to stderr, without control characters */
  stderr: string[];
}

/** What the process of a kernel or a terminal and those below it use. */
export interface ProcessUse {
  processes: number;
  /** resident memory in bytes; what processes share is counted in each */
  memory: number;
  /** CPU seconds since its start */
  cpu_time: number;
  /** since the last time somebody asked; 100 is one core. null the first time */
  cpu_percent: number | null;
}

export interface SessionModel {
  id: string;
  path: string;
  name: string;
  type: string;
  kernel: KernelModel;
  /** only for type `notebook`, as older clients expect it */
  notebook?: { path: string; name: string };
}

export interface TerminalModel {
  name: string;
  last_activity: string;
  /** only when asked for (`?resources=1`) */
  resources?: ProcessUse;
  /** with `resources`: the program that has the terminal; null while the shell itself waits for a line */
  program?: string | null;
}

export interface KernelspecModel {
  name: string;
  spec: {
    argv: string[];
    env: Record<string, string>;
    display_name: string;
    language: string;
    interrupt_mode: string;
    metadata: Record<string, unknown>;
  };
  resources: Record<string, string>;
}
export interface KernelspecsModel {
  default: string;
  kernelspecs: Record<string, KernelspecModel>;
}

/** Answer of `GET api/documents/<id>/history`. */
export interface HistoryModel {
  /** newest first */
  states: HistoryStateModel[];
  deleted: HistoryDeletedCell[];
  /** what the history takes on disk */
  bytes: number;
}

export interface HistoryStateModel {
  id: string;
  /** ISO 8601 */
  at: string;
  /** `merge`: ours before a merge; `theirs`: what another program had written; `restore`, `delete`: before it */
  why: 'opened' | 'saved' | 'merge' | 'theirs' | 'restore' | 'delete' | 'orphan';
  cells: number;
}

/** A cell that some state has and the notebook has not (any more). */
export interface HistoryDeletedCell {
  cell: string;
  cell_type: string;
  /** its beginning */
  source: string;
  /** the last state that has it */
  state: string;
  at: string;
}

/** One cell of `GET api/documents/<id>/history/<state>/diff`. */
export interface HistoryCellDifference {
  cell: string;
  /** null: it was not there */
  before: string | null;
  after: string | null;
  /** its outputs differ */
  outputs: boolean;
  /** false: the outputs that it had are not kept (any more), and `outputs` says nothing */
  outputs_kept: boolean;
  moved: boolean;
}

/** A Python environment of this user (`GET api/environments`, an address of ours). */
export interface EnvironmentModel {
  kind: 'conda' | 'venv' | 'virtualenv' | 'uv' | 'pyenv';
  name: string;
  /** as its kernel is called in lists */
  display_name: string;
  /** absolute path */
  python: string;
  /** for example `3.11`; '' when it does not say */
  version: string;
  /** the kernelspec that starts it; null while it has no ipykernel */
  kernel_name: string | null;
  /** the command that adds ipykernel; null when it has it */
  install_command: string | null;
}

/** `GET api/server` (ours): what the owner wants to know of the server. */
export interface ServerModel {
  version: string;
  /** of Node.js, with its `v` */
  node: string;
  /** ISO 8601 UTC */
  started: string;
  /** "Serving notebooks from local directory: …" */
  store: string;
  certificate: {
    subject: string;
    fingerprint256: string;
    /** ISO 8601 UTC */
    valid_to: string;
    self_signed: boolean;
  } | null;
  /** browsers that are logged in, the one that was used last first */
  logins: LoginModel[];
  /** wrong passwords and tokens since the start, newest first */
  failed_logins: { address: string; time: string }[];
  settings: { name: string; value: unknown; from: string }[];
  /** of programs, the newest first */
  tokens: ApiTokenModel[];
  /** whether there is one, and a sentence when it cannot be changed on a page */
  password: { set: boolean; refusal: string | null };
}

/** An API token (`GET api/server/tokens`, an address of ours). */
export interface ApiTokenModel {
  id: string;
  name: string;
  /** ISO 8601 UTC */
  created: string;
  /** the last use, exact to a minute; null: never */
  used: { time: string; address: string } | null;
}

/** `POST api/server/tokens`: the only time that the token itself is shown. */
export interface NewApiTokenModel extends ApiTokenModel {
  token: string;
}

/** `PUT api/server/password` that was to revoke the API tokens and could not revoke all; else it answers 204. */
export interface PasswordChangeModel {
  /** the names of those that are still valid */
  tokens_left: string[];
}

export interface LoginModel {
  id: string;
  address: string;
  /** what the browser calls itself */
  agent: string;
  created: string;
  used: string;
  /** the browser that asks */
  current: boolean;
}
