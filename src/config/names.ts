/** Finds the option that a written name means: flat, with a class, or in another spelling; or the nearest known one. */
import { closest, distance } from 'fastest-levenshtein';
import { noEffect } from './no-effect.js';
import { classSections, describeOption, optionNames } from './options.js';
import type { OptionName } from './options.js';

export type Resolved =
  | { kind: 'option'; name: OptionName }
  /** known to Jupyter, and why it changes nothing here */
  | { kind: 'no effect'; why: string }
  /** an option of the store that `notebook_manager_class` names */
  | { kind: 'store'; key: string }
  | { kind: 'unknown'; nearest: string | undefined };

const byName = new Map<string, OptionName>();
for (const name of optionNames) {
  const option = describeOption(name);
  for (const key of [name, ...(option.aka ?? [])]) {
    byName.set(key, name);
    for (const [className, section] of Object.entries(classSections))
      if (section === option.section) byName.set(`${className}.${key}`, name);
  }
  for (const full of option.also ?? []) byName.set(full, name);
}

/** @param written `port`, `NotebookApp.port`, `IdentityProvider.token` … */
export function resolveName(written: string): Resolved {
  const option = byName.get(written);
  if (option !== undefined) return { kind: 'option', name: option };
  const [className = '', key] = splitName(written);
  const why = noEffect.get(written) ?? noEffect.get(canonicalClass(className, key));
  if (why !== undefined) return { kind: 'no effect', why };
  if (className !== '' && isStoreSection(className)) return { kind: 'store', key };
  return { kind: 'unknown', nearest: nearestName(written) };
}

/** A section whose keys are one table of ours or of Jupyter's, by its name. */
export function isKnownSection(name: string): boolean {
  return (
    name in classSections ||
    [...byName.keys(), ...noEffect.keys()].some((known) => known.startsWith(`${name}.`))
  );
}

/**
 * The section of a store that is not built in: `NotebookManager`, or the store's own class name. A slip of the pen
 * in one of our own section names is not taken for one.
 */
export function isStoreSection(name: string): boolean {
  if (name === 'NotebookManager') return true;
  if (name in classSections || !/(Notebook|Contents)Manager$/.test(name)) return false;
  return Object.keys(classSections).every((known) => distance(known, name) > 1);
}

export function nearestSection(name: string): string | undefined {
  return near(name, Object.keys(classSections));
}

/** The known name that is most like what was written, in the same style (flat or with its class); nothing far-fetched. */
export function nearestName(written: string): string | undefined {
  const [className, key] = splitName(written);
  if (className === undefined)
    return near(
      key,
      [...byName.keys()].filter((name) => !name.includes('.')),
    );
  if (className in classSections) {
    const inClass = [...byName.keys()].filter((name) => name.startsWith(`${className}.`));
    const found = near(
      key,
      inClass.map((name) => name.slice(className.length + 1)),
    );
    if (found !== undefined) return `${className}.${found}`;
  }
  return near(written, [...byName.keys()]);
}

function near(written: string, known: string[]): string | undefined {
  const candidate = closest(written, known);
  return distance(written, candidate) <= Math.max(2, Math.floor(written.length / 3)) ? candidate : undefined;
}

function splitName(written: string): [className: string | undefined, key: string] {
  const dot = written.indexOf('.');
  return dot < 0 ? [undefined, written] : [written.slice(0, dot), written.slice(dot + 1)];
}

/** `ServerApp.autoreload` is listed as `autoreload`, `AsyncKernelManager.x` under one of its relatives. */
function canonicalClass(className: string, key: string): string {
  const section = classSections[className];
  if (section === 'NotebookApp') return key;
  if (section === undefined) return `${className}.${key}`;
  const relatives = Object.keys(classSections).filter((name) => classSections[name] === section);
  return (
    relatives.map((name) => `${name}.${key}`).find((name) => noEffect.has(name)) ?? `${className}.${key}`
  );
}
