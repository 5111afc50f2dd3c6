/**
 * The live editor of one cell. This module and all of CodeMirror's view is a chunk of its own, loaded when the page
 * is idle or somebody wants to type.
 *
 * A `CellEditor` lives as long as its cell is edited in this page; its view comes and goes, its state (text history,
 * selection) stays.
 */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionStatus,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import {
  bracketMatching,
  indentOnInput,
  indentUnit,
  LanguageDescription,
  syntaxHighlighting,
  type LanguageSupport,
} from '@codemirror/language';
import {
  Annotation,
  Compartment,
  EditorState,
  Prec,
  Text,
  Transaction,
  type Extension,
} from '@codemirror/state';
import { drawSelection, EditorView, highlightSpecialChars, keymap, tooltips } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { textDifference } from '../../../src/notebook/operations-difference.js';
import { canonical } from '../languages.js';
import { kernelCompletion, tabKeys, type KernelHelp } from './completion.js';
import { helpTooltip } from './help-tooltip.js';

export interface EditorHost {
  /** the person changed the text; `changes` is `ChangeSet.toJSON()` */
  edited(changes: unknown): void;
  /** a key for the notebook's own commands; true when it was one */
  keydown(event: KeyboardEvent): boolean;
  focused(): void;
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
  readonly #language = new Compartment();
  readonly #rights = new Compartment();
  #languageName: string;

  constructor(text: Text, language: string, kind: 'code' | 'markdown' | 'raw', host: EditorHost) {
    this.#languageName = language;
    this.#state = EditorState.create({
      doc: text,
      extensions: [
        EditorView.cspNonce.of(host.nonce),
        EditorView.contentAttributes.of({ 'aria-label': host.label, 'data-editor': '' }),
        Prec.highest(
          EditorView.domEventHandlers({ keydown: (event, view) => notebookKey(event, view, host) }),
        ),
        EditorView.domEventHandlers({ focus: () => host.focused() }),
        EditorView.updateListener.of((update) => {
          this.#state = update.state;
          if (update.docChanged && !update.transactions.some((each) => each.annotation(fromDocument))) {
            host.edited(update.changes.toJSON());
          }
        }),
        history({ newGroupDelay: 800 }),
        drawSelection({ cursorBlinkRate: reducedMotion() ? 0 : 1200 }),
        EditorState.allowMultipleSelections.of(true),
        highlightSpecialChars(),
        indentOnInput(),
        indentUnit.of('    '),
        EditorState.tabSize.of(4),
        bracketMatching(),
        closeBrackets(),
        syntaxHighlighting(classHighlighter),
        tooltips({ parent: document.body, position: 'fixed' }),
        kind === 'code' ? codeExtensions(host.help) : EditorView.lineWrapping,
        keymap.of([...closeBracketsKeymap, ...historyKeymap, ...defaultKeymap, ...tabKeys(host.help)]),
        this.#language.of([]),
        this.#rights.of(rights(host.readOnly)),
      ],
    });
    void this.setLanguage(language);
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
    this.#dispatch({
      changes,
      annotations: [fromDocument.of(true), Transaction.addToHistory.of(false), Transaction.remote.of(true)],
    });
  }

  async setLanguage(name: string): Promise<void> {
    this.#languageName = name;
    const support = await languageSupport(name).catch(() => undefined); // not loaded: edited without colours
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

function codeExtensions(help: KernelHelp | undefined): Extension {
  if (help === undefined) return [];
  return [
    autocompletion({
      override: [kernelCompletion(help)],
      activateOnTyping: false,
      icons: false,
      maxRenderedOptions: 300,
      tooltipClass: () => 'nb-completions',
    }),
    helpTooltip(),
  ];
}

function rights(readOnly: boolean): Extension {
  return [
    EditorState.readOnly.of(readOnly),
    EditorView.contentAttributes.of({ 'aria-readonly': String(readOnly) }),
  ];
}

/** Keys of the notebook come first, except those that the list of completions needs while it is open. */
function notebookKey(event: KeyboardEvent, view: EditorView, host: EditorHost): boolean {
  const listOpen = completionStatus(view.state) === 'active';
  if (listOpen && !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey) {
    if (['Escape', 'Enter', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown'].includes(event.key)) return false;
  }
  return host.keydown(event);
}

const supports = new Map<string, Promise<LanguageSupport | undefined>>();

/** The editor's support for a language; undefined when the language is not known. */
export function languageSupport(language: string): Promise<LanguageSupport | undefined> {
  const name = canonical(language);
  let promise = supports.get(name);
  if (promise === undefined) {
    promise = loadSupport(name);
    supports.set(name, promise);
    promise.catch(() => supports.delete(name)); // the next editor tries again
  }
  return promise;
}

async function loadSupport(name: string): Promise<LanguageSupport | undefined> {
  switch (name) {
    case '':
      return undefined;
    case 'python':
      return (await import('@codemirror/lang-python')).python();
    case 'javascript':
      return (await import('@codemirror/lang-javascript')).javascript({ typescript: true, jsx: true });
    case 'markdown': {
      const { markdown, markdownLanguage } = await import('@codemirror/lang-markdown');
      return markdown({ base: markdownLanguage, completeHTMLTags: false });
    }
    default: {
      const { languages } = await import('@codemirror/language-data');
      return LanguageDescription.matchLanguageName(languages, name)?.load();
    }
  }
}

function reducedMotion(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
