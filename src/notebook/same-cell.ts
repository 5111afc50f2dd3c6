/**
 * Whether a client sends a cell back as it stands in the file, told from the bytes of both: a list of lines is its joined
 * text, the order of names and white space say nothing, 1.0 is 1, and NaN is the null that clients get for it.
 */
import { isJsonMime } from './cell-format.js';
import type { ScannedCell } from './cell-scan.js';
import { decodeRange, scanJson, stringAt, type JsonNode } from './json-scanner.js';
import { JsonNumber } from './json-values.js';

/** A value in a text. */
interface Piece {
  bytes: Uint8Array;
  node: JsonNode;
}
type Same = (old: Piece, sent: Piece) => boolean;

/** @param withId  whether the id belongs to the file; below 4.5 clients send ids that do not */
export function isSameCell(old: ScannedCell, sent: ScannedCell, withId: boolean): boolean {
  return sameObject(old, sent, { sent: withId ? [] : ['id'], optional: ['metadata'] }, (key) => {
    switch (key) {
      case 'source':
        return sameText;
      case 'metadata':
        return (a, b) => sameObject(a, b, { both: ['trusted'] }, () => sameJson);
      case 'attachments':
        return (a, b) => sameObject(a, b, {}, () => sameBundle);
      case 'outputs':
        return (a, b) => sameList(a, b, sameOutput);
      default:
        return sameJson;
    }
  });
}

const sameOutput: Same = (old, sent) =>
  sameObject(old, sent, { both: ['transient'] }, (key) =>
    key === 'text' ? sameText : key === 'data' ? sameBundle : sameJson,
  );

const sameBundle: Same = (old, sent) =>
  sameObject(old, sent, {}, (mime) => (isJsonMime(mime) ? sameJson : sameText));

/** Names that are not compared: in what was sent, in both, and those whose absence equals an empty object. */
interface Ignored {
  sent?: readonly string[];
  both?: readonly string[];
  optional?: readonly string[];
}

function sameObject(old: Piece, sent: Piece, ignored: Ignored, how: (key: string) => Same): boolean {
  const { both = [], optional = [] } = ignored;
  const olds = fieldsOf(old, both);
  const sents = fieldsOf(sent, [...both, ...(ignored.sent ?? [])]);
  if (olds === undefined || sents === undefined) return sameJson(old, sent);
  for (const name of optional) {
    const node = olds.has(name) ? undefined : sents.get(name);
    if (node !== undefined && fieldsOf({ bytes: sent.bytes, node }, ['trusted'])?.size === 0) {
      sents.delete(name);
    }
  }
  if (olds.size !== sents.size) return false;
  for (const [key, node] of olds) {
    const other = sents.get(key);
    if (other === undefined) return false;
    if (!how(key)({ bytes: old.bytes, node }, { bytes: sent.bytes, node: other })) return false;
  }
  return true;
}

/** The last of repeated names counts. undefined: no object, or one that was not looked into. */
function fieldsOf({ node }: Piece, ignored: readonly string[]): Map<string, JsonNode> | undefined {
  if (node.kind !== 'object' || node.fields === undefined) return undefined;
  const fields = new Map(node.fields.map(({ key, value }) => [key, value]));
  for (const name of ignored) fields.delete(name);
  return fields;
}

function sameList(old: Piece, sent: Piece, same: Same): boolean {
  if (old.node.kind !== 'array' || sent.node.kind !== 'array') return sameJson(old, sent);
  const [olds, sents] = [old.node.items, sent.node.items];
  if (olds === undefined || sents === undefined) return sameJson(old, sent);
  if (olds.length !== sents.length) return false;
  return olds.every((node, i) => {
    const other = sents[i];
    return other !== undefined && same({ bytes: old.bytes, node }, { bytes: sent.bytes, node: other });
  });
}

