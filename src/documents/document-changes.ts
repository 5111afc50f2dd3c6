/**
 * The one place through which an open notebook changes: each batch gets its number, goes to the pages that are up to date,
 * and then to whoever keeps it.
 */
import { randomBytes } from 'node:crypto';
import type { NotebookState } from '../notebook/notebook-state.js';
import type { Operation } from '../notebook/operations.js';
import type { OperationBatch, ServerMessage } from '../protocol/document-messages.js';
import type { DocumentPage, DocumentPages } from './document-pages.js';
import { OperationLog, roughSize } from './operation-log.js';
import type { OutputReferences } from './output-references.js';
import type { OutputTrust } from './output-trust.js';

/** Characters of operations above which pages take the whole notebook anew, with its outputs by reference. */
const MOST_TOLD = 4_000_000;

export interface ChangesParts {
  pages: DocumentPages;
  outputs: OutputReferences;
  trust: OutputTrust;
  /** A batch was applied, and the pages know of it. */
  touched(batch: OperationBatch): void;
}

export class DocumentChanges {
  /** Another one each time that the document is opened. */
  readonly epoch = randomBytes(9).toString('base64url');
  readonly log: OperationLog;
  #isClosed = false;

  constructor(
    state: NotebookState,
    private readonly parts: ChangesParts,
  ) {
    this.log = new OperationLog(state);
  }

  get state(): NotebookState {
    return this.log.state;
  }

  get revision(): number {
    return this.log.revision;
  }

  /** Operations that the kernel or the queue made. */
  emit(ops: readonly Operation[]): void {
    if (this.#isClosed) return;
    const batch = this.log.append(ops);
    if (batch === undefined) return;
    this.parts.pages.broadcast({ type: 'ops', ...this.forPages(batch) }, { epoch: this.epoch });
    this.parts.touched(batch);
  }

  /** Operations that another program or client made. @returns whether they had an effect */
  bring(ops: readonly Operation[]): boolean {
    this.parts.trust.before(ops, this.state);
    const batch = this.log.append(ops);
    if (batch !== undefined) this.tell(batch);
    return batch !== undefined;
  }

  /** A batch from outside was applied. @param except  the page that sent it */
  tell(batch: OperationBatch, except?: DocumentPage): void {
    const { epoch } = this;
    const { pages, trust, touched } = this.parts;
    const told = this.forPages(batch);
    const isLarge = told.ops.reduce((sum, op) => sum + roughSize(op), 0) > MOST_TOLD;
    const message: ServerMessage = isLarge ? { type: 'stale' } : { type: 'ops', ...told };
    pages.broadcast(message, { epoch, ...(except === undefined ? {} : { except }) });
    const { trusted, untrusted } = trust.after(batch.ops);
    if (trusted.length + untrusted.length > 0) {
      pages.broadcast({ type: 'trust', trusted, untrusted }, { epoch });
    }
    touched(batch);
  }

  /** With large outputs by name. */
  forPages(batch: OperationBatch): OperationBatch {
    return { ...batch, ops: [...this.parts.outputs.forPages(batch.ops)] };
  }

  /** What the kernel still makes is nobody's. */
  close(): void {
    this.#isClosed = true;
  }
}
