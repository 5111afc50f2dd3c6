/**
 * What an open notebook was before: every saved state of the last hour and fewer of the time before, and what was there
 * before each merge, restore and deletion. Kept in the server's own folder, never beside the notebook. A failure here is
 * logged and costs history, never the notebook.
 */
import { randomBytes } from 'node:crypto';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import { messageOf } from '../message-of.js';
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
/** What is left of a history that has become too large, so that not every save makes room again. */
const THINNED_TO = 0.9;

/** The notebook as it was. */
export interface PastState {
  state: NotebookState;
  /** cells of which only the outputs are not kept (any more): what they had, nobody knows */
  withoutOutputs: ReadonlySet<CellId>;
}

export class DocumentHistory {
  #store: HistoryStore;
  /** What was kept of a version of a cell; versions are never changed, so that they need looking at once only. */
  readonly #kept = new WeakMap<CellState, CellReference>();
  #last: Pick<HistoryState, 'metadata' | 'cells'> | undefined;
  #lastThinned = 0;
  /** by orphan: its cell as it was last */
  readonly #orphaned = new Map<string, { state: HistoryState; reference: CellReference }>();
  #work: Promise<unknown> = Promise.resolve();
  #release: (() => void) | undefined;

  /**
   * @param size       bytes of the notebook now, for what its history may take
   * @param leastRoom  bytes that it may take in any case; default 200,000,000
   */
  constructor(
    directory: string,
    path: string,
    private readonly size: () => number,
    private readonly log: Log,
    private readonly leastRoom = LEAST_ROOM,
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
        // What was forgotten or thinned out since is kept again: this state is a new one.
        const isKept = reference !== undefined && this.#store.has(reference);
        if (!isKept || reference === undefined || (reference[2] === false && withOutputs)) {
          reference = await this.#keep(cell.peek(), withOutputs);
          this.#kept.set(cell, reference);
          if (performance.now() - since > TURN) {
            await new Promise((resolve) => setImmediate(resolve));
            since = performance.now();
          }
        }
        cells.push(reference);
      }
      const metadata = await this.#store.put(copy.metadata);
      const isSame = this.#last?.metadata === metadata && isSameList(cells, this.#last.cells);
      if (why === 'saved' && isSame) return;
      await this.#store.add({ id: newStateId(at), at, why, metadata, cells });
      // Not before it is there: the next save of the same state is to try again.
      this.#last = { metadata, cells };
      await this.#thin(at);
    });
  }

  /**
   * What a cell has printed since it was deleted.
   *
   * @param orphan  a name: what was kept under it before is replaced
   */
  recordOrphan(id: CellId, outputs: Output[], orphan: string): Promise<void> {
    return this.#inTurn(async () => {
      const known = this.#orphaned.get(orphan) ?? this.#lastOf(id);
      if (known === undefined || !this.#store.has(known.reference)) return;
      this.#orphaned.set(orphan, known);
      const [, cell, before] = known.reference;
      const earlier = typeof before === 'string' ? await this.#store.get(before) : [];
      const all = [...(Array.isArray(earlier) ? earlier : []), ...(outputs as unknown as JsonObject[])];
      const at = Date.now();
      const kept = await this.#store.put(all);
      const { metadata } = known.state;
      await this.#store.add({ id: orphan, at, why: 'orphan', metadata, cells: [[id, cell, kept]] });
      await this.#thin(at);
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
        const { cell_type, source } = (await this.#store.getObject(piece)) ?? {};
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

  /**
   * The notebook as it was.
   *
   * @param wanted  the cells that are needed; of the others, those whose piece is lost are left out
   * @throws {HttpError} 404 no such state, 410 a part of it is lost: nothing is made up in its place
   */
  async state(id: string, wanted?: readonly CellId[]): Promise<PastState> {
    await this.#settled();
    const state = this.#store.states.find((one) => one.id === id);
    if (state === undefined) throw new HttpError(404, `The history has no state ${id} (any more).`);
    const cells: CellState[] = [];
    const withoutOutputs = new Set<CellId>();
    for (const [cellId, piece, outputs] of state.cells) {
      const cell = await this.#store.getObject(piece);
      if (cell === undefined) {
        if (wanted !== undefined && !wanted.includes(cellId)) continue;
        throw lost(`the cell ${cellId}`);
      }
      const kept = typeof outputs === 'string' ? await this.#store.get(outputs) : [];
      if (outputs === false || !Array.isArray(kept)) withoutOutputs.add(cellId);
      const whole = { source: '', metadata: {}, ...cell, id: cellId };
      const isCode = cell['cell_type'] === 'code';
      const content = isCode ? { ...whole, outputs: Array.isArray(kept) ? kept : [] } : whole;
      cells.push(new CellState(cellId, content as unknown as Cell));
    }
    const metadata = await this.#store.getObject(state.metadata);
    if (metadata === undefined && wanted === undefined) throw lost('its metadata');
    return { state: new NotebookState(metadata ?? {}, cells), withoutOutputs };
  }

  /** @throws {HttpError} 500 when it is still there */
  forget(id: string): Promise<void> {
    return this.#remove(() => this.#store.forget(id));
  }

  /** @throws {HttpError} 500 when something is still there */
  forgetAll(): Promise<void> {
    return this.#remove(() => this.#store.forgetAll());
  }

  get bytes(): number {
    return this.#store.size;
  }

  /** The notebook moves: nothing is written until `movedTo`. Resolves when what was under way is on disk. */
  async hold(): Promise<void> {
    const before = this.#work;
    const earlier = this.#release;
    const held = new Promise<void>((resolve) => {
      this.#release = () => {
        earlier?.();
        resolve();
      };
    });
    this.#work = before.then(() => held);
    await before;
  }

  /** The notebook was moved, and its history with it. */
  movedTo(directory: string, path: string): void {
    this.#store = new HistoryStore(directory, path);
    this.#last = undefined;
    this.#release?.();
    this.#release = undefined;
  }

  /** Resolves when everything that was asked for is on disk. */
  async close(): Promise<void> {
    await this.#work.catch(() => undefined);
  }

  async #keep(cell: Cell, withOutputs: boolean): Promise<CellReference> {
    const { outputs = [], ...rest } = cell;
    const piece = await this.#store.put(rest);
    if (outputs.length === 0) return [cell.id, piece, null];
    return [cell.id, piece, withOutputs && (await this.#store.put(outputs as unknown as JsonObject[]))];
  }

  /** A cell as it was in the last state that had it. */
  #lastOf(id: CellId): { state: HistoryState; reference: CellReference } | undefined {
    for (const state of this.#store.states.reverse()) {
      const reference = state.why === 'orphan' ? undefined : state.cells.find(([one]) => one === id);
      if (reference !== undefined) return { state, reference };
    }
    return undefined;
  }

  async #thin(now: number): Promise<void> {
    const most = Math.max(10 * this.size(), this.leastRoom);
    const isFull = this.#store.size > most;
    if (!isFull && now - this.#lastThinned < THIN_EVERY) return;
    this.#lastThinned = now;
    await this.#store.thin(now, isFull ? THINNED_TO * most : most);
  }

  /** What was to be forgotten and is still there, a person has to know of. */
  async #remove(act: () => Promise<void>): Promise<void> {
    let problem: string | undefined;
    await this.#inTurn(async () => {
      this.#last = undefined;
      await act().catch((error: unknown) => {
        problem = messageOf(error);
      });
    });
    if (problem !== undefined) throw new HttpError(500, `Not all of it could be forgotten: ${problem}`);
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
        this.log.warn(`The history in ${this.#store.directory}: ${messageOf(error)}`);
      }
    });
    this.#work = turn;
    return turn;
  }
}

function lost(what: string): HttpError {
  return new HttpError(
    410,
    `The history has lost ${what} of that state, which is not brought back without it.`,
  );
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
