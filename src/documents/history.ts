/**
 * What an open notebook was before: every saved state of the last hour and fewer of the time before, and what was there
 * before each merge, restore and deletion. Kept in the server's own folder, never beside the notebook. A failure here is
 * logged and costs history, never the notebook.
 */
import { randomBytes } from 'node:crypto';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import { CellState, NotebookState } from '../notebook/notebook-state.js';
import type { Cell, CellId, JsonObject, Output } from '../notebook/types.js';
import type { HistoryDeletedCell } from '../protocol/rest-models.js';
import { HistoryStore, type CellReference, type HistoryReason, type HistoryState } from './history-store.js';

/** Milliseconds of looking at cells before others get their turn. */
const TURN = 8;
/** Notebooks above it keep the sources alone. */
const MOST_WITH_OUTPUTS = 64_000_000;
const LEAST_ROOM = 200_000_000;
const THIN_EVERY = 10 * 60_000;

export class DocumentHistory {
  #store: HistoryStore;
  /** What was kept of a version of a cell; versions are never changed, so that they need looking at once only. */
  readonly #kept = new WeakMap<CellState, CellReference>();
  #lastCells: readonly CellReference[] = [];
  #lastThinned = 0;
  #work: Promise<unknown> = Promise.resolve();

  /** @param size  bytes of the notebook now, for what its history may take */
  constructor(
    directory: string,
    path: string,
    private readonly size: () => number,
    private readonly log: Log,
  ) {
    this.#store = new HistoryStore(directory, path);
  }

  /** Keeps the state as it is at this moment. Resolves when it is on disk, or could not be kept. */
  record(state: NotebookState, why: HistoryReason): Promise<void> {
    const copy = state.copy();
    const at = Date.now();
    return this.#inTurn(async () => {
      const withOutputs = this.size() <= MOST_WITH_OUTPUTS;
      const cells: CellReference[] = [];
      let since = performance.now();
      for (const cell of copy.cells()) {
        let reference = this.#kept.get(cell);
        if (reference === undefined) {
          reference = await this.#keep(cell.peek(), withOutputs);
          this.#kept.set(cell, reference);
          if (performance.now() - since > TURN) {
            await new Promise((resolve) => setImmediate(resolve));
            since = performance.now();
          }
        }
        cells.push(reference);
      }
      if (why === 'saved' && isSameList(cells, this.#lastCells)) return;
      this.#lastCells = cells;
      const metadata = await this.#store.put(copy.metadata);
      await this.#store.add({ id: newStateId(at), at, why, metadata, cells });
      if (at - this.#lastThinned < THIN_EVERY) return;
      this.#lastThinned = at;
      await this.#store.thin(at, Math.max(10 * this.size(), LEAST_ROOM));
    });
  }

  /** What a cell printed that is not there any more. */
  recordOrphan(id: CellId, outputs: Output[]): Promise<void> {
    return this.#inTurn(async () => {
      const last = this.#store.states.findLast(({ cells }) => cells.some(([one]) => one === id));
      const known = last?.cells.find(([one]) => one === id);
      if (last === undefined || known === undefined) return;
      const [, cell, before] = known;
      const earlier = before === null ? [] : await this.#store.get(before);
      const all = [...(Array.isArray(earlier) ? earlier : []), ...(outputs as unknown as JsonObject[])];
      const at = Date.now();
      const kept = await this.#store.put(all);
      await this.#store.add({ ...last, id: newStateId(at), at, why: 'orphan', cells: [[id, cell, kept]] });
    });
  }

  /** Newest first. */
  async list(): Promise<readonly HistoryState[]> {
    await this.#settled();
    return [...this.#store.states].reverse();
  }

  /** Cells that some state has and the notebook has not, the latest deleted one first. */
  async deleted(now: NotebookState): Promise<HistoryDeletedCell[]> {
    const seen = new Set<CellId>();
    const found: HistoryDeletedCell[] = [];
    for (const { id: state, at, cells } of await this.list()) {
      for (const [id, piece] of cells) {
        if (seen.has(id) || now.has(id)) continue;
        seen.add(id);
        const { cell_type, source } = await this.#store.getObject(piece);
        if (typeof source !== 'string' || source.trim() === '') continue;
        found.push({
          cell: id,
          cell_type: typeof cell_type === 'string' ? cell_type : 'raw',
          source: source.slice(0, 2_000),
          state,
          at: new Date(at).toISOString(),
        });
      }
    }
    return found;
  }

  /** The notebook as it was. @throws {HttpError} 404 no such state */
  async state(id: string): Promise<NotebookState> {
    await this.#settled();
    const state = this.#store.states.find((one) => one.id === id);
    if (state === undefined) throw new HttpError(404, `The history has no state ${id} (any more).`);
    const cells: CellState[] = [];
    for (const [cellId, piece, outputs] of state.cells) {
      const cell = await this.#store.getObject(piece);
      const isCode = cell['cell_type'] === 'code';
      const kept = isCode && outputs !== null ? await this.#store.get(outputs) : [];
      const whole = { source: '', metadata: {}, cell_type: 'raw', ...cell, id: cellId };
      const content = isCode ? { ...whole, outputs: Array.isArray(kept) ? kept : [] } : whole;
      cells.push(new CellState(cellId, content as unknown as Cell));
    }
    return new NotebookState(await this.#store.getObject(state.metadata), cells);
  }

  async forget(id: string): Promise<void> {
    await this.#inTurn(() => this.#store.forget(id));
  }

  async forgetAll(): Promise<void> {
    await this.#inTurn(() => this.#store.forgetAll());
    this.#lastCells = [];
  }

  get bytes(): number {
    return this.#store.size;
  }

  /** The notebook was moved, and its history with it. */
  async movedTo(directory: string, path: string): Promise<void> {
    await this.#settled();
    this.#store = new HistoryStore(directory, path);
  }

  /** Resolves when everything that was asked for is on disk. */
  async close(): Promise<void> {
    await this.#work.catch(() => undefined);
  }

  async #keep(cell: Cell, withOutputs: boolean): Promise<CellReference> {
    const { outputs, ...rest } = cell;
    const piece = await this.#store.put(rest);
    const has = outputs !== undefined && outputs.length > 0 && withOutputs;
    return [cell.id, piece, has ? await this.#store.put(outputs as unknown as JsonObject[]) : null];
  }

  async #settled(): Promise<void> {
    await this.#inTurn(async () => undefined);
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#work.then(async () => {
      try {
        await this.#store.load();
        await act();
      } catch (error) {
        this.log.warn(
          `The history in ${this.#store.directory}: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    });
    this.#work = turn;
    return turn;
  }
}

function newStateId(at: number): string {
  return `${at.toString(36)}-${randomBytes(3).toString('hex')}`;
}

function isSameList(a: readonly CellReference[], b: readonly CellReference[]): boolean {
  return (
    a.length === b.length &&
    a.every(([id, cell, outputs], index) => {
      const other = b[index];
      return other !== undefined && other[0] === id && other[1] === cell && other[2] === outputs;
    })
  );
}
