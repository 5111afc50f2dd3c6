/**
 * One open notebook: makes its parts, connects them, and knows when it may be let go. Pages, kernel and other programs meet
 * in its `DocumentChanges`, which put everything into one order.
 *
 * It is long because every part is made and named here, and everybody outside asks it; what a part does is in its own module.
 */
import { randomUUID } from 'node:crypto';
import type { Entry, OpenDocument } from '../contents/index.js';
import { HttpError } from '../http-error.js';
import { messageOf } from '../message-of.js';
import type { CellId, JsonObject, NotebookFile, WholeOutput } from '../notebook/index.js';
import type { NotebookState } from '../notebook/notebook-state.js';
import type { CellConflict, OperationBatch, PageMessage, RunModel } from '../protocol/document-messages.js';
import type { WidgetModel, WidgetState } from '../protocol/widget-messages.js';
import { Conflicts } from './conflicts.js';
import { DiskWatch } from './disk-watch.js';
import { DocumentChanges } from './document-changes.js';
import { cellsOf, stateOf } from './document-file.js';
import { DocumentMerging } from './document-merging.js';
import type { DocumentOptions } from './document-options.js';
import { DocumentPages, type DocumentPage } from './document-pages.js';
import { DocumentPast } from './document-past.js';
import { DocumentRuns } from './document-runs.js';
import { DocumentSaver } from './document-saver.js';
import { DocumentStorage } from './document-storage.js';
import type { EditJournal, Unsaved } from './edit-journal.js';
import type { RunOptions } from './execution-queue.js';
import { firstCells, type FirstCell } from './first-cells.js';
import type { ForeignRun } from './foreign-runs.js';
import type { DocumentHistory } from './history.js';
import { JournalKeeper } from './journal-keeper.js';
import { OutputReferences } from './output-references.js';
import { OutputTrust } from './output-trust.js';
import { PageRequests } from './page-requests.js';
import { rescue } from './rescue.js';
import { defaultSaveTimes } from './save-schedule.js';

/** How often a document is saved while it closes. */
const MOST_LAST_SAVES = 5;

export class LiveDocument implements OpenDocument {
  /** Stays when the file is renamed. */
  readonly id = randomUUID();
  readonly #options: DocumentOptions;
  readonly #storage: DocumentStorage;
  readonly #pages = new DocumentPages();
  readonly #outputs: OutputReferences;
  readonly #trust: OutputTrust;
  readonly #changes: DocumentChanges;
  readonly #past: DocumentPast;
  readonly #conflicts: Conflicts;
  readonly #runs: DocumentRuns;
  readonly #saver: DocumentSaver;
  readonly #merging: DocumentMerging;
  readonly #requests: PageRequests;
  readonly #watch: DiskWatch;
  readonly #journal: JournalKeeper | undefined;
  #isClosed = false;

