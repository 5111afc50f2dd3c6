/** What MathJax knows and KaTeX spells differently, or not at all. */
import { numberEquations, type EquationLabels } from './equation-labels.js';

/** @param labels  numbers of the notebook's equations; undefined: references show the names that they have */
export function classicTex(tex: string, labels?: EquationLabels): string {
  const known = tex
    .replace(/\\(begin|end)\{eqnarray(\*?)\}/g, '\\$1{align$2}')
    .replace(/\\(begin|end)\{multline(\*?)\}/g, '\\$1{gather$2}')
    .replace(/\\mbox\b/g, '\\text')
    .replace(/\\require\{[^{}]*\}/g, '')
    .replace(/\\newenvironment\{[^{}]*\}(?:\[\d\])?\{[^{}]*\}\{[^{}]*\}/g, '')
    .replace(/\\bbox(?:\[[^\]]*\])?/g, '\\boxed')
    .replace(/\\SI\{([^{}]*)\}\{((?:[^{}]|\{[^{}]*\})*)\}/g, '$1\\,\\mathrm{$2}')
    .replace(/\\cancelto\{([^{}]*)\}\{([^{}]*)\}/g, '\\cancel{$2}^{$1}')
    .replace(/\\DeclareMathOperator(\*?)\{(\\[a-zA-Z]+)\}\{([^{}]*)\}/g, '\\gdef$2{\\operatorname$1{$3}}');
  if (labels !== undefined) return numberEquations(known, labels);
  return known
    .replace(/\\label\{[^{}]*\}/g, '')
    .replace(/\\eqref\{([^{}]+)\}/g, '\\text{($1)}')
    .replace(/\\ref\{([^{}]+)\}/g, '\\text{$1}');
}
