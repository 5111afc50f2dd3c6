/**
 * One open notebook: puts what pages, kernel and other programs do into one order, tells every page, runs cells and has
 * the result saved. Long because it is where the parts of a document meet; each part is a module of its own.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Entry, OpenDocument } from '../contents/index.js';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import {
  newCellId,
  notebookContent,
  saveContent,
  type CellId,
  type JsonObject,
  type NotebookFile,
  type WholeOutput,
} from '../notebook/index.js';
import { mergeNotebooks, type Merge } from '../notebook/merge.js';
import { sourceText, type NotebookState } from '../notebook/notebook-state.js';
import { difference, textDifference, type Operation } from '../notebook/operations.js';
import type {
  CellConflict,
  OperationBatch,
  PageMessage,
  RunModel,
  ServerMessage,
} from '../protocol/document-messages.js';
import { parseHeader, type ExecutePayload, type MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import { Conflicts } from './conflicts.js';
import { stateOf } from './document-file.js';
import { DocumentPages, send, type AttachedPage, type DocumentPage } from './document-pages.js';
import { DocumentSaver } from './document-saver.js';
import { DocumentStorage, type ContentsSource, type ReadFile } from './document-storage.js';
import { DiskWatch } from './disk-watch.js';
import type { EditJournal, Unsaved } from './edit-journal.js';
import { ExecutionQueue, type RunOptions } from './execution-queue.js';
import type { ForeignRun } from './foreign-runs.js';
import type { DocumentHistory } from './history.js';
import type { HistoryReason } from './history-store.js';
import { KernelLink, type LinkedKernel, type SessionSource, type SpecSource } from './kernel-link.js';
import { withKernel } from './kernel-metadata.js';
import { OperationLog, roughSize } from './operation-log.js';
import { OutputRecorder } from './output-recorder.js';
import { OutputReferences } from './output-references.js';
import { OutputTrust } from './output-trust.js';
import { rescue } from './rescue.js';
import { defaultSaveTimes, type SaveTimes } from './save-schedule.js';
import { SeenStates } from './seen-states.js';
import { snapshotText } from './snapshot.js';

/** How often a document is saved while it closes. */
const MOST_LAST_SAVES = 5;
/** Characters of operations above which pages take the whole notebook anew, with its outputs by reference. */
const MOST_TOLD = 4_000_000;

export interface DocumentOptions {
  contents: ContentsSource;
  sessions: SessionSource;
  specs: SpecSource;
  log: Log;
  saveTimes?: SaveTimes;
  /** false: nothing is saved before somebody asks; default true */
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
  signOutputs?(file: NotebookFile): Promise<void>;
  /** ms between two batches of output; default 50 */
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

export class LiveDocument implements OpenDocument {
  /** Stays when the file is renamed. */
  readonly id = randomUUID();
  readonly history: DocumentHistory | undefined;
  readonly #options: DocumentOptions;
  readonly #storage: DocumentStorage;
  readonly #pages = new DocumentPages();
  readonly #recorder: OutputRecorder;
  readonly #queue: ExecutionQueue;
  readonly #link: KernelLink;
  readonly #saver: DocumentSaver;
  readonly #trust: OutputTrust;
  readonly #outputs: OutputReferences;
  readonly #conflicts: Conflicts;
  readonly #seen = new SeenStates();
  readonly #watch: DiskWatch;
  readonly #journal: EditJournal | undefined;
  /** as it was opened, until the first change */
  #opened: NotebookState | undefined;
  readonly #epoch = randomBytes(9).toString('base64url');
  readonly #ops: OperationLog;
  /** the kernel that ran the last cell */
  #ranOn: LinkedKernel | undefined;
  #isClosed = false;

