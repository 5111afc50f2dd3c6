/**
 * Writes a JSON value over the text that stood in its place before: what is equal is copied from the old bytes, so that
 * number spellings, key order and line breaks stay; what is new is written as Jupyter writes it (keys sorted by code
 * point, one item a line) in the indentation of the file, which keeps a diff as small as the change.
 */
import { MAX_DEPTH, decodeRange, stringAt, type JsonNode, type ObjectNode } from './json-scanner.js';
import { JsonNumber, LongString } from './json-values.js';

/** How a file lays out its JSON. */
export interface JsonStyle {
  /** `\n` or `\r\n`; '' when the whole file is one line */
  newline: string;
  /** one level of indentation */
  step: string;
  /** between a name and its value: `: ` */
  colon: string;
  /** between two items, before the line break */
  comma: string;
}

export const JUPYTER_STYLE: JsonStyle = { newline: '\n', step: ' ', colon: ': ', comma: ',' };

/**
 * A string that a file may hold whole or as a list of lines (nbformat 4, "multi-line strings"). `split` says which form
 * a new one gets; in either form it equals an old one with the same text.
 */
export class FileText {
  constructor(
    readonly text: string,
    readonly split: boolean,
  ) {}
}

/**
 * An object of which some fields live in memory only (`trusted`, display ids). A file may have them all the same; as long
 * as nothing else of the object changes, they stay in it. When it is empty without them, a file may lack it as a whole.
 */
export class FileObject {
  constructor(
    readonly fields: WritableObject,
    readonly unwritten: readonly string[],
  ) {}
}

export type WritableValue =
  | null
  | boolean
  | number
  | string
  | JsonNumber
  | LongString
  | FileText
  | FileObject
  | readonly WritableValue[]
  | WritableObject;
export interface WritableObject {
  readonly [key: string]: WritableValue | undefined;
}

/** Scanned bytes that a new value is compared with; the node needs all its levels. */
export interface OldValue {
  bytes: Uint8Array;
  node: JsonNode;
}

/**
 * @param indent the indentation of the line on which the value begins
 * @returns UTF-8
 */
export function writeJson(value: WritableValue, style: JsonStyle, indent = '', old?: OldValue): Uint8Array {
  const writer = new Writer(style, old?.bytes);
  writer.write(value, indent, old?.node);
  return writer.finish();
}

const encoder = new TextEncoder();

/** What is written must be readable again, and stands some levels deep in its file. */
const DEEPEST = MAX_DEPTH - 10;

export class JsonDepthError extends Error {
  constructor() {
    super(`A value is nested more than ${DEEPEST} levels deep.`);
    this.name = 'JsonDepthError';
  }
}

class Writer {
  readonly #style: JsonStyle;
  readonly #old: Uint8Array;
  #pieces: Uint8Array[] = [];
  #text = '';
  #depth = 0;

  constructor(style: JsonStyle, old: Uint8Array | undefined) {
    this.#style = style;
    this.#old = old ?? new Uint8Array();
  }

