/**
 * Texts that did not go together: what a cell has, and what somebody else wanted it to have. Kept until a person has
 * chosen, also over a restart of the server. Both sides stay readable whatever happens to the cell meanwhile.
 */
import { randomUUID } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLog, type Log } from '../log.js';
import type { CellId } from '../notebook/types.js';
import type { CellConflict } from '../protocol/document-messages.js';
import { notePath } from './history-store.js';

/** Of one document; the oldest give way, and stay in its history. */
const MOST_CONFLICTS = 200;
export const CONFLICTS_FILE = 'conflicts.json';

export class Conflicts {
  #conflicts: CellConflict[] = [];
  #directory: string | undefined;
  #path: string;
  /** the folder is being moved; what changes meanwhile is written afterwards */
  #isHeld = false;

  /** @param directory  where they are kept, undefined: nowhere @param path  of the notebook */
  constructor(
    directory?: string,
    path = '',
    private readonly log: Log = silentLog,
  ) {
    this.#directory = directory;
    this.#path = path;
  }

  get list(): readonly CellConflict[] {
    return this.#conflicts;
  }

  /** What waited when the server ended. @param has  whether a cell is still there */
  async load(has: (cell: CellId) => boolean): Promise<void> {
    if (this.#directory === undefined) return;
    const text = await readFile(join(this.#directory, CONFLICTS_FILE), 'utf8').catch(() => '[]');
    this.#conflicts = parse(text).filter(({ cell }) => has(cell));
  }

  add(conflicts: readonly Omit<CellConflict, 'id' | 'at'>[]): void {
    const at = new Date().toISOString();
    const isSame = (a: Omit<CellConflict, 'id' | 'at'>, b: CellConflict) =>
      a.cell === b.cell && a.theirs === b.theirs;
    const fresh = conflicts.filter((one) => !this.#conflicts.some((known) => isSame(one, known)));
    if (fresh.length === 0) return;
    this.#conflicts.push(...fresh.map((one) => ({ id: randomUUID(), at, ...one })));
    if (this.#conflicts.length > MOST_CONFLICTS) this.#conflicts = this.#conflicts.slice(-MOST_CONFLICTS);
    this.#keep();
  }

  /** @returns whether it was there */
  resolve(id: string): boolean {
    const before = this.#conflicts.length;
    this.#conflicts = this.#conflicts.filter((one) => one.id !== id);
    if (this.#conflicts.length === before) return false;
    this.#keep();
    return true;
  }

  /** The notebook moves: nothing is written until `movedTo`. */
  hold(): void {
    this.#isHeld = true;
  }

  /** The notebook was moved; what lay in the old folder went along. */
  movedTo(directory: string, path: string): void {
    this.#directory = directory;
    this.#path = path;
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#keep();
  }

  /**
   * At once, and before any page is told: they are few, and a killed server must not lose one. What cannot be written is in
   * memory and in the history; it holds up neither the merge that made it nor a rename.
   */
  #keep(): void {
    if (this.#directory === undefined || this.#isHeld) return;
    try {
      this.#write(this.#directory);
    } catch (error) {
      this.log.error(
        `The texts of ${this.#path} that wait for a choice would not outlive the server now: ${String(error)}`,
      );
    }
  }

  #write(directory: string): void {
    const file = join(directory, CONFLICTS_FILE);
    if (this.#conflicts.length === 0) {
      rmSync(file, { force: true });
      return;
    }
    notePath(directory, this.#path);
    writeFileSync(`${file}.new`, JSON.stringify(this.#conflicts), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
}

function parse(text: string): CellConflict[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isConflict) : [];
  } catch {
    return []; // damaged from outside; the texts are in the history as well
  }
}

function isConflict(value: unknown): value is CellConflict {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  return ['id', 'cell', 'ours', 'theirs', 'from', 'at'].every((name) => typeof fields[name] === 'string');
}
