/** Markdown beside its text, drawn as in notebooks: cleaned, and without scripts. */
import type { EditorView } from '@codemirror/view';

const PAUSE = 200;

export class Preview {
  readonly element: HTMLElement;
  readonly #path: () => string;
  #dispose: () => void = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param path  of the file, from which relative links start */
  constructor(element: HTMLElement, path: () => string) {
    this.element = element;
    this.#path = path;
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  async toggle(view: EditorView): Promise<void> {
    this.element.hidden = !this.element.hidden;
    document.body.toggleAttribute('data-preview', this.isOpen);
    if (this.isOpen) await this.#draw(view);
  }

  changed(view: EditorView): void {
    if (!this.isOpen) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#draw(view).catch(() => undefined), PAUSE); // the old one stays
  }

  async #draw(view: EditorView): Promise<void> {
    const { renderMarkdownInto } = await import('../notebook/rich/rich.js');
    this.#dispose();
    this.#dispose = renderMarkdownInto(this.element, view.state.doc.toString(), {
      path: this.#path(),
      outsideImages: false,
      attachments: {},
    });
  }
}
