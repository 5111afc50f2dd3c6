/**
 * Values from JSON text, in two kinds: *plain*, as everything in memory and over REST is (NaN becomes null), and *exact*,
 * in which a number that JavaScript would spell differently keeps its text.
 */
import { decodeRange, scanJson, stringAt, type JsonNode } from './json-scanner.js';
import type { JsonValue } from './types.js';

/** JSON text that is written as it stands. */
export abstract class JsonText {}

/** A number with the text it had in its file: 1.0, 1e-05, 12345678901234567890, NaN. */
export class JsonNumber extends JsonText {
  constructor(readonly text: string) {
    super();
  }

  /** What the rest of the program sees; null for NaN and the infinities, which JSON does not have. */
  get plain(): number | null {
    const value = Number(this.text);
    return Number.isFinite(value) ? value : null;
  }
}

/** A long string that need not be decoded: its bytes with the quotes, spelled as Jupyter would spell it. */
export class LongString extends JsonText {
  constructor(readonly bytes: Uint8Array) {
    super();
  }

  get text(): string {
    return stringAt(this.bytes, 0, this.bytes.length);
  }
}

export type ExactValue = null | boolean | number | string | JsonNumber | ExactValue[] | ExactObject;
export interface ExactObject {
  [key: string]: ExactValue;
}

export function isExactObject(value: unknown): value is ExactObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber)
  );
}

/** The value of a whole JSON text that `scanJson` accepts. */
export function parsePlain(bytes: Uint8Array): JsonValue {
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  try {
    return JSON.parse(decodeRange(bytes, start, bytes.length)) as JsonValue;
  } catch {
    // NaN and its kin, which JSON.parse does not take. What is broken otherwise, the scanner reports with its place.
    return plainOf(bytes, scanJson(bytes));
  }
}

/** @throws {JsonError} */
export function parseExact(bytes: Uint8Array): ExactValue {
  return exactOf(bytes, scanJson(bytes));
}

/** Strings from this length on stay bytes. */
const LONG = 4096;

/**
 * As `parseExact`, but long strings stay bytes: what is going to be written.
 *
 * @returns a value for `json-writer.ts`; its numbers and long strings are not what the type says
 */
export function parseWritable(bytes: Uint8Array): JsonValue {
  const string = (start: number, end: number): ExactValue =>
    end - start >= LONG && isSpelledPlainly(bytes, start, end)
      ? (new LongString(bytes.subarray(start, end)) as unknown as ExactValue)
      : stringAt(bytes, start, end);
  return build(bytes, scanJson(bytes), exactNumber, string) as JsonValue;
}

/** No escape that Jupyter would not write: `\u…` of what needs none, `\/`. */
function isSpelledPlainly(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = bytes.indexOf(0x5c, start); at !== -1 && at < end; at = bytes.indexOf(0x5c, at + 2)) {
    const next = bytes[at + 1];
    if (next === 0x75 || next === 0x2f) return false;
  }
  return true;
}

function plainOf(bytes: Uint8Array, node: JsonNode): JsonValue {
  return build(bytes, node, (text) => new JsonNumber(text).plain) as JsonValue;
}

/** @param node scanned with all its levels */
export function exactOf(bytes: Uint8Array, node: JsonNode): ExactValue {
  return build(bytes, node, exactNumber);
}

function exactNumber(text: string): ExactValue {
  const value = Number(text);
  return Number.isFinite(value) && String(value) === text ? value : new JsonNumber(text);
}

function build(
  bytes: Uint8Array,
  node: JsonNode,
  number: (text: string) => ExactValue,
  string: (start: number, end: number) => ExactValue = (start, end) => stringAt(bytes, start, end),
): ExactValue {
  switch (node.kind) {
    case 'object':
      // fromEntries defines properties, so that a key `__proto__` is a key like any other
      return Object.fromEntries(
        (node.fields ?? []).map(({ key, value }) => [key, build(bytes, value, number, string)]),
      );
    case 'array':
      return (node.items ?? []).map((item) => build(bytes, item, number, string));
    case 'string':
      return string(node.start, node.end);
    case 'number':
      return number(decodeRange(bytes, node.start, node.end));
    default:
      return node.kind === 'null' ? null : node.kind === 'true';
  }
}
