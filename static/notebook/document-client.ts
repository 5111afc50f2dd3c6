/**
 * The page's line to the live document: opens it, keeps the websocket, feeds the sync, and holds what the document says
 * beside the cells (kernel, save state, prompts) as signals.
 */
import { effect, signal } from '@preact/signals';
import { PageSync, type SyncHandlers } from '../../src/notebook/page-sync.js';
import type { OutboxItem } from '../../src/notebook/page-outbox.js';
import type { CellId } from '../../src/notebook/types.js';
import { newCellId } from '../../src/notebook/cell-id.js';
import type {
  BroughtDocument,
  CellConflict,
  DocumentModel,
  KernelView,
  PageMessage,
  Prompt,
  SavedState,
  ServerMessage,
} from '../../src/protocol/document-messages.js';
import { MERGE_CONFLICT } from '../../src/protocol/rest-models.js';
import { api, ApiError } from '../base/api.js';
import { urlFor } from '../base/urls.js';
import { serverClockShows } from './server-clock.js';
import { Connection, socketUrl, type ConnectionState } from '../base/connection.js';

export interface DocumentHandlers extends SyncHandlers {
  /** output for the pager (`?`, `??`) */
  pager(data: Record<string, unknown>): void;
  /** the notebook cannot be opened, or is closed for good; a sentence */
  failed(message: string): void;
  /** git left the marks of a conflict in it: a matter for the text editor, which says so */
  unmerged(): void;
}

export interface SaveState {
  /** milliseconds since 1970; undefined: not saved since it was opened */
  at: number | undefined;
  /** why the last attempt failed */
  error: string | undefined;
}

export class DocumentClient {
  readonly sync: PageSync;
  readonly connection = signal<ConnectionState>('connecting');
  readonly kernel = signal<KernelView | undefined>(undefined);
  readonly saved = signal<SaveState>({ at: undefined, error: undefined });
  /** something that was done on this page is not on disk yet */
  readonly unsaved = signal(false);
  readonly prompt = signal<Prompt | null>(null);
  /** texts that did not go together, for a person to choose */
  readonly conflicts = signal<readonly CellConflict[]>([]);
  /** the server answers, but no websocket opens */
  readonly blocked = signal(false);
  readonly path = signal('');
  readonly writable = signal(true);
  /** read-only, but what is changed here goes into a copy in this folder, where the page then goes on */
  readonly copyFolder = signal<string | undefined>(undefined);
  /** how many cells have outputs that came from outside and are not trusted */
  readonly untrusted = signal(0);
  /** false: the server keeps what was changed in a journal until somebody saves */
  autosave = true;
  /** of the document on the server; another one after the server was started again */
  id = '';
  readonly lastCheckpoint = signal<string | null>(null);
  readonly #handlers: DocumentHandlers;
  readonly #connection: Connection;
  #kernelName: string | undefined;
  #startKernel = true;
  /** it is being started: for the person it is no longer none */
  #kernelIsComing = true;
  /** own work that waits for the server, or the revision that has it */
  #own: { revision: number | undefined } | undefined;
  #savedRevision = 0;
  /** a copy of the read-only notebook is being made and opened */
  #isMoving = false;
  /** the notebook is read-only, and something was done to it here */
  #holdsWork = false;
  /** the document that the page's HTML brought along: the first connection need not ask for it */
  #isBrought = false;
  #begin: () => void = () => undefined;

