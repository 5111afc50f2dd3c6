/**
 * What makes an editor comfortable: undo, indentation, brackets, colours, completion, help. The bare editor comes first,
 * so that a person can type at once; this chunk follows and is put into all editors.
 */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionStatus,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { EditorState, type Extension } from '@codemirror/state';
import { drawSelection, highlightSpecialChars, keymap, tooltips, type EditorView } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { classicKeys } from './classic-keys.js';
import { codeCompletion, tabKeys } from './completion.js';
import { helpTooltip } from './help-tooltip.js';
import type { KernelHelp } from './kernel-help.js';

export { closeHelp } from './help-tooltip.js';
export { languageSupport, loadedSupport } from './language-support.js';

/** @param help  undefined for text cells */
export function writingExtensions(help: KernelHelp | undefined): Extension {
  const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)').matches;
  return [
    history({ newGroupDelay: 800 }),
    drawSelection({ cursorBlinkRate: reducedMotion ? 0 : 1200 }),
    EditorState.allowMultipleSelections.of(true),
    highlightSpecialChars(),
    indentOnInput(),
    indentUnit.of('    '),
    bracketMatching(),
    closeBrackets(),
    syntaxHighlighting(classHighlighter),
    tooltips({ parent: document.body, position: 'fixed' }),
    help === undefined
      ? []
      : [
          autocompletion({
            override: [codeCompletion(help)],
            activateOnTyping: false,
            interactionDelay: 0, // the list never opens by itself, so no key meets it by accident
            icons: false,
            maxRenderedOptions: 300,
          }),
          helpTooltip(),
        ],
    classicKeys(),
    keymap.of([...closeBracketsKeymap, ...historyKeymap, ...defaultKeymap, ...tabKeys(help)]),
  ];
}

/** Whether a key belongs to the open list of completions rather than to the notebook. */
export function isForCompletion(view: EditorView, event: KeyboardEvent): boolean {
  if (completionStatus(view.state) !== 'active') return false;
  if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return false;
  return ['Escape', 'Enter', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown'].includes(event.key);
}
