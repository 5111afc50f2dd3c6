/**
 * Values from JSON text, in two kinds: *plain*, as everything in memory and over REST is (NaN becomes null), and *exact*,
 * in which a number that JavaScript would spell differently keeps its text.
 */
import { decodeRange, scanJson, stringAt, type JsonNode } from './json-scanner.js';
import type { JsonValue } from './types.js';

/** A number with the text it had in its file: 1.0, 1e-05, 12345678901234567890, NaN. */
export class JsonNumber {
  constructor(readonly text: string) {}

  /** What the rest of the program sees; null for NaN and the infinities, which JSON does not have. */
  get plain(): number | null {
    const value = Number(this.text);
    return Number.isFinite(value) ? value : null;
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

function plainOf(bytes: Uint8Array, node: JsonNode): JsonValue {
  return build(bytes, node, (text) => new JsonNumber(text).plain) as JsonValue;
}

/** @param node scanned with all its levels */
export function exactOf(bytes: Uint8Array, node: JsonNode): ExactValue {
  return build(bytes, node, (text) => {
    const value = Number(text);
    return Number.isFinite(value) && String(value) === text ? value : new JsonNumber(text);
  });
}

function build(bytes: Uint8Array, node: JsonNode, number: (text: string) => ExactValue): ExactValue {
  switch (node.kind) {
    case 'object':
      // fromEntries defines properties, so that a key `__proto__` is a key like any other
      return Object.fromEntries(
        (node.fields ?? []).map(({ key, value }) => [key, build(bytes, value, number)]),
      );
    case 'array':
      return (node.items ?? []).map((item) => build(bytes, item, number));
    case 'string':
      return stringAt(bytes, node.start, node.end);
    case 'number':
      return number(decodeRange(bytes, node.start, node.end));
    default:
      return node.kind === 'null' ? null : node.kind === 'true';
  }
}
