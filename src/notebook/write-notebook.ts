/**
 * Writes a changed notebook: cells that nobody touched keep their bytes, wherever they move; a changed cell is written
 * over its old text, so that only what differs is new.
 */
import { isObject, toFileCell, toFileMetadata } from './cell-format.js';
import { scanJson } from './json-scanner.js';
import {
  orderKeys,
  writeJson,
  type JsonStyle,
  type WritableObject,
  type WritableValue,
} from './json-writer.js';
import { FileCell, NotebookFile, whiteSpace, type NotebookLayout, type RootField } from './notebook-file.js';
import type { Cell, CellId, JsonObject } from './types.js';

export interface NotebookChanges {
  /**
   * All cells in their new order: a `FileCell` of this file (or of any file) is copied from its bytes; a `Cell` is
   * written, over the old cell of the same id if there is one. Absent: the cells are untouched.
   */
  cells?: readonly (FileCell | Cell)[];
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
  const minor =
    typeof changes.root?.['nbformat_minor'] === 'number'
      ? changes.root['nbformat_minor']
      : file.nbformatMinor;
  const fields = writeRoot(file, changes);
  const cells = changes.cells === undefined ? file.cells : writeCells(file, changes.cells, minor);
  const layout: NotebookLayout = { ...file.layout, fields };
  if (file.cells.length === 0 && cells.length > 0) layout.cellsClose = whiteSpace(layout.style, 1);
  if (file.cells.length > 0 && cells.length === 0) layout.cellsClose = new Uint8Array();
  return new NotebookFile(layout, cells, minor, file.upgradedFrom);
}

function writeCells(file: NotebookFile, cells: readonly (FileCell | Cell)[], minor: number): FileCell[] {
  const { style, cellLead } = file.layout;
  const nothing = new Uint8Array();
  const old = new Map<CellId, FileCell>(file.cells.map((cell) => [cell.id, cell]));
  const own = new Set<FileCell>(file.cells);
  return cells.map((cell) => {
    if (cell instanceof FileCell) {
      if (own.has(cell)) return cell.after === file.layout.cellsClose ? withoutAfter(cell) : cell;
      return new FileCell(cell.id, cell.idInFile, cell.bytes, cellLead, nothing);
    }
    const before = old.get(cell.id);
    const writeId =
      before === undefined || minor !== file.nbformatMinor ? minor >= 5 : minor >= 5 || before.idInFile;
    const lead = before?.before ?? cellLead;
    const bytes = writeCell(cell, style, indentOf(lead, style), writeId, before);
    if (before !== undefined && bytes === before.bytes) {
      return before.after === file.layout.cellsClose ? withoutAfter(before) : before;
    }
    return new FileCell(cell.id, writeId, bytes, lead, nothing);
  });
}

/** The white space behind the last cell belongs to the list, not to the cell that happens to stand there. */
function withoutAfter(cell: FileCell): FileCell {
  return new FileCell(cell.id, cell.idInFile, cell.bytes, cell.before, new Uint8Array());
}

function writeCell(
  cell: Cell,
  style: JsonStyle,
  indent: string,
  writeId: boolean,
  before: FileCell | undefined,
): Uint8Array {
  const old = before === undefined ? undefined : { bytes: before.bytes, node: scanJson(before.bytes) };
  return writeJson(toFileCell(cell, writeId), style, indent, old);
}

function writeRoot(file: NotebookFile, changes: NotebookChanges): readonly RootField[] {
  if (changes.metadata === undefined && changes.root === undefined) return file.layout.fields;
  const old = file.layout.fields;
  const wanted: Record<string, WritableValue | undefined> = {};
  for (const { name } of old) if (changes.root === undefined || name === 'cells') wanted[name] = null;
  for (const [name, value] of Object.entries(changes.root ?? {})) {
    if (name !== 'metadata' && name !== 'cells') wanted[name] = value as WritableValue;
  }
  const metadata = changes.metadata ?? file.metadata;
  wanted['metadata'] = toFileMetadata(metadata);
  const { style } = file.layout;
  const byName = new Map(old.map((field) => [field.name, field]));
  return orderKeys(wanted, [...byName.keys()]).map((name): RootField => {
    const field = byName.get(name);
    const changed = name === 'metadata' ? changes.metadata !== undefined : changes.root !== undefined;
    if (field !== undefined && (field.value === undefined || !changed)) return field;
    return writeField(field ?? newField(name, old[0], style), wanted[name] ?? null, style, field?.value);
  });
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
  const nothing = new Uint8Array();
  return { name, before: sibling?.before ?? whiteSpace(style, 1), label, value: nothing, after: nothing };
}

/** The indentation of the line on which something stands that has this white space in front. */
function indentOf(lead: Uint8Array, style: JsonStyle): string {
  if (style.newline === '') return '';
  const text = new TextDecoder().decode(lead);
  return text.slice(text.lastIndexOf('\n') + 1);
}

/** A notebook object (from a client, or upgraded) as new file bytes in Jupyter's layout, strings split. */
export function toWritableNotebook(notebook: JsonObject): WritableObject {
  const cells = Array.isArray(notebook['cells']) ? notebook['cells'] : [];
  const minor = typeof notebook['nbformat_minor'] === 'number' ? notebook['nbformat_minor'] : 0;
  return {
    ...(notebook as WritableObject),
    cells: cells.map((cell) => (isObject(cell) ? toFileCell(cell, minor >= 5) : (cell as WritableValue))),
    metadata: isObject(notebook['metadata']) ? toFileMetadata(notebook['metadata']) : {},
  };
}
