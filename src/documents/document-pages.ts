/** The pages that look at one document: who they are, and which of them are up to date enough to be told of changes. */
import type { ServerMessage } from '../protocol/document-messages.js';

/** The way to one page. */
export interface DocumentPage {
  /** One message, as JSON text. */
  send(text: string): void;
  /** Bytes that were sent and have not left yet: the page, or the way to it, is slow. */
  readonly waiting: number;
  /** Ends the connection; the page may come back unless it was told `closed`. */
  close(): void;
}

/** A connected page: its name once it has said it, and the epoch that it was brought up to date in. */
export interface AttachedPage {
  client?: string;
  epoch?: string | undefined;
}

export class DocumentPages {
  readonly #pages = new Map<DocumentPage, AttachedPage>();

  get size(): number {
    return this.#pages.size;
  }

  /** Those that have said who they are. */
  get named(): DocumentPage[] {
    return [...this.#pages].flatMap(([page, { client }]) => (client === undefined ? [] : [page]));
  }

  get(page: DocumentPage): AttachedPage | undefined {
    return this.#pages.get(page);
  }

  add(page: DocumentPage): void {
    this.#pages.set(page, {});
  }

  /** @returns whether it was there */
  delete(page: DocumentPage): boolean {
    return this.#pages.delete(page);
  }

  /** A page says who it is. What an old connection of the same page still says would come too late: it is closed. */
  name(page: DocumentPage, client: string, epoch: string): void {
    for (const [other, { client: name }] of this.#pages) {
      if (other === page || name !== client) continue;
      this.#pages.delete(other);
      other.close();
    }
    this.#pages.set(page, { client, epoch });
  }

  /** To every page that has said who it is. @param epoch  only to those that are up to date in it */
  broadcast(message: ServerMessage, { except, epoch }: { except?: DocumentPage; epoch?: string } = {}): void {
    let text: string | undefined;
    for (const [page, attached] of this.#pages) {
      if (page === except || attached.client === undefined) continue;
      if (epoch !== undefined && attached.epoch !== epoch) continue;
      page.send((text ??= JSON.stringify(message)));
    }
  }

  close(): void {
    for (const page of [...this.#pages.keys()]) page.close();
    this.#pages.clear();
  }
}

export function send(page: DocumentPage, message: ServerMessage): void {
  page.send(JSON.stringify(message));
}
