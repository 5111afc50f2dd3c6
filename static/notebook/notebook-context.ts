/** What the commands of the notebook page work on. */
import type { NotebookState } from '../../src/notebook/notebook-state.js';
import type { Operation } from '../../src/notebook/operations.js';
import type { CellId } from '../../src/notebook/types.js';
import type { CommandRegistry } from '../base/commands.js';
import type { CellList } from './cells/cell-list.js';
import type { CellClipboard } from './clipboard.js';
import type { DocumentClient } from './document-client.js';
import type { OutputSource } from './outputs/output-source.js';
import type { Pager } from './pager.js';
import type { Selection } from './selection.js';

export interface NotebookContext {
  readonly client: DocumentClient;
  readonly list: CellList;
  readonly selection: Selection;
  readonly clipboard: CellClipboard;
  readonly pager: Pager;
  /** where the outputs are that came by name */
  readonly outputs: OutputSource;
  readonly commands: CommandRegistry;
  readonly scroller: HTMLElement;
  readonly view: NotebookState;
  /** the notebook as it was when this page opened it; undefined until then */
  readonly opened: { state: NotebookState; at: number } | undefined;
  /** false: read-only without a folder for a copy, or not loaded yet */
  readonly canEdit: boolean;
  /** Does it, shows it at once, and sends it. */
  perform(ops: readonly Operation[]): void;
  /** Selects a cell in command mode, moves the focus there and the cell into view. */
  select(id: CellId | null, options?: { extend?: boolean; scroll?: boolean }): void;
  /** Puts the caret into a cell. */
  edit(id: CellId, position?: number): Promise<void>;
  /** What the kernel says of itself; undefined while it is busy or gone. */
  aboutKernel(): Promise<{ banner: string } | undefined>;
  showContents(shown: boolean): void;
  /** Leaves the editor; the keyboard acts on cells again. */
  leaveEditor(): void;
}
