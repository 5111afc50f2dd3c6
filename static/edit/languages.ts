/** Which language a file is in. The list is loaded once the text is there; each language is a chunk of its own. */
import { LanguageDescription } from '@codemirror/language';
import { languages } from '@codemirror/language-data';

export function languageNames(): string[] {
  return languages.map(({ name }) => name).sort((a, b) => a.localeCompare(b));
}

export function languageNamed(name: string): LanguageDescription | undefined {
  return languages.find((language) => language.name === name);
}

/** By the name of the file, else by what its first line says (`#!/usr/bin/python3`). */
export function languageOf(file: string, firstLine: string): LanguageDescription | undefined {
  const byName = LanguageDescription.matchFilename(languages, file);
  if (byName !== null) return byName;
  const [, program] = /^#!.*?(?:\/|env\s+)([a-z]+)[\d.]*(?:\s|$)/.exec(firstLine) ?? [];
  const name = { sh: 'shell', bash: 'shell', zsh: 'shell', node: 'javascript' }[program ?? ''] ?? program;
  return name === undefined
    ? undefined
    : (LanguageDescription.matchLanguageName(languages, name, false) ?? undefined);
}
