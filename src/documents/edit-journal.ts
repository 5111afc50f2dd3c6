/**
 * What was changed in a notebook and is not in its file, when the file is only written on request: the file as it was, and
 * every operation since. Written at once, so that it is there after the server was killed.
 */
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../message-of.js';
import { FileCell, NotebookFile, readNotebook } from '../notebook/index.js';
import { NotebookState } from '../notebook/notebook-state.js';
import { apply, checkOperation, OperationError, type Operation } from '../notebook/operations.js';
import { stateOf } from './document-file.js';
import { notePath } from './history-store.js';

/** The folder of a journal, beside the history of its notebook. */
export const JOURNAL = 'journal';
const BASE = 'base.ipynb';
const IDS = 'ids.json';
const OPERATIONS = 'operations.jsonl';

/** Characters of operations that a journal may have in any case, and those that it may not have for a large notebook either. */
const LEAST_ROOM = 16_000_000;
const MOST_ROOM = 256_000_000;

export interface Unsaved {
  base: NotebookFile;
  /** `base` with what was changed */
  state: NotebookState;
}

export class EditJournal {
  #parent: string;
  #path: string;
  #isBegun = false;
  /** characters of operations, and those above which it is shorter to begin again */
  #length = 0;
  #room = LEAST_ROOM;

  /** @param parent  the folder of what is kept of the notebook @param path  of the notebook */
  constructor(parent: string, path: string) {
    this.#parent = parent;
    this.#path = path;
  }

  get #directory(): string {
    return join(this.#parent, JOURNAL);
  }

  /** Whether operations are to be added; otherwise it is to begin, or to begin again. */
  get isBegun(): boolean {
    return this.#isBegun && this.#length <= this.#room;
  }

  /**
   * What a server that was ended left; neither: nothing.
   *
   * @returns `problem`: a sentence, when it cannot be read; it is put aside then, and the notebook opens without it
   */
  async read(): Promise<{ unsaved?: Unsaved; problem?: string }> {
    const problems: string[] = [];
    // A whole one that had not taken its place yet has all of the one before.
    for (const directory of [this.#directory, this.#next]) {
      try {
        const unsaved = await readFrom(directory);
        if (unsaved !== undefined) return { unsaved };
      } catch (error) {
        const reason = messageOf(error);
        problems.push(`(${reason}). ${putAside(directory)}`);
      }
    }
    if (problems.length === 0) return {};
    return {
      problem: `What was not saved of ${this.#path} when the server ended could not be read ${problems.join(' ')}`,
    };
  }

  /**
   * From now on what differs from `base` is here. What was here before goes only when that is written.
   *
   * @throws when it cannot be written
   */
  begin(base: NotebookFile, ops: readonly Operation[]): void {
    this.#isBegun = false;
    const next = this.#next;
    notePath(this.#parent, this.#path);
    rmSync(next, { recursive: true, force: true });
    mkdirSync(next, { mode: 0o700 });
    const bytes = base.toBytes();
    const line = lineOf(ops);
    writeFileSync(join(next, BASE), bytes, { mode: 0o600 });
    writeFileSync(join(next, IDS), JSON.stringify(base.cells.map(({ id }) => id)), { mode: 0o600 });
    // Last: with it, the rest is there.
    writeFileSync(join(next, OPERATIONS), line, { mode: 0o600 });
    rmSync(this.#directory, { recursive: true, force: true });
    renameSync(next, this.#directory);
    this.#isBegun = true;
    this.#length = line.length;
    // Twice what it takes at least: it is not to begin again and again.
    this.#room = Math.max(LEAST_ROOM, Math.min(MOST_ROOM, 2 * bytes.length), 2 * line.length);
  }

  /** Operations were applied, after those before. @throws when it cannot be written: then it is to begin again */
  append(ops: readonly Operation[]): void {
    const line = lineOf(ops);
    if (line === '') return;
    try {
      appendFileSync(join(this.#directory, OPERATIONS), line, { mode: 0o600 });
      this.#length += line.length;
    } catch (error) {
      this.#isBegun = false;
      throw error;
    }
  }

  /** Everything is in the file. */
  clear(): void {
    this.#isBegun = false;
    for (const each of [this.#directory, this.#next]) rmSync(each, { recursive: true, force: true });
  }

  /** The notebook was moved, and the folder with it. */
  movedTo(parent: string, path: string): void {
    this.#parent = parent;
    this.#path = path;
  }

  /** Where it is written before it takes the place of the one before. */
  get #next(): string {
    return `${this.#directory}.new`;
  }
}

/** @returns where it is now, a sentence */
function putAside(directory: string): string {
  const aside = `${directory}-unreadable-${Date.now()}`;
  try {
    renameSync(directory, aside);
    return `It is kept in ${aside}`;
  } catch (error) {
    return `Nor could it be put aside: ${String(error)}`;
  }
}

async function readFrom(directory: string): Promise<Unsaved | undefined> {
  let operations: string;
  let base: NotebookFile;
  try {
    operations = await readFile(join(directory, OPERATIONS), 'utf8');
    const ids = JSON.parse(await readFile(join(directory, IDS), 'utf8')) as string[];
    base = withIds(readNotebook(await readFile(join(directory, BASE))), ids);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const state = stateOf(base);
  for (const line of operations.split('\n')) {
    for (const op of parseOperations(line)) {
      try {
        apply(state, op);
      } catch (error) {
        // An edit of a text that is another one now; the others still count.
        if (!(error instanceof OperationError)) throw error;
      }
    }
  }
  return { base, state };
}

/** How a run goes on is nothing to bring back. */
export function isKept(op: Operation): boolean {
  return op.op !== 'set-execution' || op.execution.state === 'idle';
}

function lineOf(ops: readonly Operation[]): string {
  const kept = ops.filter(isKept);
  return kept.length === 0 ? '' : `${JSON.stringify(kept)}\n`;
}

/** Cells of formats below 4.5 have ids for a session only. */
function withIds(
  { layout, cells, nbformatMinor, upgradedFrom }: NotebookFile,
  ids: readonly string[],
): NotebookFile {
  const named = cells.map(
    (cell, index) => new FileCell(ids[index] ?? cell.id, cell.idInFile, cell.bytes, cell.before, cell.after),
  );
  return new NotebookFile(layout, named, nbformatMinor, upgradedFrom);
}

function parseOperations(line: string): Operation[] {
  try {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) ? value.map(checkOperation) : [];
  } catch {
    // The last line, cut off by a crash: what it held was not acknowledged as saved.
    return [];
  }
}
