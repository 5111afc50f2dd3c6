/** What MathJax knows and KaTeX spells differently. */
export function classicTex(tex: string): string {
  return tex
    .replace(/\\(begin|end)\{eqnarray(\*?)\}/g, '\\$1{align$2}')
    .replace(/\\(begin|end)\{multline(\*?)\}/g, '\\$1{gather$2}')
    .replace(/\\mbox\b/g, '\\text')
    .replace(/\\(?:require|label)\{[^{}]*\}/g, '')
    .replace(/\\DeclareMathOperator(\*?)\{(\\[a-zA-Z]+)\}\{([^{}]*)\}/g, '\\gdef$2{\\operatorname$1{$3}}');
}