  private constructor(
    storage: DocumentStorage,
    options: DocumentOptions,
    journal: EditJournal | undefined,
    foreign: Iterable<CellId> | undefined,
  ) {
    this.#options = options;
    this.#journal = journal;
    this.#storage = storage;
    const state = stateOf(storage.file);
    storage.opened(state);
    storage.isReadOnly = options.readOnly !== undefined;
    this.#ops = new OperationLog(state);
    this.#outputs = new OutputReferences(() => this.state, options.outputElsewhere);
    this.#opened = state.copy();
    this.#seen.note(this.#opened);
    this.#conflicts = options.conflicts?.(storage.path) ?? new Conflicts();
    this.history = options.history?.(storage.path, () => storage.entry.size ?? 0);
    this.#watch = new DiskWatch(storage, () => this.#lookAtDisk());
    this.#trust = new OutputTrust(foreign ?? state.ids);
    this.#saver = new DocumentSaver(
      storage,
      {
        state: () => this.state,
        revision: () => this.revision,
        epoch: () => this.#epoch,
        settle: () => this.#recorder.flush(),
        tell: (message) => this.#pages.broadcast(message),
        saved: () => {
          this.#record('saved');
          this.#restartJournal();
          this.#sign();
          this.#checkQuiet();
        },
        merge: (read) => this.#mergeFile(read),
        maySaveUnasked: () => options.autosave !== false && !this.#isForeign,
      },
      options.saveTimes ?? defaultSaveTimes,
    );
    this.#recorder = new OutputRecorder({
      state: () => this.state,
      emit: (ops) => this.#emit(ops),
      orphaned: (cell, outputs) => void this.history?.recordOrphan(cell, outputs),
      ...(options.outputInterval === undefined ? {} : { interval: options.outputInterval }),
    });
    this.#queue = new ExecutionQueue(
      {
        state: () => this.state,
        emit: (ops) => this.#emit(ops),
        kernel: () => this.#link.ready(),
        starts: (cell) => this.#starts(cell),
        ended: () => {
          this.#saver.soon();
          this.#checkQuiet();
        },
        prompt: (prompt) => this.#pages.broadcast({ type: 'prompt', prompt }),
        payload: (cell, payload) => this.#payload(cell, payload),
        recordTiming: options.recordTiming ?? false,
      },
      this.#recorder,
    );
    this.#link = new KernelLink({
      sessions: options.sessions,
      specs: options.specs,
      path: () => this.path,
      metadata: () => this.state.metadata,
      onMessage: (...message) => this.#kernelMessage(...message),
      onChange: () => {
        this.#pages.broadcast(this.#kernelMessageNow());
        this.#checkQuiet();
      },
      onLost: (reason) => this.#queue.kernelLost(reason),
    });
    this.#link.follow();
  }

  /** @throws {HttpError} 404 no such file, 400 not a notebook */
  static async open(path: string, options: DocumentOptions): Promise<LiveDocument> {
    const storage = await DocumentStorage.open(options.contents, path);
    const journal = options.autosave === false ? options.journal?.(path) : undefined;
    const unsaved = await journal?.read();
    if (unsaved !== undefined) storage.align(unsaved.base);
    const foreign = await options.foreignCells?.(storage.file);
    const document = new LiveDocument(storage, options, journal, foreign);
    await document.#saver.findLastCheckpoint();
    await document.#conflicts.load((id) => document.state.has(id));
    if (unsaved !== undefined) document.#takeUnsaved(unsaved);
    return document;
  }

  get path(): string {
    return this.#storage.path;
  }

  get state(): NotebookState {
    return this.#ops.state;
  }

  get revision(): number {
    return this.#ops.revision;
  }

  /** Changes that are not on disk. */
  get isDirty(): boolean {
    return this.#saver.isDirty;
  }

  /** Texts that wait for a person's choice. */
  get conflicts(): readonly CellConflict[] {
    return this.#conflicts.list;
  }

  /** Nobody looks, nothing runs or can still print (threads, callbacks), everything is on disk. */
  get isQuiet(): boolean {
    const { kernel } = this.#link;
    const mayPrint = kernel !== undefined && kernel === this.#ranOn && kernel.state !== 'dead';
    const isKept = !this.isDirty || this.#journal !== undefined;
    return this.#pages.size === 0 && !this.#queue.isBusy && isKept && !mayPrint;
  }

  // Pages.

  attach(page: DocumentPage): void {
    this.#pages.add(page);
    this.#watch.start();
  }

  detach(page: DocumentPage): void {
    if (!this.#pages.delete(page)) return;
    if (this.#pages.size === 0) this.#watch.close();
    this.#checkQuiet();
  }

  receive(page: DocumentPage, message: PageMessage): void {
    const attached = this.#pages.get(page);
    if (attached === undefined) return;
    if (message.type === 'resume') {
      this.#resume(page, message);
      return;
    }
    const { client, epoch } = attached;
    if (client === undefined) {
      send(page, { type: 'notice', level: 'error', message: 'The first message of a page is "resume".' });
      return;
    }
    // It was told that it is stale, and will do this again on the snapshot.
    if (epoch !== this.#epoch) return;
    switch (message.type) {
      case 'ops':
        this.#accept(page, attached, client, message);
        break;
      case 'execute':
        if (this.#isNew(page, client, message.seq)) this.execute(message.cells);
        break;
      case 'save':
        if (!this.#isNew(page, client, message.seq)) break;
        // That it failed is told to all pages by who saves.
        this.#saver.saveNow(message.checkpoint === true).catch(() => undefined);
        break;
      case 'conflict':
        if (this.#isNew(page, client, message.seq)) this.#addConflict(message.cell, message.text);
        break;
      case 'resolve':
        if (this.#conflicts.resolve(message.conflict)) this.#tellConflicts();
        break;
      case 'focus':
        this.#lookAtDisk();
        break;
      case 'cancel':
        this.#queue.cancel(message.cells);
        break;
      case 'interrupt':
        this.#interrupt();
        break;
      case 'input':
        if (!this.#queue.answer(message.value)) send(page, { type: 'prompt', prompt: null });
        break;
    }
  }

  /** The output that pages know under this name. */
  output(hash: string): WholeOutput | undefined {
    return this.#outputs.find(hash);
  }

  /** Runs cells in order; markdown and raw cells are left out. @returns how many were added to the queue */
  execute(cells: readonly CellId[], options: RunOptions = {}): number {
    return this.#queue.enqueue(cells, options);
  }

  /**
   * What a cell printed that another client ran, which went away before the end: nobody else would write it down.
   *
   * @param run  the id of its request, its messages on iopub in order, and how it ended
   */
  recordForeign(id: CellId, run: ForeignRun): void {
    if (this.state.cell(id)?.cell.cell_type !== 'code' || this.#isBusy(id)) return;
    this.#recorder.flush();
    this.#trust.runs(id);
    this.#ranOn = this.#link.kernel;
    const { msgId, messages, started, status } = run;
    const execution = { count: null, started };
    this.#emit([
      { op: 'clear-outputs', id },
      { op: 'set-execution', id, execution: { ...execution, state: 'running' } },
    ]);
    this.#recorder.begin(msgId, id);
    for (const { type, content } of messages) this.#recorder.message(type, msgId, content);
    this.#recorder.flush();
    const count = this.state.cell(id)?.run.count ?? null;
    this.#emit([
      { op: 'set-execution', id, execution: { state: 'idle', count, started, finished: Date.now(), status } },
    ]);
    this.#saver.soon();
  }

  /** What runs and waits, and how the code cells stand. */
  get runs(): RunModel {
    this.#recorder.flush();
    const cells = [...this.state.cells()].filter((cell) => cell.peek().cell_type === 'code');
    return {
      running: this.#queue.running,
      waiting: this.#queue.waiting,
      prompt: this.#queue.prompt,
      cells: cells.map(({ id, run }) => ({ id, ...run })),
    };
  }

  /** Interrupts what runs, and takes out what waits. @throws {HttpError} 409 when the kernel is dead */
  interrupt(): Promise<void> {
    return this.#queue.isBusy
      ? this.#queue.interrupt()
      : (this.#link.kernel?.interrupt() ?? Promise.resolve());
  }

  // The kernel.

  /** Which kernel to start for a notebook that names none, or one that is not installed. */
  preferKernel(name: string | undefined): void {
    this.#link.prefer(name);
  }

  /** Starts the kernel; that it did not start is told to the pages. */
  startKernel(): void {
    this.#link.start().catch((error: unknown) => {
      this.#options.log.warn(`No kernel for ${this.path}: ${messageOf(error)}`);
    });
  }

  // The file.

  /** Brings what is not on disk there. @throws {HttpError} when the store refuses */
  flush(): Promise<void> {
    return this.#saver.flush();
  }

  /** Saves because somebody asks. @throws {HttpError} when the store refuses */
  saveNow(): Promise<void> {
    return this.#saver.saveNow(false);
  }

  /**
   * Another client saves the notebook: what it changed since it last read or saved it becomes operations.
   *
   * @throws {HttpError} as `flush`
   */
  async save(content: JsonObject): Promise<Entry> {
    await this.#saver.idle();
    this.#recorder.flush();
    const file = saveContent(this.#storage.preview(this.state), content);
    const theirs = stateOf(file, this.state);
    const base = this.#seen.baseOf(theirs) ?? this.state;
    this.#seen.note(theirs);
    this.#take(
      mergeNotebooks(base, this.state, theirs, (id) => this.#isBusy(id)),
      'client',
    );
    this.#saver.writeOver(file);
    await this.#saver.saveNow(false);
    return this.#storage.entry;
  }

  /** How a run stands and what it prints, the kernel says; others know how it was some time ago. */
  #isBusy(id: CellId): boolean {
    return (this.state.cell(id)?.run.state ?? 'idle') !== 'idle';
  }

  /** What another program wrote: brought in, and from now on the file that ours is written over. */
  #mergeFile(read: ReadFile): boolean {
    this.#recorder.flush();
    const base = this.#storage.base(this.state);
    const theirs = stateOf(read.file, base);
    const merge = mergeNotebooks(base, this.state, theirs, (id) => this.#isBusy(id));
    if (merge.ops.length + merge.collisions.length > 0) {
      this.#record('merge');
      this.#record('theirs', theirs);
    }
    const isChanged = this.#take(merge, 'file');
    const isSame = this.#storage.replace(read, this.state);
    if (isChanged) {
      const message = `${this.path} was changed by another program; what it changed is in here now.`;
      this.#pages.broadcast({ type: 'notice', level: 'info', message });
    }
    return isSame;
  }

  /** What was not saved when the server ended, brought into what the file says now. */
  #takeUnsaved({ base, state }: Unsaved): void {
    const merge = mergeNotebooks(stateOf(base), this.state, state);
    if (!this.#take(merge, 'page')) return;
    this.#restartJournal();
    this.#options.log.info(`${this.path}: what was not saved was brought back from the journal.`);
  }

  #restartJournal(): void {
    if (this.#journal === undefined) return;
    this.#journal.clear();
    if (!this.isDirty) return;
    this.#journal.append(difference(this.#storage.base(this.state), this.state), () => this.#storage.onDisk);
  }

  /** @returns whether anything changed */
  #take({ ops, collisions }: Merge, from: CellConflict['from']): boolean {
    this.#trust.before(ops, this.state);
    const batch = this.#ops.append(ops);
    if (batch !== undefined) this.#tellOutside(batch);
    for (const { id, theirs } of collisions) this.#addConflict(id, theirs, from);
    return batch !== undefined || collisions.length > 0;
  }

  #addConflict(id: CellId, theirs: string, from: CellConflict['from'] = 'page'): void {
    const cell = this.state.cell(id)?.cell;
    if (cell === undefined || cell.source === theirs) return;
    this.#conflicts.add([{ cell: id, ours: cell.source, theirs, from }]);
    this.#tellConflicts();
  }

  #tellConflicts(): void {
    this.#pages.broadcast({ type: 'conflict', conflicts: [...this.#conflicts.list] });
  }

  /** Another client works on the notebook on its own kernel websocket, and none of our pages does. */
  get #isForeign(): boolean {
    return this.#pages.size === 0 && (this.#link.kernel?.connections ?? 0) > 0;
  }

  #hasForeignOutputs(): boolean {
    return [...this.state.cells()].some(
      (cell) => this.#trust.isForeign(cell.id) && (cell.peek().outputs?.length ?? 0) > 0,
    );
  }

  /** What ran here is trusted when the file is opened again; a file with foreign outputs is left as it is. */
  #sign(): void {
    const { signOutputs, log } = this.#options;
    if (signOutputs === undefined || this.#hasForeignOutputs()) return;
    signOutputs(this.#storage.file).catch((error: unknown) =>
      log.warn(`The outputs of ${this.path} could not be signed: ${String(error)}`),
    );
  }

  /** The person trusts the outputs that are here now, whoever made them. */
  trusted(): void {
    const trusted = this.#trust.trustAll();
    if (trusted.length > 0) this.#pages.broadcast({ type: 'trust', trusted, untrusted: [] });
  }

  /** The notebook as the contents API sends it. */
  content(): JsonObject {
    this.#recorder.flush();
    this.#seen.note(this.state.copy());
    const hasForeign = this.#hasForeignOutputs();
    return notebookContent(this.#storage.preview(this.state), !hasForeign);
  }

  /** Takes what is on disk now (a checkpoint was restored); what was not saved is given up. */
  reload(): Promise<void> {
    return this.#saver.reread((read) => {
      this.#become(stateOf(read.file, this.#storage.base(this.state)));
      return this.#storage.replace(read, this.state);
    });
  }

  /**
   * Brings back what the history has.
   *
   * @param cells  only these cells of that state; undefined: all of it
   * @throws {HttpError} 404 no such state, 403 read-only
   */
  async restore(stateId: string, cells?: readonly CellId[]): Promise<void> {
    const { history } = this;
    if (history === undefined) throw new HttpError(404, 'This server keeps no history of notebooks.');
    this.#mustBeWritable();
    const past = await history.state(stateId);
    this.#become(cells === undefined ? past : withCells(this.state, past, cells));
  }

  /** Makes the notebook what `wanted` says, as operations; what runs just now stays. */
  #become(wanted: NotebookState): void {
    this.#recorder.flush();
    this.#record('restore');
    const ops = difference(this.state, wanted).filter(
      (op) =>
        op.op !== 'set-execution' && (op.op === 'insert-cell' || op.id === null || !this.#isBusy(op.id)),
    );
    this.#take({ ops, collisions: [] }, 'file');
  }

  /** Somebody is about to look, or the store has told of a change: what another program made of the file is merged. */
  checkDisk(): Promise<void> {
    return this.#saver.checkDisk();
  }

  #lookAtDisk(): void {
    this.checkDisk().catch((error: unknown) => {
      this.#options.log.warn(`${this.path} was not looked at: ${messageOf(error)}`);
    });
  }

  /** Keeps in the history what is now, or what another version is. */
  #record(why: HistoryReason, state = this.state): void {
    const { history } = this;
    if (history === undefined) return;
    if (this.#opened !== undefined) {
      void history.record(this.#opened, 'opened');
      this.#opened = undefined;
    }
    void history.record(state, why);
  }

  /** The file was moved. */
  async moved(path: string): Promise<void> {
    this.#storage.path = path;
    this.#pages.broadcast({ type: 'path', path });
    this.#link.follow();
    await this.#saver.idle();
    if (await this.#storage.moved()) this.#saver.found();
    this.#watch.restart();
  }

  /** What is kept beside the history was moved as well. */
  async keptMoved(directory: string): Promise<void> {
    this.#conflicts.movedTo(directory);
    await this.history?.movedTo(directory, this.path);
  }

  /** The file was deleted on purpose: the pages are told, and nothing is written any more. */
  removed(): void {
    this.#end(`${this.path} was deleted.`);
  }

  /** Saves, and lets go of everything. Pages come back when the server does. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    // With a journal, what is not saved waits there until somebody saves it.
    const isKept = this.#journal !== undefined;
    this.#recorder.flush();
    try {
      if (isKept) await this.#saver.idle();
      else if (!this.#saver.isDetached) await this.#flushAll();
      else if (this.isDirty) await this.#rescue(`${this.path} had vanished.`);
    } catch (error) {
      await this.#rescue(`${this.path} could not be saved at the end: ${messageOf(error)}`);
    }
    this.#end(undefined);
    await this.history?.close();
  }

  /** @param why  a sentence */
  async #rescue(why: string): Promise<void> {
    const { log } = this.#options;
    try {
      const file = await rescue(this.path, this.#storage.preview(this.state).toBytes());
      log.error(`${why} The notebook with what was not saved is in ${file}`);
    } catch (error) {
      log.error(`${why} What was not saved is gone: ${messageOf(error)}`);
    }
  }

  /** Also what came while the last save was under way; a kernel that prints without end does not hold this up. */
  async #flushAll(): Promise<void> {
    for (let times = 0; times === 0 || (this.isDirty && times < MOST_LAST_SAVES); times += 1) {
      await this.flush();
      this.#recorder.flush();
    }
  }

  #end(reason: string | undefined): void {
    this.#isClosed = true;
    this.#watch.close();
    this.#saver.close();
    this.#queue.close();
    this.#recorder.close();
    this.#link.close();
    if (reason !== undefined) this.#pages.broadcast({ type: 'closed', reason });
    this.#pages.close();
  }

  // What changes the notebook.

  #accept(
    page: DocumentPage,
    attached: AttachedPage,
    client: string,
    { seq, base, ops: sent }: Extract<PageMessage, { type: 'ops' }>,
  ): void {
    const ops = this.#outputs.whole(sent);
    const problem = this.#readOnly;
    if (problem !== undefined) {
      send(page, { type: 'refused', seq, message: problem });
      return;
    }
    this.#recorder.flush();
    if (ops.some(({ op }) => op === 'delete-cell')) this.#record('delete');
    this.#trust.before(ops, this.state);
    const result = this.#ops.accept(client, seq, base, ops);
    switch (result.kind) {
      case 'applied': {
        const { batch, changed } = result;
        const told = changed ? { ops: this.#forPages(batch).ops } : {};
        send(page, { type: 'ack', seq, revision: batch.revision, ...told });
        this.#tellOutside(batch, page);
        break;
      }
      case 'void':
      case 'repeated':
        send(page, { type: 'ack', seq, revision: this.revision, ops: [] });
        break;
      case 'refused':
        send(page, { type: 'refused', seq, message: result.message });
        break;
      case 'stale':
        // Nor may what it sent behind this batch happen without it.
        attached.epoch = undefined;
        send(page, { type: 'stale' });
        break;
    }
  }

  /** Why it cannot be changed: a sentence. */
  get #readOnly(): string | undefined {
    if (this.#storage.isWritable) return undefined;
    return this.#options.readOnly ?? `${this.path} is read-only, so it cannot be changed here.`;
  }

  #mustBeWritable(): void {
    const problem = this.#readOnly;
    if (problem !== undefined) throw new HttpError(403, problem);
  }

  /** Operations that came from a page or from another program. */
  #tellOutside(batch: OperationBatch, except?: DocumentPage): void {
    const epoch = this.#epoch;
    const told = this.#forPages(batch);
    const isLarge = told.ops.reduce((sum, op) => sum + roughSize(op), 0) > MOST_TOLD;
    const whom = { epoch, ...(except === undefined ? {} : { except }) };
    this.#pages.broadcast(isLarge ? { type: 'stale' } : { type: 'ops', ...told }, whom);
    const { trusted, untrusted } = this.#trust.after(batch.ops);
    if (trusted.length + untrusted.length > 0) {
      this.#pages.broadcast({ type: 'trust', trusted, untrusted }, { epoch });
    }
    this.#touched(batch);
  }

  /** Operations that the kernel or the queue made. */
  #emit(ops: readonly Operation[]): void {
    if (this.#isClosed) return;
    const batch = this.#ops.append(ops);
    if (batch === undefined) return;
    this.#pages.broadcast({ type: 'ops', ...this.#forPages(batch) }, { epoch: this.#epoch });
    this.#touched(batch);
  }

  #forPages(batch: OperationBatch): OperationBatch {
    return { ...batch, ops: [...this.#outputs.forPages(batch.ops)] };
  }

  #touched(batch: OperationBatch): void {
    this.#journal?.append(batch.ops, () => this.#storage.onDisk);
    this.#saver.touched(batch);
  }

  /** @returns whether a request is to be carried out; answers it in any case */
  #isNew(page: DocumentPage, client: string, seq: number | undefined): boolean {
    if (seq === undefined) return true;
    const isNew = this.#ops.request(client, seq);
    send(page, { type: 'ack', seq, revision: this.revision });
    return isNew;
  }

  // Execution.

  #interrupt(): void {
    this.interrupt().catch((error: unknown) => {
      const message = `Not interrupted: ${messageOf(error)}`;
      this.#pages.broadcast({ type: 'notice', level: 'error', message });
    });
  }

  #starts(cell: CellId): void {
    this.#trust.runs(cell);
    const { kernel } = this.#link;
    this.#ranOn = kernel;
    const metadata = kernel === undefined ? undefined : withKernel(this.state.metadata, kernel);
    if (metadata !== undefined) this.#emit([{ op: 'set-metadata', id: null, metadata }]);
  }

  /** Jupyter messaging, "Payloads": `page` for the pager, `set_next_input` for a cell's text. */
  #payload(id: CellId, payload: ExecutePayload): void {
    const { source, data, text, replace } = payload;
    if (source === 'page' && typeof data === 'object' && data !== null) {
      this.#pages.broadcast({ type: 'pager', cell: id, data: data as Record<string, unknown> });
    }
    const cell = this.state.cell(id);
    if (source !== 'set_next_input' || typeof text !== 'string' || cell === undefined) return;
    if (replace === true) {
      const edit = textDifference(cell.text, sourceText(text));
      if (edit !== null) this.#emit([{ op: 'edit-source', id, changes: edit.toJSON() }]);
    } else {
      const next = { id: newCellId(), cell_type: 'code', source: text, metadata: {} } as const;
      this.#emit([{ op: 'insert-cell', cell: { ...next, outputs: [], execution_count: null }, after: id }]);
    }
  }

  #kernelMessage(channel: KernelChannel, message: WireMessage, header: MessageHeader): void {
    const parent = parseHeader(message.parentHeader)?.msg_id;
    if (parent === undefined) return;
    if (channel === 'iopub') this.#recorder.message(header.msg_type, parent, message.content);
    this.#queue.message(channel, message, header.msg_type, parent);
  }

  #kernelMessageNow(): ServerMessage {
    return { type: 'kernel', kernel: this.#link.view };
  }

  // Bringing a page up to date.

  #resume(page: DocumentPage, message: Extract<PageMessage, { type: 'resume' }>): void {
    const { client, epoch, revision } = message;
    this.#recorder.flush();
    this.#pages.name(page, client, this.#epoch);
    const seq = this.#ops.seqOf(client);
    const missed = epoch === this.#epoch && revision !== undefined ? this.#ops.since(revision) : undefined;
    if (missed === undefined) {
      page.send(this.#snapshot(seq));
      const { readOnly } = this.#options;
      if (readOnly !== undefined) send(page, { type: 'notice', level: 'warning', message: readOnly });
      return;
    }
    for (const batch of missed) send(page, { type: 'ops', ...this.#forPages(batch) });
    const refused = this.#ops.refusedOf(client);
    if (refused !== undefined) send(page, { type: 'refused', ...refused });
    send(page, { type: 'resumed', revision: this.revision, seq });
    send(page, { type: 'trust', ...this.#trust.of(missed.flatMap((batch) => batch.ops)) });
    send(page, { type: 'path', path: this.path });
    send(page, this.#kernelMessageNow());
    send(page, { type: 'prompt', prompt: this.#queue.prompt });
    send(page, { type: 'conflict', conflicts: [...this.#conflicts.list] });
    const saved = this.#saver.saved;
    if (saved.at !== null) {
      send(page, { type: 'saved', epoch: this.#epoch, revision: saved.revision, at: saved.at });
    }
  }

  #snapshot(seq: number): string {
    const { file } = this.#storage;
    return snapshotText(
      this.#outputs,
      this.state.metadata,
      {
        epoch: this.#epoch,
        revision: this.revision,
        path: this.path,
        writable: this.#storage.isWritable,
        autosave: this.#options.autosave ?? true,
        nbformat: 4,
        nbformat_minor: file.nbformatMinor,
        kernel: this.#link.view,
        saved: this.#saver.saved,
        prompt: this.#queue.prompt,
        conflicts: [...this.#conflicts.list],
        last_checkpoint: this.#saver.lastCheckpoint,
        seq,
      },
      (id) => this.#trust.isForeign(id),
    );
  }

  #checkQuiet(): void {
    if (this.isQuiet) this.#options.onQuiet?.(this);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
