/** The editor itself: CodeMirror with what a text file needs. Languages and the search come when they are wanted. */
import {
  defaultKeymap,
  history,
  historyKeymap,
  indentLess,
  indentMore,
  insertTab,
} from '@codemirror/commands';
import {
  bracketMatching,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
  type LanguageDescription,
} from '@codemirror/language';
import { Compartment, EditorState, Transaction, type Extension, type Text } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { lineChanges } from '../../src/notebook/merge-text.js';
import { nextTask } from '../base/slices.js';
import type { EditedText } from './text-file.js';
import type { Preferences } from './preferences.js';

/** Of a long text so much is put in at once. UTF-16 units */
const STEP = 512 * 1024;

export interface TextEditorOptions {
  parent: HTMLElement;
  text: string;
  label: string;
  nonce: string;
  readOnly: boolean;
  preferences: Preferences;
  onChange(): void;
  /** a key for the page's own commands; true when it was one */
  onKey(event: KeyboardEvent): boolean;
}

export class TextEditor implements EditedText {
  readonly view: EditorView;
  readonly #look = new Compartment();
  readonly #indent = new Compartment();
  readonly #language = new Compartment();
  readonly #search = new Compartment();
  readonly #readOnly = new Compartment();
  #searching: Promise<typeof import('./search.js')> | undefined;
  #wanted = 0;

  constructor(options: TextEditorOptions) {
    const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.view = new EditorView({
      parent: options.parent,
      state: EditorState.create({
        doc: options.text,
        extensions: [
          EditorView.cspNonce.of(options.nonce),
          EditorView.contentAttributes.of({ 'aria-label': options.label, 'data-editor': '' }),
          // Lines end in \n alone here; the \r of a file with mixed ends is kept as it is.
          EditorState.lineSeparator.of('\n'),
          this.#readOnly.of(EditorState.readOnly.of(options.readOnly)),
          EditorState.allowMultipleSelections.of(true),
          EditorState.tabSize.of(4),
          EditorView.domEventHandlers({ keydown: (event) => options.onKey(event) }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) options.onChange();
          }),
          history(),
          drawSelection({ cursorBlinkRate: reducedMotion ? 0 : 1200 }),
          highlightSpecialChars(),
          highlightActiveLine(),
          indentOnInput(),
          bracketMatching(),
          syntaxHighlighting(classHighlighter),
          keymap.of([
            {
              key: 'Tab',
              run: (view) => (tabKey(view) ? insertTab(view) : indentMore(view)),
              shift: indentLess,
            },
            ...historyKeymap,
            ...defaultKeymap,
          ]),
          this.#look.of(look(options.preferences)),
          this.#indent.of(indentation(options.preferences)),
          this.#language.of([]),
          this.#search.of([]),
        ],
      }),
    });
  }

  get(): Text {
    return this.view.state.doc;
  }

  /** The whole of a text of which the beginning is shown, in steps between which the page answers. */
  async complete(text: string, { readOnly }: { readOnly: boolean }): Promise<void> {
    const annotations = Transaction.addToHistory.of(false);
    const shown = this.view.state.doc.toString();
    let at = shown.length;
    if (!text.startsWith(shown)) {
      this.view.dispatch({ changes: { from: 0, to: at }, annotations });
      at = 0;
    }
    for (; at < text.length; at += STEP) {
      const changes = { from: this.view.state.doc.length, insert: text.slice(at, at + STEP) };
      this.view.dispatch({ changes, annotations });
      await nextTask();
    }
    this.view.dispatch({ effects: this.#readOnly.reconfigure(EditorState.readOnly.of(readOnly)) });
  }

  merge(text: string): void {
    const { doc } = this.view.state;
    const changes = lineChanges(doc, this.view.state.toText(text));
    if (changes === null) return;
    this.view.dispatch({
      changes,
      annotations: [Transaction.addToHistory.of(false), Transaction.remote.of(true)],
    });
  }

  apply(preferences: Preferences): void {
    this.view.dispatch({
      effects: [
        this.#look.reconfigure(look(preferences)),
        this.#indent.reconfigure(indentation(preferences)),
      ],
    });
  }

  /** @throws when the language cannot be loaded now; the text stays without colours */
  async setLanguage(language: LanguageDescription | undefined): Promise<void> {
    const mine = (this.#wanted += 1);
    const support = await language?.load();
    if (mine === this.#wanted) this.view.dispatch({ effects: this.#language.reconfigure(support ?? []) });
  }

  async find(): Promise<void> {
    (await this.#withSearch()).openFind(this.view);
  }

  async goToLine(): Promise<void> {
    (await this.#withSearch()).openGoToLine(this.view);
  }

  #withSearch(): Promise<typeof import('./search.js')> {
    this.#searching ??= import('./search.js').then(
      (module) => {
        this.view.dispatch({ effects: this.#search.reconfigure(module.searchExtensions()) });
        return module;
      },
      (error: unknown) => {
        this.#searching = undefined; // the next try loads it again
        throw error;
      },
    );
    return this.#searching;
  }
}

/** Tab indents selected lines, and is a tab or spaces otherwise. */
function tabKey(view: EditorView): boolean {
  const { state } = view;
  return state.selection.ranges.every((range) => range.empty) && state.facet(indentUnit) === '\t';
}

function look({ lineNumbers: numbers, wrap }: Preferences): Extension {
  return [numbers ? [lineNumbers(), highlightActiveLineGutter()] : [], wrap ? EditorView.lineWrapping : []];
}

function indentation({ indent }: Preferences): Extension {
  return indentUnit.of(indent === 'tab' ? '\t' : ' '.repeat(indent));
}
