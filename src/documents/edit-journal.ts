/**
 * What was changed in a notebook and is not in its file, when the file is only written on request: the file as it was, and
 * every operation since. Written at once, so that it is there after the server was killed.
 */
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileCell, NotebookFile, readNotebook } from '../notebook/index.js';
import { NotebookState } from '../notebook/notebook-state.js';
import { apply, checkOperation, OperationError, type Operation } from '../notebook/operations.js';
import { stateOf } from './document-file.js';

const BASE = 'base.ipynb';
const IDS = 'ids.json';
const OPERATIONS = 'operations.jsonl';

export interface Unsaved {
  base: NotebookFile;
  /** `base` with what was changed */
  state: NotebookState;
}

export class EditJournal {
  #isBegun = false;

  constructor(private readonly directory: string) {}

  /** What a server that was ended left; undefined: nothing. */
  async read(): Promise<Unsaved | undefined> {
    let operations: string;
    let base: NotebookFile;
    try {
      operations = await readFile(join(this.directory, OPERATIONS), 'utf8');
      const ids = JSON.parse(await readFile(join(this.directory, IDS), 'utf8')) as string[];
      base = withIds(readNotebook(await readFile(join(this.directory, BASE))), ids);
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

  /** Operations were applied. @param base  the file that they are not in */
  append(ops: readonly Operation[], base: () => NotebookFile): void {
    const kept = ops.filter((op) => op.op !== 'set-execution' || op.execution.state === 'idle');
    if (kept.length === 0) return;
    if (!this.#isBegun) this.#begin(base());
    appendFileSync(join(this.directory, OPERATIONS), `${JSON.stringify(kept)}\n`, { mode: 0o600 });
  }

  /** Everything is in the file. */
  clear(): void {
    this.#isBegun = false;
    rmSync(this.directory, { recursive: true, force: true });
  }

  #begin(base: NotebookFile): void {
    rmSync(this.directory, { recursive: true, force: true });
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    writeFileSync(join(this.directory, BASE), base.toBytes(), { mode: 0o600 });
    writeFileSync(join(this.directory, IDS), JSON.stringify(base.cells.map(({ id }) => id)), { mode: 0o600 });
    this.#isBegun = true;
  }
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
