/**
 * What of a cell may do something in a page: the data of its results and displays. Streams, tracebacks and texts that a
 * person typed cannot, and are not part of what is trusted.
 */
import { CELL_SHAPE, fieldOf, shortText, type ScannedCell } from './cell-scan.js';
import { finish, scanJsonInSteps, stringAt, type JsonNode, type ObjectNode } from './json-scanner.js';
import { parsePlain } from './json-values.js';
import { compareCodePoints } from './json-writer.js';
import type { JsonValue, Output } from './types.js';

/** Ends a text; no byte of UTF-8 is like it. */
const END = Uint8Array.of(0xff);
/** Begins an output, and what kind of value follows in it. */
const OUTPUT = Uint8Array.of(0xfe);
const JSON_FOLLOWS = Uint8Array.of(0xfd);

const encoder = new TextEncoder();

export function hasRichOutputs(cell: ScannedCell): boolean {
  return richOutputs(cell).length > 0;
}

/**
 * The cell's rich outputs as bytes, the same however the file spells them: lists of lines joined, names sorted, numbers as
 * JavaScript reads them. Without their display ids and counts, which change when nothing else does.
 */
export function* richOutputBytes(cell: ScannedCell): Generator<Uint8Array> {
  for (const output of richOutputs(cell)) {
    yield OUTPUT;
    yield* bundleBytes(cell.bytes, fieldOf(output, 'data'));
    yield* jsonBytes(cell.bytes, fieldOf(output, 'metadata'));
  }
}

/** A cell with these outputs, for whom they are values in memory. */
export function cellOfOutputs(outputs: readonly Output[]): ScannedCell {
  const bytes = encoder.encode(JSON.stringify({ cell_type: 'code', outputs }));
  const node = finish(scanJsonInSteps(bytes, CELL_SHAPE, 0)) as ObjectNode;
  return { bytes, node, nonFinite: [] };
}

function richOutputs({ bytes, node }: ScannedCell): ObjectNode[] {
  const outputs = fieldOf(node, 'outputs');
  // cells of other kinds have none, and a page shows none
  if (outputs?.kind !== 'array' || shortText(bytes, fieldOf(node, 'cell_type')) !== 'code') return [];
  return (outputs.items ?? []).filter((output): output is ObjectNode => {
    const type = shortText(bytes, fieldOf(output, 'output_type'));
    return output.kind === 'object' && type !== 'stream' && type !== 'error';
  });
}

function* bundleBytes(bytes: Uint8Array, bundle: JsonNode | undefined): Generator<Uint8Array> {
  if (bundle?.kind !== 'object') {
    yield* jsonBytes(bytes, bundle);
    return;
  }
  const fields = new Map((bundle.fields ?? []).map(({ key, value }) => [key, value]));
  for (const mime of [...fields.keys()].sort(compareCodePoints)) {
    const value = fields.get(mime);
    yield encoder.encode(mime);
    yield END;
    const lines = value?.kind === 'array' ? value.items : undefined;
    if (value?.kind === 'string') yield textBytes(bytes, value);
    else if (lines?.every(({ kind }) => kind === 'string') === true) {
      for (const line of lines) yield textBytes(bytes, line);
    } else yield* jsonBytes(bytes, value);
    yield END;
  }
}

/** What the string says, in UTF-8; copied from the file where it has no escapes. */
function textBytes(bytes: Uint8Array, { start, end }: JsonNode): Uint8Array {
  const inner = bytes.subarray(start + 1, end - 1);
  return inner.includes(0x5c) ? encoder.encode(stringAt(bytes, start, end)) : inner;
}

function* jsonBytes(bytes: Uint8Array, node: JsonNode | undefined): Generator<Uint8Array> {
  yield JSON_FOLLOWS;
  if (node === undefined) return;
  const value = parsePlain(bytes.subarray(node.start, node.end));
  yield encoder.encode(JSON.stringify(sorted(value)));
  yield END;
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value).sort(compareCodePoints);
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key] ?? null)]));
}
