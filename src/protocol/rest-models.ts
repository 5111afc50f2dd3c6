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
  /** only after a save or load of a notebook that does not validate */
  message?: string;
}

export interface CheckpointModel {
  id: string;
  last_modified: string;
}

export interface KernelModel {
  id: string;
  name: string;
  last_activity: string;
  execution_state: string;
  connections: number;
  /** a sentence: why it died or did not start */
  reason?: string;
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
