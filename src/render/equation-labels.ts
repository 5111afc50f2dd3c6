/**
 * Numbers of equations that have a `\label`, as `\ref` and `\eqref` name them, over a whole notebook. An equation without a
 * label has no number, since nothing can refer to it.
 */

/** By label: the equation's number, or its own `\tag`. */
export type EquationLabels = ReadonlyMap<string, string>;

const ROW = /\\\\|\\(?:begin|end)\{/;

/** @param texts  the notebook's markdown, in order. The first equation of two with one label has it. */
export function equationLabels(texts: Iterable<string>): EquationLabels {
  const labels = new Map<string, string>();
  let last = 0;
  for (const text of texts) {
    if (!text.includes('\\label')) continue;
    for (const row of text.split(ROW)) {
      const name = /\\label\{([^{}]+)\}/.exec(row)?.[1];
      if (name === undefined || labels.has(name)) continue;
      const own = /\\tag\*?\{([^{}]*)\}/.exec(row)?.[1];
      labels.set(name, own ?? String(++last));
    }
  }
  return labels;
}

/** The labels that a formula has or refers to: it looks otherwise when one of their numbers changes. */
export function labelsIn(tex: string): string[] {
  return [...tex.matchAll(/\\(?:label|(?:eq)?ref)\{([^{}]+)\}/g)].map(([, name = '']) => name);
}

/** Equations with their numbers, references as the numbers that they mean; an unknown one is `???`, as in MathJax. */
export function numberEquations(tex: string, labels: EquationLabels): string {
  const numberOf = (name: string) => labels.get(name) ?? '???';
  const rows = tex
    // KaTeX would number every row by itself, and count only what is drawn
    .replace(/\\(begin|end)\{(equation|align|gather|alignat)\}/g, '\\$1{$2*}')
    .split(/(?=\\\\)/)
    .map((row) =>
      row.replace(/\\label\{([^{}]+)\}/g, (_, name: string) =>
        /\\tag\*?\{/.test(row) ? '' : `\\tag{${numberOf(name)}}`,
      ),
    );
  return rows
    .join('')
    .replace(/\\eqref\{([^{}]+)\}/g, (_, name: string) => `\\text{(${numberOf(name)})}`)
    .replace(/\\ref\{([^{}]+)\}/g, (_, name: string) => `\\text{${numberOf(name)}}`);
}
