/**
 * The page's side of a live document: shows own operations at once, sends them in order, takes in what the server
 * says, and comes back after a lost connection without losing or repeating anything. Pure: no DOM, no websocket.
 *
 * Two states are kept: `confirmed` is what the server had at `revision`; `view` is that with the own operations on top
 * which the server has not confirmed yet. Cells without waiting operations are the same objects in both.
 *
 * It is long because every message changes both states, what waits, what may be undone and what is not saved, together or not
 * at all; what one of these does alone is in the other `page-*.ts`.
 */
import type { ChangeSet, Text } from '@codemirror/state';
import { newCellId } from './cell-id.js';
import { CellState, NotebookState } from './notebook-state.js';
import { apply, applyAll, applyToCell } from './operations-apply.js';
import { OperationError } from './operations-changes.js';
import { difference, sameJson } from './operations-difference.js';
import { carryOver } from './operations-rebase.js';
import type { CellExecution, Operation } from './operations-types.js';
import { catchUp, type LostText } from './page-catch-up.js';
import { Outbox, type OutboxItem, type RequestItem } from './page-outbox.js';
import { UndoStack } from './page-undo.js';
import { cellOf, UnsavedChanges, type KnownTexts } from './page-unsaved.js';
import type { Cell, CellId, JsonObject } from './types.js';

/** The messages of the server that concern the notebook (see `document-messages.ts`); all others are the page's. */
export type SyncMessage =
  | {
      type: 'snapshot';
      epoch: string;
      revision: number;
      metadata: JsonObject;
      cells: Cell[];
      executions: Record<CellId, CellExecution>;
      untrusted: CellId[];
      seq: number;
    }
  | { type: 'resumed'; revision: number; seq: number }
  | { type: 'stale' }
  | { type: 'ops'; revision: number; client?: string; seq?: number; ops: Operation[] }
  | { type: 'ack'; seq: number; revision: number; ops?: Operation[] }
  | { type: 'refused'; seq: number; message: string }
  | { type: 'trust'; trusted: CellId[]; untrusted: CellId[] }
  | { type: 'saved'; epoch: string; revision: number };

/** What the sync sends; `interrupt` and `input` do not wait for anything and are the page's own. */
export type SyncRequest =
  | { type: 'resume'; client: string; epoch?: string; revision?: number }
  | { type: 'ops'; seq: number; base: number; ops: Operation[] }
  | { type: 'execute'; seq: number; cells: CellId[] }
  | { type: 'save'; seq: number; checkpoint?: boolean; unasked?: boolean }
  | { type: 'conflict'; seq: number; cell: CellId; text: string; base?: string };

export interface SyncHandlers {
  /** The view has changed by exactly these operations, in order. */
  changed(ops: readonly Operation[], by: 'self' | 'server'): void;
  /** The view is another one: build everything again. */
  replaced(): void;
  /** Whether the outputs of these cells are trusted has changed. */
  trustChanged(cells: readonly CellId[]): void;
  notice(level: 'info' | 'warning' | 'error', message: string): void;
  /**
   * Asked before anything is sent. True keeps it here, to be sent to the document that is connected next: the one that is
   * connected now takes no changes.
   */
  keeps?(waiting: readonly OutboxItem[]): boolean;
}

export class PageSync {
  #confirmed = new NotebookState();
  #view = new NotebookState();
  #epoch: string | undefined;
  #revision = 0;
  #savedRevision = 0;
  #send: ((message: SyncRequest) => void) | undefined;
  /** connected, and the server has brought the page up to date */
  #live = false;
  readonly #outbox = new Outbox();
  readonly #undo = new UndoStack();
  readonly #untrusted = new Set<CellId>();
  readonly #unsaved = new UnsavedChanges();
  #lost: LostText[] = [];

  /** @param client  a name for this page that no other page has, for as long as the page lives */
  constructor(
    readonly client: string,
    private readonly handlers: SyncHandlers,
  ) {}

