/**
 * The history of one notebook on disk: a log of states, each a list of references, and the pieces that they refer to, each
 * kept once under its hash. A cell without its outputs is one piece, its outputs are another, so that outputs can go first
 * when there is too much.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { CellId, JsonObject, JsonValue } from '../notebook/types.js';
import type { HistoryStateModel } from '../protocol/rest-models.js';
import { piecesOf, thinned, within } from './history-thinning.js';

const compress = promisify(gzip);
const expand = promisify(gunzip);

/** Why a state was kept; `orphan`: one cell, deleted, with what it printed afterwards. */
export type HistoryReason = HistoryStateModel['why'];

/**
 * A cell of a state: its id, the piece that it is, and the piece with its outputs; null: it had none; false: it may have had
 * some, which are not kept (any more).
 */
export type CellReference = readonly [id: CellId, cell: string, outputs: string | null | false];

export interface HistoryState {
  id: string;
  /** ms since 1970 */
  at: number;
  why: HistoryReason;
  /** piece with the notebook's metadata */
  metadata: string;
  cells: readonly CellReference[];
}

/** In the log, a state says only where its cells differ from those of an earlier state, mostly the one before it. */
interface LoggedState extends Omit<HistoryState, 'cells'> {
  splice: [from: number, deleted: number, ...inserted: CellReference[]];
  /** the id of that earlier state; null: it lists all its cells; absent (in logs of earlier versions): the state before it */
  on?: string | null;
  /** it has nothing to do with the states around it, and takes the place of an earlier one with the same id */
  alone?: true;
}

const LOG = 'states.jsonl';
const PIECES = 'pieces';
export const PATH_FILE = 'path';

export class HistoryStore {
  /** as in the log: whole lists of cells for every save of an hour would take too much memory */
  #log: LoggedState[] = [];
  /** what the next line may be relative to; undefined: it lists all its cells */
  #last: Pick<HistoryState, 'id' | 'cells'> | undefined;
  /** a crash, or a full disk, left the log without the end of its last line */
  #isCut = false;
  /** of the log as it was left here; it has another size where another server has the notebook open, too */
  #logBytes = 0;
  /** bytes on disk of each piece, and of all */
  readonly #pieces = new Map<string, number>();
  #size = 0;
  #isLoaded = false;

  /** @param path  of the notebook, noted beside its history so that a renamed folder can take it along */
  constructor(
    readonly directory: string,
    private readonly path: string,
  ) {}

  /** Oldest first; made anew at every call. */
  get states(): HistoryState[] {
    return this.#resolved().map(({ state }) => state);
  }

  /** Bytes of all pieces. */
  get size(): number {
    return this.#size;
  }

