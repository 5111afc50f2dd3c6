/**
 * One open notebook: the state, the order of its changes, the pages that look at it, its kernel and its file. Pages send
 * operations and requests; this puts them in order, runs cells, takes in their output, and saves.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import type { Entry, OpenDocument } from '../contents/index.js';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import { newCellId, notebookContent, saveContent, type CellId, type JsonObject } from '../notebook/index.js';
import { CellState, sourceText, type NotebookState } from '../notebook/notebook-state.js';
import { difference, textDifference, type Operation } from '../notebook/operations.js';
import type { OperationBatch, PageMessage, ServerMessage } from '../protocol/document-messages.js';
import { parseHeader, type ExecutePayload, type MessageHeader } from '../protocol/kernel-messages.js';
import type { KernelChannel, WireMessage } from '../protocol/wire-frames.js';
import { stateOf } from './document-file.js';
import { DocumentStorage, type ContentsSource } from './document-storage.js';
import { ExecutionQueue } from './execution-queue.js';
import { KernelLink, type SessionSource, type SpecSource } from './kernel-link.js';
import { OperationLog } from './operation-log.js';
import { OutputRecorder } from './output-recorder.js';
import { OutputTrust } from './output-trust.js';
import { defaultSaveTimes, SaveSchedule, type SaveTimes } from './save-schedule.js';
import { snapshotText } from './snapshot.js';

/** The way to one page. */
export interface DocumentPage {
  /** One message, as JSON text. */
  send(text: string): void;
  /** Ends the connection; the page may come back unless it was told `closed`. */
  close(): void;
}

export interface DocumentOptions {
  contents: ContentsSource;
  sessions: SessionSource;
  specs: SpecSource;
  log: Log;
  saveTimes?: SaveTimes;
  /** ms between two batches of output; default 50 */
  outputInterval?: number;
  /** Something happened after which nobody may need the document any more. */
  onQuiet?(document: LiveDocument): void;
}

/** A connected page: its name once it has said it, and the epoch that it was brought up to date in. */
interface Attached {
  client?: string;
  epoch?: string | undefined;
}

export class LiveDocument implements OpenDocument {
  /** Stays when the file is renamed. */
  readonly id = randomUUID();
  readonly #options: DocumentOptions;
  readonly #storage: DocumentStorage;
  readonly #pages = new Map<DocumentPage, Attached>();
  readonly #recorder: OutputRecorder;
  readonly #queue: ExecutionQueue;
  readonly #link: KernelLink;
  readonly #schedule: SaveSchedule;
  #epoch = newEpoch();
  #ops: OperationLog;
  #trust: OutputTrust;
  #lastCheckpoint: string | null = null;
  /** revision of the last change that reaches the file, and the one that is on disk */
  #changed = 0;
  #saved = 0;
  #savedAt: string | null = null;
  /** something that no operation tells: fields of the file beside cells and metadata */
  #isUnwritten = false;
  /** one save after the other */
  #saving: Promise<unknown> = Promise.resolve();
  #isDetached = false;
  #isClosed = false;

