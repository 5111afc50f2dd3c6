/**
 * What pages ask of a document: to be brought up to date, to have their operations applied (each once, however often it is
 * sent), to run, to save. Answers go to the page that asked; what it changed, everybody hears.
 */
import { messageOf } from '../message-of.js';
import type { Operation } from '../notebook/operations.js';
import type { OperationBatch, PageMessage, ServerMessage } from '../protocol/document-messages.js';
import type { DocumentChanges } from './document-changes.js';
import type { DocumentMerging } from './document-merging.js';
import { send, type AttachedPage, type DocumentPage, type DocumentPages } from './document-pages.js';
import type { DocumentPast } from './document-past.js';
import type { DocumentRuns } from './document-runs.js';
import type { DocumentSaver } from './document-saver.js';
import type { DocumentStorage } from './document-storage.js';
import type { OutputReferences } from './output-references.js';
import type { OutputTrust } from './output-trust.js';
import { snapshotText } from './snapshot.js';

/** Characters of what a page missed above which the whole notebook, with its outputs by reference, is the shorter answer. */
const MOST_MISSED = 4_000_000;

export interface RequestsParts {
  pages: DocumentPages;
  changes: DocumentChanges;
  runs: DocumentRuns;
  saver: DocumentSaver;
  merging: DocumentMerging;
  storage: DocumentStorage;
  outputs: OutputReferences;
  trust: OutputTrust;
  past: DocumentPast;
  autosave: boolean;
  /** what a page is told when it opens the document: why it is read-only, a sentence */
  warning: string | undefined;
  /** Why it cannot be changed just now: a sentence. */
  readOnly(): string | undefined;
  /** A person came back to the page. */
  lookAtDisk(): void;
}

export class PageRequests {
  constructor(private readonly parts: RequestsParts) {}

  receive(page: DocumentPage, message: PageMessage): void {
    const { pages, changes, runs, saver, merging } = this.parts;
    const attached = pages.get(page);
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
    if (epoch !== changes.epoch) return;
    switch (message.type) {
      case 'ops':
        this.#accept(page, attached, client, message);
        break;
      case 'execute':
        if (this.#isNew(page, client, message.seq)) runs.execute(message.cells);
        break;
      case 'save':
        if (!this.#isNew(page, client, message.seq)) break;
        // That it failed is told to all pages by who saves.
        if (message.unasked !== true) saver.saveNow(message.checkpoint === true).catch(() => undefined);
        else if (this.parts.autosave) saver.flush().catch(() => undefined);
        break;
      case 'conflict':
        this.#typedAway(page, client, message);
        break;
      case 'resolve':
        merging.resolve(message.conflict);
        break;
      case 'focus':
        this.parts.lookAtDisk();
        break;
      case 'cancel':
        runs.cancel(message.cells);
        break;
      case 'interrupt':
        this.#interrupt();
        break;
      case 'input':
        if (!runs.answer(message.value)) send(page, { type: 'prompt', prompt: null });
        break;
    }
  }

  /** What the HTML of a page carries, as JSON texts; from there it goes on with `resume`, as after a break. */
  get opening(): string[] {
    this.parts.runs.settle();
    return [this.#snapshot(0), ...this.#warnings.map((message) => JSON.stringify(message))];
  }

  /** What a page has to know of the file before it goes on. */
  get #warnings(): ServerMessage[] {
    const { saver, warning } = this.parts;
    const notice: ServerMessage = { type: 'notice', level: 'warning', message: warning ?? '' };
    return [
      ...(warning === undefined ? [] : [notice]),
      ...(saver.problem === undefined ? [] : [saver.problem]),
    ];
  }

  #accept(
    page: DocumentPage,
    attached: AttachedPage,
    client: string,
    { seq, base, ops: sent }: Extract<PageMessage, { type: 'ops' }>,
  ): void {
    const { changes, outputs, runs, trust, past } = this.parts;
    const ops = outputs.whole(sent);
    const problem = this.parts.readOnly();
    if (problem !== undefined) {
      send(page, { type: 'refused', seq, message: problem });
      return;
    }
    // What was printed before comes before; typing changes no outputs, and need not hurry them.
    if (ops.some(touchesOutputs)) runs.settle();
    if (ops.some(({ op }) => op === 'delete-cell')) past.record(changes.state, 'delete');
    trust.before(ops, changes.state);
    const result = changes.log.accept(client, seq, base, ops);
    switch (result.kind) {
      case 'applied': {
        const { batch, changed } = result;
        const told = changed ? { ops: changes.forPages(batch).ops } : {};
        send(page, { type: 'ack', seq, revision: batch.revision, ...told });
        changes.tell(batch, page);
        runs.followed(batch.ops);
        break;
      }
      case 'void':
      case 'repeated':
        send(page, { type: 'ack', seq, revision: changes.revision, ops: [] });
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

  /** @returns whether a request is to be carried out; answers it in any case */
  #isNew(page: DocumentPage, client: string, seq: number | undefined): boolean {
    if (seq === undefined) return true;
    const { changes } = this.parts;
    const isNew = changes.log.request(client, seq);
    send(page, { type: 'ack', seq, revision: changes.revision });
    return isNew;
  }

  /** Answered when it is in the notebook: what the page then hears to be saved, has the text. */
  #typedAway(page: DocumentPage, client: string, message: Extract<PageMessage, { type: 'conflict' }>): void {
    const { changes, merging, readOnly } = this.parts;
    const { seq, cell, text, base } = message;
    if (seq === undefined || changes.log.request(client, seq)) {
      // A notebook that cannot be changed takes no merge: the person sees both texts.
      merging.typedAway(cell, text, readOnly() === undefined ? base : undefined);
    }
    if (seq !== undefined) send(page, { type: 'ack', seq, revision: changes.revision });
  }

  #interrupt(): void {
    const { runs, pages } = this.parts;
    runs.interrupt().catch((error: unknown) => {
      const message = `Not interrupted: ${messageOf(error)}`;
      pages.broadcast({ type: 'notice', level: 'error', message });
    });
  }