  /** Reads what is there; once. A log that ends in the middle of a line (a crash) is good up to there. */
  async load(): Promise<void> {
    if (this.#isLoaded) return;
    const pieces = join(this.directory, PIECES);
    for (const name of (await readdir(pieces).catch(ignoreMissing)) ?? []) {
      const found = await stat(join(pieces, name)).catch(ignoreMissing);
      if (found !== undefined) this.#note(name, found.size);
    }
    const log = (await readFile(join(this.directory, LOG), 'utf8').catch(ignoreMissing)) ?? '';
    for (const line of log.split('\n')) {
      const state = parseLogged(line);
      if (state !== undefined) this.#take(state);
    }
    const resolved = this.#resolved();
    this.#log = resolved.map(({ line }) => line);
    this.#last = resolved.findLast(({ line }) => line.alone !== true)?.state;
    this.#isCut = log !== '' && !log.endsWith('\n');
    this.#logBytes = Buffer.byteLength(log);
    this.#isLoaded = true;
  }

  /** Whether everything that a cell refers to is there. */
  has([, cell, outputs]: CellReference): boolean {
    return this.#pieces.has(cell) && (typeof outputs !== 'string' || this.#pieces.has(outputs));
  }

  /** Keeps a piece. @returns its name */
  async put(value: JsonValue): Promise<string> {
    const json = JSON.stringify(value);
    const name = createHash('sha256').update(json).digest('base64url').slice(0, 22);
    if (this.#pieces.has(name)) return name;
    const bytes = await compress(json);
    await mkdir(join(this.directory, PIECES), { recursive: true, mode: 0o700 });
    await writeWhole(join(this.directory, PIECES, name), bytes);
    this.#note(name, bytes.length);
    return name;
  }

  /** @returns undefined when it is not there (any more), or damaged */
  async get(name: string): Promise<JsonValue | undefined> {
    if (!this.#pieces.has(name)) return undefined;
    try {
      const bytes = await readFile(join(this.directory, PIECES, name));
      return JSON.parse((await expand(bytes)).toString('utf8')) as JsonValue;
    } catch {
      // A piece that a crash left half written is as good as none: the reader says what is missing.
      return undefined;
    }
  }

  /** @returns undefined as `get` */
  async getObject(name: string): Promise<JsonObject | undefined> {
    const value = await this.get(name);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  }

  /** A state of an orphan takes the place of the one with the same id. @throws when it could not be written: it is not there */
  async add(state: HistoryState): Promise<void> {
    const isFirst = this.#log.length === 0;
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    if (isFirst) await writeWhole(join(this.directory, PATH_FILE), this.path);
    const log = join(this.directory, LOG);
    const bytes = (await stat(log).catch(ignoreMissing))?.size ?? 0;
    // Whoever wrote there as well may have dropped what the next line would be relative to.
    const line = logged(state, bytes === this.#logBytes ? this.#last : undefined);
    const text = `${this.#isCut ? '\n' : ''}${JSON.stringify(line)}\n`;
    try {
      await writeFile(log, text, { flag: 'a', mode: 0o600 });
    } catch (error) {
      // It may be there in part.
      this.#isCut = true;
      this.#last = undefined;
      throw error;
    }
    this.#isCut = false;
    this.#logBytes = bytes + Buffer.byteLength(text);
    const replaced = this.#take(line);
    if (line.alone !== true) this.#last = state;
    for (const outputs of outputsIn(replaced)) {
      if (!this.#log.some((one) => outputsIn(one).includes(outputs))) await this.#remove(outputs);
    }
  }

  /** Forgets what is too old, and what is too much: outputs of the oldest states first, then those states. */
  async thin(now: number, mostBytes: number): Promise<void> {
    const isTooOld = thinned(this.#log, now).length < this.#log.length;
    if (!isTooOld && this.size <= mostBytes) return;
    const states = thinned(this.states, now);
    await this.#rewrite(within(states, mostBytes, (name) => this.#pieces.get(name) ?? 0));
  }

  async forget(id: string): Promise<void> {
    await this.#rewrite(this.states.filter((state) => state.id !== id));
  }

  async forgetAll(): Promise<void> {
    this.#log = [];
    this.#last = undefined;
    this.#logBytes = 0;
    this.#pieces.clear();
    this.#size = 0;
    for (const name of [LOG, PIECES]) {
      await rm(join(this.directory, name), { recursive: true, force: true });
    }
    // What is not saved yet may lie beside it, and must be found when the notebook is renamed.
    const rest = (await readdir(this.directory).catch(ignoreMissing)) ?? [];
    if (rest.every((name) => name === PATH_FILE)) {
      await rm(this.directory, { recursive: true, force: true });
    }
  }

  /** The lines of the log with what they say; those that are relative to a line that is not there are left out. */
  #resolved(): { line: LoggedState; state: HistoryState }[] {
    const known = new Map<string, readonly CellReference[]>();
    let before: readonly CellReference[] = [];
    return this.#log.flatMap((line) => {
      const { splice, alone, on, ...rest } = line;
      if (alone === true) return { line, state: { ...rest, cells: spliced([], splice) } };
      const earlier = on === undefined ? before : on === null ? [] : known.get(on);
      if (earlier === undefined) return [];
      before = spliced(earlier, splice);
      known.set(line.id, before);
      return { line, state: { ...rest, cells: before } };
    });
  }

  /** @returns the state whose place this one takes */
  #take(line: LoggedState): LoggedState | undefined {
    const at =
      line.alone === true ? this.#log.findLastIndex(({ id, alone }) => alone === true && id === line.id) : -1;
    const [replaced] = at < 0 ? [] : this.#log.splice(at, 1);
    this.#log.push(line);
    return replaced;
  }

  #note(name: string, bytes: number): void {
    this.#size += bytes - (this.#pieces.get(name) ?? 0);
    this.#pieces.set(name, bytes);
  }

  async #remove(name: string): Promise<void> {
    this.#size -= this.#pieces.get(name) ?? 0;
    this.#pieces.delete(name);
    await rm(join(this.directory, PIECES, name), { force: true });
  }

