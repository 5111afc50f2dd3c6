/**
 * Brings into an open notebook what somebody else made of it meanwhile (an editor, `git checkout`, another client): a
 * three-way merge by cell id. What only they changed is taken; what both changed alike is there already; where both
 * changed one text, their lines are merged, and where that collides the cell keeps ours and their text is handed out.
 * Nobody's typing is dropped: an edited cell survives its deletion by the other side.
 */
import { NotebookState, sourceText, type CellState } from './notebook-state.js';
import { cellDifference, difference, sameJson } from './operations-difference.js';
import type { Operation } from './operations-types.js';
import { lineChanges, mergeTexts } from './merge-text.js';
import { FileCell, NotebookFile, type NotebookLayout } from './notebook-file.js';
import { matchCells } from './match-cells.js';
import type { CellId, JsonObject, JsonValue } from './types.js';

/** Both changed the text of this cell, in ways that do not go together. */
export interface TextCollision {
  id: CellId;
  theirs: string;
}

export interface Merge {
  /** lead from `ours` to the merged notebook */
  ops: Operation[];
  collisions: TextCollision[];
}

/**
 * @param base    what both sides started from; cells that states share (`===`) cost nothing
 * @param isBusy  whether a cell runs or waits to: its outputs are the kernel's, and it is not deleted
 */
export function mergeNotebooks(
  base: NotebookState,
  ours: NotebookState,
  theirs: NotebookState,
  isBusy: (id: CellId) => boolean = () => false,
): Merge {
  const ops: Operation[] = [];
  const collisions: TextCollision[] = [];
  const metadata = mergeJson(base.metadata, ours.metadata, theirs.metadata);
  if (!sameJson(metadata, ours.metadata)) {
    ops.push({ op: 'set-metadata', id: null, metadata: metadata as JsonObject });
  }
  for (const op of difference(base, theirs)) {
    if (op.op === 'delete-cell') {
      const mine = ours.cell(op.id);
      const was = base.cell(op.id);
      if (mine === undefined || was === undefined || isBusy(op.id)) continue;
      if (mine === was || mine.text.eq(was.text)) ops.push(op);
    } else if (op.op === 'move-cell') {
      if (ours.has(op.id)) ops.push(op);
    } else if (op.op === 'insert-cell' && !ours.has(op.cell.id)) {
      ops.push(op);
    }
  }
  for (const cell of theirs.cells()) {
    const was = base.cell(cell.id);
    const mine = ours.cell(cell.id);
    if (mine !== undefined) {
      const merged = mergeCell(was, mine, cell, isBusy(cell.id));
      ops.push(...merged.ops);
      if (merged.collision !== undefined) collisions.push({ id: cell.id, theirs: merged.collision });
    } else if (was !== undefined && was !== cell && !was.text.eq(cell.text)) {
      // Deleted here, and edited there.
      ops.push({ op: 'insert-cell', cell: cell.cell, after: theirs.before(cell.id) });
    }
  }
  return { ops, collisions };
}

/** @param was  undefined: both sides made this cell */
function mergeCell(
  was: CellState | undefined,
  mine: CellState,
  theirs: CellState,
  isBusy: boolean,
): { ops: Operation[]; collision?: string } {
  if (theirs === was || theirs === mine) return { ops: [] };
  const ops: Operation[] = [];
  const { id } = mine;
  let collision: string | undefined;
  for (const op of cellDifference(was ?? mine, theirs)) {
    switch (op.op) {
      case 'set-cell-type':
        if (was === undefined || (mine.cell.cell_type === was.cell.cell_type && !isBusy)) ops.push(op);
        break;
      case 'edit-source': {
        const text = mergeTexts((was ?? NOTHING).text, mine.text, theirs.text);
        const changes = text === undefined ? null : lineChanges(mine.text, sourceText(text));
        if (text === undefined) collision = theirs.cell.source;
        else if (changes !== null) ops.push({ op: 'edit-source', id, changes: changes.toJSON() });
        break;
      }
      case 'set-metadata': {
        const metadata = mergeJson(was?.cell.metadata, mine.cell.metadata, theirs.cell.metadata);
        if (!sameJson(metadata, mine.cell.metadata)) ops.push({ ...op, metadata: metadata as JsonObject });
        break;
      }
      case 'set-attachments':
        if (was === undefined || sameJson(was.cell.attachments, mine.cell.attachments)) ops.push(op);
        break;
      case 'set-outputs':
        // What ran here since then is newer than what they have.
        if (!isBusy && (was === undefined || sameRun(was, mine))) ops.push(op);
        break;
      default:
        break;
    }
  }
  return collision === undefined ? { ops } : { ops, collision };
}

const NOTHING = { text: sourceText('') };

function sameRun(a: CellState, b: CellState): boolean {
  const { outputs, execution_count } = a.cell;
  return execution_count === b.cell.execution_count && sameJson(outputs, b.cell.outputs);
}

