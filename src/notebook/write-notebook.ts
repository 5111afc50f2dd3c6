/**
 * Writes a changed notebook: cells that nobody touched keep their bytes, wherever they move; a changed cell is written
 * over its old text, so that only what differs is new.
 */
import { toFileCell, toFileMetadata } from './cell-format.js';
import { freeCellId, isCellId } from './cell-id.js';
import { finish, scanJson } from './json-scanner.js';
import {
  FileObject,
  compareCodePoints,
  writeJson,
  type JsonStyle,
  type WritableValue,
} from './json-writer.js';
import { FileCell, NotebookFile, whiteSpace, type NotebookLayout, type RootField } from './notebook-file.js';
import type { Cell, CellId, JsonObject } from './types.js';

const NOTHING = new Uint8Array();

/** A cell to be written over an old one that may have another id, or none. `cell` may be any JSON object, valid or not. */
export class ChangedCell {
  constructor(
    readonly cell: Cell | JsonObject,
    readonly over: FileCell | undefined,
  ) {}
}

export interface NotebookChanges {
  /**
   * All cells in their new order: a `FileCell` of this file (or of any file) is copied from its bytes; a `Cell` is
   * written, over the old cell of the same id if there is one. Absent: the cells are untouched.
   */
  cells?: readonly (FileCell | Cell | ChangedCell)[];
  /** Absent: untouched. */
  metadata?: JsonObject;
  /** All other top-level fields (`nbformat_minor` and what we do not know); those missing here go. Absent: untouched. */
  root?: JsonObject;
}

/**
 * The file as it is after the changes; `file` itself stays what it was. Its bytes go to disk (`toBytes`), and it is what
 * the next changes are written against. Without a real change the bytes are the same, to the last one.
 */
export function writeNotebook(file: NotebookFile, changes: NotebookChanges): NotebookFile {
  return finish(writeNotebookInSteps(file, changes));
}

/** The same with a pause behind every cell that is written. */
export function* writeNotebookInSteps(
  file: NotebookFile,
  changes: NotebookChanges,
): Generator<void, NotebookFile> {
  const minor =
    typeof changes.root?.['nbformat_minor'] === 'number'
      ? changes.root['nbformat_minor']
      : file.nbformatMinor;
  const fields = writeRoot(file, changes);
  const cells = changes.cells === undefined ? file.cells : yield* writeCells(file, changes.cells, minor);
  const layout: NotebookLayout = { ...file.layout, fields };
  if (file.cells.length === 0 && cells.length > 0) layout.cellsClose = whiteSpace(layout.style, 1);
  if (file.cells.length > 0 && cells.length === 0) layout.cellsClose = NOTHING;
  return new NotebookFile(layout, cells, minor, file.upgradedFrom);
}

function* writeCells(
  file: NotebookFile,
  cells: readonly (FileCell | Cell | ChangedCell)[],
  minor: number,
): Generator<void, FileCell[]> {
  const { layout } = file;
  const own = new Set<FileCell>(file.cells);
  const byId = new Map<CellId, FileCell>(file.cells.map((cell) => [cell.id, cell]));
  const taken = new Set<CellId>(byId.keys());
  const written: FileCell[] = [];
  for (const cell of cells) {
    if (cell instanceof FileCell) {
      written.push(untouched(cell));
      continue;
    }
    const { cell: now, over } = cell instanceof ChangedCell ? cell : new ChangedCell(cell, byId.get(cell.id));
    const writeId = minor >= 5 || over?.idInFile === true;
    const before = over?.before ?? layout.cellLead;
    const bytes = writeCell(now, layout.style, indentOf(before, layout.style), writeId, over);
    if (over !== undefined && isSameView(bytes, over.bytes)) {
      written.push(over.after === layout.cellsClose ? withoutAfter(over) : over);
    } else {
      const id = isCellId(now.id) ? now.id : (over?.id ?? freeCellId(taken));
      taken.add(id);
      written.push(new FileCell(id, writeId, bytes, before, NOTHING));
    }
    yield;
  }
  return written;

  function untouched(cell: FileCell): FileCell {
    if (own.has(cell)) return cell.after === layout.cellsClose ? withoutAfter(cell) : cell;
    return new FileCell(cell.id, cell.idInFile, cell.bytes, layout.cellLead, NOTHING);
  }
}

/** The white space behind the last cell belongs to the list, not to the cell that happens to stand there. */
function withoutAfter(cell: FileCell): FileCell {
  return new FileCell(cell.id, cell.idInFile, cell.bytes, cell.before, NOTHING);
}

function writeCell(
  cell: Cell | JsonObject,
  style: JsonStyle,
  indent: string,
  writeId: boolean,
  before: FileCell | undefined,
): Uint8Array {
  const old = before === undefined ? undefined : { bytes: before.bytes, node: scanJson(before.bytes) };
  return writeJson(toFileCell(cell, writeId), style, indent, old);
}

/** Whether both are the very same bytes in memory: then nothing was new. */
function isSameView(a: Uint8Array, b: Uint8Array): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.length === b.length;
}

function writeRoot(file: NotebookFile, changes: NotebookChanges): readonly RootField[] {
  const { fields: old, style } = file.layout;
  const wanted = new Map<string, WritableValue>();
  for (const [name, value] of Object.entries(changes.root ?? {})) {
    if (value !== undefined && name !== 'cells' && name !== 'metadata') wanted.set(name, value);
  }
  if (changes.metadata !== undefined) wanted.set('metadata', toFileMetadata(changes.metadata));
  const isKept = (name: string): boolean =>
    changes.root === undefined || name === 'cells' || name === 'metadata' || wanted.has(name);
  const fields = old
    .filter((field) => isKept(field.name))
    .map((field) => {
      const value = wanted.get(field.name);
      // of repeated names the last one counts
      const counts = old.findLast((other) => other.name === field.name) === field;
      return value === undefined || !counts ? field : writeField(field, value, style, field.value);
    });
  for (const [name, value] of wanted) {
    if (old.some((field) => field.name === name) || isImplied(file, name, value)) continue;
    const at = fields.findIndex((field) => compareCodePoints(field.name, name) > 0);
    fields.splice(
      at === -1 ? fields.length : at,
      0,
      writeField(newField(name, old[0], style), value, style, undefined),
    );
  }
  return fields;
}

/** What a client gets told although the file lacks it, it sends back: that is no change. */
function isImplied(file: NotebookFile, name: string, value: WritableValue): boolean {
  if (name === 'metadata') return value instanceof FileObject && Object.keys(value.fields).length === 0;
  return name === 'nbformat_minor' && value === file.nbformatMinor;
}

function writeField(
  field: RootField,
  value: WritableValue,
  style: JsonStyle,
  old: Uint8Array | undefined,
): RootField {
  const over = old === undefined ? undefined : { bytes: old, node: scanJson(old) };
  return { ...field, value: writeJson(value, style, indentOf(field.before, style), over) };
}

function newField(name: string, sibling: RootField | undefined, style: JsonStyle): RootField {
  const label = new TextEncoder().encode(JSON.stringify(name) + style.colon);
  return { name, before: sibling?.before ?? whiteSpace(style, 1), label, value: NOTHING, after: NOTHING };
}

/** The indentation of the line on which something stands that has this white space in front. */
function indentOf(lead: Uint8Array, style: JsonStyle): string {
  if (style.newline === '') return '';
  const text = new TextDecoder().decode(lead);
  return text.slice(text.lastIndexOf('\n') + 1);
}
