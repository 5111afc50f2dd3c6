/** Tab in a code cell: indent at the beginning of a line, otherwise ask the kernel for completions. */
import {
  acceptCompletion,
  completionStatus,
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
import type { KernelHelp } from './kernel-help.js';

/** The classic's limit; a kernel may answer with every name of a large module. */
const MOST_MATCHES = 1000;

export function kernelCompletion(help: KernelHelp): CompletionSource {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const answer = await help.complete(context.state.doc.toString(), context.pos);
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
      options: answer.matches.slice(0, MOST_MATCHES).map((match, index): Completion => ({
        label: match.text,
        // the kernel's order is the best one
        boost: -Math.min(99, index / 10),
        ...(match.type === undefined ? {} : { detail: match.type }),
      })),
      validFor: /^[\w.$%]*$/,
    };
  };
}

export function tabKeys(help: KernelHelp | undefined): KeyBinding[] {
  return [
    {
      key: 'Tab',
      run(view) {
        if (completionStatus(view.state) === 'active') return acceptCompletion(view);
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
