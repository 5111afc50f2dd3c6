/**
 * Keeps the file of a live document up to date: knows what is not on disk, saves when it is time and when somebody asks,
 * one save after the other, and tells the pages how it went.
 */
import { posix } from 'node:path';
import { HttpError } from '../http-error.js';
import { messageOf } from '../message-of.js';
import type { CellId, NotebookFile } from '../notebook/index.js';
import type { NotebookState } from '../notebook/notebook-state.js';
import type { OperationBatch, SavedState, ServerMessage } from '../protocol/document-messages.js';
import type { DocumentStorage, Hooked, ReadFile } from './document-storage.js';
import { SaveSchedule, type SaveTimes } from './save-schedule.js';

export interface SaverPort {
  state(): NotebookState;
  revision(): number;
  epoch(): string;
  /** Makes operations of all output that has come so far. */
  settle(): void;
  tell(message: ServerMessage): void;
  /** The cells whose outputs are foreign just now. */
  foreign(): ReadonlySet<CellId>;
  /** Something was saved. @param foreign  the cells whose outputs were foreign in what was saved */
  saved(foreign: ReadonlySet<CellId>): void;
  /** Brings in what another program wrote. @returns whether the document is now what the file says */
  merge(read: ReadFile): boolean;
  /** Brings in what the owner's hook made of what was saved. */
  hooked(hooked: Hooked): void;
  /** Whether to save when nobody asks for it. */
  maySaveUnasked(): boolean;
}

/** How often what others write meanwhile is merged before a save gives up. */
const MOST_MERGES = 5;