  async #rewrite(states: readonly HistoryState[]): Promise<void> {
    let before: HistoryState | undefined;
    const log = states.map((state) => {
      const line = logged(state, before);
      if (line.alone !== true) before = state;
      return line;
    });
    const text = log.map((line) => `${JSON.stringify(line)}\n`).join('');
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await writeWhole(join(this.directory, LOG), text);
    this.#log = log;
    this.#last = before;
    this.#isCut = false;
    this.#logBytes = Buffer.byteLength(text);
    const needed = new Set<string>();
    for (const state of states) for (const name of piecesOf(state)) needed.add(name);
    for (const name of [...this.#pieces.keys()]) if (!needed.has(name)) await this.#remove(name);
  }
}

function spliced(
  cells: readonly CellReference[],
  [from, deleted, ...inserted]: LoggedState['splice'],
): CellReference[] {
  return [...cells.slice(0, from), ...inserted, ...cells.slice(from + deleted)];
}

function outputsIn(line: LoggedState | undefined): string[] {
  const [, , ...inserted] = line?.splice ?? [0, 0];
  return inserted.flatMap(([, , outputs]) => (typeof outputs === 'string' ? [outputs] : []));
}

/** @param earlier  what its line is to be relative to; undefined: nothing */
function logged(
  { cells, ...rest }: HistoryState,
  earlier: Pick<HistoryState, 'id' | 'cells'> | undefined,
): LoggedState {
  if (rest.why === 'orphan') return { ...rest, alone: true, splice: [0, 0, ...cells] };
  const before = earlier?.cells ?? [];
  const isSame = (a: CellReference | undefined, b: CellReference | undefined) =>
    a !== undefined && b !== undefined && a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
  const most = Math.min(cells.length, before.length);
  let head = 0;
  while (head < most && isSame(cells[head], before[head])) head += 1;
  let tail = 0;
  while (tail < most - head && isSame(cells[cells.length - 1 - tail], before[before.length - 1 - tail]))
    tail += 1;
  const inserted = cells.slice(head, cells.length - tail);
  return {
    ...rest,
    on: earlier?.id ?? null,
    splice: [head, before.length - head - tail, ...inserted],
  };
}

function parseLogged(line: string): LoggedState | undefined {
  try {
    const value = JSON.parse(line) as LoggedState;
    const isRelative = value.on === undefined || value.on === null || typeof value.on === 'string';
    return Array.isArray(value.splice) && typeof value.id === 'string' && isRelative ? value : undefined;
  } catch {
    // The last line of a log that was cut off by a crash.
    return undefined;
  }
}

/**
 * Makes the folder that keeps what belongs to a notebook, and notes there which one that is: so what lies in it goes along when
 * the notebook is renamed.
 */
export function notePath(directory: string, path: string): void {
  const file = join(directory, PATH_FILE);
  if (existsSync(file)) return;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(file, path, { mode: 0o600 });
}

/** Others never see half a file. */
async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, bytes, { mode: 0o600 });
  await rename(temporary, path);
}

function ignoreMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}
