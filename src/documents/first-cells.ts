/** What the HTML of a page shows of a notebook before any script runs: the texts of its first cells. */
import type { CellExecution } from '../notebook/operations.js';
import { cutOutputs, FileCell, type Cell, type CellId, type CellType } from '../notebook/index.js';
import type { CellState } from '../notebook/notebook-state.js';

export interface FirstCell {
  id: CellId;
  type: CellType;
  source: string;
  /** code cells only: how its run stands, and its number */
  run: Pick<CellExecution, 'state' | 'count'> | undefined;
}

/** More than a screen shows */
const MOST_CELLS = 25;
/** Characters */
const MOST_TEXT = 40_000;

/** The cells from the top, whole ones, as far as a screen may show them. */
export function firstCells(cells: Iterable<CellState>): FirstCell[] {
  const first: FirstCell[] = [];
  let room = MOST_TEXT;
  for (const cell of cells) {
    const { cell_type: type, source, execution_count: count } = withoutOutputs(cell);
    room -= source.length;
    if (room < 0) break;
    const run = cell.execution ?? { state: 'idle', count: count ?? null };
    first.push({ id: cell.id, type, source, run: type === 'code' ? run : undefined });
    if (first.length === MOST_CELLS) break;
  }
  return first;
}

/** Nobody waits for a picture to be parsed which is not shown yet. */
function withoutOutputs(cell: CellState): Cell {
  const { origin } = cell;
  const cut = origin instanceof FileCell && !cell.isParsed ? cutOutputs(origin) : undefined;
  return cut?.rest ?? cell.peek();
}