export class DocumentSaver {
  readonly #schedule: SaveSchedule;
  /** revision of the last change that reaches the file, and the one that is on disk */
  #changed = 0;
  #saved = 0;
  #savedAt: string | null = null;
  /** something that no operation tells: fields of the file beside cells and metadata */
  #isUnwritten = false;
  /** the cells that were foreign in what was last written */
  #foreign: ReadonlySet<CellId> = new Set();
  /** what happened to the file, which does not come back by itself */
  #detached: 'gone' | 'replaced' | undefined;
  /** why the last save failed, a sentence */
  #failure: string | undefined;
  #isClosed = false;
  #lastCheckpoint: string | null = null;
  /** one save after the other */
  #saving: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly storage: DocumentStorage,
    private readonly port: SaverPort,
    times: SaveTimes,
  ) {
    this.#schedule = new SaveSchedule({
      save: () => this.#save(false),
      mayStart: () => port.maySaveUnasked(),
      times,
    });
  }

  /** Changes that are not on disk. */
  get isDirty(): boolean {
    return this.#changed > this.#saved || this.#isUnwritten;
  }

  get isDetached(): boolean {
    return this.#detached !== undefined;
  }

  /** What keeps it from being saved, for a page that comes later than when all of them were told. */
  get problem(): ServerMessage | undefined {
    if (this.#detached !== undefined) return this.#detachedNotice(this.#detached);
    return this.#failure === undefined ? undefined : { type: 'save-failed', message: this.#failure };
  }

  get saved(): SavedState {
    // Operations that do not reach the file leave nothing to save.
    return { revision: this.isDirty ? this.#saved : this.port.revision(), at: this.#savedAt };
  }

  /** ISO 8601; null when there is none */
  get lastCheckpoint(): string | null {
    return this.#lastCheckpoint;
  }

  async findLastCheckpoint(): Promise<void> {
    this.#lastCheckpoint = await this.storage.lastCheckpoint();
  }

  /** The document changed. */
  touched(batch: OperationBatch): void {
    const reachesFile = batch.ops.some(
      (op) =>
        op.op !== 'set-execution' || (op.execution.state === 'idle' && op.execution.status !== 'cancelled'),
    );
    if (!reachesFile) return;
    this.#changed = batch.revision;
    if (this.storage.isWritable && !this.isDetached) this.#schedule.changed();
  }

  /** A cell has run: its results are worth saving now. */
  soon(): void {
    this.#schedule.soon();
  }

  /** Brings what is not on disk there. @throws {HttpError} when the store refuses */
  async flush(): Promise<void> {
    this.port.settle();
    if (this.isDirty) await this.#save(false);
    else await this.#saving;
  }

  /**
   * Saves now, also a file that has vanished meanwhile: a person or another program asks for it.
   *
   * @throws {HttpError} when the store refuses
   */
  async saveNow(checkpoint: boolean): Promise<void> {
    this.port.settle();
    await this.#save(true);
    if (!checkpoint) return;
    try {
      this.#lastCheckpoint = await this.storage.createCheckpoint();
      this.#tellSaved(this.#lastCheckpoint);
    } catch (error) {
      const message = `Saved, but without a checkpoint: ${messageOf(error)}`;
      this.port.tell({ type: 'save-failed', message });
    }
  }

  /** The next save is written over this file, and is due also when no operation says so. */
  writeOver(file: NotebookFile): void {
    this.storage.file = file;
    this.#isUnwritten = true;
  }

  /** Resolves when no save is under way. */
  async idle(): Promise<void> {
    await this.#saving.catch(() => undefined);
  }

  /** Another program's work: what the file says that we do not know is merged. */
  checkDisk(): Promise<void> {
    return this.#inTurn(async () => {
      const found = await this.storage.check();
      if (found === 'gone') this.#detach('gone');
      else if (found === 'same') this.found();
      else await this.#mergeFile(this.port.merge);
    });
  }

  /** Reads the file. @param take  makes it the document's; answers whether the document is now what the file says */
  reread(take: (read: ReadFile) => boolean): Promise<void> {
    return this.#inTurn(async () => {
      await this.#mergeFile(take);
    });
  }

  /** The file is there: one that had vanished came back, and is saved by itself again. */
  found(): void {
    if (!this.isDetached) return;
    this.#detached = undefined;
    if (this.isDirty) this.#schedule.changed();
  }

  /** Nothing is written any more. */
  close(): void {
    this.#isClosed = true;
    this.#schedule.close();
  }

  #save(asked: boolean): Promise<void> {
    return this.#inTurn(() => this.#takeTurn(asked));
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#saving.catch(() => undefined).then(act);
    this.#saving = turn;
    return turn;
  }

  async #takeTurn(asked: boolean): Promise<void> {
    if (this.#isClosed || (this.isDetached && !asked)) return;
    if (!this.isDirty && !this.isDetached) {
      if (asked) this.#tellSaved();
      return;
    }
    this.#isUnwritten = false;
    try {
      if (!(await this.#write(asked))) return;
    } catch (error) {
      this.#isUnwritten = true;
      const message = `${this.storage.path} was not saved: ${messageOf(error)}`;
      this.#failure = message;
      this.port.tell({ type: 'save-failed', message });
      throw error;
    }
    this.#failure = undefined;
    this.#savedAt = new Date().toISOString();
    if (!this.isDirty) this.#schedule.done();
    this.#tellSaved();
    this.port.saved(this.#foreign);
  }

  /** @returns false when the file is gone */
  async #write(asked: boolean): Promise<boolean> {
    const { storage } = this;
    if (!storage.isWritable) throw new HttpError(403, `${storage.path} is read-only.`);
    for (let merges = 0; merges < MOST_MERGES; merges += 1) {
      const revision = this.port.revision();
      // A cell that runs while this is written has its own outputs then, and others in the file.
      this.#foreign = this.port.foreign();
      const written = await storage.write(this.port.state(), asked);
      if (written.kind === 'written') {
        this.#detached = undefined;
        const isSame = this.port.revision() === revision;
        if (written.hooked !== undefined) {
          this.port.hooked(written.hooked);
          this.#foreign = new Set([...this.#foreign, ...this.port.foreign()]);
        }
        // What the hook made is on disk already; saving it again might go on without end.
        this.#saved = isSame ? this.port.revision() : revision;
        if (written.upgraded !== undefined) this.#warnUpgraded(written.upgraded);
        return true;
      }
      if (written.kind === 'gone' || !(await this.#mergeFile(this.port.merge))) {
        this.#isUnwritten = true;
        this.#detach(written.kind === 'gone' ? 'gone' : 'replaced');
        return false;
      }
      this.#foreign = this.port.foreign();
      if (!this.isDirty) return true;
    }
    throw new HttpError(409, 'another program writes the file again and again.');
  }

  /** @returns false when what is there cannot be read as a notebook */
  async #mergeFile(take: (read: ReadFile) => boolean): Promise<boolean> {
    let read: ReadFile;
    try {
      read = await this.storage.read();
    } catch (error) {
      if (!(error instanceof HttpError) || error.status >= 500) throw error;
      this.#detach(error.status === 404 ? 'gone' : 'replaced');
      return false;
    }
    const isSame = take(read);
    this.#detached = undefined;
    if (isSame) {
      this.#failure = undefined;
      this.#isUnwritten = false;
      this.#saved = this.port.revision();
      this.#schedule.done();
      this.#tellSaved();
      this.port.saved(this.port.foreign());
    } else {
      this.#isUnwritten = true;
      if (this.storage.isWritable) this.#schedule.changed();
    }
    return true;
  }

  #detach(why: 'gone' | 'replaced'): void {
    if (this.isDetached) return;
    this.#detached = why;
    this.#schedule.done();
    this.port.tell(this.#detachedNotice(why));
  }

  #detachedNotice(why: 'gone' | 'replaced'): ServerMessage {
    const { path } = this.storage;
    const message =
      why === 'gone'
        ? `${path} was deleted or moved by another program. It is not written again by itself; save it to bring it back.`
        : `${path} was replaced by something that is not a notebook. It is not written over by itself; save to do so, what is there now is copied first.`;
    return { type: 'notice', level: 'warning', message };
  }

  #warnUpgraded({ from, copy }: { from: number; copy: string }): void {
    const message = `${this.storage.path} was in the old notebook format ${from} and is now saved in format 4. The old file is kept as ${posix.basename(copy)}.`;
    this.port.tell({ type: 'notice', level: 'warning', message });
  }

  #tellSaved(checkpoint?: string): void {
    const { revision, at } = this.saved;
    this.port.tell({
      type: 'saved',
      epoch: this.port.epoch(),
      revision,
      at: at ?? new Date().toISOString(),
      ...(checkpoint === undefined ? {} : { checkpoint }),
    });
  }
}
