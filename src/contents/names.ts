/** Names that the server makes up: untitled files and copies, exactly as Jupyter does. */

/** Puts a number into a name: before the last dot of a notebook, before the first dot of anything else. */
export function numberedName(name: string, number: string): string {
  const dot = name.endsWith('.ipynb') ? name.lastIndexOf('.') : name.indexOf('.');
  return dot === -1 ? name + number : name.slice(0, dot) + number + name.slice(dot);
}

/** The names to try, in order: `Untitled.ipynb`, `Untitled1.ipynb`, …; directories have a space before the number. */
export function* untitledNames(name: string, isDirectory: boolean): Generator<string> {
  yield name;
  for (let i = 1; ; i++) yield numberedName(name, (isDirectory ? ' ' : '') + i);
}

/** The names to try for a copy: the name itself, then `-Copy1`, `-Copy2`, … in place of one that it has already. */
export function* copyNames(name: string): Generator<string> {
  yield name;
  const original = name.replace(/-Copy\d*(?=\.|$)/, '');
  for (let i = 1; ; i++) yield numberedName(original, `-Copy${i}`);
}

/** Names that lists leave out; what the peers call `hide_globs`. */
export function isUnlisted(name: string): boolean {
  return name === '__pycache__' || name === '.DS_Store' || /\.py[co]$|~$/.test(name);
}