  /** @param kernelName  what a notebook that names no kernel is to run on */
  constructor(path: string, kernelName: string | undefined, handlers: DocumentHandlers) {
    this.path.value = path;
    this.#kernelName = kernelName;
    this.#handlers = handlers;
    const client = `page-${newCellId()}${newCellId()}`;
    this.sync = new PageSync(client, {
      ...handlers,
      changed: (ops, by) => {
        if (by === 'self') this.#own = { revision: undefined };
        handlers.changed(ops, by);
        this.untrusted.value = this.sync.untrusted.size;
        this.#updateSaved();
      },
      keeps: (waiting) => this.#keeps(waiting),
    });
    document.addEventListener('visibilitychange', this.#onVisible);
    const begun = new Promise<void>((resolve) => (this.#begin = resolve));
    this.#connection = new Connection({
      url: (signal) => begun.then(() => this.#open(signal)),
      probe: JSON.stringify({ type: 'alive' } satisfies PageMessage),
      onOpen: () => this.sync.connected((message) => this.#send(message)),
      onMessage: (data) => this.#receive(data),
      onState: (state) => {
        if (state === 'lost') this.sync.disconnected();
        this.connection.value = state;
      },
      onBlocked: (blocked) => (this.blocked.value = blocked),
    });
  }

  /** Shows what the page's HTML brought along, and connects. @param brought  absent: the document is asked for */
  begin(brought?: BroughtDocument): void {
    if (brought !== undefined) {
      this.#isBrought = true;
      this.id = brought.id;
      for (const message of brought.messages) this.#take(message);
    }
    this.#begin();
  }

  /** Starts the kernel as every visit does, unless asking for the document has started it already. */
  async startUsualKernel(): Promise<void> {
    if (!this.#startKernel) return;
    try {
      await this.startKernel(this.#kernelName);
    } catch (error) {
      // Who is away now is asked again at the next connection, and a cell that is run starts it as well.
      if (!isAway(error)) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#handlers.notice('error', `No kernel could be started: ${reason}`);
      }
      const kernel = this.kernel.value;
      if (kernel?.id === null && kernel.state === 'starting')
        this.kernel.value = { ...kernel, state: 'none' };
    }
  }

  /** Whether leaving the page could lose something. */
  get wouldLose(): boolean {
    if (!this.writable.value) return this.#holdsWork;
    return !this.sync.isConfirmed || (this.unsaved.value && this.autosave);
  }

  /** Goes on in a copy of the read-only notebook, with the kernel and everything that was done here. */
  async editCopy(): Promise<void> {
    const folder = this.copyFolder.value;
    if (folder === undefined || this.#isMoving) return;
    this.#isMoving = true;
    const from = this.path.value;
    try {
      const { copyWithKernel } = await import('./copy-folder.js');
      const path = await copyWithKernel(folder, from, this.kernel.value?.session_id);
      this.#startKernel = true;
      this.#isBrought = false;
      this.path.value = path;
      this.#connection.retryNow(true);
      this.#handlers.notice('info', `The notebook is read-only: you go on in the copy "${path}".`);
    } catch (error) {
      this.#isMoving = false;
      const reason = error instanceof Error ? error.message : String(error);
      this.#handlers.notice(
        'error',
        `The notebook is read-only, and no copy of it could be made: ${reason} What you changed is in this page only; the next change tries again.`,
      );
    }
  }

  /** Resolves when the notebook as it is now is on disk, with everything that was done on this page. */
  whenSaved(): Promise<void> {
    const { epoch, revision } = this.sync;
    return new Promise((resolve) => {
      const stop = effect(() => {
        void this.saved.value;
        // A document that was opened anew counts from the start; what of this page is not in its file, is `unsaved`.
        const isOnDisk = this.sync.epoch !== epoch || this.#savedRevision >= revision;
        if (this.unsaved.value || !isOnDisk) return;
        resolve();
        queueMicrotask(() => stop());
      });
    });
  }

  interrupt(): void {
    this.#send({ type: 'interrupt' });
  }

  /** Answers the `input()` that waits. */
  answer(value: string): void {
    this.#send({ type: 'input', value });
  }

  /** A person has chosen between the texts of a conflict. */
  resolve(conflict: CellConflict): void {
    this.#send({ type: 'resolve', conflict: conflict.id });
  }

  /** What an earlier page could not send, and the cell was changed meanwhile: the server merges it, or keeps both texts. */
  reportConflict({ cell, text, base }: { cell: CellId; text: string; base: string | null }): void {
    this.#own = { revision: undefined };
    this.sync.reportConflict(cell, text, base);
    this.#updateSaved();
  }

  /** Starts a kernel for the notebook when none runs. */
  async startKernel(name?: string): Promise<void> {
    try {
      await api.post('api/documents', {
        path: this.path.value,
        start_kernel: true,
        ...(name === undefined ? {} : { kernel_name: name }),
      });
      this.#startKernel = false;
    } catch (error) {
      if (!isAway(error)) this.#startKernel = false; // the next connection would fail at it, too
      throw error;
    } finally {
      this.#kernelIsComing = false;
    }
  }

  /** @param anew  gives up a connection that seems to be open, too */
  retryNow(anew = false): void {
    this.#connection.retryNow(anew);
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#onVisible);
    this.#connection.close();
  }

  readonly #onVisible = (): void => {
    if (document.visibilityState === 'visible' && this.connection.value === 'open')
      this.#send({ type: 'focus' });
  };

  /** The id is asked for at every connection: a server that was started again knows no old ones. */
  async #open(signal: AbortSignal): Promise<string> {
    if (this.#isBrought) {
      this.#isBrought = false;
      return this.#socketUrl();
    }
    const body = {
      path: this.path.value,
      start_kernel: this.#startKernel,
      ...(this.#kernelName === undefined ? {} : { kernel_name: this.#kernelName }),
    };
    try {
      const { id } = await api.post<DocumentModel>('api/documents', body, { signal });
      this.#startKernel = false;
      this.#kernelIsComing = false;
      this.id = id;
      return this.#socketUrl();
    } catch (error) {
      if (error instanceof ApiError && error.reason === MERGE_CONFLICT) this.#handlers.unmerged();
      if (error instanceof ApiError && [400, 404, 413, 422].includes(error.status)) {
        this.#handlers.failed(error.message);
      }
      throw error;
    }
  }

  #socketUrl(): string {
    return socketUrl(urlFor(`api/documents/${encodeURIComponent(this.id)}/socket`));
  }

  /** What a read-only notebook looks like here (scrolled, hidden outputs) is worth no copy; everything else is. */
  #keeps(waiting: readonly OutboxItem[]): boolean {
    if (this.writable.value) return false;
    const looks = (item: OutboxItem) =>
      item.kind === 'ops' && item.ops.every(({ op }) => op === 'set-metadata');
    if (!waiting.every(looks)) {
      this.#holdsWork = true;
      void this.editCopy();
    }
    return true;
  }

  #snapshotSays(writable: boolean, path: string): void {
    this.writable.value = writable;
    this.#isMoving = false;
    if (writable) {
      this.#holdsWork = false;
      this.copyFolder.value = undefined;
      return;
    }
    import('./copy-folder.js')
      .then(({ findCopyFolder }) => findCopyFolder(path))
      .then(
        (folder) => {
          if (!this.writable.value && this.path.value === path) this.copyFolder.value = folder;
        },
        () => undefined, // the notebook can be read; the next connection asks again
      );
  }

