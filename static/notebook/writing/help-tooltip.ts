/**
 * Shift-Tab in a code cell: what the kernel knows about the name at the caret, in a box at the caret. Once more makes it
 * larger, a third time keeps it while one types, a fourth time moves it to the pager (the classic notebook's habit).
 */
import { StateEffect, StateField, type Extension } from '@codemirror/state';
import { EditorView, showTooltip, type Tooltip } from '@codemirror/view';
import { iconElement } from '../../base/icon-element.js';
import type { KernelHelp } from './kernel-help.js';

interface Help {
  position: number;
  content: HTMLElement;
  help: KernelHelp;
  /** how often Shift-Tab was pressed: 1 small, 2 large, 3 large and it stays */
  size: number;
  /** until when typing leaves it open, by the clock of `Date.now` */
  staysUntil: number;
  /** makes its box; the same one for as long as the box shall be the same */
  create: Tooltip['create'];
}

/** Milliseconds that the box stays while one types (the classic's ten seconds) */
const STAY = 10_000;

const setHelp = StateEffect.define<Help | null>();

const helpField = StateField.define<Help | null>({
  create: () => null,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setHelp)) return effect.value;
    if (value === null) return null;
    if (!transaction.docChanged && transaction.selection === undefined) return value;
    if (Date.now() > value.staysUntil) return null;
    return { ...value, position: transaction.changes.mapPos(value.position) };
  },
  provide: (field) => showTooltip.from(field, (value) => (value === null ? null : tooltip(value))),
});

export function helpTooltip(): Extension {
  return [
    helpField,
    EditorView.domEventHandlers({
      blur: (event, view) => {
        const to = event.relatedTarget;
        if (!(to instanceof Element && to.closest('.nb-help') !== null)) closeHelp(view);
      },
    }),
  ];
}

/** True when a box was open, and is closed now. */
export function closeHelp(view: EditorView): boolean {
  if (view.state.field(helpField, false) == null) return false;
  view.dispatch({ effects: setHelp.of(null) });
  return true;
}

/** Opens the box at the caret, or makes the open one larger. */
export function showHelp(view: EditorView, help: KernelHelp): boolean {
  const open = view.state.field(helpField, false);
  if (open != null) {
    if (open.size >= 3) moveToPager(view, open);
    else view.dispatch({ effects: setHelp.of(sized(open, open.size + 1)) });
    return true;
  }
  const { doc, selection } = view.state;
  const position = selection.main.head;
  void help.inspect(doc.toString(), position).then((content) => {
    // the person went on typing: an answer about the old text helps nobody
    if (content === undefined || !view.state.doc.eq(doc) || view.state.selection.main.head !== position)
      return;
    view.dispatch({ effects: setHelp.of(sized({ position, content, help }, 1)) });
  });
  return true;
}

function sized(box: Pick<Help, 'position' | 'content' | 'help'>, size: number): Help {
  const { position, content, help } = box;
  const staysUntil = size >= 3 ? Date.now() + STAY : 0;
  const value: Help = {
    position,
    content,
    help,
    size,
    staysUntil,
    create: (view) => ({ dom: draw(view, value) }),
  };
  return value;
}

function moveToPager(view: EditorView, open: Help): void {
  view.dispatch({ effects: setHelp.of(null) });
  open.help.toPager(open.content);
}

function tooltip(value: Help): Tooltip {
  return {
    pos: value.position,
    above: false,
    strictSide: false,
    arrow: true,
    create: value.create,
  };
}

function draw(view: EditorView, value: Help): HTMLElement {
  const dom = document.createElement('div');
  dom.className = value.size > 1 ? 'nb-help large' : 'nb-help';
  // no tooltip to assistive programs: those hold nothing that one can press
  dom.setAttribute('role', 'region');
  dom.setAttribute('aria-label', 'What the kernel knows of it');
  const buttons = document.createElement('div');
  buttons.className = 'nb-help-buttons';
  if (value.size >= 3) {
    const stays = document.createElement('span');
    stays.className = 'nb-help-note';
    stays.textContent = 'Stays for 10 seconds while you type';
    buttons.append(stays);
  }
  buttons.append(
    button('up', 'Show in the pager', () => moveToPager(view, value)),
    button('plus', 'Larger', () => view.dispatch({ effects: setHelp.of(sized(value, 2)) })),
    button('close', 'Close', () => {
      closeHelp(view);
      view.focus();
    }),
  );
  const text = document.createElement('div');
  text.className = 'nb-help-text';
  text.tabIndex = 0;
  text.append(value.content);
  dom.append(buttons, text);
  return dom;
}

function button(icon: 'up' | 'plus' | 'close', label: string, run: () => void): HTMLButtonElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.className = 'button';
  element.title = label;
  element.setAttribute('aria-label', label);
  element.append(iconElement(icon));
  element.addEventListener('mousedown', (event) => event.preventDefault());
  element.addEventListener('click', run);
  return element;
}