/** Objects key by key; where both changed one value, ours stays. */
function mergeJson(
  base: JsonValue | undefined,
  ours: JsonValue | undefined,
  theirs: JsonValue | undefined,
): JsonValue | undefined {
  if (sameJson(theirs, base)) return ours;
  if (sameJson(ours, base)) return theirs;
  if (!isPlain(ours) || !isPlain(theirs)) return ours;
  const was = isPlain(base) ? base : {};
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  const merged = [...keys].flatMap((key): [string, JsonValue][] => {
    const value = mergeJson(own(was, key), own(ours, key), own(theirs, key));
    return value === undefined ? [] : [[key, value]];
  });
  // fromEntries defines properties, so that a key `__proto__` is a key like any other.
  return Object.fromEntries(merged);
}

function isPlain(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/**
 * The same file with the ids that its cells have in `known`: files below 4.5 have none, and what is read again gets others.
 * A cell whose bytes are the same is the very piece of `known`.
 */
export function alignFile(read: NotebookFile, known: NotebookFile): NotebookFile {
  const byId = new Map(known.cells.filter(({ idInFile }) => idInFile).map((cell) => [cell.id, cell]));
  const partner = new Map<FileCell, FileCell>();
  for (const cell of read.cells) {
    const same = cell.idInFile ? byId.get(cell.id) : undefined;
    if (same !== undefined) partner.set(cell, same);
  }
  const paired = new Set(partner.values());
  // An id in the file is believed: a cell with another one is another cell.
  const loose = read.cells.filter((cell) => !partner.has(cell));
  const left = known.cells.filter((cell) => !paired.has(cell));
  const mayMatch = loose.some(({ idInFile }) => !idInFile) || left.some(({ idInFile }) => !idInFile);
  if (mayMatch) {
    matchCells(left.map(faceOf), loose.map(faceOf)).forEach((at, index) => {
      const old = left[at];
      const now = loose[index];
      if (old !== undefined && now !== undefined && !(old.idInFile && now.idInFile)) partner.set(now, old);
    });
  }
  const taken = new Set([...partner.values()].map(({ id }) => id));
  const fresh = new Set<FileCell>();
  const cells = read.cells.map((cell) => {
    const old = partner.get(cell);
    if (old !== undefined && isSamePiece(old, cell)) return old;
    const id = old?.id ?? (taken.has(cell.id) ? freeId(cell.id, taken) : cell.id);
    const named = renamed(cell, id);
    fresh.add(named);
    return named;
  });
  const { nbformatMinor, upgradedFrom } = read;
  // A few pieces would keep all of what was read in memory, beside what it is mostly the same as.
  const isMostlyOld = bytesOf(fresh) < bytesOf(cells) / 2;
  if (!isMostlyOld) return new NotebookFile(read.layout, cells, nbformatMinor, upgradedFrom);
  const own = cells.map((cell) => (fresh.has(cell) ? copyOf(cell) : cell));
  return new NotebookFile(copyOfLayout(read.layout), own, nbformatMinor, upgradedFrom);
}

function bytesOf(cells: Iterable<FileCell>): number {
  let bytes = 0;
  for (const cell of cells) bytes += cell.bytes.length;
  return bytes;
}

function copyOf({ id, idInFile, bytes, before, after }: FileCell): FileCell {
  return new FileCell(id, idInFile, copied(bytes), copied(before), copied(after));
}

function copyOfLayout({ style, open, fields, close, cellsClose, cellLead }: NotebookLayout): NotebookLayout {
  return {
    style,
    open: copied(open),
    fields: fields.map(({ name, before, label, value, after }) => ({
      name,
      before: copied(before),
      label: copied(label),
      value: value && copied(value),
      after: copied(after),
    })),
    close: copied(close),
    cellsClose: copied(cellsClose),
    cellLead: copied(cellLead),
  };
}

/** A copy also of a Buffer, whose `slice` is a view. */
function copied(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function renamed(cell: FileCell, id: CellId): FileCell {
  return cell.id === id ? cell : new FileCell(id, cell.idInFile, cell.bytes, cell.before, cell.after);
}

/** A derived id that another cell has taken over meanwhile. */
function freeId(id: CellId, taken: Set<CellId>): CellId {
  for (let n = 2; ; n += 1) {
    const free = `${id.slice(0, 56)}-${n}`;
    if (taken.has(free)) continue;
    taken.add(free);
    return free;
  }
}

function faceOf(cell: FileCell): { type: string; source: string } {
  const { cell_type, source } = cell.read();
  return { type: cell_type, source };
}

function isSamePiece(a: FileCell, b: FileCell): boolean {
  return (
    a.idInFile === b.idInFile &&
    sameBytes(a.bytes, b.bytes) &&
    sameBytes(a.before, b.before) &&
    sameBytes(a.after, b.after)
  );
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
