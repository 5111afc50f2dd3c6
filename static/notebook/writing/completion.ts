/**
 * Tab in a code cell: indent at the beginning of a line, otherwise ask the kernel for completions. Words of the cell are
 * offered behind what the kernel knows, and alone while it is busy.
 */
import {
  acceptCompletion,
  completeAnyWord,
  completionStatus,
  currentCompletions,
  selectedCompletionIndex,
  startCompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  type CompletionSource,
} from '@codemirror/autocomplete';
import { indentLess, indentMore } from '@codemirror/commands';
import { EditorSelection } from '@codemirror/state';
import type { EditorView, KeyBinding } from '@codemirror/view';
import { showHelp } from './help-tooltip.js';
import type { Completions, KernelHelp } from './kernel-help.js';

/** The classic's limit; a kernel may answer with every name of a large module. */
const MOST_MATCHES = 1000;

/** Where the text stands that an offered completion replaces. */
const starts = new WeakMap<Completion, number>();

export function codeCompletion(help: KernelHelp): CompletionSource {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const answer = withWords(
      await help.complete(context.state.doc.toString(), context.pos),
      await wordsOf(context),
      context,
    );
    if (answer === undefined || context.aborted || answer.matches.length === 0) return null;
    const { from, to } = answer;
    const only = answer.matches.length === 1 ? answer.matches[0] : undefined;
    const view = context.view;
    if (
      only !== undefined &&
      context.explicit &&
      view !== undefined &&
      view.state.doc.eq(context.state.doc)
    ) {
      view.dispatch({
        changes: { from, to, insert: only.text },
        selection: { anchor: from + only.text.length },
        userEvent: 'input.complete',
      });
      return null;
    }
    return {
      from,
      to,
      options: answer.matches.slice(0, MOST_MATCHES).map((match, index) => {
        const option: Completion = {
          label: match.text,
          // the kernel's order is the best one
          boost: -Math.min(99, index / 10),
          ...(match.type === undefined ? {} : { detail: match.type }),
        };
        starts.set(option, from);
        return option;
      }),
      validFor: /^[\w.$%]*$/,
    };
  };
}

/** The words of the cell that begin as the one at the caret does. */
async function wordsOf(context: CompletionContext): Promise<Completions | undefined> {
  const found = await completeAnyWord(context);
  if (found === null || found.from === context.pos) return undefined;
  const typed = context.state.sliceDoc(found.from, context.pos);
  const words = found.options
    .map(({ label }) => label)
    .filter((word) => word !== typed && word.startsWith(typed));
  return { from: found.from, to: context.pos, matches: words.map((text) => ({ text })) };
}

/** Behind a dot a kernel that answers knows all there is. */
function withWords(
  answer: Completions | undefined,
  words: Completions | undefined,
  { state }: CompletionContext,
): Completions | undefined {
  if (answer === undefined) return words;
  const from = words?.from ?? answer.from;
  const isBehindDot = state.sliceDoc(from - 1, from) === '.';
  if (answer.matches.length === 0 && !isBehindDot) return words;
  if (words?.from !== answer.from || isBehindDot) return answer;
  const known = new Set(answer.matches.map(({ text }) => text));
  return { ...answer, matches: [...answer.matches, ...words.matches.filter(({ text }) => !known.has(text))] };
}

export function tabKeys(help: KernelHelp | undefined): KeyBinding[] {
  return [
    {
      key: 'Tab',
      run(view) {
        if (completionStatus(view.state) === 'active') return insertShared(view) || acceptCompletion(view);
        if (help === undefined || atLineStart(view)) return insertIndent(view);
        return startCompletion(view);
      },
      shift(view) {
        if (help === undefined || atLineStart(view)) return indentLess(view);
        return showHelp(view, help);
      },
    },
  ];
}

/** Writes what all that fits begins with; false when that is written already, or one was chosen with the arrows. */
function insertShared(view: EditorView): boolean {
  const { state } = view;
  const { head } = state.selection.main;
  const options = currentCompletions(state);
  const from = options[0] === undefined ? undefined : starts.get(options[0]);
  if (from === undefined || from > head || selectedCompletionIndex(state) !== 0) return false;
  const typed = state.sliceDoc(from, head);
  const fitting = options.map(({ label }) => label).filter((label) => label.startsWith(typed));
  const more = fitting.length < 2 ? '' : sharedStart(fitting).slice(typed.length);
  if (more === '') return false;
  view.dispatch({
    changes: { from: head, insert: more },
    selection: { anchor: head + more.length },
    userEvent: 'input.type',
  });
  return true;
}

function sharedStart(texts: readonly string[]): string {
  return texts.reduce((shared, text) => {
    let length = 0;
    while (length < shared.length && shared[length] === text[length]) length++;
    return shared.slice(0, length);
  });
}

/** True when Tab means indenting: a selection over several lines, or only blanks before the caret. */
function atLineStart(view: EditorView): boolean {
  const { main } = view.state.selection;
  const line = view.state.doc.lineAt(main.from);
  if (!main.empty) return main.to > line.to || main.from === line.from;
  return line.text.slice(0, main.head - line.from).trim() === '';
}

function insertIndent(view: EditorView): boolean {
  const { state } = view;
  if (state.selection.ranges.some((range) => !range.empty)) return indentMore(view);
  view.dispatch(
    state.changeByRange((range) => {
      const column = range.head - state.doc.lineAt(range.head).from;
      const blanks = ' '.repeat(4 - (column % 4));
      return {
        changes: { from: range.head, insert: blanks },
        range: EditorSelection.cursor(range.head + blanks.length),
      };
    }),
    { userEvent: 'input.indent', scrollIntoView: true },
  );
  return true;
}
