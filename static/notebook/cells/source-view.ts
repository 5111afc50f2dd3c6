/**
 * The source of one cell: static text with the metrics of the editor, and the live editor when somebody types here.
 *
 * The switch must not move anything: both have the same font, line height and padding (notebook.css), and the caret
 * comes to where the static text was clicked.
 */
import type { EditorView } from '@codemirror/view';
import type { CellState } from '../../../src/notebook/notebook-state.js';
import type { CellType } from '../../../src/notebook/types.js';
import type { CellEditor } from '../editor/editor.js';
import { editorModule, loadEditor } from '../editor/load-editor.js';
import { colouredHtml } from '../colours/colours.js';
import type { CellHost } from './cell-host.js';

export class SourceView {
  readonly element = document.createElement('div');
  readonly #pre = document.createElement('pre');
  readonly #host: CellHost;
  #cell: CellState;
  #editor: CellEditor | undefined;
  #editorType: CellType | undefined;
  #numbers: HTMLElement | undefined;
  #rich = false;
  /** what the static text shows without colours */
  #plain: string | undefined;
  /** whether the live editor is in the page */
  #live = false;
  /** what pressed last was a finger or a pen */
  #touched = false;

  constructor(cell: CellState, host: CellHost) {
    this.#cell = cell;
    this.#host = host;
    this.element.className = 'source';
    this.#pre.className = 'source-text';
    this.#pre.dataset['editorStatic'] = '';
    this.#plain = cell.cell.source;
    this.#pre.textContent = shown(this.#plain);
    this.element.append(this.#pre);
    this.element.addEventListener('pointerdown', (event) => this.#onPointer(event));
    this.element.addEventListener('mousedown', (event) => this.#onMouse(event));
    this.element.addEventListener('click', (event) => this.#onClick(event));
  }

  get isLive(): boolean {
    return this.#live;
  }

  get hasFocus(): boolean {
    return this.#live && (this.#editor?.view?.hasFocus ?? false);
  }

  /** undefined until the cell was edited in this page */
  get editor(): CellEditor | undefined {
    return this.#editor;
  }

  get hasNumbers(): boolean {
    return this.#numbers !== undefined;
  }

  update(cell: CellState): void {
    const changed = cell.cell.source !== this.#cell.cell.source;
    const typeChanged = cell.cell.cell_type !== this.#cell.cell.cell_type;
    this.#cell = cell;
    this.#editor?.syncText(cell.text);
    if (typeChanged && this.#editor !== undefined) void this.#editor.setLanguage(this.#language());
    if (changed || typeChanged) this.#drawNumbers();
    if (!this.#live && (changed || typeChanged)) this.#draw();
  }

  /** Colours the static text. Called when the cell comes near the screen and when a parser has been loaded. */
  fill(): void {
    this.#rich = true;
    if (!this.#live) this.#draw();
  }

  showNumbers(on: boolean): void {
    if (on === (this.#numbers !== undefined)) return;
    this.#numbers?.remove();
    this.#numbers = undefined;
    if (on) {
      this.#numbers = document.createElement('div');
      this.#numbers.className = 'line-numbers';
      this.#numbers.setAttribute('aria-hidden', 'true');
      this.element.prepend(this.#numbers);
    }
    this.#drawNumbers();
  }

  /**
   * Puts the caret into the cell, at `position` or where it was. Loads the editor when it is not there yet.
   *
   * @throws when the editor could not be loaded
   */
  async focus(position?: number): Promise<void> {
    if (editorModule() === undefined) await loadEditor();
    const view = this.#goLive();
    // In a view that is new in the page the browser puts its caret at the start when it gets the focus; so the caret is
    // set afterwards, to where it was when nothing else is asked for.
    const selection = this.#editor?.state.selection;
    view?.focus();
    if (position !== undefined) this.#editor?.select(position);
    else if (selection !== undefined) view?.dispatch({ selection });
  }

  readOnlyChanged(): void {
    this.#editor?.setReadOnly(this.#host.readOnly(this.#cell.id));
  }

  languageChanged(): void {
    void this.#editor?.setLanguage(this.#language());
    if (!this.#live && this.#rich) this.#draw();
  }

  /** The pool wants the place for another cell; never while the caret is here. */
  retire(): void {
    if (!this.#live) return;
    this.#live = false;
    this.#editor?.unmount();
    this.#draw();
    this.element.append(this.#pre);
  }

  dispose(): void {
    this.#host.pool.forget(this);
    this.#editor?.unmount();
  }

  #language(): string {
    const type = this.#cell.cell.cell_type;
    return type === 'code' ? this.#host.language() : type === 'markdown' ? 'markdown' : '';
  }

  #goLive(): EditorView | undefined {
    const module = editorModule();
    if (module === undefined) return undefined;
    const type = this.#cell.cell.cell_type;
    if (this.#editor !== undefined && this.#editorType !== type) {
      // another type has other extensions (completion, wrapping); the text history ends here
      this.#editor.unmount();
      this.#editor = undefined;
      this.#live = false;
    }
    const { id } = this.#cell;
    const host = this.#host;
    this.#editor ??= new module.CellEditor(this.#cell.text, this.#language(), type, {
      nonce: host.nonce,
      help: type === 'code' ? host.help : undefined,
      readOnly: host.readOnly(id),
      label: `${type === 'code' ? 'Code' : type === 'markdown' ? 'Markdown' : 'Raw text'} of this cell. Escape leaves the editor.`,
      edited: (changes) => host.edited(id, changes),
      keydown: (event) => host.keydown(event),
      focused: () => host.editing(id),
      pictures: (transfer, position) => host.pictures(id, transfer, position),
    });
    this.#editorType = type;
    if (!this.#live) {
      const scrolled = this.#pre.scrollLeft;
      this.#pre.remove();
      this.#live = true;
      const view = this.#editor.mount(this.element);
      view.scrollDOM.scrollLeft = scrolled;
    }
    host.pool.touch(this);
    return this.#editor.view;
  }

  #draw(): void {
    const { source, cell_type } = this.#cell.cell;
    const html = this.#rich && cell_type === 'code' ? colouredHtml(source, this.#host.language()) : undefined;
    // what scrolls sideways can be reached and scrolled by keyboard; a guess by the text, since measuring costs a layout
    if (cell_type === 'code' && isWide(source)) this.#pre.tabIndex = 0;
    else this.#pre.removeAttribute('tabindex');
    if (html !== undefined) this.#pre.innerHTML = shown(html);
    else if (source !== this.#plain) this.#pre.textContent = shown(source);
    this.#plain = html === undefined ? source : undefined;
  }

  #drawNumbers(): void {
    if (this.#numbers === undefined) return;
    const { lines } = this.#cell.text;
    this.#numbers.textContent = Array.from({ length: lines }, (_, i) => i + 1).join('\n');
  }

  #onPointer(event: PointerEvent): void {
    this.#touched = event.pointerType !== 'mouse';
    if (this.#live || event.button !== 0) return;
    void loadEditor().catch(() => undefined); // reported when the cell is entered
  }

  /** A touch may be the beginning of scrolling: it edits once it has become a click. A mouse edits from the press on. */
  #onClick(event: MouseEvent): void {
    if (!this.#touched || this.#live || event.target === this.#numbers) return;
    this.#host.edit(this.#cell.id, this.#offsetAt(event));
  }

  #onMouse(event: MouseEvent): void {
    if (this.#touched || this.#live || event.button !== 0 || event.target === this.#numbers) return;
    const position = this.#offsetAt(event);
    event.preventDefault();
    const view = this.#goLive();
    if (view === undefined) return this.#host.edit(this.#cell.id, position);
    this.#host.edit(this.#cell.id, event.shiftKey || event.detail > 1 ? undefined : position);
    // The press goes on in the editor, so that a selection can be dragged from here in one movement.
    view.contentDOM.dispatchEvent(
      new MouseEvent('mousedown', {
        bubbles: false,
        cancelable: true,
        view: window,
        button: event.button,
        buttons: event.buttons,
        detail: event.detail,
        clientX: event.clientX,
        clientY: event.clientY,
        shiftKey: event.shiftKey,
      }),
    );
  }

  /** Offset in the source of the character at a point of the window; the end when the point is below the text. */
  #offsetAt(event: MouseEvent): number {
    const length = this.#cell.text.length;
    const caret = caretAt(event.clientX, event.clientY);
    if (caret === undefined || !this.#pre.contains(caret.node)) return length;
    const range = document.createRange();
    range.setStart(this.#pre, 0);
    range.setEnd(caret.node, caret.offset);
    return Math.min(range.toString().length, length);
  }
}

/** Pixels of one character, and what of the page's width is not the text's */
const CHARACTER = 8.4;
const AROUND = 170;
const WIDEST_PAGE = 1140;

/** Asked once for many cells: the browser lays the page out to know it. */
let pageWidth: number | undefined;
addEventListener('resize', () => (pageWidth = undefined));

function isWide(source: string): boolean {
  pageWidth ??= innerWidth;
  const most = (Math.min(pageWidth, WIDEST_PAGE) - AROUND) / CHARACTER;
  let start = 0;
  for (let end = source.indexOf('\n'); end >= 0; end = source.indexOf('\n', start)) {
    if (end - start > most) return true;
    start = end + 1;
  }
  return source.length - start > most;
}

/** An empty last line has no height in a `<pre>`, but has one in the editor; another line end gives it one. */
function shown(text: string): string {
  return text.endsWith('\n') ? `${text}\n` : text;
}

interface Caret {
  node: Node;
  offset: number;
}

function caretAt(x: number, y: number): Caret | undefined {
  const position = document.caretPositionFromPoint?.(x, y);
  if (position != null) return { node: position.offsetNode, offset: position.offset };
  const older = document as { caretRangeFromPoint?: (x: number, y: number) => Range | null }; // Safari before 26
  const range = older.caretRangeFromPoint?.(x, y);
  return range == null ? undefined : { node: range.startContainer, offset: range.startOffset };
}
