/**
 * The live editor of one cell. This module with CodeMirror's view is a chunk of its own, loaded behind the first cells;
 * undo, colours and completion follow in another one (writing/).
 *
 * A `CellEditor` lives as long as its cell is edited in this page; its view comes and goes, its state (text history,
 * selection) stays.
 */
import {
  Annotation,
  ChangeSet,
  Compartment,
  EditorState,
  Prec,
  Transaction,
  type Extension,
  type Text,
} from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { textDifference } from '../../../src/notebook/operations-difference.js';
import type { CellType } from '../../../src/notebook/types.js';
import { carriesText } from '../attachments.js';
import type { KernelHelp } from '../writing/kernel-help.js';
import { loadWritingWhenIdle, writingModule } from './load-editor.js';

export interface EditorHost {
  /** the person changed the text; `changes` is `ChangeSet.toJSON()` */
  edited(changes: unknown): void;
  /** a key for the notebook's own commands; true when it was one */
  keydown(event: KeyboardEvent): boolean;
  focused(): void;
  /** pictures that were pasted or dropped; true when they are taken */
  pictures(transfer: DataTransfer | null, position: number): boolean;
  /** code cells only */
  help: KernelHelp | undefined;
  nonce: string;
  readOnly: boolean;
  /** for screen readers */
  label: string;
}

/** Marks a change that came from the document, which must not be sent back to it. */
const fromDocument = Annotation.define<boolean>();

export class CellEditor {
  #state: EditorState;
  #view: EditorView | undefined;
  readonly #writing = new Compartment();
  readonly #language = new Compartment();
  readonly #rights = new Compartment();
  #languageName: string;
  /** what was typed before undo was there, from the text of the start; undefined: nothing, or undo is there */
  #typedEarly: ChangeSet | undefined;

  constructor(text: Text, language: string, type: CellType, host: EditorHost) {
    this.#languageName = language;
    const writing = writingModule();
    const support = writing === undefined ? null : writing.loadedSupport(language);
    this.#state = EditorState.create({
      doc: text,
      extensions: [
        EditorView.cspNonce.of(host.nonce),
        EditorView.contentAttributes.of({ 'aria-label': host.label, 'data-editor': '' }),
        Prec.highest(
          EditorView.domEventHandlers({ keydown: (event, view) => notebookKey(event, view, host) }),
        ),
        EditorView.domEventHandlers({
          focus: () => host.focused(),
          paste: ({ clipboardData: transfer }, view) =>
            transfer !== null &&
            !carriesText(transfer) &&
            host.pictures(transfer, view.state.selection.main.head),
          drop: (event, view) => {
            const at = view.posAtCoords({ x: event.clientX, y: event.clientY }) ?? view.state.doc.length;
            const taken = host.pictures(event.dataTransfer, at);
            if (taken) event.preventDefault();
            return taken;
          },
        }),
        EditorView.updateListener.of((update) => {
          this.#state = update.state;
          if (update.docChanged && !update.transactions.some((each) => each.annotation(fromDocument))) {
            host.edited(update.changes.toJSON());
            if (this.#typedEarly !== undefined) this.#typedEarly = this.#typedEarly.compose(update.changes);
          }
        }),
        EditorState.tabSize.of(4),
        type === 'code' ? [] : EditorView.lineWrapping,
        this.#writing.of(writing?.writingExtensions(host.help) ?? []),
        this.#language.of(support ?? []),
        this.#rights.of(rights(host.readOnly)),
      ],
    });
    if (writing === undefined) {
      this.#typedEarly = ChangeSet.empty(text.length);
      loadWritingWhenIdle().then(
        (module) => this.#addWriting(text, module.writingExtensions(host.help)),
        () => undefined, // the server is away: the text can be typed all the same
      );
    }
    if (support === null) void this.setLanguage(language);
  }

  /**
   * Undo knows only what happens once it is there. What was typed before is taken back and done again, which nobody sees
   * and nobody is told; not while an input method composes a word, which that would break off.
   */
  #addWriting(start: Text, extensions: Extension): void {
    const typed = this.#typedEarly;
    this.#typedEarly = undefined;
    this.#dispatch({ effects: this.#writing.reconfigure(extensions) });
    if (typed === undefined || typed.empty || this.#view?.composing === true) return;
    const { selection } = this.#state;
    const silently = fromDocument.of(true);
    this.#dispatch({
      changes: typed.invert(start),
      annotations: [silently, Transaction.addToHistory.of(false)],
    });
    this.#dispatch({ changes: typed, selection, annotations: silently, userEvent: 'input.type' });
  }

  get view(): EditorView | undefined {
    return this.#view;
  }

  get state(): EditorState {
    return this.#state;
  }

  /** Puts the editor into the page. */
  mount(parent: HTMLElement): EditorView {
    this.#view ??= new EditorView({ state: this.#state, parent });
    return this.#view;
  }

  /** Takes the view down and keeps everything else. */
  unmount(): void {
    this.#view?.destroy();
    this.#view = undefined;
  }

  /** Brings the text to what the document says, by the smallest change, so that the caret stays at its word. */
  syncText(text: Text): void {
    const changes = this.#state.doc === text ? null : textDifference(this.#state.doc, text);
    if (changes === null) return;
    this.#typedEarly = undefined; // it does not fit any more: that text just cannot be undone
    this.#dispatch({
      changes,
      annotations: [fromDocument.of(true), Transaction.addToHistory.of(false), Transaction.remote.of(true)],
    });
  }

  async setLanguage(name: string): Promise<void> {
    this.#languageName = name;
    const support = await loadWritingWhenIdle()
      .then((module) => module.languageSupport(name))
      .catch(() => undefined); // not loaded: edited without colours
    if (this.#languageName !== name) return;
    this.#dispatch({ effects: this.#language.reconfigure(support ?? []) });
  }

  setReadOnly(readOnly: boolean): void {
    this.#dispatch({ effects: this.#rights.reconfigure(rights(readOnly)) });
  }

  select(position: number): void {
    const at = Math.min(position, this.#state.doc.length);
    this.#dispatch({ selection: { anchor: at }, scrollIntoView: true });
  }

  /** Where the lines are cut by "split cell": every caret, in order. */
  get carets(): number[] {
    return this.#state.selection.ranges.map((range) => range.head).sort((a, b) => a - b);
  }

  #dispatch(spec: Parameters<EditorView['dispatch']>[0] & object): void {
    if (this.#view !== undefined) this.#view.dispatch(spec);
    else this.#state = this.#state.update(spec).state;
  }
}

function rights(readOnly: boolean): Extension {
  return [
    EditorState.readOnly.of(readOnly),
    EditorView.contentAttributes.of({ 'aria-readonly': String(readOnly) }),
  ];
}

/** Keys of the notebook come first, except those that an open box at the caret needs. */
function notebookKey(event: KeyboardEvent, view: EditorView, host: EditorHost): boolean {
  const writing = writingModule();
  if (writing?.isForCompletion(view, event) === true) return false;
  if (event.key === 'Escape' && writing?.closeHelp(view) === true) {
    event.preventDefault();
    return true;
  }
  return host.keydown(event);
}
