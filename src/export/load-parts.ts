/** What an HTML export is made with, loaded when the first one is asked for: KaTeX, the parsers of its languages, the style. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Parser } from '@lezer/common';
import { messageOf } from '../message-of.js';
import { packageFile } from '../package-files.js';
import { escapeHtml, highlightToHtml } from '../render/index.js';
import type { HtmlParts } from './html.js';

const parsers = new Map<string, Promise<Parser | undefined>>();
let css: Promise<string> | undefined;

/** @param languages  of the notebook's code and of the fences in its text, as they are named there */
export async function loadHtmlParts(languages: Iterable<string>): Promise<HtmlParts> {
  const [katex, style] = await Promise.all([import('katex'), (css ??= loadStyle())]);
  const known = new Map<string, Parser | undefined>();
  for (const name of new Set([...languages].map(canonical))) known.set(name, await parserOf(name));
  /** definitions (`\gdef`) hold for the whole notebook */
  const macros: Record<string, string> = {};
  return {
    css: style,
    highlight(code, name) {
      const parser = known.get(canonical(name));
      return parser && highlightToHtml(code, parser);
    },
    math(tex, display) {
      try {
        return katex.default.renderToString(tex, {
          displayMode: display,
          output: 'mathml',
          throwOnError: true,
          trust: false,
          strict: 'ignore',
          maxExpand: 1000,
          maxSize: 50,
          macros,
        });
      } catch (error) {
        const why = messageOf(error);
        return `<code class="math-error" title="${escapeHtml(why.slice(0, 300))}">${escapeHtml(tex)}</code>`;
      }
    },
  };
}

function canonical(language: string): string {
  const name = language.toLowerCase();
  if (/^(?:i?python\d*|py\d?)$/.test(name)) return 'python';
  return /^(?:javascript|js|jsx|typescript|ts|tsx|node)$/.test(name) ? 'javascript' : name;
}

function parserOf(name: string): Promise<Parser | undefined> {
  let parser = parsers.get(name);
  if (parser === undefined) {
    parser = loadParser(name);
    parsers.set(name, parser);
    // names that mean nothing are as many as people write
    void parser.then(
      (found) => found ?? parsers.delete(name),
      () => parsers.delete(name),
    );
  }
  return parser;
}

async function loadParser(name: string): Promise<Parser | undefined> {
  if (name === 'python') return (await import('@lezer/python')).parser;
  if (name === 'javascript') {
    return (await import('@lezer/javascript')).parser.configure({ dialect: 'ts jsx' });
  }
  // all others that the editor knows, each a chunk of its own
  const [{ LanguageDescription }, { languages }] = await Promise.all([
    import('@codemirror/language'),
    import('@codemirror/language-data'),
  ]);
  const found = LanguageDescription.matchLanguageName(languages, name, false);
  return found === null ? undefined : (await found.load()).language.parser;
}

/** The build puts the pages' colours and the style of exports into one file. */
async function loadStyle(): Promise<string> {
  const path = packageFile('dist', 'export.css');
  if (!existsSync(path)) throw new Error(`${path} is missing: build the package again (npm run build)`);
  // the text of a <style> ends at nothing but its end tag
  return (await readFile(path, 'utf8')).replaceAll('</', '<\\/');
}
