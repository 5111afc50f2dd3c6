/** Tells that the folder of a document's file has changed, a moment after it did, while somebody looks at the document. */
import type { Closeable } from '../contents/index.js';
import type { DocumentStorage } from './document-storage.js';

/** ms: programs write a file in several steps */
const SETTLED_AFTER = 150;

export class DiskWatch {
  #watch: Closeable | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly storage: DocumentStorage,
    private readonly onChange: () => void,
  ) {}

  start(): void {
    this.#watch ??= this.storage.watch(() => {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.onChange();
      }, SETTLED_AFTER);
    });
  }

  /** The file is in another folder now. */
  restart(): void {
    if (this.#watch === undefined) return;
    this.close();
    this.start();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    void this.#watch?.close();
    this.#watch = undefined;
  }
}
