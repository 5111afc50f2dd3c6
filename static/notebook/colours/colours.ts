/** Colours of static code: the chunk with the highlighter, and the parser of each language, are loaded when they are wanted. */
import { canonical } from './language-names.js';

type ParserModule = typeof import('./parsers.js');

let module: ParserModule | undefined;

/** HTML of coloured code, safe to insert; undefined while its parser is not loaded, or when there is none. */
export function colouredHtml(source: string, language: string): string | undefined {
  return module?.colouredHtml(source, canonical(language));
}

/** Loads what the language needs; afterwards `colouredHtml` answers for it, if the language is known. */
export async function loadColours(language: string): Promise<void> {
  const name = canonical(language);
  if (name === '') return;
  module ??= await import('./parsers.js');
  await module.loadParser(name);
}
