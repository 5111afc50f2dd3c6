/** Random notebooks and operations from a seed, for the model tests of operations and of the page's sync. */
import { ChangeSet, type Text } from '@codemirror/state';
import { NotebookState } from '../../../src/notebook/notebook-state.js';
import type { Operation, PageOperation } from '../../../src/notebook/operations.js';
import type { Cell, CellId, CellType, Output } from '../../../src/notebook/types.js';

/** mulberry32: small, seeded, good enough to choose test cases. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** 0 … below − 1 */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }
}

let made = 0;

export function randomCell(random: Random): Cell {
  const id = `c${(made += 1)}`;
  const source = random.pick(['', 'x = 1', 'a\r\nb\r\n', '# Title\n\ntext 🙂', 'print(1)\nprint(2)\n']);
  const metadata = random.chance(0.3) ? { tags: ['t'], deep: { n: [1, null, 'two'] } } : {};
  return random.chance(0.6)
    ? {
        id,
        cell_type: 'code',
        source,
        metadata,
        outputs: random.chance(0.5) ? [randomOutput(random)] : [],
        execution_count: random.chance(0.5) ? random.below(50) : null,
      }
    : {
        id,
        cell_type: random.pick(['markdown', 'raw'] as const),
        source,
        metadata,
        ...(random.chance(0.3) ? { attachments: { 'a.png': { 'image/png': 'AAAA' } } } : {}),
      };
}

export function randomNotebook(random: Random): NotebookState {
  const cells = Array.from({ length: random.below(8) }, () => randomCell(random));
  return NotebookState.fromCells({ kernelspec: { name: 'python3' } }, cells);
}

function randomOutput(random: Random): Output {
  switch (random.below(4)) {
    case 0:
      return { output_type: 'stream', name: random.pick(['stdout', 'stderr'] as const), text: 'line\n' };
    case 1:
      return { output_type: 'display_data', data: { 'text/plain': 'fig' }, metadata: {} };
    case 2:
      return { output_type: 'execute_result', execution_count: 3, data: { 'text/plain': '3' }, metadata: {} };
    default:
      return { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['a', 'b'] };
  }
}

export function randomEdit(random: Random, text: Text, insert: string): ChangeSet {
  const from = random.below(text.length + 1);
  const to = random.chance(0.3) ? from + random.below(text.length - from + 1) : from;
  return ChangeSet.of({ from, to, insert: insert.split('\n').join('\n') }, text.length);
}

/** One that a page may send. Anchors and cells are of `state`, now and then ones that are gone. */
export function randomPageOperation(random: Random, state: NotebookState): PageOperation {
  const ids = [...state.ids];
  const id: CellId = ids.length === 0 || random.chance(0.03) ? 'gone' : random.pick(ids);
  const after = random.chance(0.2)
    ? null
    : random.chance(0.05)
      ? 'gone'
      : ids.length > 0
        ? random.pick(ids)
        : null;
  switch (random.below(11)) {
    case 0:
    case 1:
      return { op: 'insert-cell', cell: randomCell(random), after };
    case 2:
      return { op: 'delete-cell', id };
    case 3:
      return { op: 'move-cell', id, after };
    case 4:
      return {
        op: 'set-cell-type',
        id,
        cell_type: random.pick(['code', 'markdown', 'raw'] as const satisfies CellType[]),
      };
    case 5:
      return { op: 'set-metadata', id: random.chance(0.3) ? null : id, metadata: { n: random.below(9) } };
    case 6:
      return {
        op: 'set-attachments',
        id,
        attachments: random.chance(0.5) ? undefined : { 'b.txt': { 'text/plain': 'b' } },
      };
    case 7:
      return { op: 'clear-outputs', id, ...(random.chance(0.5) ? { keepCount: true } : {}) };
    case 8:
      return { op: 'set-outputs', id, outputs: [randomOutput(random)], execution_count: random.below(9) };
    default: {
      const cell = state.cell(id);
      if (cell === undefined) return { op: 'delete-cell', id };
      const changes = randomEdit(random, cell.text, random.pick(['x', 'yy\nz', '', '🙂']));
      return { op: 'edit-source', id, changes: changes.toJSON() };
    }
  }
}

/** One that the server makes from what a kernel says. */
export function randomServerOperation(random: Random, state: NotebookState): Operation {
  const id = state.length === 0 ? 'gone' : random.pick(state.ids);
  const index = random.below(3);
  switch (random.below(5)) {
    case 0:
      return { op: 'append-output', id, outputs: [randomOutput(random)] };
    case 1:
      return { op: 'extend-stream', id, index, text: 'more\r' };
    case 2:
      return { op: 'replace-output', id, index, output: randomOutput(random) };
    case 3:
      return { op: 'clear-outputs', id, keepCount: true };
    default:
      return {
        op: 'set-execution',
        id,
        execution: random.pick([
          { state: 'queued', count: null },
          { state: 'running', count: 4, started: 1000 },
          { state: 'idle', count: 4, started: 1000, finished: 2000, status: 'ok' },
          { state: 'idle', count: 7 },
        ] as const),
      };
  }
}

/** Everything that two equal notebooks agree in, as plain data. */
export function plain(state: NotebookState): unknown {
  return {
    metadata: state.metadata,
    cells: [...state.cells()].map((cell) => ({
      cell: cell.cell,
      run: cell.cell.cell_type === 'code' ? cell.run : null,
    })),
  };
}
