/**
 * Keeps the file of a live document up to date: knows what is not on disk, saves when it is time and when somebody asks,
 * one save after the other, and tells the pages how it went.
 */
import { posix } from 'node:path';
import { HttpError } from '../http-error.js';
import type { NotebookFile } from '../notebook/index.js';
import type { NotebookState } from '../notebook/notebook-state.js';
import type { OperationBatch, SavedState, ServerMessage } from '../protocol/document-messages.js';
import type { DocumentStorage } from './document-storage.js';
import { SaveSchedule, type SaveTimes } from './save-schedule.js';

export interface SaverPort {
  state(): NotebookState;
  revision(): number;
  epoch(): string;
  /** Makes operations of all output that has come so far. */
  settle(): void;
  tell(message: ServerMessage): void;
  /** Something was saved. */
  saved(): void;
}

export class DocumentSaver {
  readonly #schedule: SaveSchedule;
  /** revision of the last change that reaches the file, and the one that is on disk */
  #changed = 0;
  #saved = 0;
  #savedAt: string | null = null;
  /** something that no operation tells: fields of the file beside cells and metadata */
  #isUnwritten = false;
  /** the file vanished, and does not come back by itself */
  #isDetached = false;
  #isClosed = false;
  #lastCheckpoint: string | null = null;
  /** one save after the other */
  #saving: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly storage: DocumentStorage,
    private readonly port: SaverPort,
    times: SaveTimes,
  ) {
    this.#schedule = new SaveSchedule(() => this.#save(false), times);
  }

  /** Changes that are not on disk. */
  get isDirty(): boolean {
    return this.#changed > this.#saved || this.#isUnwritten;
  }

  get isDetached(): boolean {
    return this.#isDetached;
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
    if (this.storage.entry.writable && !this.#isDetached) this.#schedule.changed();
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

  /** The document was read from disk again. */
  reread(): void {
    this.#changed = 0;
    this.#saved = 0;
    this.#isUnwritten = false;
    this.#isDetached = false;
    this.#schedule.done();
  }

  /** Another program's work: does the file say something else than we know? What is dirty is saved, and keeps both. */
  async checkDisk(): Promise<'same' | 'reread'> {
    await this.idle();
    const found = await this.storage.check();
    if (found === 'gone') this.#detach();
    else this.found();
    if (found !== 'changed') return 'same';
    if (!this.isDirty) return 'reread';
    // That it failed is told to all pages, and is no reason not to show what is here.
    await this.#save(false).catch(() => undefined);
    return 'same';
  }

  /** The file is there: one that had vanished came back, and is saved by itself again. */
  found(): void {
    if (!this.#isDetached) return;
    this.#isDetached = false;
    if (this.isDirty) this.#schedule.changed();
  }

  /** Nothing is written any more. */
  close(): void {
    this.#isClosed = true;
    this.#schedule.close();
  }

  #save(asked: boolean): Promise<void> {
    const save = this.#saving.catch(() => undefined).then(() => this.#takeTurn(asked));
    this.#saving = save;
    return save;
  }

  async #takeTurn(asked: boolean): Promise<void> {
    if (this.#isClosed || (this.#isDetached && !asked)) return;
    if (!this.isDirty && !this.#isDetached) {
      if (asked) this.#tellSaved();
      return;
    }
    const revision = this.port.revision();
    const epoch = this.port.epoch();
    this.#isUnwritten = false;
    try {
      if (!(await this.#write(asked))) return;
    } catch (error) {
      this.#isUnwritten = true;
      const message = `${this.storage.path} was not saved: ${messageOf(error)}`;
      this.port.tell({ type: 'save-failed', message });
      throw error;
    }
    if (epoch !== this.port.epoch()) return;
    this.#saved = revision;
    this.#savedAt = new Date().toISOString();
    if (!this.isDirty) this.#schedule.done();
    this.#tellSaved();
    this.port.saved();
  }

  /** @returns false when the file is gone */
  async #write(asked: boolean): Promise<boolean> {
    const { storage } = this;
    if (!storage.entry.writable) throw new HttpError(403, `${storage.path} is read-only.`);
    const written = await storage.write(this.port.state(), asked);
    if (written.kind === 'gone') {
      this.#isUnwritten = true;
      this.#detach();
      return false;
    }
    this.#isDetached = false;
    if (written.upgraded !== undefined) {
      const { from, copy } = written.upgraded;
      this.#warn(
        `${storage.path} was in the old notebook format ${from} and is now saved in format 4. The old file is kept as ${posix.basename(copy)}.`,
      );
    }
    if (written.copy !== undefined) {
      this.#warn(
        `${storage.path} was changed by another program at the same time. Its version is kept as ${posix.basename(written.copy)}, yours is saved.`,
      );
    }
    return true;
  }

  #detach(): void {
    if (this.#isDetached) return;
    this.#isDetached = true;
    this.#schedule.done();
    this.#warn(
      `${this.storage.path} was deleted or moved by another program. It is not written again by itself; save it to bring it back.`,
    );
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

  #warn(message: string): void {
    this.port.tell({ type: 'notice', level: 'warning', message });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
