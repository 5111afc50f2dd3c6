/** What a notebook is in memory: nbformat 4, with multi-line strings joined (nbformat 4.5, "The notebook file format"). */

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue | undefined;
}

/**
 * Names a cell for as long as its document is open. From 4.5 on it is the `id` in the file; files below 4.5 get
 * ids for the session only, which are never written.
 */
export type CellId = string;
export type CellType = 'code' | 'markdown' | 'raw';

/** Display data keyed by MIME type: strings (base64 for binary types), or any JSON for `+json` types. */
export type MimeBundle = Record<string, JsonValue>;

export interface StreamOutput {
  output_type: 'stream';
  name: 'stdout' | 'stderr';
  text: string;
}
export interface DisplayOutput {
  output_type: 'display_data';
  data: MimeBundle;
  metadata: JsonObject;
  /** Kept for `update_display_data` while the document is open; never written to a file. */
  transient?: { display_id?: string };
}
export interface ResultOutput {
  output_type: 'execute_result';
  execution_count: number | null;
  data: MimeBundle;
  metadata: JsonObject;
  transient?: { display_id?: string };
}
export interface ErrorOutput {
  output_type: 'error';
  ename: string;
  evalue: string;
  traceback: string[];
}
/** An output with its content, as it is in files and on the server. */
export type WholeOutput = StreamOutput | DisplayOutput | ResultOutput | ErrorOutput;

/**
 * In a page: an output whose content is still on the server, under `api/documents/<id>/outputs/<hash>`. It never reaches
 * a file, and a server's own notebook has none.
 */
export interface OutputReference {
  output_type: 'reference';
  hash: string;
  /** characters of its JSON, about */
  size: number;
  /** what it is */
  of: WholeOutput['output_type'];
  /** of a stream */
  name?: 'stdout' | 'stderr';
  /** of a stream: text that came after what the server has under `hash` */
  more?: string;
  /** of a result */
  execution_count?: number | null;
  /** of a result or a display: its MIME types */
  mimes?: string[];
  /** left out when it is long */
  metadata?: JsonObject;
  /** of pictures by type: the beginning of the base64 text, which tells width and height */
  heads?: Record<string, string>;
}

export type Output = WholeOutput | OutputReference;

/** A cell with its strings joined. Fields that we do not know survive (index signature of the parsed object). */
export interface Cell {
  id: CellId;
  cell_type: CellType;
  source: string;
  metadata: JsonObject;
  /** markdown and raw cells: file name → MIME bundle */
  attachments?: Record<string, MimeBundle>;
  /** code cells only */
  outputs?: Output[];
  /** code cells only */
  execution_count?: number | null;
}
