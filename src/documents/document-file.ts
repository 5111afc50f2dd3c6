/**
 * Between the bytes of a notebook and the state that operations change. A cell that nobody touched keeps the piece of
 * the file that it came from, and is written from it.
 */
import { FileCell, finish, writeNotebookInSteps, type NotebookFile } from '../notebook/index.js';
import { CellState, NotebookState } from '../notebook/notebook-state.js';
import { cellDifference } from '../notebook/operations.js';

/** @param shared  a state whose cells are taken over where they come from the same pieces of file */
export function stateOf(file: NotebookFile, shared?: NotebookState): NotebookState {
  return new NotebookState(file.metadata, cellsOf(file, shared));
}

/** The cells of that state, each made when it is asked for. */
export function* cellsOf(file: NotebookFile, shared?: NotebookState): Generator<CellState> {
  for (const piece of file.cells) {
    const known = shared?.cell(piece.id);
    yield known?.origin === piece ? known : new CellState(piece.id, () => piece.read(), undefined, piece);
  }
}

/**
 * The file as the state wants it.
 *
 * @param file   what is on disk: layout, other fields, and the cells that changed ones are written over
 * @param since  the metadata object that `file` was opened or last written with
 */
export function fileOf(state: NotebookState, file: NotebookFile, since: object): NotebookFile {
  return finish(fileInSteps(state, file, since));
}

/** The same with pauses, for large ones. What changes in `state` meanwhile is not in it. */
export function fileInSteps(
  state: NotebookState,
  file: NotebookFile,
  since: object,
): Generator<void, NotebookFile> {
  const cells = [...state.cells()].map((cell) => (cell.origin instanceof FileCell ? cell.origin : cell.cell));
  return writeNotebookInSteps(file, {
    cells,
    ...(state.metadata === since ? {} : { metadata: state.metadata }),
  });
}

/** Whether the bytes are those of the file, without a copy of it. */
export function isSpelledAs(file: NotebookFile, bytes: Buffer): boolean {
  let at = 0;
  for (const piece of file.toPieces()) {
    const end = at + piece.length;
    if (end > bytes.length || bytes.compare(piece, 0, piece.length, at, end) !== 0) return false;
    at = end;
  }
  return at === bytes.length;
}

/** After `written` reached the disk: cells that have not changed since `saved` was taken now come from it. */
export function adopt(state: NotebookState, saved: readonly CellState[], written: NotebookFile): void {
  saved.forEach((cell, index) => {
    const piece = written.cells[index];
    if (piece !== undefined && cell.origin !== piece && state.cell(cell.id) === cell) {
      state.replace(cell.withOrigin(piece));
    }
  });
}

/**
 * After a merge: cells that are as they stand in `file`, which is on disk, come from it from now on.
 *
 * @returns whether the file has all cells as they are, in the same order
 */
export function adoptRead(state: NotebookState, file: NotebookFile): boolean {
  let isSame = state.length === file.cells.length;
  file.cells.forEach((piece, index) => {
    if (state.ids[index] !== piece.id) isSame = false;
    const cell = state.cell(piece.id);
    if (cell === undefined || cell.origin === piece) return;
    const stored = new CellState(piece.id, () => piece.read(), cell.execution, piece);
    if (cellDifference(cell, stored).some((op) => op.op !== 'set-execution')) isSame = false;
    else state.replace(cell.withOrigin(piece));
  });
  return isSame;
}
