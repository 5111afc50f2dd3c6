/**
 * The notebook as the contents API sends it, as bytes made from the file's bytes: lists of lines become one text by
 * leaving out what stands between the lines, `trusted` and ids are put in, NaN becomes null. Everything else, and above
 * all every picture, is passed on as it stands in the file, never decoded.
 */
import { fieldOf, scanCell, shortText, type ScannedCell } from './cell-scan.js';
import type { ArrayNode, JsonNode, ObjectNode } from './json-scanner.js';
import type { FileCell, NotebookFile } from './notebook-file.js';
import type { JsonObject } from './types.js';

export interface ContentOptions {
  /** what the reader of the notebook is told about a code cell */
  isTrusted(scanned: ScannedCell, cell: FileCell): boolean;
  /** sees every cell as it is sent */
  onCell?(scanned: ScannedCell, index: number, cell: FileCell): void;
}

/** The JSON text of the content, in pieces to be sent one after the other; others get their turn between them. */
export function* contentPieces(file: NotebookFile, options: ContentOptions): Generator<Uint8Array> {
  const out = new ByteWriter();
  const { cells: _, ...frame } = contentFrame(file);
  out.text(`${JSON.stringify(frame).slice(0, -1)},"cells":[`);
  for (const [index, cell] of file.cells.entries()) {
    if (index > 0) out.text(',');
    const scanned = scanCell(cell.bytes);
    options.onCell?.(scanned, index, cell);
    writeCell(out, file, cell, scanned, options);
    if (out.size > PIECE) yield* out.take();
  }
  out.text(']}');
  yield* out.take();
}

/** The content without its cells: `metadata` and the versions are always there. */
export function contentFrame(file: NotebookFile): JsonObject {
  const content: JsonObject = {};
  for (const { name } of file.layout.fields) content[name] = file.root(name);
  return { ...content, cells: [], metadata: file.metadata, nbformat: 4, nbformat_minor: file.nbformatMinor };
}

/** What stands in place of a range of the file: a text, or a list whose lines are joined. */
interface Edit {
  start: number;
  end: number;
  text: string;
  lines?: ArrayNode;
}

function writeCell(
  out: ByteWriter,
  file: NotebookFile,
  cell: FileCell,
  scanned: ScannedCell,
  options: ContentOptions,
): void {
  const { bytes, node, nonFinite } = scanned;
  const edits: Edit[] = [];
  joinTexts(node, edits);
  const added: string[] = [];
  if (file.hasIds && !cell.idInFile) put(node, 'id', JSON.stringify(cell.id), edits, added);
  if (shortText(bytes, fieldOf(node, 'cell_type')) === 'code') {
    const flag = String(options.isTrusted(scanned, cell));
    const metadata = fieldOf(node, 'metadata');
    if (metadata === undefined) added.push(`"metadata":{"trusted":${flag}}`);
    else if (metadata.kind === 'object') {
      const inner: string[] = [];
      put(metadata, 'trusted', flag, edits, inner);
      insertFields(metadata, inner, edits);
    }
  }
  insertFields(node, added, edits);
  for (let i = 0; i < nonFinite.length; i += 2) {
    edits.push({ start: nonFinite[i] ?? 0, end: nonFinite[i + 1] ?? 0, text: 'null' });
  }
  edits.sort((a, b) => a.start - b.start);
  let at = 0;
  for (const edit of edits) {
    // what is replaced as a whole needs no changes inside
    if (edit.start < at) continue;
    out.range(bytes, at, edit.start);
    out.text(edit.text);
    if (edit.lines !== undefined) {
      out.text('"');
      for (const line of edit.lines.items ?? []) out.range(bytes, line.start + 1, line.end - 1);
      out.text('"');
    }
    at = edit.end;
  }
  out.range(bytes, at, bytes.length);
}

/** Sets a field wherever it stands, or tells that it must be added. */
function put(node: ObjectNode, name: string, json: string, edits: Edit[], added: string[]): void {
  const there = (node.fields ?? []).filter(({ key }) => key === name);
  for (const { value } of there) edits.push({ start: value.start, end: value.end, text: json });
  if (there.length === 0) added.push(`${JSON.stringify(name)}:${json}`);
}

function insertFields(node: ObjectNode, fields: readonly string[], edits: Edit[]): void {
  if (fields.length === 0) return;
  const comma = (node.fields ?? []).length > 0 ? ',' : '';
  edits.push({ start: node.end - 1, end: node.end - 1, text: comma + fields.join(',') });
}

/** Finds the lists of lines among a cell's fields, where the format allows them. */
function joinTexts(cell: ObjectNode, edits: Edit[]): void {
  for (const { key, value } of cell.fields ?? []) {
    if (key === 'source') joinList(value, edits);
    else if (key === 'attachments') joinBundles(value, edits);
    else if (key === 'outputs' && value.kind === 'array') {
      for (const output of value.items ?? []) joinOutput(output, edits);
    }
  }
}

function joinOutput(output: JsonNode, edits: Edit[]): void {
  if (output.kind !== 'object') return;
  for (const { key, value } of output.fields ?? []) {
    if (key === 'text') joinList(value, edits);
    else if (key === 'data') joinBundle(value, edits);
  }
}

function joinBundles(attachments: JsonNode, edits: Edit[]): void {
  if (attachments.kind !== 'object') return;
  for (const { value } of attachments.fields ?? []) joinBundle(value, edits);
}

function joinBundle(bundle: JsonNode, edits: Edit[]): void {
  if (bundle.kind !== 'object') return;
  // JSON data has no items here: its lists are data
  for (const { value } of bundle.fields ?? []) joinList(value, edits);
}

function joinList(value: JsonNode, edits: Edit[]): void {
  if (value.kind !== 'array' || value.items === undefined) return;
  if (!value.items.every(({ kind }) => kind === 'string')) return;
  edits.push({ start: value.start, end: value.end, text: '', lines: value });
}

/** About how much is handed out at once. */
const PIECE = 1 << 18;
/** Longer ranges are handed out as views of the file, shorter ones are gathered. */
const LONG = 1 << 14;

const encoder = new TextEncoder();

class ByteWriter {
  #pieces: Uint8Array[] = [];
  #gathered = new Uint8Array(PIECE);
  #from = 0;
  #used = 0;
  size = 0;

  text(text: string): void {
    if (text !== '') this.#add(encoder.encode(text));
  }

  range(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < LONG) {
      this.#gather(bytes, start, end);
      return;
    }
    this.#close();
    this.#pieces.push(bytes.subarray(start, end));
    this.size += end - start;
  }

  take(): Uint8Array[] {
    this.#close();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.size = 0;
    return pieces;
  }

  #add(bytes: Uint8Array): void {
    this.range(bytes, 0, bytes.length);
  }

  #gather(bytes: Uint8Array, start: number, end: number): void {
    if (this.#used + (end - start) > this.#gathered.length) {
      this.#close();
      this.#gathered = new Uint8Array(PIECE);
      this.#from = this.#used = 0;
    }
    if (end - start < 32) for (let i = start; i < end; i++) this.#gathered[this.#used++] = bytes[i] as number;
    else {
      this.#gathered.set(bytes.subarray(start, end), this.#used);
      this.#used += end - start;
    }
    this.size += end - start;
  }

  #close(): void {
    if (this.#used > this.#from) this.#pieces.push(this.#gathered.subarray(this.#from, this.#used));
    this.#from = this.#used;
  }
}
