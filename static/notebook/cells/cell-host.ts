/** What the views of cells need of the page; the page makes one of these and hands it to all of them. */
import type { KernelAccess } from '../kernel-line.js';
import type { ActivePart } from '../outputs/active.js';
import type { OutputSource } from '../outputs/output-source.js';
import type { KernelHelp } from '../writing/kernel-help.js';
import type { EditorPool } from '../editor/editor-pool.js';
import type { Cell, CellId } from '../../../src/notebook/types.js';

export interface CellHost {
  readonly nonce: string;
  readonly pool: EditorPool;
  readonly help: KernelHelp;
  /** where the outputs are that came by name */
  readonly outputs: OutputSource;
  /** path of the notebook, for relative addresses */
  path(): string;
  /** the kernel's language, for colours; '' while it is not known */
  language(): string;
  readOnly(id: CellId): boolean;
  /** whether outputs of the cell came from outside */
  untrusted(id: CellId): boolean;
  readonly kernel: KernelAccess;
  /** number of the cell, from 1, and how many there are */
  place(id: CellId): { number: number; count: number };
  /** the person changed the text of a cell; `changes` is `ChangeSet.toJSON()` */
  edited(id: CellId, changes: unknown): void;
  /** the caret went into a cell */
  editing(id: CellId): void;
  /** a key inside an editor; true when it was one of the notebook's */
  keydown(event: KeyboardEvent): boolean;
  /** asks the person whether to trust the notebook */
  trust(): void;
  /** active outputs of trusted cells before this one that set something up */
  prelude(id: CellId): Promise<ActivePart[]>;
  /** the strip above a cell that View ▸ Cell Toolbar asks for */
  toolbar(cell: Cell): HTMLElement | undefined;
  /** shows what is hidden of a cell */
  show(id: CellId, part: 'outputs' | 'source'): void;
  run(id: CellId): void;
  /** pictures that were pasted or dropped into an editor; true when they are taken */
  pictures(id: CellId, transfer: DataTransfer | null, position: number): boolean;
  /** a click into static text: the cell becomes the one that is edited, with the caret there */
  edit(id: CellId, position?: number): void;
}
