/**
 * Tells pages which models of widgets have changed, at most 20 times a second. A page that reads slowly is told less often,
 * and then of the models as they are: nothing old waits for it.
 */
import type { ServerMessage, WidgetChanges } from '../protocol/document-messages.js';
import type { DocumentPage } from './document-pages.js';

export interface UpdatesPort {
  /** Those that look now. */
  pages(): Iterable<DocumentPage>;
  /** The models as they are now. */
  offer(ids: Iterable<string>): WidgetChanges;
  /** Pages could not be told. */
  failed(error: unknown): void;
  /** ms between two messages to a page; default 50 */
  interval?: number;
}

/** Bytes that may wait for a page before it is told of more models. */
const MOST_WAITING = 1_000_000;
/** Models that a page is not told of, above which it is told nevertheless; its socket knows when it has to start over. */
const MOST_OWED = 50_000;

export class WidgetUpdates {
  /** what pages were not told of because they read slowly */
  readonly #owed = new WeakMap<DocumentPage, Set<string>>();
  #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly port: UpdatesPort) {}

  /** A model is another one now, or gone. */
  touched(id: string): void {
    this.#changed.add(id);
    this.#schedule();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      try {
        if (this.#tell()) this.#schedule();
      } catch (error) {
        // What a kernel says of its widgets must not end the server, with all kernels and documents in it.
        this.port.failed(error);
      }
    }, this.port.interval ?? 50);
  }

  /** @returns whether pages are still owed something */
  #tell(): boolean {
    const changed = this.#changed;
    this.#changed = new Set();
    const textOf = (ids: Iterable<string>): string => {
      const message: ServerMessage = { type: 'widgets', models: this.port.offer(ids) };
      return JSON.stringify(message);
    };
    let usual: string | undefined;
    let isOwed = false;
    for (const page of this.port.pages()) {
      const before = this.#owed.get(page);
      const owed = before === undefined ? changed : new Set([...before, ...changed]);
      if (page.waiting > MOST_WAITING && owed.size <= MOST_OWED) {
        this.#owed.set(page, owed);
        isOwed = true;
        continue;
      }
      this.#owed.delete(page);
      if (before !== undefined) page.send(textOf(owed));
      else if (changed.size > 0) page.send((usual ??= textOf(changed)));
    }
    return isOwed;
  }
}