  #send(message: PageMessage): void {
    if (
      !this.#connection.send(JSON.stringify(message)) &&
      (message.type === 'interrupt' || message.type === 'input')
    ) {
      this.#handlers.notice('warning', 'The server is not connected just now. Please try again in a moment.');
    }
  }

  #receive(data: string | ArrayBuffer): void {
    if (typeof data === 'string') this.#take(JSON.parse(data) as ServerMessage);
  }

  #take(message: ServerMessage): void {
    switch (message.type) {
      case 'snapshot':
        serverClockShows(message.now);
        this.path.value = message.path;
        this.#snapshotSays(message.writable, message.path);
        this.kernel.value = this.#comingKernel(message.kernel);
        this.prompt.value = message.prompt;
        this.autosave = message.autosave;
        this.lastCheckpoint.value = message.last_checkpoint;
        break;
      case 'resumed':
        serverClockShows(message.now); // that of a snapshot in the page's HTML is as old as the page
        break;
      case 'saved':
        this.#savedAt(message.revision, message.at);
        if (message.checkpoint !== undefined) this.lastCheckpoint.value = message.checkpoint;
        break;
      case 'save-failed':
        this.saved.value = { ...this.saved.value, error: message.message };
        break;
      case 'kernel':
        this.kernel.value = this.#comingKernel(message.kernel);
        break;
      case 'prompt':
        this.prompt.value = message.prompt;
        break;
      case 'conflict':
        this.conflicts.value = message.conflicts;
        break;
      case 'path':
        this.path.value = message.path;
        break;
      case 'notice':
        this.#handlers.notice(message.level, message.message);
        break;
      case 'pager':
        this.#handlers.pager(message.data);
        break;
      case 'closed':
        this.#handlers.failed(message.reason);
        break;
      default:
        break;
    }
    const { epoch } = this.sync;
    this.sync.receive(message);
    if (message.type === 'snapshot') this.#snapshotSaved(message.saved, epoch);
    this.untrusted.value = this.sync.untrusted.size;
    this.#updateSaved();
  }

  /** A revision of an earlier epoch says nothing in this one. @param before  the epoch until now */
  #snapshotSaved({ revision, at }: SavedState, before: string | undefined): void {
    const hadWork = this.#own !== undefined || !this.sync.isConfirmed;
    if (this.sync.epoch !== before && hadWork) this.#own = { revision: undefined };
    this.#savedAt(revision, at);
  }

  /** None runs yet, but it is about to be started from here. */
  #comingKernel(kernel: KernelView): KernelView {
    return kernel.state === 'none' && this.#kernelIsComing ? { ...kernel, state: 'starting' } : kernel;
  }

  #savedAt(revision: number, at: string | null): void {
    this.#savedRevision = revision;
    this.saved.value = { at: at === null ? this.saved.value.at : Date.parse(at), error: undefined };
  }

  #updateSaved(): void {
    const own = this.#own;
    if (own !== undefined && own.revision === undefined && this.sync.isConfirmed)
      own.revision = this.sync.revision;
    if (own?.revision !== undefined && this.#savedRevision >= own.revision) this.#own = undefined;
    this.unsaved.value = this.#own !== undefined;
  }
}

function isAway(error: unknown): boolean {
  return error instanceof ApiError && error.unreachable;
}
