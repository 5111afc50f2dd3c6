/** The content of a notebook on its way to a client: text in pieces, made while it is sent. To be used once. */
import { contentValue, type JsonObject } from '../notebook/index.js';

export class NotebookContent {
  /**
   * @param pieces   JSON text
   * @param message  what is wrong with the notebook; known when all pieces were taken
   */
  constructor(
    readonly pieces: Iterable<Uint8Array>,
    readonly message: () => string | undefined,
  ) {}

  /** As a value, for who is in this process. */
  value(): JsonObject {
    return contentValue([...this.pieces]);
  }
}
