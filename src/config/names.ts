/** Finds the option that a written name means: flat, with a class, or in another spelling; or the nearest known one. */
import { distance } from 'fastest-levenshtein';
import { nearest } from './nearest.js';
import { noEffect, refused } from './no-effect.js';
import { classSections, describeOption, optionNames } from './options.js';
import type { OptionName } from './options.js';

export type Resolved =
  | { kind: 'option'; name: OptionName }
  /** known to Jupyter, and why it changes nothing here */
  | { kind: 'no effect'; why: string }
  /** known to Jupyter, and not to be ignored; what to do instead */
  | { kind: 'refused'; why: string }
  /** an option of a store that is not built in */
  | { kind: 'store'; section: string; key: string }
  | { kind: 'unknown'; nearest: string | undefined };

const byName = new Map<string, OptionName>();
for (const name of optionNames) {
  const option = describeOption(name);
  const keys = [name, ...(option.aka ?? [])];
  const fullNames = [...keys.map((key) => `${option.section}.${key}`), ...(option.also ?? [])];
  for (const spelling of [...keys, ...fullNames.flatMap(inRelatedClasses)]) byName.set(spelling, name);
}

/** `FileNotebookManager.root_dir` is `FileContentsManager.root_dir` too. */
function inRelatedClasses(fullName: string): string[] {
  const [className = '', key] = splitName(fullName);
  const related = Object.keys(classSections).filter(
    (other) => isOurClass(className) && classSections[other] === classSections[className],
  );
  return [fullName, ...related.map((other) => `${other}.${key}`)];
}

/** @param written `port`, `NotebookApp.port`, `IdentityProvider.token` … */
export function resolveName(written: string): Resolved {
  const option = byName.get(written);
  if (option !== undefined) return { kind: 'option', name: option };
  const [className = '', key] = splitName(written);
  const refusal = refused.get(className === '' || isOurClass(className) ? key : written);
  if (refusal !== undefined) return { kind: 'refused', why: refusal };
  const why = noEffect.get(written) ?? (isOurClass(className) ? noEffect.get(key) : undefined);
  if (why !== undefined) return { kind: 'no effect', why };
  if (className !== '' && isStoreSection(className)) return { kind: 'store', section: className, key };
  return { kind: 'unknown', nearest: nearestName(written) };
}

/**
 * The section of a store that is not built in: `NotebookManager`, or the store's own class name. A slip of the pen
 * in one of our own section names is not taken for one.
 */
function isStoreSection(name: string): boolean {
  if (name === 'NotebookManager') return true;
  if (isOurClass(name) || !/(Notebook|Contents)Manager$/.test(name)) return false;
  return Object.keys(classSections).every((known) => distance(known, name) > 1);
}

/** The known name that is most like what was written, in the same style (flat or with its class); nothing far-fetched. */
function nearestName(written: string): string | undefined {
  const [className, key] = splitName(written);
  if (className === undefined)
    return nearest(
      key,
      [...byName.keys()].filter((name) => !name.includes('.')),
    );
  if (isOurClass(className)) {
    const inClass = [...byName.keys()].filter((name) => name.startsWith(`${className}.`));
    const found = nearest(
      key,
      inClass.map((name) => name.slice(className.length + 1)),
    );
    if (found !== undefined) return `${className}.${found}`;
  }
  return nearest(written, [...byName.keys()]);
}

function splitName(written: string): [className: string | undefined, key: string] {
  const dot = written.indexOf('.');
  return dot < 0 ? [undefined, written] : [written.slice(0, dot), written.slice(dot + 1)];
}

function isOurClass(name: string): boolean {
  return Object.hasOwn(classSections, name);
}
