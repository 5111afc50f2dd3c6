/** A notebook as a script in its own language: code as it is, everything else as comments, `# In[n]:` in front of each cell. */
import type { NotebookView } from './notebook-view.js';

/** What begins a comment line. Languages that are not here are mostly of the `#` kind. */
const COMMENTS: Readonly<Record<string, string>> = {
  javascript: '//',
  typescript: '//',
  java: '//',
  scala: '//',
  kotlin: '//',
  rust: '//',
  go: '//',
  'c++': '//',
  c: '//',
  'c#': '//',
  'f#': '//',
  groovy: '//',
  swift: '//',
  php: '//',
  haskell: '--',
  lua: '--',
  sql: '--',
  matlab: '%',
  octave: '%',
  clojure: ';;',
  scheme: ';;',
  fortran: '!',
};

export function toScript({ cells, language }: NotebookView): string {
  const mark = COMMENTS[language.name] ?? '#';
  const comment = (text: string): string =>
    text
      .split(/\r\n?|\n/)
      .map((line) => `${mark} ${line}`.trimEnd())
      .join('\n');
  const isPython = language.name === 'python';
  const parts = cells.map((cell) => {
    if (cell.cell_type !== 'code') return `${comment(cell.source)}\n`;
    const number = cell.execution_count ?? ' ';
    const code = isPython ? withoutMagics(cell.source) : cell.source;
    return `${mark} In[${number}]:\n\n\n${code}\n`;
  });
  const head = isPython ? '#!/usr/bin/env python\n# coding: utf-8\n' : '';
  return [...(head === '' ? [] : [head]), ...parts].join('\n\n').replace(/\n{0,2}$/, '\n');
}

/** IPython's own commands as the calls that it makes of them, so that Python can read the file. */
function withoutMagics(source: string): string {
  const cell = /^%%(\w+)[ \t]*([^\n]*)\n?([^]*)$/.exec(source);
  if (cell !== null) {
    const [, name = '', line = '', body = ''] = cell;
    return `get_ipython().run_cell_magic(${quoted(name)}, ${quoted(line)}, ${quoted(body)})`;
  }
  return source
    .split('\n')
    .map((line) => {
      const [, indent = '', sign = '', name = '', rest = ''] = /^(\s*)(%|!)(\w*)(.*)$/.exec(line) ?? [];
      if (sign === '!') return `${indent}get_ipython().system(${quoted(name + rest)})`;
      if (sign !== '%' || name === '') return line;
      return `${indent}get_ipython().run_line_magic(${quoted(name)}, ${quoted(rest.trim())})`;
    })
    .join('\n');
}

/** As Python writes a string; what JSON escapes, Python understands. */
function quoted(text: string): string {
  const json = JSON.stringify(text);
  return text.includes("'") ? json : `'${json.slice(1, -1).replaceAll('\\"', '"')}'`;
}
