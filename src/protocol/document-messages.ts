/**
 * What travels on the websocket of a live document (`api/documents/<id>/socket`), as JSON text frames.
 *
 * Order: everything of one document is in the order of its revisions. A page applies its own operations at once and
 * keeps them until the `ack`; operations of others that arrive meanwhile are rebased against them on both sides with
 * the same rule: what the server accepted first comes first.
 *
 * A page has at most one unacknowledged batch on the way; further operations wait in its outbox. `execute` and `save`
 * keep their place among the operations. All three carry a sequence number that counts up per client, and are
 * acknowledged; what was sent again after a lost connection is applied once.
 *
 * On a new connection the page names its client id, the epoch and the last revision that it has. The server answers
 * with the batches that the page missed (its own ones among them) and then `resumed`, or with a `snapshot`.
 *
 * Large outputs travel as `OutputReference` in both directions; `GET api/documents/<id>/outputs/<hash>` has the content.
 */
import type { CellExecution, Operation } from '../notebook/operations.js';
import type { Cell, CellId, JsonObject } from '../notebook/types.js';
import type { WidgetModel, WidgetReference } from './widget-messages.js';

/** Answer of `POST api/documents {path, kernel_name?, start_kernel?}`; the id survives a rename. */
export interface DocumentModel {
  id: string;
  path: string;
}

/**
 * What the HTML of the notebook page carries, in `#document`: the page takes these in as if they had come on its socket, and
 * resumes from there. Absent when the notebook could not be opened in time; the page then asks for it.
 */
export interface BroughtDocument {
  id: string;
  messages: ServerMessage[];
}

/** Answer of `GET api/documents/<id>/run`: what runs and waits, and how the code cells stand. */
export interface RunModel {
  running: CellId | null;
  waiting: CellId[];
  prompt: Prompt | null;
  /** `expected`: an error in it is meant to be (its tag `raises-exception`), and what waits goes on behind it */
  cells: ({ id: CellId; expected?: true } & CellExecution)[];
}

export interface KernelView {
  /** null: no kernel runs for this document */
  id: string | null;
  session_id: string | null;
  /** kernelspec name, for example `python3` */
  name: string;
  display_name: string;
  language: string;
  /** `starting | idle | busy | restarting | dead | none | unavailable` */
  state: KernelState;
  /** a sentence, when it died or did not start */
  reason?: string;
}
export type KernelState = 'starting' | 'idle' | 'busy' | 'restarting' | 'dead' | 'none' | 'unavailable';

/** A batch of operations as the server numbered it; `revision` is the document's after the last of them. */
export interface OperationBatch {
  revision: number;
  /** client id of the page that sent it; absent for the server's own (kernel output, merge) */
  client?: string;
  /** that page's sequence number of the batch */
  seq?: number;
  ops: Operation[];
}

export interface SavedState {
  /** revision that is on disk */
  revision: number;
  /** ISO 8601, null when never saved since it was opened */
  at: string | null;
}

