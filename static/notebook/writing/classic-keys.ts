/** Keys of the classic notebook's editor that CodeMirror 6 does not have by itself. */
import { cursorDocEnd, cursorDocStart, deleteLine } from '@codemirror/commands';
import { EditorState, StateEffect, StateField, Transaction, type Extension } from '@codemirror/state';
import { EditorView, keymap, type KeyBinding } from '@codemirror/view';

const toggleOverwrite = StateEffect.define<null>();

const overwriting = StateField.define<boolean>({
  create: () => false,
  update: (on, { effects }) => (effects.some((effect) => effect.is(toggleOverwrite)) ? !on : on),
  provide: (field) =>
    EditorView.editorAttributes.from(field, (on) => (on ? { class: 'overwrite' } : { class: '' })),
});

/** What is typed takes the place of the characters behind the caret, up to the end of the line. */
const overwrite = EditorState.transactionFilter.of((transaction) => {
  const { startState } = transaction;
  if (!startState.field(overwriting) || !transaction.isUserEvent('input.type')) return transaction;
  const removed: { from: number; to: number }[] = [];
  transaction.changes.iterChanges((from, to, _fromB, _toB, inserted) => {
    if (from !== to || inserted.lines > 1) return;
    const line = startState.doc.lineAt(from);
    const end = Math.min(from + inserted.length, line.to);
    if (end > from) removed.push({ from, to: end });
  });
  if (removed.length === 0 || transaction.annotation(Transaction.remote) === true) return transaction;
  return [
    transaction,
    { changes: transaction.startState.changes(removed).map(transaction.changes), sequential: true },
  ];
});

const KEYS: readonly KeyBinding[] = [
  { key: 'Ctrl-d', mac: 'Cmd-d', run: deleteLine, preventDefault: true },
  { key: 'Ctrl-ArrowUp', mac: 'Cmd-ArrowUp', run: cursorDocStart },
  { key: 'Ctrl-ArrowDown', mac: 'Cmd-ArrowDown', run: cursorDocEnd },
  {
    key: 'Insert',
    run(view) {
      view.dispatch({ effects: toggleOverwrite.of(null) });
      return true;
    },
  },
];

export function classicKeys(): Extension {
  return [overwriting, overwrite, keymap.of(KEYS)];
}
