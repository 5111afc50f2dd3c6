/**
 * A notebook as it stands in its file: bytes cut into the pieces that are written back untouched. Reading one checks the
 * JSON and finds the cells; a cell's own JSON is parsed only when somebody asks for it.
 */
import { asCell, isObject, joinCell } from './cell-format.js';
import { derivedCellId, isCellId } from './cell-id.js';
import {
  JsonError,
  decodeRange,
  finish,
  levels,
  scanJsonInSteps,
  stringAt,
  type ArrayNode,
  type JsonNode,
  type ObjectNode,
} from './json-scanner.js';
import { parsePlain } from './json-values.js';
import { concatBytes, type JsonStyle } from './json-writer.js';
import { mergeConflictSentence } from './merge-conflict.js';
import { blankNotebook } from './new-notebook.js';
import type { Cell, CellId, JsonObject, JsonValue } from './types.js';
import { upgradeNotebook } from './upgrade.js';

/** Why bytes are not a notebook, in a sentence for the person who wanted to open it. */
export class NotebookError extends Error {
  /** @param isMergeConflict  it would be one, but for the marks that git left: a matter for a text editor */
  constructor(
    message: string,
    readonly isMergeConflict = false,
  ) {
    super(message);
    this.name = 'NotebookError';
  }
}

/** A cell in its file's bytes. Never changed: two files may share it. */
export class FileCell {
  /**
   * @param id       stable for as long as the file is kept in memory
   * @param idInFile whether `id` stands in `bytes`; false below 4.5 and where an id was missing or not unique
   * @param bytes    the cell's JSON object
   * @param before   white space in front of it
   * @param after    white space between it and the comma or bracket behind it
   */
  constructor(
    readonly id: CellId,
    readonly idInFile: boolean,
    readonly bytes: Uint8Array,
    readonly before: Uint8Array,
    readonly after: Uint8Array,
  ) {}

  /** Parses the cell: a fresh object at every call, with strings joined and missing fields empty. */
  read(): Cell {
    return asCell(this.json(), this.id);
  }

  /** The cell object with strings joined, but otherwise exactly what the file says, valid or not. */
  json(): JsonObject {
    const value = parsePlain(this.bytes);
    return isObject(value) ? joinCell(value) : {};
  }
}

/** One top-level field. `label` is its name with quotes, colon and the white space around that. */
export interface RootField {
  name: string;
  before: Uint8Array;
  label: Uint8Array;
  /** undefined for `cells`, which are kept one by one */
  value: Uint8Array | undefined;
  after: Uint8Array;
}

/** The pieces of a file in order: open, fields with commas between, close. */
export interface NotebookLayout {
  style: JsonStyle;
  /** byte order mark and brace */
  open: Uint8Array;
  fields: readonly RootField[];
  close: Uint8Array;
  /** white space between the last cell and the bracket, or between the brackets */
  cellsClose: Uint8Array;
  /** white space in front of a new cell */
  cellLead: Uint8Array;
}

export class NotebookFile {
  constructor(
    readonly layout: NotebookLayout,
    readonly cells: readonly FileCell[],
    readonly nbformatMinor: number,
    /** 1, 2 or 3 when the file on disk is of that format; the bytes here are the upgraded ones */
    readonly upgradedFrom?: number,
  ) {}

  /** Whether cells of this file carry ids (nbformat 4.5). */
  get hasIds(): boolean {
    return this.nbformatMinor >= 5;
  }

  /** The notebook's metadata: a fresh object at every call. */
  get metadata(): JsonObject {
    const value = this.root('metadata');
    return isObject(value) ? value : {};
  }

  /** Any other top-level field; undefined when there is none. */
  root(name: string): JsonValue | undefined {
    const field = this.layout.fields.findLast((other) => other.name === name);
    return field?.value === undefined ? undefined : parsePlain(field.value);
  }

  /** The file's bytes in pieces, none of them copied. */
  toPieces(): Uint8Array[] {
    const { open, fields, close, cellsClose } = this.layout;
    const pieces = [open];
    fields.forEach((field, i) => {
      if (i > 0) pieces.push(COMMA);
      pieces.push(field.before, field.label);
      if (field.value !== undefined) pieces.push(field.value);
      else {
        pieces.push(OPEN_BRACKET);
        this.cells.forEach((cell, at) => {
          if (at > 0) pieces.push(COMMA);
          pieces.push(cell.before, cell.bytes);
          if (at < this.cells.length - 1) pieces.push(cell.after);
        });
        pieces.push(cellsClose, CLOSE_BRACKET);
      }
      pieces.push(field.after);
    });
    pieces.push(close);
    return pieces;
  }

