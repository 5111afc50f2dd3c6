/**
 * Parsers for static colours, loaded by language. Python and JavaScript are small chunks of their own; every other
 * language comes with the editor's list of languages.
 */
import type { Parser } from '@lezer/common';

const parsers = new Map<string, Parser>();
const loading = new Map<string, Promise<Parser | undefined>>();

/** The parser of a language, if it is loaded. */
export function parserFor(language: string): Parser | undefined {
  return parsers.get(canonical(language));
}

/** Loads a parser; undefined when the language is not known. Ask again after a failure: nothing is remembered then. */
export function loadParser(language: string): Promise<Parser | undefined> {
  const name = canonical(language);
  let promise = loading.get(name);
  if (promise === undefined) {
    promise = load(name).then(
      (parser) => {
        if (parser !== undefined) parsers.set(name, parser);
        return parser;
      },
      (error: unknown) => {
        loading.delete(name);
        throw error;
      },
    );
    loading.set(name, promise);
  }
  return promise;
}

async function load(name: string): Promise<Parser | undefined> {
  if (name === 'python') return (await import('@lezer/python')).parser;
  if (name === 'javascript')
    return (await import('@lezer/javascript')).parser.configure({ dialect: 'ts jsx' });
  const { languageSupport } = await import('./editor/editor.js');
  return (await languageSupport(name))?.language.parser;
}

/** The kernel's or a fence's name for a language as one word: `ipython3`, `py`, `Python` → `python`. */
export function canonical(language: string): string {
  const name = language.toLowerCase();
  if (/^(?:i?python\d*|py\d?|ipython)$/.test(name)) return 'python';
  if (/^(?:javascript|js|jsx|typescript|ts|tsx|node|node\.js|mjs)$/.test(name)) return 'javascript';
  return name;
}