const sameText: Same = (old, sent) => {
  const olds = stringsOf(old.node);
  const sents = stringsOf(sent.node);
  if (olds === undefined || sents === undefined) return sameJson(old, sent);
  const [only] = sents;
  if (sents.length === 1 && only !== undefined && isSpelledAlike(old.bytes, olds, sent.bytes, only))
    return true;
  const text = ({ bytes }: Piece, nodes: readonly JsonNode[]): string =>
    nodes.map(({ start, end }) => stringAt(bytes, start, end)).join('');
  return text(old, olds) === text(sent, sents);
};

/** A string as a list of one; undefined for anything but strings and lists of them. */
function stringsOf(node: JsonNode): readonly JsonNode[] | undefined {
  if (node.kind === 'string') return [node];
  if (node.kind !== 'array') return undefined;
  return node.items?.every(({ kind }) => kind === 'string') === true ? node.items : undefined;
}

/** Whether the lines, one behind the other, are byte for byte the text: then nothing need be decoded. */
function isSpelledAlike(
  bytes: Uint8Array,
  lines: readonly JsonNode[],
  other: Uint8Array,
  text: JsonNode,
): boolean {
  let at = text.start + 1;
  for (const { start, end } of lines) {
    const length = end - start - 2;
    if (at + length > text.end - 1) return false;
    for (let i = 0; i < length; i++) if (bytes[start + 1 + i] !== other[at + i]) return false;
    at += length;
  }
  return at === text.end - 1;
}

const sameJson: Same = (old, sent) => {
  if (isSameSpelling(old, sent)) return true;
  if (old.node.kind === 'string' && sent.node.kind === 'string') {
    return textOf(old) === textOf(sent);
  }
  if (isNumberOrNull(old.node) && isNumberOrNull(sent.node)) return numberOf(old) === numberOf(sent);
  return old.node.kind === sent.node.kind && isContainer(old.node) && sameDeep(whole(old), whole(sent));
};

function sameDeep(old: Piece, sent: Piece): boolean {
  if (old.node.kind === 'object') return sameObject(old, sent, {}, () => sameJsonDeep);
  return sameList(old, sent, sameJsonDeep);
}

/** As `sameJson`, for values that were scanned with all their levels. */
const sameJsonDeep: Same = (old, sent) =>
  isContainer(old.node) && old.node.kind === sent.node.kind ? sameDeep(old, sent) : sameJson(old, sent);

/** With all its levels. */
function whole({ bytes, node }: Piece): Piece {
  const own = bytes.subarray(node.start, node.end);
  return { bytes: own, node: scanJson(own) };
}

function isContainer(node: JsonNode): boolean {
  return node.kind === 'object' || node.kind === 'array';
}

function isNumberOrNull(node: JsonNode): boolean {
  return node.kind === 'number' || node.kind === 'null';
}

function numberOf({ bytes, node }: Piece): number | null {
  return node.kind === 'null' ? null : new JsonNumber(decodeRange(bytes, node.start, node.end)).plain;
}

function textOf({ bytes, node }: Piece): string {
  return stringAt(bytes, node.start, node.end);
}

/** Whether both are the same but for white space between their parts. */
function isSameSpelling(old: Piece, sent: Piece): boolean {
  const [a, b] = [old.bytes, sent.bytes];
  let i = old.node.start;
  let j = sent.node.start;
  const [iEnd, jEnd] = [old.node.end, sent.node.end];
  let isInString = false;
  for (;;) {
    if (!isInString) {
      while (i < iEnd && isSpace(a[i])) i++;
      while (j < jEnd && isSpace(b[j])) j++;
    }
    if (i >= iEnd || j >= jEnd) return i >= iEnd && j >= jEnd;
    const byte = a[i];
    if (byte !== b[j]) return false;
    if (byte === 0x22) isInString = !isInString;
    else if (byte === 0x5c) {
      // what is escaped may be a quote
      i++;
      j++;
      if (a[i] !== b[j]) return false;
    }
    i++;
    j++;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
