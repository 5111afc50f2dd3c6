/** What a live document needs of the world, and how it is to behave. */
import type { Log } from '../log.js';
import type { CellId, NotebookFile, WholeOutput } from '../notebook/index.js';
import type { Conflicts } from './conflicts.js';
import type { ContentsSource } from './document-storage.js';
import type { EditJournal } from './edit-journal.js';
import type { DocumentHistory } from './history.js';
import type { SessionSource, SpecSource } from './kernel-link.js';
import type { LiveDocument } from './live-document.js';
import type { SaveTimes } from './save-schedule.js';

export interface DocumentOptions {
  contents: ContentsSource;
  sessions: SessionSource;
  specs: SpecSource;
  log: Log;
  saveTimes?: SaveTimes;
  /** false: nothing is saved before a person asks, or a client saves the notebook; default true */
  autosave?: boolean;
  /** times of runs go into the cells' metadata; default false */
  recordTiming?: boolean;
  /** with `autosave` false: where what is not saved survives the end of the server */
  journal?(path: string): EditJournal;
  /** why the notebook is not to be changed, a sentence */
  readOnly?: string;
  /** The cells of a file whose outputs are not signed; absent or undefined: all of them. */
  foreignCells?(file: NotebookFile): Promise<ReadonlySet<CellId> | undefined>;
  /** Remembers the outputs of a file that was just written as trusted. */
  signOutputs?(file: NotebookFile, foreign: ReadonlySet<CellId>): Promise<void>;
  /** ms from one operation that output makes of a cell to its next; default 60 */
  outputInterval?: number;
  /** Where what the notebook was before is kept; absent: nowhere. @param size  bytes of the notebook now */
  history?(path: string, size: () => number): DocumentHistory;
  /** The texts of a notebook that wait for a person's choice, where they are kept; absent: until the document is let go. */
  conflicts?(path: string): Conflicts;
  /** Finds an output of another document by the name that pages have for it. */
  outputElsewhere?(hash: string): WholeOutput | undefined;
  /** Nobody looks, nothing runs or can still print, everything is on disk: the document may be let go. */
  onQuiet?(document: LiveDocument): void;
}
