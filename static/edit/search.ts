/** Find, replace and go to line: loaded when they are first asked for. */
import {
  gotoLine,
  highlightSelectionMatches,
  openSearchPanel,
  search,
  searchKeymap,
} from '@codemirror/search';
import type { Extension } from '@codemirror/state';
import { keymap, type EditorView } from '@codemirror/view';

export function searchExtensions(): Extension {
  return [search({ top: true }), highlightSelectionMatches(), keymap.of(searchKeymap)];
}

export function openFind(view: EditorView): void {
  openSearchPanel(view);
}

export function openGoToLine(view: EditorView): void {
  gotoLine(view);
}
