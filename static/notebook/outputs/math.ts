/** Formulas in the page: KaTeX, loaded when the first one comes near the screen. */
import type { KatexOptions } from 'katex';
import { classicTex } from '../../../src/render/classic-tex.js';
import { equationLabels, type EquationLabels } from '../../../src/render/equation-labels.js';

type Katex = { render(tex: string, element: HTMLElement, options: KatexOptions): void };

let katex: Katex | undefined;
let loading: Promise<Katex> | undefined;

/** Definitions (`\gdef`) hold for the whole notebook, as in the classic one. */
const macros: Record<string, string> = {};

/** the markdown of the notebook, which says what the numbers of equations are */
let texts: () => Iterable<string> = () => [];
let labels: EquationLabels | undefined;

/** @param all  asked again after `equationsChanged` */
export function numberEquationsOf(all: () => Iterable<string>): void {
  texts = all;
  labels = undefined;
}

/** A text changed that may hold a label or come before one. */
export function equationsChanged(): void {
  labels = undefined;
}

/** Sets every `.nb-math` inside `root`. Bad input shows its source with the reason as title; it never breaks a cell. */
export function typesetMath(root: Element): void {
  const formulas = root.querySelectorAll<HTMLElement>('.nb-math:not([data-typeset])');
  if (formulas.length === 0) return;
  for (const formula of formulas) formula.dataset['typeset'] = '';
  if (katex !== undefined) return setAll(katex, formulas);
  loading ??= import('katex').then((module) => (katex = module.default));
  loading.then(
    (loaded) => setAll(loaded, formulas),
    () => {
      // the server is away: the TeX source stays readable, and the next formula tries again
      loading = undefined;
      for (const formula of formulas) delete formula.dataset['typeset'];
    },
  );
}

function setAll(engine: Katex, formulas: Iterable<HTMLElement>): void {
  labels ??= equationLabels(texts());
  for (const formula of formulas) {
    const tex = formula.textContent ?? '';
    formula.replaceChildren();
    engine.render(classicTex(tex, labels), formula, {
      displayMode: formula.classList.contains('nb-math-display'),
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
