/** Formulas in the page: KaTeX, loaded when the first one comes near the screen. */
import type { KatexOptions } from 'katex';
import { classicTex } from '../../../src/render/classic-tex.js';
import { equationLabels, labelsIn, type EquationLabels } from '../../../src/render/equation-labels.js';
import { loadStyle } from '../../base/load-style.js';
import { allDone, soon } from '../soon.js';

type Katex = { render(tex: string, element: HTMLElement, options: KatexOptions): void };

let katex: Katex | undefined;
let loading: Promise<Katex> | undefined;

/** Definitions (`\gdef`) hold for the whole notebook, as in the classic one. */
const macros: Record<string, string> = {};

/** the markdown of the notebook, which says what the numbers of equations are */
let texts: () => Iterable<string> = () => [];
let labels: EquationLabels | undefined;
/** TeX of the formulas that have a number or name one, which are drawn again when the numbers change */
const numbered = new WeakMap<Element, string>();
let renumbering: ReturnType<typeof setTimeout> | undefined;
/** Milliseconds after the last change: nobody watches the numbers while typing. */
const RENUMBER_DELAY = 300;

/** @param all  asked again after `equationsChanged` */
export function numberEquationsOf(all: () => Iterable<string>): void {
  texts = all;
  labels = undefined;
}

/** A text changed that may hold a label or come before one. */
export function equationsChanged(): void {
  if (katex === undefined) {
    labels = undefined;
    return;
  }
  clearTimeout(renumbering);
  renumbering = setTimeout(renumber, RENUMBER_DELAY);
}

/** Sets every `.nb-math` inside `root`. Bad input shows its source with the reason as title; it never breaks a cell. */
export function typesetMath(root: Element): void {
  const formulas = root.querySelectorAll<HTMLElement>('.nb-math:not([data-typeset])');
  if (formulas.length === 0) return;
  for (const formula of formulas) formula.dataset['typeset'] = '';
  if (katex !== undefined) return setAll(katex, formulas);
  loading ??= Promise.all([import('katex'), loadStyle('math')]).then(([module]) => (katex = module.default));
  loading.then(
    (loaded) => soon(() => setAll(loaded, formulas)),
    () => {
      // the server is away: the TeX source stays readable, and the next formula tries again
      loading = undefined;
      for (const formula of formulas) delete formula.dataset['typeset'];
    },
  );
}

/** Resolves when the formulas that are in the page now are set, or cannot be. */
export async function formulasSet(): Promise<void> {
  await loading?.catch(() => undefined); // the TeX source is shown
  await allDone();
}

/** Draws again what a change of the numbers reaches, wherever in the notebook it stands. */
function renumber(): void {
  const next = equationLabels(texts());
  const changed = new Set(
    [...next, ...(labels ?? [])].map(([name]) => name).filter((name) => next.get(name) !== labels?.get(name)),
  );
  labels = next;
  if (katex === undefined || changed.size === 0) return;
  const reached = (formula: HTMLElement) =>
    labelsIn(numbered.get(formula) ?? '').some((name) => changed.has(name));
  setAll(katex, [...document.querySelectorAll<HTMLElement>('.nb-math[data-numbered]')].filter(reached));
}

function setAll(engine: Katex, formulas: Iterable<HTMLElement>): void {
  labels ??= equationLabels(texts());
  for (const formula of formulas) {
    const tex = numbered.get(formula) ?? formula.textContent ?? '';
    if (labelsIn(tex).length > 0) {
      numbered.set(formula, tex);
      formula.dataset['numbered'] = '';
    }
    const displayMode = formula.classList.contains('nb-math-display');
    formula.replaceChildren();
    engine.render(classicTex(tex, labels, displayMode), formula, {
      displayMode,
      throwOnError: false,
      errorColor: 'var(--error-text)',
      trust: false,
      strict: 'ignore',
      maxExpand: 1000,
      maxSize: 50,
      macros,
    });
  }
}
