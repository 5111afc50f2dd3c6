/** Help ▸ User Interface Tour: the parts of the page, one after the other, each outlined where it is. */
import { iconElement } from '../base/icon-element.js';

const STEPS: readonly (readonly [selector: string, title: string, text: string])[] = [
  ['#notebook-name', 'The name', 'Click it to rename the notebook.'],
  [
    '#save-status',
    'Saved by the server',
    'What you write goes to the server while you write, and to the file by itself. Ctrl-S makes a checkpoint to go back to.',
  ],
  ['#menubar', 'Menus', 'Everything the notebook can do, with its keys.'],
  ['#toolbar', 'Toolbar', 'Run, insert, move. The button at the right finds any command by its name.'],
  [
    '#mode-status',
    'Two modes',
    'Enter writes into the selected cell: a green bar and a pencil here. Esc goes back to command mode, with a blue bar, where single keys act on cells.',
  ],
  [
    '#kernel-status',
    'The kernel',
    'What runs your code, and whether it is busy. It goes on when you close this page, and its results are here when you come back.',
  ],
  ['#trust', 'Trust', 'Scripts in outputs that others made do not run until you say so.'],
  ['[data-cell-id]', 'A cell', 'Shift-Enter runs it and goes on to the next. H lists all keys.'],
];

export function startTour(): void {
  document.querySelector('.tour')?.remove();
  const box = document.createElement('div');
  box.className = 'tour';
  box.setAttribute('role', 'dialog');
  box.setAttribute('aria-label', 'Tour of the notebook page');
  const title = document.createElement('h2');
  const text = document.createElement('p');
  text.setAttribute('aria-live', 'polite');
  const buttons = document.createElement('div');
  buttons.className = 'dialog-buttons';
  const count = document.createElement('span');
  count.className = 'tour-count';
  const back = button('Back', () => show(at - 1));
  const next = button('Next', () => (at === STEPS.length - 1 ? end() : show(at + 1)));
  next.classList.add('primary');
  const close = button('', () => end());
  close.append(iconElement('close'));
  close.setAttribute('aria-label', 'End the tour');
  buttons.append(count, back, next, close);
  box.append(title, text, buttons);
  const before = document.activeElement;
  let at = 0;
  let marked: Element | null = null;

  const end = (): void => {
    marked?.classList.remove('tour-target');
    box.remove();
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  };
  const show = (step: number): void => {
    const found = STEPS[step];
    if (found === undefined) return;
    at = step;
    marked?.classList.remove('tour-target');
    marked = document.querySelector(found[0]);
    marked?.classList.add('tour-target');
    title.textContent = found[1];
    text.textContent = found[2];
    count.textContent = `${step + 1} of ${STEPS.length}`;
    back.disabled = step === 0;
    next.textContent = step === STEPS.length - 1 ? 'Done' : 'Next';
  };
  box.addEventListener('keydown', (event) => {
    event.stopPropagation();
    const steps: Record<string, () => void> = {
      Escape: end,
      ArrowRight: () => show(at + 1),
      ArrowLeft: () => show(at - 1),
    };
    steps[event.key]?.();
  });
  document.querySelector('main')?.append(box);
  show(0);
  next.focus();
}

function button(label: string, run: () => void): HTMLButtonElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.className = 'button large';
  element.textContent = label;
  element.addEventListener('click', run);
  return element;
}
