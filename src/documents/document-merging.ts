/**
 * What others make of an open notebook: another program that writes its file, another client that saves it, a page that
 * was away, a state of its history. All of it becomes operations; texts that do not go together wait for a person.
 */
import type { Entry } from '../contents/index.js';
import { HttpError } from '../http-error.js';
import { notebookContent, saveContent, type CellId, type JsonObject } from '../notebook/index.js';
import { lineChanges, mergeTexts } from '../notebook/merge-text.js';
import { mergeNotebooks, type Merge } from '../notebook/merge.js';
import { sourceText, type NotebookState } from '../notebook/notebook-state.js';
import { difference, type Operation } from '../notebook/operations.js';
import type { CellConflict, ServerMessage } from '../protocol/document-messages.js';
import type { Conflicts } from './conflicts.js';
import type { DocumentChanges } from './document-changes.js';
import { stateOf } from './document-file.js';
import type { DocumentPages } from './document-pages.js';
import type { DocumentPast } from './document-past.js';
import type { DocumentSaver } from './document-saver.js';
import type { DocumentStorage, Hooked, ReadFile } from './document-storage.js';
import type { Unsaved } from './edit-journal.js';
import type { OutputTrust } from './output-trust.js';
import { SeenStates } from './seen-states.js';

export interface MergingParts {
  storage: DocumentStorage;
  changes: DocumentChanges;
  pages: DocumentPages;
  trust: OutputTrust;
  conflicts: Conflicts;
  past: DocumentPast;
  /** Makes operations of all output that has come so far. */
  settle(): void;
  /** How a run stands and what it prints, the kernel says; others know how it was some time ago. */
  isBusy(cell: CellId): boolean;
}

export class DocumentMerging {
  readonly #seen = new SeenStates();

  /** @param opened  the notebook as it was opened; it must not change afterwards */
  constructor(
    private readonly parts: MergingParts,
    opened: NotebookState,
  ) {
    this.#seen.note(opened);
  }