  toBytes(): Uint8Array {
    return concatBytes(this.toPieces());
  }

  /** The same with pauses, for large ones. */
  *toBytesInSteps(): Generator<void, Uint8Array> {
    const pieces = this.toPieces();
    const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    // A large piece of memory may cost a collection of garbage.
    yield;
    let at = 0;
    let paused = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
      if (at - paused < COPIED_AT_ONCE) continue;
      paused = at;
      yield;
    }
    return whole;
  }
}

/** Bytes */
const COPIED_AT_ONCE = 1 << 19;

const COMMA = Uint8Array.of(0x2c);
const OPEN_BRACKET = Uint8Array.of(0x5b);
const CLOSE_BRACKET = Uint8Array.of(0x5d);

/**
 * Reads a notebook of any version; 1 to 3 are upgraded to 4.5, versions 4.x stay what they are. An empty file is an
 * empty notebook, as people make them with `touch`.
 *
 * @param bytes kept, and must not be changed afterwards
 * @throws {NotebookError} when it is not JSON, not a notebook, or its cells are not a list of objects
 */
export function readNotebook(bytes: Uint8Array): NotebookFile {
  return finish(readNotebookInSteps(bytes));
}

/** The same with pauses, for large ones. */
export function* readNotebookInSteps(bytes: Uint8Array): Generator<void, NotebookFile> {
  if (isBlank(bytes)) return readNotebook(blankNotebook());
  const root = yield* scan(bytes);
  if (root.kind !== 'object')
    throw new NotebookError('Not a notebook: the file holds JSON, but not an object.');
  const version = numberField(bytes, root, 'nbformat');
  if (version === undefined) {
    throw new NotebookError(
      "Not a notebook: the file is JSON, but has no 'nbformat', which says which version it is.",
    );
  }
  if (version > 4) {
    throw new NotebookError(`This notebook has format ${version}; this server reads formats 1 to 4.`);
  }
  if (version < 4) {
    const upgraded = upgradeNotebook(bytes);
    return layOut(upgraded, finish(scan(upgraded)) as ObjectNode, version);
  }
  return layOut(bytes, root);
}

/** The notebook, the list of cells, the fields of a cell. */
const FILE_SHAPE = levels(3);

function* scan(bytes: Uint8Array): Generator<void, JsonNode> {
  try {
    return yield* scanJsonInSteps(bytes, FILE_SHAPE, 2);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const conflict = mergeConflictSentence(bytes);
    if (conflict !== undefined) throw new NotebookError(conflict, true);
    throw new NotebookError(`Unreadable notebook: ${error.message}.`);
  }
}

function layOut(bytes: Uint8Array, root: ObjectNode, upgradedFrom?: number): NotebookFile {
  const fields = root.fields ?? [];
  const cellsNode = fields.findLast((field) => field.key === 'cells')?.value;
  if (cellsNode === undefined) throw new NotebookError("Unreadable notebook: it has no 'cells'.");
  if (cellsNode.kind !== 'array') throw new NotebookError("Unreadable notebook: its 'cells' are not a list.");
  const minor = numberField(bytes, root, 'nbformat_minor') ?? 0;
  const style = styleOf(bytes, root);
  let at = root.start + 1;
  const rootFields = fields.map((field, i): RootField => {
    const { value } = field;
    const next = fields[i + 1];
    const afterEnd = next === undefined ? value.end : commaBefore(bytes, next.keyStart);
    const piece: RootField = {
      name: field.key,
      before: bytes.subarray(at, field.keyStart),
      label: bytes.subarray(field.keyStart, value.start),
      value: value === cellsNode ? undefined : bytes.subarray(value.start, value.end),
      after: bytes.subarray(value.end, afterEnd),
    };
    at = next === undefined ? value.end : afterEnd + 1;
    return piece;
  });
  const cells = cutCells(bytes, cellsNode, minor);
  const layout: NotebookLayout = {
    style,
    open: bytes.subarray(0, root.start + 1),
    fields: rootFields,
    close: bytes.subarray(at),
    cellsClose: cells.at(-1)?.after ?? whiteSpace(style, 1),
    cellLead: (cells[1] ?? cells[0])?.before ?? whiteSpace(style, 2),
  };
  // brackets with nothing but white space between them stay as they are until a cell comes
  const close = cells.length > 0 ? layout.cellsClose : bytes.subarray(cellsNode.start + 1, cellsNode.end - 1);
  return new NotebookFile({ ...layout, cellsClose: close }, cells, minor, upgradedFrom);
}

