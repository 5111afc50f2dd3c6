/**
 * The file that results when a client saves a content. What it sends is read as bytes and compared cell by cell with the
 * file as it is now: cells that the client only sends back keep their bytes, and their numbers the spelling that JSON
 * clients cannot keep.
 */
import { isObject } from './cell-format.js';
import { freeCellId, isCellId } from './cell-id.js';
import { CELL_SHAPE, fieldOf, outlineOf, scanCell, shortText, type ScannedCell } from './cell-scan.js';
import { finish, scanJsonInSteps, type JsonNode, type ObjectNode, type Shape } from './json-scanner.js';
import { parsePlain, parseWritable } from './json-values.js';
import { newNotebook } from './new-notebook.js';
import { NotebookError, readNotebook, type FileCell, type NotebookFile } from './notebook-file.js';
import { isSameCell } from './same-cell.js';
import type { CellId, JsonObject, JsonValue } from './types.js';
import { ChangedCell, writeNotebookInSteps } from './write-notebook.js';

const CELLS: Shape = { field: () => undefined, item: CELL_SHAPE };
/** Of a content; a text that holds one may look into it by this. */
export const CONTENT_SHAPE: Shape = {
  field: (key) => (key === 'cells' ? CELLS : undefined),
  item: undefined,
};

/** A content as a client sent it: JSON text in which the cells were found. */
export class SentContent {
  /** @param node  an object scanned by CONTENT_SHAPE; the bytes may hold more than it */
  constructor(
    readonly bytes: Uint8Array,
    readonly node: ObjectNode,
  ) {}

  /** @throws {NotebookError} when it is not an object */
  static of(value: unknown): SentContent {
    if (!isObject(value)) throw new NotebookError('The content of a notebook must be a JSON object.');
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    return new SentContent(bytes, finish(scanJsonInSteps(bytes, CONTENT_SHAPE, 0)) as ObjectNode);
  }

  /** All of it as a value. */
  value(): JsonObject {
    return parsePlain(this.text()) as JsonObject;
  }

  /** Its JSON text. */
  text(): Uint8Array {
    return this.bytes.subarray(this.node.start, this.node.end);
  }

  /** Everything but the cells. */
  frame(): JsonObject {
    return this.#frame(parsePlain);
  }

  /** Everything but the cells, as it is to be written. */
  writableFrame(): JsonObject {
    return this.#frame(parseWritable);
  }

  #frame(parse: (bytes: Uint8Array) => JsonValue): JsonObject {
    const fields = (this.node.fields ?? []).filter(({ key }) => key !== 'cells');
    return {
      ...Object.fromEntries(
        fields.map(({ key, value }) => [key, parse(this.bytes.subarray(value.start, value.end))]),
      ),
      cells: [],
    };
  }

  /** @throws {NotebookError} */
  cells(): ScannedCell[] {
    const list = fieldOf(this.node, 'cells');
    if (list?.kind !== 'array') throw new NotebookError("A notebook's 'cells' must be a list.");
    return (list.items ?? []).map((node, i) => {
      if (node.kind !== 'object') {
        throw new NotebookError(`A notebook's cells must be objects; /cells/${i} is not.`);
      }
      return { bytes: this.bytes, node, nonFinite: [] };
    });
  }
}

/**
 * @param file what is there now; undefined for a new file or one that is no notebook
 * @throws {NotebookError} when the content is not a notebook object or its cells are not a list of objects
 */
export function saveContent(file: NotebookFile | undefined, content: unknown): NotebookFile {
  return finish(saveInSteps(file, SentContent.of(content)));
}

/** The same with pauses, for large ones. */
export function* saveInSteps(
  file: NotebookFile | undefined,
  sent: SentContent,
): Generator<void, NotebookFile> {
  const frame = sent.frame();
  const version = frame['nbformat'] ?? 4;
  if (version !== 4) return fromOldFormat(version, sent);
  const cells = sent.cells();
  const minor = frame['nbformat_minor'] ?? file?.nbformatMinor ?? 5;
  if (typeof minor !== 'number' || !Number.isInteger(minor) || minor < 0) {
    throw new NotebookError("A notebook's nbformat_minor must be a whole number.");
  }
  const base = file ?? readNotebook(newNotebook());
  const { cells: _cells, metadata, ...root } = sent.writableFrame();
  const changes = yield* pairCells(base, cells, minor);
  return yield* writeNotebookInSteps(base, {
    cells: changes,
    metadata: isObject(metadata) ? metadata : {},
    root: { ...root, nbformat: 4, nbformat_minor: minor },
  });
}