  #resume(page: DocumentPage, message: Extract<PageMessage, { type: 'resume' }>): void {
    const { pages, changes, runs, saver, merging, storage, trust } = this.parts;
    const { client, epoch, revision } = message;
    runs.settle();
    pages.name(page, client, changes.epoch);
    const seq = changes.log.seqOf(client);
    const isKnown = epoch === changes.epoch && revision !== undefined;
    const missed = isKnown ? changes.log.since(revision) : undefined;
    const told = missed === undefined ? undefined : this.#told(missed);
    const refused = isKnown ? changes.log.refusedOf(client) : undefined;
    if (missed === undefined || told === undefined) {
      // before the snapshot, which settles what the page had sent
      if (refused !== undefined) send(page, { type: 'refused', ...refused });
      page.send(this.#snapshot(seq));
      for (const warning of this.#warnings) send(page, warning);
      return;
    }
    for (const text of told) page.send(text);
    if (refused !== undefined) send(page, { type: 'refused', ...refused });
    send(page, { type: 'resumed', revision: changes.revision, seq, now: Date.now() });
    send(page, { type: 'trust', ...trust.of(missed.flatMap((batch) => batch.ops)) });
    send(page, { type: 'path', path: storage.path });
    send(page, runs.kernelMessage);
    send(page, runs.promptMessage);
    send(page, { type: 'widgets', models: runs.widgets.all });
    send(page, merging.conflictMessage);
    const { saved, problem } = saver;
    if (saved.at !== null) {
      send(page, { type: 'saved', epoch: changes.epoch, revision: saved.revision, at: saved.at });
    }
    if (problem !== undefined) send(page, problem);
  }

  /** @returns undefined when it is too much */
  #told(missed: readonly OperationBatch[]): string[] | undefined {
    const told: string[] = [];
    let length = 0;
    for (const batch of missed) {
      const text = JSON.stringify({
        type: 'ops',
        ...this.parts.changes.forPages(batch),
      } satisfies ServerMessage);
      length += text.length;
      if (length > MOST_MISSED) return undefined;
      told.push(text);
    }
    return told;
  }

  #snapshot(seq: number): string {
    const { changes, outputs, runs, saver, merging, storage, trust, autosave } = this.parts;
    return snapshotText(
      outputs,
      changes.state.metadata,
      {
        epoch: changes.epoch,
        revision: changes.revision,
        path: storage.path,
        writable: storage.isWritable,
        autosave,
        nbformat: 4,
        nbformat_minor: storage.file.nbformatMinor,
        kernel: runs.kernelMessage.kernel,
        saved: saver.saved,
        prompt: runs.promptMessage.prompt,
        conflicts: merging.conflictMessage.conflicts,
        last_checkpoint: saver.lastCheckpoint,
        widgets: runs.widgets.all,
        seq,
      },
      (id) => trust.isForeign(id),
    );
  }
}

function touchesOutputs({ op }: Operation): boolean {
  return op === 'delete-cell' || op === 'set-cell-type' || op === 'clear-outputs' || op === 'set-outputs';
}