  finish(): Uint8Array {
    this.#flush();
    return concatBytes(this.#pieces);
  }

  write(value: WritableValue, indent: string, node: JsonNode | undefined): void {
    if (node !== undefined && equals(this.#old, node, value)) {
      this.#flush();
      this.#pieces.push(this.#old.subarray(node.start, node.end));
    } else if (value instanceof FileObject) {
      this.write(value.fields, indent, node);
    } else if (value instanceof FileText) {
      this.write(value.split ? splitLines(value.text) : value.text, indent, undefined);
    } else if (value instanceof JsonNumber) {
      this.#text += value.text;
    } else if (value instanceof LongString) {
      this.#flush();
      this.#pieces.push(value.bytes);
    } else if (isList(value)) {
      const olds = pairItems(this.#old, node, value);
      this.#items('[', ']', indent, value, (item, inner, i) => this.write(item, inner, olds[i]));
    } else if (typeof value === 'object' && value !== null) {
      const fields = node?.kind === 'object' ? fieldsOf(node) : new Map<string, JsonNode>();
      this.#items('{', '}', indent, orderKeys(value, [...fields.keys()]), (key, inner) => {
        this.#text += JSON.stringify(key) + this.#style.colon;
        this.write(value[key] ?? null, inner, fields.get(key));
      });
    } else {
      this.#text += typeof value === 'number' && !Number.isFinite(value) ? 'null' : JSON.stringify(value);
    }
  }

  #items<T>(
    open: string,
    close: string,
    indent: string,
    items: readonly T[],
    write: (item: T, indent: string, index: number) => void,
  ): void {
    const { newline, step, comma } = this.#style;
    if (++this.#depth > DEEPEST) throw new JsonDepthError();
    this.#text += open;
    items.forEach((item, i) => {
      if (i > 0) this.#text += comma;
      this.#text += newline + (newline ? indent + step : '');
      write(item, indent + step, i);
    });
    if (items.length > 0) this.#text += newline + (newline ? indent : '');
    this.#text += close;
    this.#depth--;
  }

  #flush(): void {
    if (this.#text !== '') this.#pieces.push(encoder.encode(this.#text));
    this.#text = '';
  }
}

function isList(value: WritableValue): value is readonly WritableValue[] {
  return Array.isArray(value);
}

/** The last of repeated keys counts, as for every JSON reader. */
function fieldsOf(node: ObjectNode): Map<string, JsonNode> {
  return new Map((node.fields ?? []).map(({ key, value }) => [key, value]));
}

/** Old keys in their old order; each new one before the first old one that sorts behind it. Without old ones: sorted. */
export function orderKeys(value: WritableObject, oldKeys: readonly string[]): string[] {
  const kept = oldKeys.filter((key) => Object.hasOwn(value, key) && value[key] !== undefined);
  const known = new Set(kept);
  const added = Object.keys(value)
    .filter((key) => !known.has(key) && value[key] !== undefined)
    .sort(compareCodePoints);
  const order = [...kept];
  for (const key of added) {
    const at = order.findIndex((other) => compareCodePoints(other, key) > 0);
    order.splice(at === -1 ? order.length : at, 0, key);
  }
  return order;
}

/** Python's order of strings; JavaScript's own compares UTF-16 units, which differs beyond U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Which old item each new one is written over: equal ones at both ends first, the rest by position. */
function pairItems(
  bytes: Uint8Array,
  node: JsonNode | undefined,
  values: readonly WritableValue[],
): (JsonNode | undefined)[] {
  const items = node?.kind === 'array' ? (node.items ?? []) : [];
  const same = (old: number, now: number): boolean => {
    const item = items[old];
    const value = values[now];
    return item !== undefined && value !== undefined && equals(bytes, item, value);
  };
  const shorter = Math.min(items.length, values.length);
  let head = 0;
  while (head < shorter && same(head, head)) head++;
  let tail = 0;
  while (tail < shorter - head && same(items.length - 1 - tail, values.length - 1 - tail)) tail++;
  return values.map((_, i) => {
    if (i >= values.length - tail) return items[items.length - (values.length - i)];
    return i < items.length - tail ? items[i] : undefined;
  });
}

/** Whether `value` is what a reader makes of `node`: 1.0 equals 1, NaN equals null, a list of lines its joined text. */
export function equals(bytes: Uint8Array, node: JsonNode, value: WritableValue): boolean {
  if (value instanceof FileText) return equalsText(bytes, node, value.text);
  if (value instanceof FileObject) {
    return node.kind === 'object' && equalsObject(bytes, node, value.fields, value.unwritten);
  }
  if (value instanceof JsonNumber) {
    return node.kind === 'number' && decodeRange(bytes, node.start, node.end) === value.text;
  }
  if (value instanceof LongString) return equalsText(bytes, node, value.text);
  switch (node.kind) {
    case 'string':
      return typeof value === 'string' && equalsText(bytes, node, value);
    case 'number': {
      const { plain } = new JsonNumber(decodeRange(bytes, node.start, node.end));
      return plain === value || (plain === null && typeof value === 'number' && !Number.isFinite(value));
    }
    case 'array': {
      const items = node.items ?? [];
      return (
        isList(value) &&
        items.length === value.length &&
        items.every((item, i) => equals(bytes, item, value[i] ?? null))
      );
    }
    case 'object': {
      return (
        typeof value === 'object' && value !== null && !isList(value) && equalsObject(bytes, node, value)
      );
    }
    default:
      return value === (node.kind === 'null' ? null : node.kind === 'true');
  }
}

function equalsObject(
  bytes: Uint8Array,
  node: ObjectNode,
  value: WritableObject,
  unwritten: readonly string[] = [],
): boolean {
  const fields = fieldsOf(node);
  for (const name of unwritten) fields.delete(name);
  const keys = Object.keys(value).filter(
    (key) => value[key] !== undefined && (fields.has(key) || !isEmpty(value[key])),
  );
  return (
    keys.length === fields.size &&
    keys.every((key) => {
      const field = fields.get(key);
      return field !== undefined && equals(bytes, field, value[key] ?? null);
    })
  );
}

function isEmpty(value: WritableValue): boolean {
  return value instanceof FileObject && Object.keys(value.fields).length === 0;
}

function equalsText(bytes: Uint8Array, node: JsonNode, text: string): boolean {
  if (node.kind === 'string') {
    // no character takes less than one byte, so a longer text cannot be equal, and need not be decoded
    return text.length <= node.end - node.start - 2 && stringAt(bytes, node.start, node.end) === text;
  }
  if (node.kind !== 'array' || text.length > node.end - node.start) return false;
  const items = node.items ?? [];
  if (!items.every((item) => item.kind === 'string')) return false;
  return items.map((item) => stringAt(bytes, item.start, item.end)).join('') === text;
}

/** Python's `str.splitlines(True)`, which is how Jupyter cuts texts into lists: each line keeps its end. */
export function splitLines(text: string): string[] {
  return (
    text.match(
      /[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])|[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+$/g,
    ) ?? []
  );
}

export function concatBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
