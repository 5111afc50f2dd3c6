/** What every exporter needs of a notebook: its cells with joined texts, its title and its language. */
import type { NotebookFile } from '../notebook/index.js';
import type { Cell, JsonObject } from '../notebook/types.js';

export interface NotebookView {
  /** name without `.ipynb`; also what downloads are called */
  title: string;
  cells: readonly Cell[];
  metadata: JsonObject;
  language: Language;
  /** everything that it shows was made here or is trusted by the owner */
  isTrusted: boolean;
}

export interface Language {
  /** lower case: `python`, `r`, `julia`, `javascript` */
  name: string;
  /** with its dot */
  extension: string;
  mimetype: string;
}

export function viewOf(file: NotebookFile, name: string, isTrusted: boolean): NotebookView {
  const { metadata } = file;
  return {
    title: name.replace(/\.ipynb$/, ''),
    cells: file.cells.map((cell) => cell.read()),
    metadata,
    language: languageOf(metadata),
    isTrusted,
  };
}

/** For notebooks that were never run: only a kernel that has run says its own. */
const EXTENSIONS = new Map([
  ['python', '.py'],
  ['javascript', '.js'],
  ['typescript', '.ts'],
  ['r', '.r'],
  ['julia', '.jl'],
]);

function languageOf(metadata: JsonObject): Language {
  const info = objectOf(metadata['language_info']);
  const spec = objectOf(metadata['kernelspec']);
  const name = (textOf(info['name']) ?? textOf(spec['language']) ?? 'python').toLowerCase();
  const extension = textOf(info['file_extension']) ?? EXTENSIONS.get(name) ?? '.txt';
  const mimetype = textOf(info['mimetype']) ?? '';
  return {
    name: /^i?python\d*$/.test(name) ? 'python' : name,
    // it becomes part of a file name
    extension: /^\.[A-Za-z0-9]{1,12}$/.test(extension) ? extension : '.txt',
    // it becomes a header
    mimetype: /^[\w.+-]+\/[\w.+-]+$/.test(mimetype) ? mimetype : 'text/plain',
  };
}

/** Of its code, and of the fences in its text. */
export function languagesOf({ cells, language }: NotebookView): Set<string> {
  const names = new Set([language.name]);
  for (const { cell_type, source } of cells) {
    if (cell_type !== 'markdown') continue;
    for (const [, name] of source.matchAll(/^[ >]*(?:`{3,}|~{3,})[ \t]*([\w+#.-]+)/gm)) names.add(name ?? '');
  }
  return names;
}

/** Of an attachment, as a text refers to it. */
export function decodedName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a name with a stray % is meant as it stands
  }
}

export function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
