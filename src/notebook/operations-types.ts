/** The shapes of the operations by which a live notebook changes. */
import type { Cell, CellId, CellType, JsonObject, MimeBundle, Output } from './types.js';

/** Puts a cell behind `after` (null: at the top). An `after` that is gone means: behind what stood before it. */
export interface InsertCell {
  op: 'insert-cell';
  cell: Cell;
  after: CellId | null;
}
export interface DeleteCell {
  op: 'delete-cell';
  id: CellId;
}
export interface MoveCell {
  op: 'move-cell';
  id: CellId;
  after: CellId | null;
}
/** Turning a code cell into another type drops its outputs and count; the inverse brings them back. */
export interface SetCellType {
  op: 'set-cell-type';
  id: CellId;
  cell_type: CellType;
  /** only on inverses: what the earlier type had and this one gets back */
  restore?: Pick<Cell, 'outputs' | 'execution_count' | 'attachments'>;
}
/** `changes` is `ChangeSet.toJSON()` of @codemirror/state; positions count UTF-16 units. */
export interface EditSource {
  op: 'edit-source';
  id: CellId;
  changes: unknown;
}
/** Replaces the whole metadata object of a cell, or of the notebook when `id` is null. */
export interface SetMetadata {
  op: 'set-metadata';
  id: CellId | null;
  metadata: JsonObject;
}
export interface SetAttachments {
  op: 'set-attachments';
  id: CellId;
  attachments: Record<string, MimeBundle> | undefined;
}
/** Empties the outputs. `execution_count` goes to null too unless `keepCount`. */
export interface ClearOutputs {
  op: 'clear-outputs';
  id: CellId;
  keepCount?: boolean;
}
/** Several at once, so that a cell that shows much makes few operations. */
export interface AppendOutput {
  op: 'append-output';
  id: CellId;
  outputs: Output[];
}
/** Adds text to the end of the stream output at `index`. */
export interface ExtendStream {
  op: 'extend-stream';
  id: CellId;
  index: number;
  text: string;
}
/** `update_display_data`, and the whole list on an inverse of clear. */
export interface ReplaceOutput {
  op: 'replace-output';
  id: CellId;
  index: number;
  output: Output;
}
export interface SetOutputs {
  op: 'set-outputs';
  id: CellId;
  outputs: Output[];
  execution_count: number | null;
}
/** How the run of a code cell stands. Document state: only `count` reaches the file (as `execution_count`). */
export interface SetExecution {
  op: 'set-execution';
  id: CellId;
  execution: CellExecution;
}

export interface CellExecution {
  state: 'idle' | 'queued' | 'running';
  /** the number in `In [n]`; null while not yet known */
  count: number | null;
  /** milliseconds since 1970 */
  started?: number;
  finished?: number;
  /** how the last run ended: `cancelled` = taken out of the queue; `reason` says why in a sentence */
  status?: 'ok' | 'error' | 'aborted' | 'cancelled';
  reason?: string;
}

export type Operation =
  | InsertCell
  | DeleteCell
  | MoveCell
  | SetCellType
  | EditSource
  | SetMetadata
  | SetAttachments
  | ClearOutputs
  | AppendOutput
  | ExtendStream
  | ReplaceOutput
  | SetOutputs
  | SetExecution;

/** The operations that a page may send; the others are made by the server from what the kernel says. */
export const PAGE_OPERATIONS = [
  'insert-cell',
  'delete-cell',
  'move-cell',
  'set-cell-type',
  'edit-source',
  'set-metadata',
  'set-attachments',
  'clear-outputs',
  'set-outputs',
] as const;

export type PageOperation = Extract<Operation, { op: (typeof PAGE_OPERATIONS)[number] }>;