function cutCells(bytes: Uint8Array, list: ArrayNode, minor: number): FileCell[] {
  const items = list.items ?? [];
  const ids = cellIds(bytes, items);
  let at = list.start + 1;
  return items.map((node, i) => {
    if (node.kind !== 'object') {
      throw new NotebookError(`Unreadable notebook: cell ${i + 1} is not an object but a JSON ${node.kind}.`);
    }
    const next = items[i + 1];
    const afterEnd = next === undefined ? list.end - 1 : commaBefore(bytes, next.start);
    const { id, inFile } = ids[i] as { id: CellId; inFile: boolean };
    const cell = new FileCell(
      id,
      inFile && (minor >= 5 || isCellId(id)),
      bytes.subarray(node.start, node.end),
      bytes.subarray(at, node.start),
      bytes.subarray(node.end, afterEnd),
    );
    at = afterEnd + 1;
    return cell;
  });
}

/** The ids in the file where they are good; ones by source where they are missing, malformed or taken by an earlier cell. */
function cellIds(bytes: Uint8Array, items: readonly JsonNode[]): { id: CellId; inFile: boolean }[] {
  const inFile = items.map((node) => {
    const field =
      node.kind === 'object' ? node.fields?.findLast(({ key }) => key === 'id')?.value : undefined;
    return field?.kind === 'string' ? stringAt(bytes, field.start, field.end) : undefined;
  });
  const all = new Set(inFile);
  const seen = new Set<string>();
  return items.map((node, index) => {
    const id = inFile[index];
    if (isCellId(id) && !seen.has(id)) {
      seen.add(id);
      return { id, inFile: true };
    }
    const source =
      node.kind === 'object' ? node.fields?.findLast(({ key }) => key === 'source')?.value : undefined;
    const derived = derivedCellId(bytes.subarray(source?.start ?? 0, source?.end ?? 0), all);
    all.add(derived);
    return { id: derived, inFile: false };
  });
}

/** The comma in front of an item, found backwards over white space. */
function commaBefore(bytes: Uint8Array, start: number): number {
  return bytes.lastIndexOf(0x2c, start - 1);
}

function numberField(bytes: Uint8Array, root: ObjectNode, name: string): number | undefined {
  const node = root.fields?.findLast(({ key }) => key === name)?.value;
  if (node?.kind !== 'number') return undefined;
  const value = Number(decodeRange(bytes, node.start, node.end));
  return Number.isInteger(value) && value >= 0 ? value : undefined;
}

/** The layout of the file, read off its first field. */
function styleOf(bytes: Uint8Array, root: ObjectNode): JsonStyle {
  const first = root.fields?.[0];
  if (first === undefined) return { newline: '', step: '', colon: ': ', comma: ', ' };
  const lead = decodeRange(bytes, root.start + 1, first.keyStart);
  const label = decodeRange(bytes, first.keyStart, first.value.start);
  const colon = label.slice(label.lastIndexOf('"') + 1);
  const line = /(\r?\n)([^\r\n]*)$/.exec(lead);
  if (line === null) {
    const second = root.fields?.[1];
    const spaced = second !== undefined && bytes[second.keyStart - 1] === 0x20;
    return { newline: '', step: '', colon, comma: spaced ? ', ' : ',' };
  }
  return { newline: line[1] ?? '\n', step: line[2] ?? '', colon, comma: ',' };
}

/** The white space in front of an item `levels` deep. */
export function whiteSpace(style: JsonStyle, levels: number): Uint8Array {
  return new TextEncoder().encode(style.newline === '' ? '' : style.newline + style.step.repeat(levels));
}

function isBlank(bytes: Uint8Array): boolean {
  if (bytes.length > 64) return false;
  return bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
}
