/**
 * A cell's text cut where the format has something to say: at its texts, outputs and MIME bundles. What a bundle holds as
 * JSON (a chart of a million points) and long texts are never made into values here.
 */
import { isJsonMime } from './cell-format.js';
import { scanJson, stringAt, type JsonNode, type ObjectNode, type Shape } from './json-scanner.js';
import { parsePlain } from './json-values.js';
import type { JsonObject, JsonValue } from './types.js';

/** A string or a list of lines. */
const TEXT: Shape = { field: () => undefined, item: undefined };
const BUNDLE: Shape = { field: (mime) => (isJsonMime(mime) ? undefined : TEXT), item: undefined };
const OUTPUT: Shape = {
  field: (key) => (key === 'data' ? BUNDLE : key === 'text' || key === 'traceback' ? TEXT : undefined),
  item: undefined,
};
const OUTPUTS: Shape = { field: () => undefined, item: OUTPUT };
const ATTACHMENTS: Shape = { field: () => BUNDLE, item: undefined };

/** Of a cell in a list of cells. */
export const CELL_SHAPE: Shape = {
  field(key) {
    switch (key) {
      case 'source':
        return TEXT;
      case 'outputs':
        return OUTPUTS;
      case 'attachments':
        return ATTACHMENTS;
      case 'metadata':
        return TEXT;
      default:
        return undefined;
    }
  },
  item: undefined,
};

export interface ScannedCell {
  bytes: Uint8Array;
  node: ObjectNode;
  /** start and end of each NaN, Infinity and -Infinity */
  nonFinite: readonly number[];
}

/** @param bytes  a cell's JSON object, of a file that was read: it is known to be JSON */
export function scanCell(bytes: Uint8Array): ScannedCell {
  const nonFinite: number[] = [];
  const node = scanJson(bytes, CELL_SHAPE, { nonFinite, isChecked: true });
  if (node.kind !== 'object') throw new Error(`A cell is not an object but a JSON ${node.kind}`);
  return { bytes, node, nonFinite };
}

/** The last of repeated names counts, as for every JSON reader. */
export function fieldOf(node: JsonNode | undefined, name: string): JsonNode | undefined {
  return node?.kind === 'object' ? node.fields?.findLast(({ key }) => key === name)?.value : undefined;
}

/** What a string says; undefined when it is none, or longer than any name. */
export function shortText(bytes: Uint8Array, node: JsonNode | undefined): string | undefined {
  if (node?.kind !== 'string' || node.end - node.start > LONGEST_NAME) return undefined;
  return stringAt(bytes, node.start, node.end);
}

const LONGEST_NAME = 1000;

/** Stands for every text that is too long to be an id or a name. */
const SOME_TEXT = 'x'.repeat(LONGEST_NAME);

/**
 * The cell as a value in which long texts and JSON data are left out: what a validator of its structure needs to see.
 */
export function outlineOf({ bytes, node }: ScannedCell): JsonObject {
  return outline(bytes, node, true) as JsonObject;
}

function outline(bytes: Uint8Array, node: JsonNode, isCell = false): JsonValue {
  switch (node.kind) {
    case 'object': {
      if (node.fields === undefined) return {};
      const parts = node.fields.map(({ key, value }): [string, JsonValue] => [
        key,
        isCell && key === 'metadata'
          ? parsePlain(bytes.subarray(value.start, value.end))
          : outline(bytes, value),
      ]);
      // fromEntries defines properties, so that a key `__proto__` is a key like any other
      return Object.fromEntries(parts);
    }
    case 'array': {
      const items = node.items ?? [];
      // a list of lines is as good as its first one
      if (items.every(({ kind }) => kind === 'string')) return items.length === 0 ? [] : [''];
      return items.map((item) => outline(bytes, item));
    }
    case 'string':
      return shortText(bytes, node) ?? SOME_TEXT;
    default:
      return parsePlain(bytes.subarray(node.start, node.end));
  }
}