/** Some clients still save formats 1 to 3. */
function fromOldFormat(version: unknown, sent: SentContent): NotebookFile {
  if (version !== 1 && version !== 2 && version !== 3) {
    throw new NotebookError(`A notebook's nbformat must be 4 (or 1 to 3), not this one.`);
  }
  return readNotebook(sent.text());
}

/** What a validator needs to see of each cell, with the ids that the server gave to cells which had none. */
export function* sentOutlines(sent: SentContent, file: NotebookFile): Generator<JsonObject> {
  for (const [i, cell] of sent.cells().entries()) {
    yield { ...outlineOf(cell), ...(file.hasIds ? { id: file.cells[i]?.id } : {}) };
  }
}

/** From 4.5 on every cell needs an id; a cell without a good one gets one. */
function idsOf(cells: readonly ScannedCell[]): CellId[] {
  const sent = cells.map(({ bytes, node }) => shortText(bytes, fieldOf(node, 'id')));
  const taken = new Set(sent.filter(isCellId));
  const seen = new Set<CellId>();
  return sent.map((id) => {
    if (!isCellId(id) || seen.has(id)) {
      id = freeCellId(taken);
      taken.add(id);
    }
    seen.add(id);
    return id;
  });
}

/** How much is compared and written without a pause. */
const STEP = 1 << 19;

/** Which old cell each new one is written over: by id where both have one, else equal ones at both ends, then by position. */
function* pairCells(
  file: NotebookFile,
  cells: readonly ScannedCell[],
  minor: number,
): Generator<void, (FileCell | ChangedCell)[]> {
  const ids = minor >= 5 ? idsOf(cells) : undefined;
  const byId = new Map(file.cells.filter((cell) => cell.idInFile).map((cell) => [cell.id, cell]));
  let pending = 0;
  const isDue = (size: number): boolean => {
    pending += size;
    if (pending < STEP) return false;
    pending = 0;
    return true;
  };
  const isSame = (old: FileCell | undefined, now: number): boolean => {
    const cell = cells[now];
    if (old === undefined || cell === undefined) return false;
    const withId = minor >= 5 || old.idInFile;
    if (ids !== undefined && ids[now] !== shortText(cell.bytes, fieldOf(cell.node, 'id'))) return false;
    return isSameCell(scanCell(old.bytes), cell, withId);
  };
  const result: (FileCell | ChangedCell)[] = [];
  const put = (index: number, old: FileCell | undefined): void => {
    const cell = cells[index];
    if (cell === undefined) return;
    result[index] =
      old !== undefined && isSame(old, index) ? old : new ChangedCell(valueOf(cell, ids?.[index]), old);
  };

  if (ids !== undefined && byId.size > 0) {
    for (const [i, id] of ids.entries()) {
      put(i, byId.get(id));
      if (isDue(sizeOf(cells[i]?.node))) yield;
    }
    return result;
  }
  const shorter = Math.min(file.cells.length, cells.length);
  const late = file.cells.length - cells.length;
  let head = 0;
  for (; head < shorter && isSame(file.cells[head], head); head++) {
    result[head] = file.cells[head] as FileCell;
    if (isDue(sizeOf(cells[head]?.node))) yield;
  }
  let tail = cells.length;
  for (; tail > cells.length - shorter + head && isSame(file.cells[tail - 1 + late], tail - 1); tail--) {
    result[tail - 1] = file.cells[tail - 1 + late] as FileCell;
    if (isDue(sizeOf(cells[tail - 1]?.node))) yield;
  }
  for (let i = head; i < tail; i++) {
    put(i, i < tail + late ? file.cells[i] : undefined);
    if (isDue(sizeOf(cells[i]?.node))) yield;
  }
  return result;
}

function valueOf({ bytes, node }: ScannedCell, id: CellId | undefined): JsonObject {
  const value = parseWritable(bytes.subarray(node.start, node.end)) as JsonObject;
  return id === undefined ? value : { ...value, id };
}

function sizeOf(node: JsonNode | undefined): number {
  return node === undefined ? 0 : node.end - node.start;
}