  /** What to show. Ask again after every `changed` and `replaced`; change it only by `perform`. */
  get view(): NotebookState {
    return this.#view;
  }

  /** False until the first snapshot. */
  get isLoaded(): boolean {
    return this.#epoch !== undefined;
  }

  /** Whether the server has confirmed everything. */
  get isConfirmed(): boolean {
    return this.#outbox.isEmpty;
  }

  /** Whether everything is on disk, as far as this page knows. */
  get isSaved(): boolean {
    return this.isConfirmed && this.#savedRevision >= this.#revision;
  }

  /** Names the opening of the document that `revision` counts in; undefined until the first snapshot. */
  get epoch(): string | undefined {
    return this.#epoch;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Cells whose outputs came from outside: active content in them must not run. */
  get untrusted(): ReadonlySet<CellId> {
    return this.#untrusted;
  }

  /** Own changes of texts that are not on disk yet, as far as this page knows; `base` is null for a new cell. */
  unsavedTexts(): { id: CellId; base: string | null }[] {
    return this.#unsaved.ids.map((id) => ({ id, base: this.#unsaved.of(id)?.base?.toString() ?? null }));
  }

  get canUndo(): boolean {
    return this.#undo.canUndo;
  }

  get canRedo(): boolean {
    return this.#undo.canRedo;
  }

  /** A connection is open. @param send  sends one message on it, now */
  connected(send: (message: SyncRequest) => void): void {
    this.#send = send;
    this.#live = false;
    this.#outbox.rewind();
    this.#resume(this.#epoch);
  }

  /** The connection is gone; work goes on, and waits. */
  disconnected(): void {
    this.#send = undefined;
    this.#live = false;
    this.#outbox.rewind();
  }

  /**
   * Does something to the notebook: shows it at once and sends it when its turn comes.
   *
   * @param undoable  whether `undo` takes it back (as one step); edits from an editor have an undo of their own
   * @throws {OperationError} when an edit does not fit the text; nothing has happened then
   */
  perform(ops: readonly Operation[], { undoable = true }: { undoable?: boolean } = {}): void {
    const inverse = this.#performNow(ops);
    if (undoable) this.#undo.did(inverse);
    else for (const op of ops) if (op.op === 'edit-source') this.#undo.edited(op);
  }

  undo(): boolean {
    return this.#undo.undo((ops) => this.#performEntry(ops));
  }

  redo(): boolean {
    return this.#undo.redo((ops) => this.#performEntry(ops));
  }

  /** Runs cells, after everything that was performed before. */
  execute(cells: readonly CellId[]): void {
    this.#outbox.addRequest({ type: 'execute', cells: [...cells] });
    this.#pump();
  }

  /** Saves, after everything that was performed before. */
  save(checkpoint = false): void {
    this.#outbox.addRequest(checkpoint ? { type: 'save', checkpoint } : { type: 'save' });
    this.#pump();
  }

  /** Saves what is not on disk, as the server does by itself: no person asks for it. */
  saveUnasked(): void {
    this.#outbox.addRequest({ type: 'save', unasked: true });
    this.#pump();
  }

  /** A text of a cell that was changed elsewhere meanwhile: the server merges it, or keeps both. @param base  what it started from */
  reportConflict(cell: CellId, text: string, base: string | null): void {
    this.#outbox.addRequest({ type: 'conflict', cell, text, ...(base === null ? {} : { base }) });
    this.#pump();
  }

  /** Takes in a message of the server, in the order of arrival. Types it does not know are the page's business. */
  receive(message: SyncMessage | { type: string }): void {
    const known = message as SyncMessage;
    switch (known.type) {
      case 'snapshot':
        this.#snapshot(known);
        break;
      case 'resumed':
        for (const item of this.#outbox.settleUpTo(known.seq)) {
          // Its number was dealt with, but no batch has it: everything in it had become void.
          if (item.kind === 'ops') this.#settled(item.ops, [], known.revision);
        }
        this.#live = true;
        break;
      case 'stale':
        this.startOver();
        break;
      case 'ops':
        this.#batch(known);
        break;
      case 'ack': {
        const item = this.#outbox.settle(known.seq);
        if (item?.kind === 'ops') this.#settled(item.ops, known.ops ?? item.ops, known.revision);
        // A connection keeps the order of revisions; when they do not meet, this page has missed something.
        else if (known.revision > this.#revision) this.startOver();
        break;
      }
      case 'refused':
        this.#refused(known.seq, known.message);
        break;
      case 'trust':
        for (const id of known.trusted) this.#untrusted.delete(id);
        for (const id of known.untrusted) this.#untrusted.add(id);
        this.handlers.trustChanged([...known.trusted, ...known.untrusted]);
        break;
      case 'saved':
        this.#saved(known.epoch, known.revision);
        break;
    }
    this.#rescue();
    this.#pump();
  }

  #resume(epoch: string | undefined): void {
    const { client } = this;
    this.#send?.(
      epoch === undefined
        ? { type: 'resume', client }
        : { type: 'resume', client, epoch, revision: this.#revision },
    );
  }

  /**
   * Operations do not lead on from here: asks for the whole. What was sent before arrives before this request does, so
   * that the answer tells what of it was applied; nothing more is sent until then.
   */
  startOver(): void {
    // Not live: that request is on its way already.
    if (!this.#live) return;
    this.#live = false;
    this.#outbox.rewind();
    this.#resume(undefined);
  }

  #pump(): void {
    const { isEmpty, items } = this.#outbox;
    if (isEmpty || this.handlers.keeps?.(items) === true) return;
    while (this.#live && this.#send !== undefined) {
      const item = this.#outbox.next();
      if (item?.seq === undefined) return;
      if (item.kind === 'ops') {
        this.#send({ type: 'ops', seq: item.seq, base: this.#revision, ops: item.ops });
      } else {
        this.#send({ ...item.request, seq: item.seq });
      }
    }
  }

  /** @returns the inverse */
  #performNow(ops: readonly Operation[]): Operation[] {
    const { applied, inverse } = this.#apply(ops);
    if (applied.length === 0) return [];
    this.handlers.changed(applied, 'self');
    this.#pump();
    return inverse;
  }