export type ServerMessage =
  /** The whole document: an answer to `resume`. */
  | {
      type: 'snapshot';
      epoch: string;
      /** what the server's clock shows, milliseconds since 1970: the times of runs and saves are by it */
      now: number;
      revision: number;
      path: string;
      writable: boolean;
      nbformat: number;
      nbformat_minor: number;
      metadata: JsonObject;
      cells: Cell[];
      /** only cells that are not idle, or that ran since the document was opened */
      executions: Record<CellId, CellExecution>;
      kernel: KernelView;
      saved: SavedState;
      prompt: Prompt | null;
      /** as in `conflict` */
      conflicts: CellConflict[];
      /** false: nothing is saved before a person asks; until then the server keeps what was changed in a journal */
      autosave: boolean;
      /** ids of cells whose outputs came from outside and are not trusted: active content must not run */
      untrusted: CellId[];
      last_checkpoint: string | null;
      /** all models of widgets, also of a kernel that has ended */
      widgets: WidgetChanges;
      /** the highest sequence number of this page that was dealt with; 0 when none is known */
      seq: number;
    }
  /** After the batches that a returning page missed: it is up to date, and `seq` and `now` are as in `snapshot`. */
  | { type: 'resumed'; revision: number; seq: number; now: number }
  /**
   * The page cannot be brought up to date by operations (it reads too slowly, or very much changed at once): it sends
   * `resume` without epoch, and nothing else before the snapshot came. What it had sent before counts.
   */
  | { type: 'stale' }
  | ({ type: 'ops' } & OperationBatch)
  /**
   * The page's batch `seq` was applied as `revision`. `ops` is there only when the server changed them. Also answers
   * `execute` and `save` that carry a `seq`: they were received.
   */
  | { type: 'ack'; seq: number; revision: number; ops?: Operation[] }
  /** The page's batch was refused whole (bad operation, read-only); the page takes it back and shows the sentence. */
  | { type: 'refused'; seq: number; message: string }
  | { type: 'saved'; epoch: string; revision: number; at: string; checkpoint?: string }
  | { type: 'save-failed'; message: string }
  /** Changes to `snapshot.untrusted`; sent after the operations that brought the outputs. */
  | { type: 'trust'; trusted: CellId[]; untrusted: CellId[] }
  | { type: 'kernel'; kernel: KernelView }
  /** An `input()` that waits for an answer; null: it was answered or interrupted. The same in every tab. */
  | { type: 'prompt'; prompt: Prompt | null }
  /** All texts that wait for a person's choice, whenever they have changed. */
  | { type: 'conflict'; conflicts: CellConflict[] }
  | { type: 'path'; path: string }
  /** Models of widgets that are others now; to a page that comes back, all of them. */
  | { type: 'widgets'; models: WidgetChanges }
  /** Something a person should read: a save conflict, a queue cleared, a kernel that died. */
  | { type: 'notice'; level: 'info' | 'warning' | 'error'; message: string }
  /** `?` and `??` (payload `page`): for the pager. */
  | { type: 'pager'; cell: CellId; data: Record<string, unknown> }
  /** The answer to the same word of a page. */
  | { type: 'alive' }
  /** The document is closed on the server: the file was deleted, or the session of this page was logged out. */
  | { type: 'closed'; reason: string };

/** Models by id, as they are now; large ones by name; null: it is gone. */
export type WidgetChanges = Record<string, WidgetModel | WidgetReference | null>;

export interface Prompt {
  cell: CellId;
  prompt: string;
  password: boolean;
}

/**
 * Two texts of one cell that do not go together. The cell has `ours`, or what became of it since; a page offers to take
 * `theirs` (an `edit-source`), to put it into a cell below, or to leave the cell as it is, and then sends `resolve`.
 */
export interface CellConflict {
  id: string;
  cell: CellId;
  /** the cell's text when it happened */
  ours: string;
  theirs: string;
  /** who wrote `theirs`: another program to the file, another client with PUT, or a page that was away */
  from: 'file' | 'client' | 'page';
  /** ISO 8601 */
  at: string;
}

export type PageMessage =
  /** First message of every connection. Without epoch: send me a snapshot. */
  | { type: 'resume'; client: string; epoch?: string; revision?: number }
  /** `base`: the last revision that the page had seen when it made these operations; `seq` counts up per client. */
  | { type: 'ops'; seq: number; base: number; ops: Operation[] }
  | { type: 'execute'; seq?: number; cells: CellId[] }
  /** A person came back to the page: has another program changed the file? */
  | { type: 'focus' }
  /** Is anybody there? A network may swallow everything and close nothing; the server answers with the same word. */
  | { type: 'alive' }
  /**
   * What this page typed while it was away, and the cell was changed elsewhere. With `base`, what it started from, lines that
   * only one side changed are merged; otherwise both texts are kept.
   */
  | { type: 'conflict'; seq?: number; cell: CellId; text: string; base?: string }
  /** A person has chosen. */
  | { type: 'resolve'; conflict: string }
  /** Takes single cells out of the queue that do not run yet. */
  | { type: 'cancel'; cells: CellId[] }
  | { type: 'interrupt' }
  | { type: 'input'; value: string }
  /** `unasked`: no person asks for it (the page is hidden): a file that is gone is not written anew. */
  | { type: 'save'; seq?: number; checkpoint?: boolean; unasked?: boolean };