  private constructor(storage: DocumentStorage, options: DocumentOptions) {
    this.#options = options;
    this.#storage = storage;
    const state = stateOf(storage.file);
    storage.opened(state);
    this.#ops = new OperationLog(state);
    this.#trust = new OutputTrust(state.ids);
    this.#schedule = new SaveSchedule(() => this.#save(false), options.saveTimes ?? defaultSaveTimes);
    this.#recorder = new OutputRecorder({
      state: () => this.state,
      emit: (ops) => this.#emit(ops),
      ...(options.outputInterval === undefined ? {} : { interval: options.outputInterval }),
    });
    this.#queue = new ExecutionQueue(
      {
        state: () => this.state,
        emit: (ops) => this.#emit(ops),
        kernel: () => this.#link.ready(),
        starts: (cell) => this.#starts(cell),
        ended: () => this.#ended(),
        prompt: (prompt) => this.#broadcast({ type: 'prompt', prompt }),
        payload: (cell, payload) => this.#payload(cell, payload),
      },
      this.#recorder,
    );
    this.#link = new KernelLink({
      sessions: options.sessions,
      specs: options.specs,
      path: () => this.path,
      metadata: () => this.state.metadata,
      onMessage: (...message) => this.#kernelMessage(...message),
      onChange: () => this.#kernelChanged(),
      onLost: (reason) => this.#queue.kernelLost(reason),
    });
    this.#link.follow();
  }

  /** @throws {HttpError} 404 no such file, 400 not a notebook */
  static async open(path: string, options: DocumentOptions): Promise<LiveDocument> {
    const storage = await DocumentStorage.open(options.contents, path);
    const document = new LiveDocument(storage, options);
    document.#lastCheckpoint = await storage.lastCheckpoint();
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
    return this.#changed > this.#saved || this.#isUnwritten;
  }

  /** Nobody looks, nothing runs, everything is on disk. */
  get isQuiet(): boolean {
    return this.#pages.size === 0 && !this.#queue.isBusy && !this.isDirty;
  }

  // Pages.

  attach(page: DocumentPage): void {
    this.#pages.set(page, {});
  }

  detach(page: DocumentPage): void {
    if (this.#pages.delete(page)) this.#quiet();
  }

  receive(page: DocumentPage, message: PageMessage): void {
    const attached = this.#pages.get(page);
    if (attached === undefined) return;
    if (message.type === 'resume') {
      this.#resume(page, attached, message);
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
        // Who saves tells all pages when it fails.
        if (this.#isNew(page, client, message.seq))
          this.saveNow(message.checkpoint === true).catch(() => undefined);
        break;
      case 'interrupt':
        this.#interrupt();
        break;
      case 'input':
        if (!this.#queue.answer(message.value)) send(page, { type: 'prompt', prompt: null });
        break;
    }
  }

  /** Runs cells in order; markdown and raw cells are left out. */
  execute(cells: readonly CellId[]): void {
    this.#queue.enqueue(cells);
  }

  // The kernel.

  /** Which kernel to start for a notebook that names none, or one that is not installed. */
  preferKernel(name: string | undefined): void {
    this.#link.prefer(name);
  }

  /** Starts the kernel; that it did not start is told to the pages. */
  startKernel(): void {
    this.#link.start().catch((error: unknown) => {
      this.#options.log.warn(
        `No kernel for ${this.path}: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
  }

  // The file.

  /**
   * Saves now, also a file that has vanished meanwhile: a person asks for it.
   *
   * @throws {HttpError} as `flush`
   */
  async saveNow(checkpoint: boolean): Promise<void> {
    this.#recorder.flush();
    await this.#save(true);
    if (!checkpoint) return;
    try {
      this.#lastCheckpoint = await this.#storage.createCheckpoint();
      this.#tellSaved(this.#lastCheckpoint);
    } catch (error) {
      this.#broadcast({
        type: 'save-failed',
        message: `Saved, but without a checkpoint: ${messageOf(error)}`,
      });
    }
  }

  /** Another client saves the notebook: what it changes becomes operations. @throws {HttpError} as `flush` */
  async save(content: JsonObject): Promise<Entry> {
    await this.#saving.catch(() => undefined);
    this.#recorder.flush();
    const file = saveContent(this.#storage.preview(this.state), content);
    this.#apply(difference(this.state, stateOf(file, this.state)));
    this.#storage.file = file;
    this.#isUnwritten = true;
    await this.#save(true);
    return this.#storage.entry;
  }

  /** Brings what is not on disk there. @throws {HttpError} when the store refuses */
  async flush(): Promise<void> {
    this.#recorder.flush();
    if (this.isDirty) await this.#save(false);
    else await this.#saving;
  }

  /** The notebook as the contents API sends it. */
  content(): JsonObject {
    this.#recorder.flush();
    const trusted = !this.state.ids.some(
      (id) => this.#trust.isForeign(id) && (this.state.cell(id)?.peek().outputs?.length ?? 0) > 0,
    );
    return notebookContent(this.#storage.preview(this.state), trusted);
  }

  /** Takes what is on disk now; what was not saved is given up. */
  async reload(): Promise<void> {
    await this.#saving.catch(() => undefined);
    this.#recorder.flush();
    await this.#storage.reread();
    const old = this.state;
    const state = stateOf(this.#storage.file);
    this.#storage.opened(state);
    for (const { id, execution } of old.cells()) {
      const cell = state.cell(id);
      if (execution === undefined || execution.state === 'idle' || cell === undefined) continue;
      state.replace(new CellState(id, () => cell.cell, execution, cell.origin));
    }
    this.#trust.reread(old, state);
    const log = new OperationLog(state);
    log.adoptClients(this.#ops);
    this.#ops = log;
    this.#epoch = newEpoch();
    this.#changed = 0;
    this.#saved = 0;
    this.#isUnwritten = false;
    this.#isDetached = false;
    this.#schedule.done();
    this.#broadcast({ type: 'stale' });
    this.#kernelChanged();
  }

  /** Somebody is about to look: has another program changed the file? */
  async checkDisk(): Promise<void> {
    await this.#saving.catch(() => undefined);
    const found = await this.#storage.check();
    if (found === 'gone') {
      this.#detachFromFile();
    } else if (found === 'changed' && this.isDirty) {
      await this.#save(false);
    } else if (found === 'changed') {
      await this.reload();
      this.#notice('info', `${this.path} was changed by another program and was read again.`);
    }
  }

  /** The file was moved. */
  async moved(path: string): Promise<void> {
    this.#storage.path = path;
    this.#broadcast({ type: 'path', path });
    this.#link.follow();
    await this.#saving.catch(() => undefined);
    await this.#storage.moved();
  }

  /** The file was deleted on purpose: the pages are told, and nothing is written any more. */
  removed(): void {
    this.#end(`${this.path} was deleted.`);
  }

  /** Saves, and lets go of everything. Pages come back when the server does. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#recorder.close();
    try {
      if (!this.#isDetached) await this.flush();
    } catch (error) {
      this.#options.log.error(`${this.path} could not be saved at the end: ${messageOf(error)}`);
    }
    this.#end(undefined);
  }

  #end(reason: string | undefined): void {
    this.#isClosed = true;
    this.#schedule.close();
    this.#queue.close();
    this.#recorder.close();
    this.#link.close();
    if (reason !== undefined) this.#broadcast({ type: 'closed', reason });
    for (const page of [...this.#pages.keys()]) page.close();
    this.#pages.clear();
  }

  // What changes the notebook.

  #accept(
    page: DocumentPage,
    attached: Attached,
    client: string,
    message: Extract<PageMessage, { type: 'ops' }>,
  ): void {
    const { seq, base, ops } = message;
    if (!this.#storage.entry.writable) {
      send(page, {
        type: 'refused',
        seq,
        message: `${this.path} is read-only, so it cannot be changed here.`,
      });
      return;
    }
    this.#recorder.flush();
    this.#trust.before(ops, this.state);
    const result = this.#ops.accept(client, seq, base, ops);
    switch (result.kind) {
      case 'applied': {
        const { batch, changed } = result;
        this.#broadcast({ type: 'ops', ...batch }, page);
        send(page, { type: 'ack', seq, revision: batch.revision, ...(changed ? { ops: batch.ops } : {}) });
        this.#appliedFromOutside(batch);
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

  /** Operations of another writer than a page. */
  #apply(ops: readonly Operation[]): void {
    this.#trust.before(ops, this.state);
    const batch = this.#ops.append(ops);
    if (batch === undefined) return;
    this.#broadcast({ type: 'ops', ...batch });
    this.#appliedFromOutside(batch);
  }

  #appliedFromOutside(batch: OperationBatch): void {
    const { trusted, untrusted } = this.#trust.after(batch.ops);
    if (trusted.length + untrusted.length > 0) this.#broadcast({ type: 'trust', trusted, untrusted });
    this.#touched(batch);
  }

  /** Operations that the kernel or the queue made. */
  #emit(ops: readonly Operation[]): void {
    if (this.#isClosed) return;
    const batch = this.#ops.append(ops);
    if (batch === undefined) return;
    this.#broadcast({ type: 'ops', ...batch });
    this.#touched(batch);
  }

  #touched(batch: OperationBatch): void {
    const reachesFile = batch.ops.some(
      (op) =>
        op.op !== 'set-execution' || (op.execution.state === 'idle' && op.execution.status !== 'cancelled'),
    );
    if (!reachesFile) return;
    this.#changed = batch.revision;
    if (this.#storage.entry.writable && !this.#isDetached) this.#schedule.changed();
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
    const busy = this.#queue.isBusy;
    const interrupted = busy ? this.#queue.interrupt() : this.#link.kernel?.interrupt();
    interrupted?.catch((error: unknown) => this.#notice('error', `Not interrupted: ${messageOf(error)}`));
  }

  #starts(cell: CellId): void {
    this.#trust.runs(cell);
    const kernel = this.#link.kernel;
    if (kernel === undefined) return;
    const { metadata } = this.state;
    const named = metadata['kernelspec'];
    const { name, displayName, language } = kernel.spec;
    const isNamed = typeof named === 'object' && named !== null && 'name' in named && named.name === name;
    if (isNamed && metadata['language_info'] !== undefined) return;
    // Other programs choose a kernel and a highlighting by these two.
    const info = kernel.info?.language_info as JsonObject | undefined;
    const changed: JsonObject = {
      ...metadata,
      kernelspec: isNamed ? named : { display_name: displayName, language, name },
      ...(info === undefined ? {} : { language_info: info }),
    };
    if (isNamed && info === undefined) return;
    this.#emit([{ op: 'set-metadata', id: null, metadata: changed }]);
  }

  #ended(): void {
    this.#schedule.soon();
    this.#quiet();
  }

  #payload(cell: CellId, payload: ExecutePayload): void {
    if (payload.source === 'page' && typeof payload['data'] === 'object' && payload['data'] !== null) {
      this.#broadcast({ type: 'pager', cell, data: payload['data'] as Record<string, unknown> });
    }
    const { text } = payload;
    if (payload.source !== 'set_next_input' || typeof text !== 'string') return;
    const state = this.state.cell(cell);
    if (state === undefined) return;
    if (payload['replace'] === true) {
      const edit = textDifference(state.text, sourceText(text));
      if (edit !== null) this.#emit([{ op: 'edit-source', id: cell, changes: edit.toJSON() }]);
      return;
    }
    const id = newCellId();
    const next = {
      id,
      cell_type: 'code',
      source: text,
      metadata: {},
      outputs: [],
      execution_count: null,
    } as const;
    this.#emit([{ op: 'insert-cell', cell: { ...next, outputs: [] }, after: cell }]);
  }

  #kernelMessage(channel: KernelChannel, message: WireMessage, header: MessageHeader): void {
    const parent = parseHeader(message.parentHeader)?.msg_id;
    if (parent === undefined) return;
    if (channel === 'iopub') this.#recorder.message(header.msg_type, parent, message.content);
    this.#queue.message(channel, message, header.msg_type, parent);
  }

  #kernelChanged(): void {
    this.#broadcast({ type: 'kernel', kernel: this.#link.view });
  }

  // Saving.

  /** @param asked  by a person or another program: also writes a file that is gone, and tells when nothing changed */
  #save(asked: boolean): Promise<void> {
    const save = this.#saving.catch(() => undefined).then(() => this.#saveTurn(asked));
    this.#saving = save;
    return save;
  }

  async #saveTurn(asked: boolean): Promise<void> {
    if (this.#isClosed || (this.#isDetached && !asked)) return;
    if (!this.isDirty && !this.#isDetached) {
      if (asked) this.#tellSaved();
      return;
    }
    const { revision } = this;
    const epoch = this.#epoch;
    this.#isUnwritten = false;
    try {
      if (!this.#storage.entry.writable) throw new HttpError(403, `${this.path} is read-only.`);
      const written = await this.#storage.write(this.state, asked);
      if (written.kind === 'gone') {
        this.#isUnwritten = true;
        this.#detachFromFile();
        return;
      }
      this.#isDetached = false;
      if (written.copy !== undefined) {
        this.#notice(
          'warning',
          `${this.path} was changed by another program at the same time. Its version is kept as ${posix.basename(written.copy)}, yours is saved.`,
        );
      }
    } catch (error) {
      this.#isUnwritten = true;
      this.#broadcast({ type: 'save-failed', message: `${this.path} was not saved: ${messageOf(error)}` });
      throw error;
    }
    if (epoch !== this.#epoch) return;
    this.#saved = revision;
    this.#savedAt = new Date().toISOString();
    if (!this.isDirty) this.#schedule.done();
    this.#tellSaved();
    this.#quiet();
  }

  #tellSaved(checkpoint?: string): void {
    // Operations that do not reach the file leave nothing to save.
    const revision = this.isDirty ? this.#saved : this.revision;
    const at = this.#savedAt ?? new Date().toISOString();
    const epoch = this.#epoch;
    this.#broadcast({
      type: 'saved',
      epoch,
      revision,
      at,
      ...(checkpoint === undefined ? {} : { checkpoint }),
    });
  }

  /** The file vanished: it does not come back by itself. */
  #detachFromFile(): void {
    if (this.#isDetached) return;
    this.#isDetached = true;
    this.#schedule.done();
    this.#notice(
      'warning',
      `${this.path} was deleted or moved by another program. It is not written again by itself; save it to bring it back.`,
    );
  }

  // Telling pages.

  #resume(page: DocumentPage, attached: Attached, message: Extract<PageMessage, { type: 'resume' }>): void {
    const { client } = message;
    for (const [other, { client: name }] of this.#pages) {
      // What an old connection of the same page still says would come too late.
      if (other === page || name !== client) continue;
      this.detach(other);
      other.close();
    }
    this.#recorder.flush();
    attached.client = client;
    attached.epoch = this.#epoch;
    const seq = this.#ops.seqOf(client);
    const missed =
      message.epoch === this.#epoch && message.revision !== undefined
        ? this.#ops.since(message.revision)
        : undefined;
    if (missed === undefined) {
      page.send(this.#snapshot(seq));
      return;
    }
    for (const batch of missed) send(page, { type: 'ops', ...batch });
    const refused = this.#ops.refusedOf(client);
    if (refused !== undefined) send(page, { type: 'refused', ...refused });
    send(page, { type: 'resumed', revision: this.revision, seq });
    send(page, { type: 'trust', ...this.#trust.of(missed.flatMap((batch) => batch.ops)) });
    send(page, { type: 'path', path: this.path });
    send(page, { type: 'kernel', kernel: this.#link.view });
    send(page, { type: 'prompt', prompt: this.#queue.prompt });
    if (this.#savedAt !== null) {
      const revision = this.isDirty ? this.#saved : this.revision;
      send(page, { type: 'saved', epoch: this.#epoch, revision, at: this.#savedAt });
    }
  }

  #snapshot(seq: number): string {
    const { file, entry } = this.#storage;
    return snapshotText(
      this.state,
      {
        epoch: this.#epoch,
        revision: this.revision,
        path: this.path,
        writable: entry.writable,
        nbformat: 4,
        nbformat_minor: file.nbformatMinor,
        kernel: this.#link.view,
        saved: { revision: this.isDirty ? this.#saved : this.revision, at: this.#savedAt },
        prompt: this.#queue.prompt,
        last_checkpoint: this.#lastCheckpoint,
        seq,
      },
      (id) => this.#trust.isForeign(id),
    );
  }

  #notice(level: 'info' | 'warning' | 'error', message: string): void {
    this.#broadcast({ type: 'notice', level, message });
  }

  /** To every page that was brought up to date; operations only in this epoch. */
  #broadcast(message: ServerMessage, except?: DocumentPage): void {
    let text: string | undefined;
    const isOrdered = message.type === 'ops' || message.type === 'trust';
    for (const [page, { client, epoch }] of this.#pages) {
      if (page === except || client === undefined || (isOrdered && epoch !== this.#epoch)) continue;
      page.send((text ??= JSON.stringify(message)));
    }
  }

  #quiet(): void {
    if (this.isQuiet) this.#options.onQuiet?.(this);
  }
}

function send(page: DocumentPage, message: ServerMessage): void {
  page.send(JSON.stringify(message));
}

function newEpoch(): string {
  return randomBytes(9).toString('base64url');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
