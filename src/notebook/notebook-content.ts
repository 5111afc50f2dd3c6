/**
 * The notebook as one JSON object, the way the contents API sends and takes it (`content` of a model of type notebook):
 * strings joined, every code cell with `metadata.trusted`, cell ids from format 4.5 on.
 */
import { isObject, toFileCell } from './cell-format.js';
import { freeCellId, isCellId } from './cell-id.js';
import { JsonError, scanJson } from './json-scanner.js';
import { JsonDepthError, equals, type OldValue } from './json-writer.js';
import { NotebookError, readNotebook, type FileCell, type NotebookFile } from './notebook-file.js';
import { newNotebook, serializeNotebook } from './new-notebook.js';
import type { CellId, JsonObject, JsonValue } from './types.js';
import { ChangedCell, writeNotebook } from './write-notebook.js';

/** @param trusted what the reader of the notebook is told about all of its code cells */
export function notebookContent(file: NotebookFile, trusted: boolean): JsonObject {
  return contentAround(
    file,
    file.cells.map((cell) => contentCell(file, cell, trusted)),
  );
}

/** One cell of the content, for who wants to do other things between the cells of a large notebook. */
export function contentCell(file: NotebookFile, cell: FileCell, trusted: boolean): JsonObject {
  const json = cell.json();
  if (file.hasIds) json['id'] = cell.id;
  if (json['cell_type'] === 'code') {
    json['metadata'] = { ...(isObject(json['metadata']) ? json['metadata'] : {}), trusted };
  }
  return json;
}

/** The content with these cells. */
export function contentAround(file: NotebookFile, cells: JsonObject[]): JsonObject {
  const content: JsonObject = {};
  for (const { name } of file.layout.fields) content[name] = file.root(name);
  return { ...content, cells, metadata: file.metadata, nbformat: 4, nbformat_minor: file.nbformatMinor };
}

/**
 * The file that results when a client saves this content. Written over the file as it is now, so that cells which the
 * client only sends back keep their bytes, and their numbers the spelling that JSON clients cannot keep.
 *
 * @param file what is there now; undefined for a new file or one that is no notebook
 * @throws {NotebookError} when the content is not a notebook object or its cells are not a list of objects
 */
export function saveContent(file: NotebookFile | undefined, content: unknown): NotebookFile {
  if (!isObject(content)) throw new NotebookError('The content of a notebook must be a JSON object.');
  const version = content['nbformat'] ?? 4;
  if (version !== 4) return fromOldFormat(content);
  const cells = checkedCells(content['cells']);
  const minor = content['nbformat_minor'] ?? file?.nbformatMinor ?? 5;
  if (typeof minor !== 'number' || !Number.isInteger(minor) || minor < 0) {
    throw new NotebookError("A notebook's nbformat_minor must be a whole number.");
  }
  const base = file ?? readNotebook(newNotebook());
  const { cells: _cells, metadata, ...root } = content;
  return writeNotebook(base, {
    cells: pairCells(base, withIds(cells, minor), minor),
    metadata: isObject(metadata) ? metadata : {},
    root: { ...root, nbformat: 4, nbformat_minor: minor },
  });
}

function checkedCells(cells: JsonValue | undefined): JsonObject[] {
  if (!Array.isArray(cells)) throw new NotebookError("A notebook's 'cells' must be a list.");
  return cells.map((cell, i) => {
    if (!isObject(cell)) throw new NotebookError(`A notebook's cells must be objects; /cells/${i} is not.`);
    return cell;
  });
}

/** Some clients still save formats 1 to 3. */
function fromOldFormat(content: JsonObject): NotebookFile {
  const version = content['nbformat'];
  if (version !== 1 && version !== 2 && version !== 3) {
    throw new NotebookError(`A notebook's nbformat must be 4 (or 1 to 3), not this one.`);
  }
  return readNotebook(serializeNotebook(content));
}

/** From 4.5 on every cell needs an id; a cell without a good one gets one. */
function withIds(cells: readonly JsonObject[], minor: number): JsonObject[] {
  if (minor < 5) return [...cells];
  const taken = new Set(cells.map((cell) => cell['id']).filter(isCellId));
  const seen = new Set<CellId>();
  return cells.map((cell) => {
    const { id } = cell;
    if (isCellId(id) && !seen.has(id)) {
      seen.add(id);
      return cell;
    }
    const fresh = freeCellId(taken);
    taken.add(fresh);
    return { ...cell, id: fresh };
  });
}

/** Which old cell each new one is written over: by id where both have one, else equal ones at both ends, then by position. */
function pairCells(file: NotebookFile, cells: readonly JsonObject[], minor: number): ChangedCell[] {
  const byId = new Map(file.cells.filter((cell) => cell.idInFile).map((cell) => [cell.id, cell]));
  if (minor >= 5 && byId.size > 0) {
    return cells.map((cell) => new ChangedCell(cell, byId.get(cell['id'] as CellId)));
  }
  const scanned = new Map<FileCell, OldValue>();
  const same = (old: number, now: number): boolean => {
    const before = file.cells[old];
    const cell = cells[now];
    if (before === undefined || cell === undefined) return false;
    let value = scanned.get(before);
    if (value === undefined) {
      value = { bytes: before.bytes, node: scanJson(before.bytes) };
      scanned.set(before, value);
    }
    return equals(value.bytes, value.node, toFileCell(cell, before.idInFile));
  };
  const shorter = Math.min(file.cells.length, cells.length);
  let head = 0;
  while (head < shorter && same(head, head)) head++;
  let tail = 0;
  while (tail < shorter - head && same(file.cells.length - 1 - tail, cells.length - 1 - tail)) tail++;
  return cells.map((cell, i) => {
    if (i >= cells.length - tail)
      return new ChangedCell(cell, file.cells[file.cells.length - (cells.length - i)]);
    return new ChangedCell(cell, i < file.cells.length - tail ? file.cells[i] : undefined);
  });
}

/** The text of an error that reading or saving a notebook can give; undefined for any other error. */
export function notebookProblem(error: unknown): string | undefined {
  const known =
    error instanceof NotebookError || error instanceof JsonError || error instanceof JsonDepthError;
  return known ? error.message : undefined;
}
