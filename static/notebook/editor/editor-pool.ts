/** Keeps at most eight live editors in the page; the one that was used longest ago becomes static text again. */

interface Live {
  /** takes the editor's view down; its state is kept by its owner */
  retire(): void;
}

const MOST = 8;

export class EditorPool {
  /** oldest first */
  readonly #live = new Set<Live>();

  /** Notes that `editor` is in use now. */
  touch(editor: Live): void {
    this.#live.delete(editor);
    this.#live.add(editor);
    for (const oldest of this.#live) {
      if (this.#live.size <= MOST) break;
      this.#live.delete(oldest);
      oldest.retire();
    }
  }

  forget(editor: Live): void {
    this.#live.delete(editor);
  }
}
