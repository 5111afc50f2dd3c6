/** The editor's support for a language, each a chunk of its own. */
import { LanguageDescription, type LanguageSupport } from '@codemirror/language';
import { canonical } from '../colours/language-names.js';

const supports = new Map<string, Promise<LanguageSupport | undefined>>();
const loaded = new Map<string, LanguageSupport | undefined>();

/** What has been loaded before, for an editor that is to have its colours from the first moment; null: not loaded yet. */
export function loadedSupport(language: string): LanguageSupport | undefined | null {
  const name = canonical(language);
  return loaded.has(name) ? loaded.get(name) : null;
}

/** undefined when the language is not known. @throws when it cannot be loaded now */
export function languageSupport(language: string): Promise<LanguageSupport | undefined> {
  const name = canonical(language);
  let promise = supports.get(name);
  if (promise === undefined) {
    promise = load(name);
    supports.set(name, promise);
    promise.then(
      (support) => loaded.set(name, support),
      () => supports.delete(name), // the next editor tries again
    );
  }
  return promise;
}

async function load(name: string): Promise<LanguageSupport | undefined> {
  switch (name) {
    case '':
      return undefined;
    case 'python':
      return (await import('@codemirror/lang-python')).python();
    case 'javascript':
      return (await import('@codemirror/lang-javascript')).javascript({ typescript: true, jsx: true });
    case 'markdown': {
      const { markdown, markdownLanguage } = await import('@codemirror/lang-markdown');
      return markdown({ base: markdownLanguage, completeHTMLTags: false });
    }
    default: {
      const { languages } = await import('@codemirror/language-data');
      return LanguageDescription.matchLanguageName(languages, name)?.load();
    }
  }
}
