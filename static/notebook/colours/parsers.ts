/**
 * Lezer parsers for static colours. Python's comes along, because most notebooks need it; JavaScript is a small chunk, and
 * other languages come with the editor's list.
 */
import type { Parser } from '@lezer/common';
import { parser as python } from '@lezer/python';
import { highlightToHtml } from '../../../src/render/highlight.js';

const parsers = new Map<string, Parser>();
const loading = new Map<string, Promise<void>>();

/** @param name  as `canonical` gives it */
export function colouredHtml(source: string, name: string): string | undefined {
  const parser = parsers.get(name);
  return parser && highlightToHtml(source, parser);
}

/** @throws when it cannot be loaded now; asking again tries again */
export function loadParser(name: string): Promise<void> {
  let promise = loading.get(name);
  if (promise === undefined) {
    promise = load(name).then((parser) => {
      if (parser !== undefined) parsers.set(name, parser);
    });
    promise.catch(() => loading.delete(name));
    loading.set(name, promise);
  }
  return promise;
}

async function load(name: string): Promise<Parser | undefined> {
  if (name === 'python') return python;
  if (name === 'javascript') {
    return (await import('@lezer/javascript')).parser.configure({ dialect: 'ts jsx' });
  }
  const { languageSupport } = await import('../writing/language-support.js');
  return (await languageSupport(name))?.language.parser;
}
