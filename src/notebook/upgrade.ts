/**
 * Upgrades notebooks of formats 1, 2 and 3 to 4.5, as nbformat does: worksheets become one list of cells, headings become
 * markdown, outputs become MIME bundles. From bytes to bytes, so that numbers in metadata keep their spelling.
 */
import { derivedCellId } from './cell-id.js';
import { JsonNumber, isExactObject, parseExact, type ExactObject, type ExactValue } from './json-values.js';
import { FileText, splitLines, type WritableObject, type WritableValue } from './json-writer.js';
import { serializeNotebook } from './new-notebook.js';

/** Format 3 names of display data. */
const mimeOf: Readonly<Record<string, string>> = {
  text: 'text/plain',
  html: 'text/html',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpeg: 'image/jpeg',
  latex: 'text/latex',
  json: 'application/json',
  javascript: 'application/javascript',
};
/** What `splitLines` cuts behind. */
const LINE_END = /(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])$/;
const splitMimes = new Set([
  'text/plain',
  'text/html',
  'text/latex',
  'image/svg+xml',
  'application/javascript',
]);

/**
 * @param bytes JSON of a notebook object whose `nbformat` is below 4
 * @returns format 4.5 in Jupyter's layout; the cell ids in it are made from their places, the same every time
 */
export function upgradeNotebook(bytes: Uint8Array): Uint8Array {
  const parsed = parseExact(bytes);
  const old = isExactObject(parsed) ? parsed : {};
  const ids = new Set<string>();
  const cells = oldCells(old).map((cell, place) => {
    const id = derivedCellId(new TextEncoder().encode(String(place)), ids);
    ids.add(id);
    return { ...upgradeCell(cell), id };
  });
  const { name: _name, signature: _signature, ...metadata } = objectOf(old['metadata']);
  return serializeNotebook({ cells, metadata: exact(metadata), nbformat: 4, nbformat_minor: 5 });
}

/** Formats 2 and 3 keep cells in worksheets, format 1 directly. */
function oldCells(notebook: ExactObject): ExactObject[] {
  const lists = listOf(notebook['worksheets']).map((sheet) => listOf(objectOf(sheet)['cells']));
  return [...lists.flat(), ...listOf(notebook['cells'])].map(objectOf);
}

function upgradeCell(cell: ExactObject): WritableObject {
  const metadata = objectOf(cell['metadata']);
  if (cell['cell_type'] === 'code') {
    const { collapsed } = cell;
    return {
      cell_type: 'code',
      execution_count: exact(cell['prompt_number'] ?? null),
      metadata: exact(collapsed === undefined ? metadata : { ...metadata, collapsed }),
      outputs: listOf(cell['outputs']).map((output) => upgradeOutput(objectOf(output))),
      // format 1 says `code`
      source: lines(cell['input'] ?? cell['code']),
    };
  }
  // format 1 says `text` for the kind and for its content
  const source = textOf(cell['source'] ?? cell['text']);
  if (cell['cell_type'] === 'heading') {
    const level = typeof cell['level'] === 'number' ? Math.min(Math.max(cell['level'], 1), 6) : 1;
    const title = splitLines(source)
      .map((line) => line.replace(LINE_END, ''))
      .join(' ');
    return {
      cell_type: 'markdown',
      metadata: exact(metadata),
      source: new FileText(`${'#'.repeat(level)} ${title}`, true),
    };
  }
  const kind = cell['cell_type'] === 'raw' ? 'raw' : 'markdown';
  return { cell_type: kind, metadata: exact(metadata), source: new FileText(source, true) };
}

function upgradeOutput(output: ExactObject): WritableObject {
  const { output_type, prompt_number, metadata, ...rest } = output;
  switch (output_type) {
    case 'stream':
      return {
        output_type,
        name: textOf(output['stream'] ?? output['name']) || 'stdout',
        text: lines(output['text']),
      };
    case 'pyerr':
      return {
        output_type: 'error',
        ename: textOf(output['ename']),
        evalue: textOf(output['evalue']),
        traceback: exact(
          typeof output['traceback'] === 'string' ? [output['traceback']] : listOf(output['traceback']),
        ),
      };
    case 'pyout':
      return {
        output_type: 'execute_result',
        execution_count: exact(prompt_number ?? null),
        data: upgradeBundle(rest),
        metadata: exact(upgradeKeys(objectOf(metadata))),
      };
    default:
      return {
        output_type: 'display_data',
        data: upgradeBundle(rest),
        metadata: exact(upgradeKeys(objectOf(metadata))),
      };
  }
}

function upgradeBundle(data: ExactObject): WritableObject {
  return Object.fromEntries(
    Object.entries(upgradeKeys(data)).map(([mime, value]): [string, WritableValue] => {
      if (mime === 'application/json') return [mime, parseJsonText(value)];
      return [mime, isLines(value) ? new FileText(textOf(value), splitMimes.has(mime)) : exact(value)];
    }),
  );
}

function upgradeKeys(object: ExactObject): ExactObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [mimeName(key), value]));
}

function mimeName(key: string): string {
  return (Object.hasOwn(mimeOf, key) ? mimeOf[key] : undefined) ?? key;
}

/** Format 3 kept JSON as text. What does not parse stays text. */
function parseJsonText(value: ExactValue): WritableValue {
  if (!isLines(value)) return exact(value);
  try {
    return exact(parseExact(new TextEncoder().encode(textOf(value))));
  } catch {
    return textOf(value);
  }
}

function isLines(value: ExactValue | undefined): boolean {
  return (
    typeof value === 'string' || (Array.isArray(value) && value.every((line) => typeof line === 'string'))
  );
}

/** Lists of lines: early files have them without line ends, later ones with (nbformat 3 tells by the first line). */
function textOf(value: ExactValue | undefined): string {
  if (!Array.isArray(value)) return typeof value === 'string' ? value : '';
  const texts = value.filter((line) => typeof line === 'string');
  return texts.join(/[\r\n]$/.test(texts[0] ?? '') ? '' : '\n');
}

function lines(value: ExactValue | undefined): FileText {
  return new FileText(textOf(value), true);
}

function listOf(value: ExactValue | undefined): ExactValue[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: ExactValue | undefined): ExactObject {
  return isExactObject(value) && !(value instanceof JsonNumber) ? value : {};
}

/** Exact values are writable as they are; the types differ only in being read-only. */
function exact<T extends ExactValue>(value: T): WritableValue {
  return value;
}
