/** What MathJax knows and KaTeX spells differently, or not at all. */
import { numberEquations, type EquationLabels } from './equation-labels.js';

/**
 * @param labels   numbers of the notebook's equations; undefined: references show the names that they have
 * @param display  a formula within a line has no number at its side
 */
export function classicTex(tex: string, labels?: EquationLabels, display = true): string {
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
  if (labels !== undefined) return numberEquations(display ? known : withoutLabels(known), labels);
  return withoutLabels(known)
    .replace(/\\eqref\{([^{}]+)\}/g, '\\text{($1)}')
    .replace(/\\ref\{([^{}]+)\}/g, '\\text{$1}');
}

function withoutLabels(tex: string): string {
  return tex.replace(/\\label\{[^{}]*\}/g, '');
}
