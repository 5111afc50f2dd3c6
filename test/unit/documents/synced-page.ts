/** Documents in memory without kernels, and the real page side wired to one of them without a network. */
import { Contents, MemoryNotebookManager } from '../../../src/contents/index.js';
import {
  DocumentManager,
  type DocumentManagerOptions,
  type DocumentPage,
  type LiveDocument,
} from '../../../src/documents/index.js';
import { silentLog } from '../../../src/log.js';
import type { Output } from '../../../src/notebook/index.js';
import { PageSync, type SyncMessage } from '../../../src/notebook/page-sync.js';

const sessions = {
  get: () => undefined,
  findByPath: () => undefined,
  create: () => Promise.reject(new Error('no kernels here')),
  rename: () => undefined,
  onChange: () => ({ close: () => undefined }),
};
const specs = { get: () => Promise.resolve(undefined), defaultName: () => Promise.resolve('') };

/** Saves come when a test asks for them. */
export function memoryDocuments(
  store: MemoryNotebookManager,
  options: Partial<DocumentManagerOptions> = {},
): DocumentManager {
  const saveTimes = { idle: 1e8, longest: 1e8, retry: 1e8 };
  return new DocumentManager({
    contents: new Contents(store),
    sessions,
    specs,
    log: silentLog,
    saveTimes,
    ...options,
  });
}

let pages = 0;

/** With `isHeld`, what travels in either direction waits until `deliver`. */
export class SyncedPage implements DocumentPage {
  /** characters */
  received = 0;
  readonly waiting = 0;
  isHeld = false;
  readonly notices: string[] = [];
  readonly sync = new PageSync(`page-${(pages += 1)}`, {
    changed: () => undefined,
    replaced: () => undefined,
    trustChanged: () => undefined,
    notice: (_level, message) => this.notices.push(message),
  });
  readonly #waiting: (() => void)[] = [];

  /** @param brought  what its HTML had of the document, as JSON texts */
  constructor(document: LiveDocument, brought: readonly string[] = []) {
    for (const text of brought) this.sync.receive(JSON.parse(text) as SyncMessage);
    document.attach(this);
    this.sync.connected((message) => {
      const sent = structuredClone(message);
      this.#travel(() => document.receive(this, sent));
    });
  }

  send(text: string): void {
    this.received += text.length;
    this.#travel(() => this.sync.receive(JSON.parse(text) as SyncMessage));
  }

  close(): void {}

  /** What has waited arrives, in order. */
  deliver(most = Infinity): void {
    for (let n = 0; n < most; n += 1) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next();
    }
  }

  outputs(id: string): Output[] {
    return this.sync.view.cell(id)?.cell.outputs ?? [];
  }

  #travel(arrive: () => void): void {
    if (this.isHeld || this.#waiting.length > 0) this.#waiting.push(arrive);
    else arrive();
  }
}