  /** Changes the view, and puts what it did into the outbox. */
  #apply(ops: readonly Operation[]): { applied: Operation[]; inverse: Operation[] } {
    const texts = new Map<CellId, Text | null>();
    for (const op of ops) {
      if (op.op !== 'edit-source' && op.op !== 'delete-cell') continue;
      if (!texts.has(op.id)) texts.set(op.id, this.#view.cell(op.id)?.text ?? null);
    }
    const { applied, inverse } = applyAll(this.#view, ops);
    for (const op of applied) {
      this.#noteTrust(op);
      this.#unsaved.performed(op, texts.get(cellOf(op) ?? '') ?? null);
    }
    if (applied.length > 0) this.#outbox.addOperations(applied);
    // How a cell ran is said by the server alone; one that undo brings back has its outputs and its number.
    return { applied, inverse: inverse.filter(({ op }) => op !== 'set-execution') };
  }

  #performEntry(ops: Operation[]): Operation[] {
    try {
      return this.#performNow(ops);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      this.handlers.notice('info', 'This cannot be undone any more: the cell has changed since.');
      return [];
    }
  }

  /** Outputs that did not come from the kernel are not trusted until the server says so. */
  #noteTrust(op: Operation): void {
    switch (op.op) {
      case 'insert-cell':
        this.#setTrust(op.cell.id, op.cell.outputs);
        break;
      case 'set-outputs':
        this.#setTrust(op.id, op.outputs);
        break;
      case 'set-cell-type':
        this.#setTrust(op.id, op.restore?.outputs);
        break;
      case 'clear-outputs':
      case 'delete-cell':
        this.#untrusted.delete(op.id);
        break;
      default:
        break;
    }
  }

  #setTrust(id: CellId, outputs: readonly unknown[] | undefined): void {
    if (outputs !== undefined && outputs.length > 0) this.#untrusted.add(id);
    else this.#untrusted.delete(id);
  }

  #batch(batch: { revision: number; client?: string; seq?: number; ops: Operation[] }): void {
    if (batch.revision <= this.#revision) return;
    if (batch.revision !== this.#revision + 1) {
      this.startOver();
      return;
    }
    if (batch.client === this.client && batch.seq !== undefined) {
      const item = this.#outbox.settle(batch.seq);
      if (item?.kind === 'ops') {
        this.#settled(item.ops, batch.ops, batch.revision);
        return;
      }
    }
    this.#revision = batch.revision;
    const shown = batch.ops.flatMap((op) => this.#accept(op));
    for (const op of batch.ops) {
      this.#unsaved.doneByOthers(op);
      if (op.op === 'edit-source') this.#noteText(op.id);
    }
    if (shown.length > 0) this.handlers.changed(shown, 'server');
  }

  /** Takes in one operation that the server accepted before everything that waits here. @returns what changes in the view */
  #accept(op: Operation): Operation[] {
    if (apply(this.#confirmed, op) === null) return [];
    this.#noteTrust(op);
    const waiting = this.#outbox.operations;
    const id = cellOf(op);
    const own = waiting.some((other) => cellOf(other) === id);
    const edit = own ? this.#carryWaiting(waiting, op, id) : null;
    if (isStructural(op)) {
      if (waiting.some(isStructural) || (own && op.op === 'insert-cell')) return this.#replay();
      apply(this.#view, op);
      if (op.op === 'insert-cell') this.#share(id);
      return [op];
    }
    if (own) return id === null ? this.#replay() : this.#refresh(id, edit);
    if (op.op === 'edit-source') this.#undo.edited(op);
    if (id === null) this.#view.metadata = this.#confirmed.metadata;
    else if (this.#view.has(id)) this.#share(id);
    else return [];
    return [op];
  }

  /** Makes what waits follow an operation on the same cell. @returns the operation's edit as it follows what waits */
  #carryWaiting(waiting: readonly Operation[], op: Operation, id: CellId | null): ChangeSet | null {
    const { waiting: carried, edit } = carryOver(waiting, op, (other) => this.#confirmed.has(other));
    if (carried.includes(null)) this.#lose(id);
    this.#outbox.rewrite(() => carried);
    return edit;
  }

  /** Without own operations on it, the cell of the view is the confirmed one. */
  #share(id: CellId | null): void {
    const cell = id === null ? undefined : this.#confirmed.cell(id);
    if (cell !== undefined) this.#view.replace(cell);
  }

  /** Builds one cell of the view again: the confirmed one with what waits on top. */
  #refresh(id: CellId, edit: ChangeSet | null): Operation[] {
    const old = this.#view.cell(id);
    let cell = this.#confirmed.cell(id);
    for (const op of this.#outbox.operations) {
      if (op.op === 'insert-cell') {
        if (op.cell.id === id) cell ??= new CellState(id, op.cell);
      } else if (op.id === id && cell !== undefined) {
        if (op.op === 'delete-cell') cell = undefined;
        else if (op.op !== 'move-cell') cell = applyToCell(cell, op) ?? cell;
      }
    }
    if (old === undefined || cell === undefined) return [];
    const alone = new NotebookState({}, [old]);
    const shown: Operation[] = [];
    if (edit !== null && !edit.empty) {
      const op: Operation = { op: 'edit-source', id, changes: edit.toJSON() };
      this.#undo.edited(op);
      apply(alone, op);
      shown.push(op);
    }
    this.#view.replace(cell);
    shown.push(...difference(alone, new NotebookState({}, [cell])));
    return shown;
  }

  /** Builds the whole view again: the confirmed state with what waits on top. @returns what that changes */
  #replay(): Operation[] {
    const next = this.#confirmed.copy();
    this.#outbox.rewrite((ops) =>
      ops.map((op) => {
        try {
          apply(next, op);
          return op;
        } catch (error) {
          if (!(error instanceof OperationError)) throw error;
          if (op.op === 'edit-source') this.#lose(op.id);
          return null;
        }
      }),
    );
    const ops = difference(this.#view, next);
    this.#view = next;
    for (const op of ops) if (op.op === 'edit-source') this.#undo.edited(op);
    return ops;
  }

  /** The server dealt with an own batch. @param sent  as it waited here  @param accepted  as it was applied there */
  #settled(sent: readonly Operation[], accepted: readonly Operation[], revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    const same = sameJson(sent, accepted);
    if (!same) {
      const kept = new Set(accepted.map((op) => (op.op === 'edit-source' ? op.id : null)));
      for (const op of sent) if (op.op === 'edit-source' && !kept.has(op.id)) this.#lose(op.id);
    }
    for (const op of accepted) apply(this.#confirmed, op);
    this.#unsaved.accepted(accepted, this.#revision);
    const waiting = new Set(this.#outbox.operations.map(cellOf));
    for (const id of new Set([...sent, ...accepted].map(cellOf))) {
      if (id === null) continue;
      this.#noteText(id, waiting.has(id));
      if (same && !waiting.has(id)) this.#share(id);
    }
    if (same) return;
    const shown = this.#replay();
    if (shown.length > 0) this.handlers.changed(shown, 'server');
  }

  #refused(seq: number, message: string): void {
    const item = this.#outbox.settle(seq);
    // Said again after a lost connection, and known already.
    if (item === undefined) return;
    if (item.kind === 'ops') {
      for (const op of item.ops) if (op.op === 'edit-source') this.#lose(op.id);
      const shown = this.#replay();
      if (shown.length > 0) this.handlers.changed(shown, 'server');
    }
    this.handlers.notice('error', message);
  }

  #saved(epoch: string, revision: number): void {
    if (epoch !== this.#epoch) return;
    this.#savedRevision = revision;
    this.#unsaved.saved(revision);
  }

  /** The server's text of a cell is another one. */
  #noteText(id: CellId, waits?: boolean): void {
    const cell = this.#confirmed.cell(id);
    if (cell !== undefined) this.#unsaved.confirmed(id, cell.text, this.#revision, waits);
  }

  #snapshot(message: Extract<SyncMessage, { type: 'snapshot' }>): void {
    const first = this.#epoch === undefined;
    const sameEpoch = message.epoch === this.#epoch;
    const view = this.#view;
    const settled = this.#outbox.settleUpTo(message.seq);
    const waiting = this.#outbox.operations;
    const requests = this.#outbox.items.filter((item) => item.kind === 'request');
    const next = new NotebookState(
      message.metadata,
      // A cell may have the id `constructor`, which every object seems to have.
      message.cells.map((cell) => {
        const ran = Object.hasOwn(message.executions, cell.id);
        return new CellState(cell.id, cell, ran ? message.executions[cell.id] : undefined);
      }),
    );
    // A cell that is not there any more still says where its neighbours were.
    for (const id of view.ids) if (!next.has(id)) next.bury(id, view.before(id));
    const done = settled.flatMap((item) => (item.kind === 'ops' ? item.ops : []));
    const texts = sameEpoch ? this.#waitingTexts(done) : this.#unsavedTexts();
    // What the server had applied and not saved is not in there, either.
    const gone = sameEpoch ? [] : this.#unsaved.operationsFor(next);
    const caught = first ? { ops: waiting, lost: [] } : catchUp(next, view, [...gone, ...waiting], texts);
    this.#confirmed = next;
    this.#view = next.copy();
    this.#epoch = message.epoch;
    this.#revision = message.revision;
    this.#savedRevision = sameEpoch ? this.#savedRevision : 0;
    this.#untrusted.clear();
    for (const id of message.untrusted) this.#untrusted.add(id);
    this.#undo.clear();
    if (sameEpoch) {
      this.#unsaved.accepted(done, this.#revision);
      for (const id of this.#unsaved.ids) this.#noteText(id, false);
    } else {
      this.#unsaved.clear();
    }
    // A server that started again does not know which requests were heard; to run code twice is worse than not at all.
    const known = sameEpoch || message.seq > 0;
    const mayRepeat = (item: RequestItem) => item.seq === undefined || item.request.type === 'conflict';
    const kept = known ? requests : requests.filter(mayRepeat);
    this.#outbox.reset([]);
    this.#live = true;
    // At once, and not as a change after it: an editor that lost the text for a moment would lose its caret, too.
    this.#apply(caught.ops);
    this.handlers.replaced();
    for (const item of kept) this.#outbox.addRequest(item.request);
    if (kept.length < requests.length) {
      this.handlers.notice(
        'warning',
        'The server started again meanwhile: cells that were about to run may not have run.',
      );
    }
    this.#lost.push(...caught.lost);
  }

  /** The texts that waiting edits were made on. @param settled  own operations that the snapshot holds already */
  #waitingTexts(settled: readonly Operation[]): Map<CellId, KnownTexts> {
    const before = this.#confirmed.copy();
    for (const op of settled) apply(before, op);
    const texts = new Map<CellId, KnownTexts>();
    for (const op of this.#outbox.operations) {
      if (op.op === 'edit-source') texts.set(op.id, { base: before.cell(op.id)?.text ?? null, later: [] });
    }
    return texts;
  }

  /** The texts that a server may have which was killed and started again, of cells with own edits. */
  #unsavedTexts(): Map<CellId, KnownTexts> {
    // What was on its way may have arrived.
    const sent = this.#confirmed.copy();
    const ops = this.#outbox.items.flatMap((item) =>
      item.kind === 'ops' && item.seq !== undefined ? item.ops : [],
    );
    for (const op of ops) apply(sent, op);
    const texts = new Map<CellId, KnownTexts>();
    for (const id of this.#unsaved.ids) {
      const known = this.#unsaved.of(id);
      const last = sent.cell(id)?.text;
      if (known !== undefined) texts.set(id, { ...known, later: [...known.later, ...(last ? [last] : [])] });
    }
    return texts;
  }

  /** An own edit of this cell has nothing left to apply to: its text is kept for a new cell. */
  #lose(id: CellId | null): void {
    const cell = id === null ? undefined : this.#view.cell(id);
    if (cell === undefined || cell.text.length === 0 || this.#lost.some((other) => other.id === id)) return;
    this.#lost.push({ id: cell.id, cell: cell.cell });
  }

  /**
   * A lost text and the one that its cell has now are a conflict, for a person to choose; without its cell it goes into a new
   * one. Unless it stands in its cell after all.
   */
  #rescue(): void {
    const lost = this.#lost;
    this.#lost = [];
    for (const { id, cell, base } of lost) {
      const now = this.#view.cell(id)?.cell;
      if (now?.source === cell.source) continue;
      if (now !== undefined) {
        this.reportConflict(id, cell.source, base ?? null);
        continue;
      }
      const { cell_type, source } = cell;
      const fields = cell_type === 'code' ? { outputs: [], execution_count: null } : {};
      const copy: Cell = { id: newCellId(), cell_type, source, metadata: {}, ...fields };
      this.#performNow([{ op: 'insert-cell', cell: copy, after: this.#view.anchor(id) }]);
      this.handlers.notice(
        'warning',
        'A cell that you were typing in was changed elsewhere meanwhile; your text is in a new cell below it.',
      );
    }
  }
}

function isStructural(
  op: Operation,
): op is Extract<Operation, { op: 'insert-cell' | 'delete-cell' | 'move-cell' }> {
  return op.op === 'insert-cell' || op.op === 'delete-cell' || op.op === 'move-cell';
}