  get #state(): NotebookState {
    return this.parts.changes.state;
  }

  /** The notebook as the contents API sends it. */
  content(): JsonObject {
    const { storage, settle } = this.parts;
    settle();
    this.#seen.note(this.#state.copy());
    return notebookContent(storage.preview(this.#state), !this.hasForeignOutputs);
  }

  get hasForeignOutputs(): boolean {
    const { trust } = this.parts;
    return [...this.#state.cells()].some(
      (cell) => trust.isForeign(cell.id) && (cell.peek().outputs?.length ?? 0) > 0,
    );
  }

  /**
   * Another client saves the notebook: what it changed since it last read or saved it becomes operations.
   *
   * @throws {HttpError} when the store refuses
   */
  async save(content: JsonObject, saver: DocumentSaver): Promise<Entry> {
    const { storage, settle, isBusy } = this.parts;
    await saver.idle();
    settle();
    const file = saveContent(storage.preview(this.#state), content);
    const theirs = stateOf(file, this.#state);
    const base = this.#seen.baseOf(theirs) ?? this.#state;
    this.#seen.note(theirs, base);
    this.#take(mergeNotebooks(base, this.#state, theirs, isBusy), 'client');
    saver.writeOver(file);
    await saver.saveNow(false);
    return storage.entry;
  }

  /**
   * What another program wrote: brought in, and from now on the file that ours is written over.
   *
   * @returns whether the document is now what the file says
   */
  file(read: ReadFile): boolean {
    const { storage, past, pages, settle, isBusy } = this.parts;
    settle();
    const base = storage.base(this.#state);
    const theirs = stateOf(read.file, base);
    const merge = mergeNotebooks(base, this.#state, theirs, isBusy);
    if (merge.ops.length + merge.collisions.length > 0) {
      past.record(this.#state, 'merge');
      past.record(theirs, 'theirs');
    }
    const isChanged = this.#take(merge, 'file');
    const isSame = storage.replace(read, this.#state);
    if (isChanged) {
      const message = `${storage.path} was changed by another program; what it changed is in here now.`;
      pages.broadcast({ type: 'notice', level: 'info', message });
    }
    return isSame;
  }

  /**
   * The owner's hook changed what was saved: its texts and metadata come into the notebook. Outputs that it took out stay
   * on the page until the notebook is opened again, as in Jupyter; and where somebody typed on, their text counts.
   */
  hooked({ meant, written }: Hooked): void {
    const { ops } = mergeNotebooks(meant, this.#state, written, this.parts.isBusy);
    this.parts.changes.bring(ops.filter((op) => !changesOutputs(op)));
  }

  /** What was not saved when the server ended, brought into what the file says now. @returns whether it changes anything */
  unsaved({ base, state }: Unsaved): boolean {
    return this.#take(mergeNotebooks(stateOf(base), this.#state, state), 'page');
  }

  /** What is on disk now, in place of everything that was not saved. @returns whether the document is what the file says */
  reload(read: ReadFile): boolean {
    const { storage } = this.parts;
    this.#become(stateOf(read.file, storage.base(this.#state)));
    return storage.replace(read, this.#state);
  }

  /**
   * Brings back what the history has.
   *
   * @param cells  only these cells of that state; undefined: all of it
   * @throws {HttpError} 404 no such state
   */
  async restore(stateId: string, cells?: readonly CellId[]): Promise<void> {
    const { history } = this.parts.past;
    if (history === undefined) throw new HttpError(404, 'This server keeps no history of notebooks.');
    const { state: past, withoutOutputs } = await history.state(stateId, cells);
    this.#become(cells === undefined ? past : withCells(this.#state, past, cells), withoutOutputs);
  }

  /** All texts that wait for a person's choice, for a page. */
  get conflictMessage(): Extract<ServerMessage, { type: 'conflict' }> {
    return { type: 'conflict', conflicts: [...this.parts.conflicts.list] };
  }

  /**
   * What a page typed in a cell while it was away, and somebody else changed the cell.
   *
   * @param base  what it started from, where it knows: lines that only one side changed need no choice
   */
  typedAway(id: CellId, text: string, base: string | undefined): void {
    const cell = this.#state.cell(id);
    if (cell === undefined) return;
    const merged = base === undefined ? undefined : mergeTexts(sourceText(base), cell.text, sourceText(text));
    if (merged === undefined) {
      this.#addConflict(id, text, 'page');
      return;
    }
    const changes = lineChanges(cell.text, sourceText(merged));
    if (changes !== null) this.parts.changes.bring([{ op: 'edit-source', id, changes: changes.toJSON() }]);
  }

  /** A person has chosen. */
  resolve(conflict: string): void {
    if (this.parts.conflicts.resolve(conflict)) this.#tellConflicts();
  }

  /** @returns whether anything changed */
  #take({ ops, collisions }: Merge, from: CellConflict['from']): boolean {
    const isChanged = this.parts.changes.bring(ops);
    for (const { id, theirs } of collisions) this.#addConflict(id, theirs, from);
    return isChanged || collisions.length > 0;
  }

  #addConflict(id: CellId, theirs: string, from: CellConflict['from']): void {
    const cell = this.#state.cell(id)?.cell;
    if (cell === undefined || cell.source === theirs) return;
    this.parts.conflicts.add([{ cell: id, ours: cell.source, theirs, from }]);
    this.#tellConflicts();
  }

  #tellConflicts(): void {
    this.parts.pages.broadcast(this.conflictMessage);
  }

  /**
   * Makes the notebook what `wanted` says, as operations; what runs just now stays.
   *
   * @param withoutOutputs  cells of which `wanted` does not know the outputs: those that are there stay
   */
  #become(wanted: NotebookState, withoutOutputs: ReadonlySet<CellId> = new Set()): void {
    const { settle, past, isBusy } = this.parts;
    settle();
    past.record(this.#state, 'restore');
    const ops = difference(this.#state, wanted).filter((op) => {
      if (op.op === 'set-execution' || (op.op === 'set-outputs' && withoutOutputs.has(op.id))) return false;
      return op.op === 'insert-cell' || op.id === null || !isBusy(op.id);
    });
    this.#take({ ops, collisions: [] }, 'file');
  }
}

function changesOutputs({ op }: Operation): boolean {
  switch (op) {
    case 'set-outputs':
    case 'clear-outputs':
    case 'append-output':
    case 'replace-output':
    case 'extend-stream':
    case 'set-execution':
      return true;
    default:
      return false;
  }
}

/** `now` with these cells as they were in `past`: deleted ones behind the cell that they stood behind. */
function withCells(now: NotebookState, past: NotebookState, ids: readonly CellId[]): NotebookState {
  const wanted = now.copy();
  for (const id of ids) {
    const cell = past.cell(id);
    if (cell === undefined) throw new HttpError(404, `That state has no cell ${id}.`);
    if (wanted.has(id)) wanted.replace(cell);
    else wanted.insert(cell, placeBefore(id, past, wanted));
  }
  return wanted;
}

function placeBefore(id: CellId, past: NotebookState, now: NotebookState): CellId | null {
  let before = past.before(id);
  while (before !== null && !now.has(before)) before = past.before(before);
  return before;
}