  private constructor(
    storage: DocumentStorage,
    options: DocumentOptions,
    journal: EditJournal | undefined,
    foreign: Iterable<CellId> | undefined,
    warning: string | undefined,
  ) {
    this.#options = options;
    this.#journal =
      journal && new JournalKeeper(journal, storage, options.log, this.#pages, () => this.#keepAgain());
    this.#storage = storage;
    const state = stateOf(storage.file);
    storage.opened(state);
    storage.isReadOnly = options.readOnly !== undefined;
    const opened = state.copy();
    this.#outputs = new OutputReferences(() => this.state, options.outputElsewhere);
    this.#trust = new OutputTrust(foreign ?? state.ids);
    this.#conflicts = options.conflicts?.(storage.path) ?? new Conflicts();
    this.#past = new DocumentPast(
      options.history?.(storage.path, () => storage.entry.size ?? 0),
      opened,
    );
    this.#watch = new DiskWatch(storage, () => this.#lookAtDisk());
    const parts = { storage, pages: this.#pages, trust: this.#trust, past: this.#past };
    const outputs = this.#outputs;
    const changes = new DocumentChanges(state, {
      ...parts,
      outputs,
      touched: (batch) => this.#touched(batch),
    });
    this.#changes = changes;
    this.#runs = new DocumentRuns({
      ...parts,
      changes,
      sessions: options.sessions,
      specs: options.specs,
      log: options.log,
      recordTiming: options.recordTiming ?? false,
      outputInterval: options.outputInterval,
      path: () => this.path,
      orphaned: (...orphan) => this.#past.recordOrphan(...orphan),
      ended: () => {
        this.#saver.soon();
        this.#checkQuiet();
      },
      kernelChanged: () => this.#checkQuiet(),
    });
    const settle = () => this.#runs.settle();
    this.#merging = new DocumentMerging(
      {
        ...parts,
        changes,
        conflicts: this.#conflicts,
        settle,
        isBusy: (id) => this.#runs.isCellBusy(id),
      },
      opened,
    );
    this.#saver = new DocumentSaver(
      storage,
      {
        state: () => this.state,
        revision: () => this.revision,
        epoch: () => changes.epoch,
        settle,
        tell: (message) => this.#pages.broadcast(message),
        foreign: () => this.#trust.foreign,
        saved: (foreign) => this.#saved(foreign),
        merge: (read) => this.#merging.file(read),
        hooked: (hooked) => this.#merging.hooked(hooked),
        maySaveUnasked: () => options.autosave !== false && !this.#isForeign,
      },
      options.saveTimes ?? defaultSaveTimes,
    );
    this.#requests = new PageRequests({
      ...parts,
      outputs,
      changes,
      runs: this.#runs,
      saver: this.#saver,
      merging: this.#merging,
      autosave: options.autosave ?? true,
      warning,
      readOnly: () => this.#readOnly,
      lookAtDisk: () => this.#lookAtDisk(),
    });
    this.#runs.follow();
  }

  /**
   * @param onFirstCells  told what is seen at once, before trust, checkpoints and conflicts are looked up
   * @throws {HttpError} 404 no such file, 400 not a notebook
   */
  static async open(
    path: string,
    options: DocumentOptions,
    onFirstCells?: (cells: FirstCell[]) => void,
  ): Promise<LiveDocument> {
    const storage = await DocumentStorage.open(options.contents, path);
    const journal = options.autosave === false ? options.journal?.(path) : undefined;
    const { unsaved, problem } = (await journal?.read()) ?? {};
    if (problem !== undefined) options.log.error(problem);
    if (unsaved !== undefined) storage.align(unsaved.base);
    // what comes back from the journal may stand at the top
    else onFirstCells?.(firstCells(cellsOf(storage.file)));
    const foreign = await options.foreignCells?.(storage.file);
    const document = new LiveDocument(storage, options, journal, foreign, problem ?? options.readOnly);
    await Promise.all([
      document.#saver.findLastCheckpoint(),
      document.#conflicts.load((id) => document.state.has(id)),
    ]);
    if (unsaved !== undefined) document.#takeUnsaved(unsaved);
    return document;
  }

  get path(): string {
    return this.#storage.path;
  }

  get state(): NotebookState {
    return this.#changes.state;
  }

  get revision(): number {
    return this.#changes.revision;
  }

  get history(): DocumentHistory | undefined {
    return this.#past.history;
  }

  /** Changes that are not on disk. */
  get isDirty(): boolean {
    return this.#saver.isDirty;
  }

  /** Texts that wait for a person's choice. */
  get conflicts(): readonly CellConflict[] {
    return this.#conflicts.list;
  }

  /** Nobody looks, nothing runs or can still print, everything is on disk, or never will be. */
  get isQuiet(): boolean {
    const isKept = !this.isDirty || this.#journal?.isKept === true || !this.#storage.isWritable;
    return this.#pages.size === 0 && isKept && !this.#runs.isBusy;
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
    this.#requests.receive(page, message);
  }

  /** The notebook as the HTML of a page carries it: what is seen at once, and the messages that its script begins with. */
  get opening(): { id: string; cells: FirstCell[]; messages: () => string[] } {
    return { id: this.id, cells: this.firstCells, messages: () => this.#requests.opening };
  }

  get firstCells(): FirstCell[] {
    return firstCells(this.state.cells());
  }

  /** The output that pages know under this name. */
  output(hash: string): WholeOutput | undefined {
    return this.#outputs.find(hash);
  }

  /** The models of all widgets. */
  get widgets(): WidgetState {
    return this.#runs.widgets.whole;
  }

  widget(id: string): WidgetModel | undefined {
    return this.#runs.widgets.model(id);
  }

  // The kernel.

  /** Runs cells in order; markdown and raw cells are left out. @returns how many were added to the queue */
  execute(cells: readonly CellId[], options: RunOptions = {}): number {
    return this.#runs.execute(cells, options);
  }

  /** What a cell printed that another client ran, which went away before the end. */
  recordForeign(id: CellId, run: ForeignRun): void {
    if (this.#runs.recordForeign(id, run)) this.#saver.soon();
  }

  /** What runs and waits, and how the code cells stand. */
  get runs(): RunModel {
    return this.#runs.model;
  }

  /** Interrupts what runs, and takes out what waits. @throws {HttpError} 409 when the kernel is dead */
  interrupt(): Promise<void> {
    return this.#runs.interrupt();
  }

  /** Which kernel to start for a notebook that names none, or one that is not installed. */
  preferKernel(name: string | undefined): void {
    this.#runs.preferKernel(name);
  }

  /** Starts the kernel; that it did not start is told to the pages. */
  startKernel(): void {
    this.#runs.startKernel();
  }

  // The file.

  /**
   * Brings what is not on disk there; without autosave, that is what somebody has asked to be saved.
   *
   * @throws {HttpError} when the store refuses
   */
  flush(): Promise<void> {
    return this.#options.autosave === false ? this.#saver.idle() : this.#saver.flush();
  }

  /** The notebook as a save would write it, when it is not on disk and waits there for somebody to ask. */
  unsaved(): { file: NotebookFile; isTrusted: boolean } | undefined {
    this.#runs.settle();
    if (this.#options.autosave !== false || !this.isDirty) return undefined;
    return { file: this.#storage.preview(this.state), isTrusted: !this.#merging.hasForeignOutputs };
  }

  /** Saves because somebody asks. @throws {HttpError} when the store refuses */
  saveNow(): Promise<void> {
    return this.#saver.saveNow(false);
  }

  /** Another client saves the notebook. @throws {HttpError} as `flush` */
  save(content: JsonObject): Promise<Entry> {
    return this.#merging.save(content, this.#saver);
  }

  /** The notebook as the contents API sends it. */
  content(): JsonObject {
    return this.#merging.content();
  }

  /** Takes what is on disk now (a checkpoint was restored); what was not saved is given up. */
  reload(): Promise<void> {
    return this.#saver.reread((read) => this.#merging.reload(read));
  }

  /**
   * Brings back what the history has.
   *
   * @param cells  only these cells of that state; undefined: all of it
   * @throws {HttpError} 404 no such state, 403 read-only
   */
  async restore(stateId: string, cells?: readonly CellId[]): Promise<void> {
    const problem = this.#readOnly;
    if (problem !== undefined) throw new HttpError(403, problem);
    await this.#merging.restore(stateId, cells);
  }

  /** Forgets what the notebook was before. @throws {HttpError} 500 when something of it is still there */
  forgetHistory(): Promise<void> {
    return this.#past.forgetAll();
  }

  async showed({ epoch, revision }: { epoch: string; revision: number }): Promise<boolean> {
    await this.checkDisk();
    const since = epoch === this.#changes.epoch ? this.#changes.log.since(revision) : undefined;
    return since !== undefined && this.#trust.of(since.flatMap(({ ops }) => ops)).untrusted.length === 0;
  }

  /** The person trusts the outputs that are here now, whoever made them. */
  trusted(): void {
    const trusted = this.#trust.trustAll();
    if (trusted.length > 0) this.#pages.broadcast({ type: 'trust', trusted, untrusted: [] });
  }

  /** Somebody is about to look, or the store has told of a change: what another program made of the file is merged. */
  checkDisk(): Promise<void> {
    return this.#saver.checkDisk();
  }

  /** The file was moved. */
  async moved(path: string): Promise<void> {
    this.#storage.path = path;
    this.#pages.broadcast({ type: 'path', path });
    this.#runs.follow();
    await this.#saver.idle();
    try {
      if (await this.#storage.moved()) this.#saver.found();
    } finally {
      this.#watch.restart();
    }
  }

  /** What is kept beside the history was moved as well. */
  keptMoved(directory: string): void {
    this.history?.movedTo(directory, this.path);
    this.#journal?.movedTo(directory, this.path);
    this.#conflicts.movedTo(directory, this.path);
  }

  /** What is kept beside the history is about to be moved: nothing is written there until `keptMoved`. */
  async holdKept(): Promise<void> {
    this.#conflicts.hold();
    this.#journal?.hold();
    await this.history?.hold();
  }

  /** The file was deleted on purpose: the pages are told, and nothing is written any more. */
  removed(): void {
    // A new notebook of this name is another one; what was not saved stays in the history.
    if (this.isDirty) this.#past.record(this.state, 'delete');
    this.#journal?.clear();
    this.#end(`${this.path} was deleted.`);
  }

  /** Another file has its path now: what was not saved goes into a file of this machine, and nothing is written any more. */
  async displaced(): Promise<void> {
    this.#runs.settle();
    const why = `${this.path} had vanished, and another file has its name now.`;
    const said = this.isDirty ? this.#rescue(why) : Promise.resolve(why);
    this.#isClosed = true;
    this.#saver.close();
    await this.#saver.idle();
    this.#end(await said);
    await this.history?.close();
  }

  /** Saves, and lets go of everything. Pages come back when the server does. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#runs.settle();
    try {
      if (this.#journal !== undefined) {
        // What is not saved waits there until somebody saves it.
        await this.#saver.idle();
        this.#journal.retry(this.state, this.isDirty);
        if (this.isDirty && !this.#journal.isKept) await this.#rescue(`${this.path} was not saved.`);
      } else {
        if (!this.#saver.isDetached) await this.#flushAll();
        // It may be that very save which found the file gone.
        if (this.#saver.isDetached && this.isDirty) await this.#rescue(`${this.path} had vanished.`);
      }
    } catch (error) {
      await this.#rescue(`${this.path} could not be saved at the end: ${messageOf(error)}`);
    }
    this.#end(undefined);
    await this.history?.close();
  }

  /** Why it cannot be changed: a sentence. */
  get #readOnly(): string | undefined {
    if (this.#storage.isWritable) return undefined;
    return this.#options.readOnly ?? `${this.path} is read-only, so it cannot be changed here.`;
  }

  /** Another client works on the notebook on its own kernel websocket, and none of our pages does. */
  get #isForeign(): boolean {
    return this.#pages.size === 0 && this.#runs.connections > 0;
  }

  #lookAtDisk(): void {
    this.checkDisk().catch((error: unknown) => {
      this.#options.log.warn(`${this.path} was not looked at: ${messageOf(error)}`);
    });
  }

  #touched(batch: OperationBatch): void {
    this.#saver.touched(batch);
    this.#journal?.touched(batch.ops, this.state);
  }

  /** @param foreign  the cells whose outputs were foreign in what was saved */
  #saved(foreign: ReadonlySet<CellId>): void {
    this.#past.record(this.state, 'saved');
    if (!this.#isClosed) this.#journal?.saved(this.state, this.isDirty);
    this.#sign(foreign);
    this.#checkQuiet();
  }

  /** The journal could not be written, and is to be tried again. */
  #keepAgain(): void {
    this.#journal?.retry(this.state, this.isDirty);
    this.#checkQuiet();
  }

  /** What was not saved when the server ended. */
  #takeUnsaved(unsaved: Unsaved): void {
    const isNews = this.#merging.unsaved(unsaved);
    this.#journal?.saved(this.state, this.isDirty);
    if (!isNews) return;
    this.#options.log.info(`${this.path}: what was not saved was brought back from the journal.`);
  }

  /** What ran here is trusted when the file is opened again, wherever it stands then. */
  #sign(foreign: ReadonlySet<CellId>): void {
    const { signOutputs, log } = this.#options;
    signOutputs?.(this.#storage.onDisk, foreign).catch((error: unknown) =>
      log.warn(`The outputs of ${this.path} could not be signed: ${String(error)}`),
    );
  }

  /** @param why  a sentence @returns what became of it, for people */
  async #rescue(why: string): Promise<string> {
    let said: string;
    try {
      const file = await rescue(this.path, this.#storage.preview(this.state).toBytes());
      said = `${why} The notebook with what was not saved is in ${file}`;
    } catch (error) {
      said = `${why} What was not saved is gone: ${messageOf(error)}`;
    }
    this.#options.log.error(said);
    return said;
  }

  /** Also what came while the last save was under way; a kernel that prints without end does not hold this up. */
  async #flushAll(): Promise<void> {
    for (let times = 0; times === 0 || (this.isDirty && times < MOST_LAST_SAVES); times += 1) {
      await this.#saver.flush();
      this.#runs.settle();
    }
  }

  #end(reason: string | undefined): void {
    this.#isClosed = true;
    this.#watch.close();
    this.#journal?.close();
    this.#saver.close();
    this.#changes.close();
    this.#runs.close();
    if (reason !== undefined) this.#pages.broadcast({ type: 'closed', reason });
    this.#pages.close();
  }

  #checkQuiet(): void {
    if (this.isQuiet) this.#options.onQuiet?.(this);
  }
}
