/**
 * How a cell differs between memory and file: strings are joined in memory and lists of lines in the file, and a few
 * fields live in memory only (nbformat 4.5, "multi-line strings"; `trusted` and display ids are never written).
 */
import { FileObject, FileText, type WritableObject, type WritableValue } from './json-writer.js';
import { JsonText, LongString } from './json-values.js';
import type { Cell, CellId, CellType, JsonObject, JsonValue } from './types.js';

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonText);
}

/** Joins a list of lines; anything else comes back as it is. */
export function joinLines(value: JsonValue | undefined): JsonValue | undefined {
  return Array.isArray(value) && value.every((line) => typeof line === 'string') ? value.join('') : value;
}

/** `application/json` and `…+json`: any JSON value, never split or joined. */
export function isJsonMime(mime: string): boolean {
  return mime === 'application/json' || (mime.startsWith('application/') && mime.endsWith('+json'));
}

function isSplitMime(mime: string): boolean {
  return mime.startsWith('text/') || mime === 'application/javascript' || mime === 'image/svg+xml';
}

function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

function mapFields<T>(object: JsonObject, map: (value: JsonValue, key: string) => T): Record<string, T> {
  const mapped: Record<string, T> = {};
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === undefined) continue;
    // a key from a file like any other
    if (key === '__proto__') define(mapped, key, map(value, key));
    else mapped[key] = map(value, key);
  }
  return mapped;
}

/** A cell object as in the file, with its strings joined; everything else untouched, valid or not. */
export function joinCell(raw: JsonObject): JsonObject {
  return mapFields(raw, (value, key) => {
    if (key === 'source') return joinLines(value) ?? value;
    if (key === 'attachments' && isObject(value)) return mapFields(value, joinBundle);
    if (key === 'outputs' && Array.isArray(value)) return value.map(joinOutput);
    return value;
  });
}

/** An output as in the file, with its strings joined. */
export function joinOutput(output: JsonValue): JsonValue {
  if (!isObject(output)) return output;
  return mapFields(output, (value, key) => {
    if (key === 'text') return joinLines(value) ?? value;
    return key === 'data' ? joinBundle(value) : value;
  });
}

function joinBundle(bundle: JsonValue): JsonValue {
  if (!isObject(bundle)) return bundle;
  return mapFields(bundle, (value, mime) => (isJsonMime(mime) ? value : (joinLines(value) ?? value)));
}

/**
 * A joined cell as the rest of the program expects it: required fields that are missing are empty, a cell type that we
 * do not know is `raw`, and what a file says about `trusted` is ignored. Fields that we do not know stay.
 */
export function asCell(joined: JsonObject, id: CellId): Cell {
  const cell_type = asCellType(joined['cell_type']);
  const { trusted: _, ...metadata } = isObject(joined['metadata']) ? joined['metadata'] : {};
  const { outputs, execution_count, ...rest } = joined;
  const cell = {
    ...rest,
    id,
    cell_type,
    source: typeof joined['source'] === 'string' ? joined['source'] : '',
    metadata,
  };
  if (cell_type !== 'code') return cell;
  return {
    ...cell,
    outputs: Array.isArray(outputs) ? outputs.filter(isOutput) : [],
    execution_count: typeof execution_count === 'number' ? execution_count : null,
  } as JsonObject as unknown as Cell;
}

function asCellType(value: unknown): CellType {
  return value === 'code' || value === 'markdown' ? value : 'raw';
}

/** Whether it has what code that shows outputs relies on; one that has not stays in the file until its cell changes. */
export function isOutput(value: JsonValue): boolean {
  if (!isObject(value)) return false;
  switch (value['output_type']) {
    case 'stream':
      return typeof value['text'] === 'string';
    case 'display_data':
    case 'execute_result':
      return isObject(value['data']);
    case 'error':
      return Array.isArray(value['traceback']);
    default:
      return false;
  }
}

/**
 * A cell as it goes into the file.
 *
 * @param writeId whether files of this minor version (or this cell in its file) carry an id
 */
export function toFileCell(cell: Cell | JsonObject, writeId: boolean): WritableObject {
  return mapFields(cell as JsonObject, (value, key): WritableValue | undefined => {
    switch (key) {
      case 'id':
        return writeId ? value : undefined;
      case 'source':
        return fileText(value);
      case 'metadata':
        return isObject(value) ? inFile(value, 'trusted') : value;
      case 'attachments':
        return isObject(value) ? mapFields(value, toFileBundle) : value;
      case 'outputs':
        return Array.isArray(value) ? value.map((output) => toFileOutput(output)) : value;
      default:
        return asWritable(value);
    }
  });
}

function toFileOutput(output: JsonValue): WritableValue {
  if (!isObject(output)) return asWritable(output);
  const fields = mapFields(without(output, 'transient'), (value, key) => {
    if (key === 'text') return fileText(value);
    return key === 'data' ? toFileBundle(value) : asWritable(value);
  });
  return new FileObject(fields, ['transient']);
}

function toFileBundle(bundle: JsonValue): WritableValue {
  if (!isObject(bundle)) return asWritable(bundle);
  return mapFields(bundle, (value: JsonValue | LongString, mime) => {
    if (isJsonMime(mime)) return asWritable(value);
    const text = value instanceof LongString && isSplitMime(mime) ? value.text : value;
    return typeof text === 'string' ? new FileText(text, isSplitMime(mime)) : asWritable(text);
  });
}

/** Takes lists of lines too: a client may send them. */
function fileText(value: JsonValue | LongString): WritableValue {
  const joined = value instanceof LongString ? value.text : joinLines(value);
  return typeof joined === 'string' ? new FileText(joined, true) : asWritable(value);
}

/** Notebook metadata as it goes into the file (nbformat: these are kept in memory only). */
export function toFileMetadata(metadata: JsonObject): WritableValue {
  return inFile(metadata, 'orig_nbformat', 'orig_nbformat_minor', 'signature');
}

function inFile(object: JsonObject, ...unwritten: string[]): FileObject {
  return new FileObject(without(object, ...unwritten), unwritten);
}

function without(object: JsonObject, ...names: string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !names.includes(key)));
}

function asWritable(value: JsonValue | LongString): WritableValue {
  return value;
}
