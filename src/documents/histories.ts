/** Where the histories of all notebooks lie: one folder for each path, named by its hash. */
import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log.js';
import { Conflicts, CONFLICTS_FILE } from './conflicts.js';
import { EditJournal, JOURNAL } from './edit-journal.js';
import { OLDEST_STATE } from './history-thinning.js';
import { PATH_FILE } from './history-store.js';
import { DocumentHistory } from './history.js';

export class Histories {
  /** @param directory  of this server's store alone: another one has other notebooks under the same paths */
  constructor(
    private readonly directory: string,
    private readonly log: Log,
  ) {}

  /** @param size  bytes of the notebook now */
  of(path: string, size: () => number): DocumentHistory {
    return new DocumentHistory(this.directoryOf(path), path, size, this.log);
  }

  /** What is not saved of the notebook lies with its history, and moves with it. */
  journalOf(path: string): EditJournal {
    return new EditJournal(this.directoryOf(path), path);
  }

  /** Texts that wait for a person's choice, too. */
  conflictsOf(path: string): Conflicts {
    return new Conflicts(this.directoryOf(path), path, this.log);
  }

  directoryOf(path: string): string {
    return join(this.directory, createHash('sha256').update(path).digest('hex').slice(0, 32));
  }

  /** A file or folder was moved; what had the new path before is kept aside until it is too old. */
  async renamed(from: string, to: string): Promise<void> {
    await this.removed(to);
    for (const path of await this.#below(from)) {
      const target = `${to}${path.slice(from.length)}`;
      const directory = this.directoryOf(target);
      try {
        await rename(directory, `${directory}-${Date.now()}`).catch(ignoreMissing);
        await rename(this.directoryOf(path), directory);
        await writeFile(join(directory, PATH_FILE), target, { mode: 0o600 });
      } catch (error) {
        this.log.warn(`The history of ${path} stays under its old name: ${String(error)}`);
      }
    }
  }

  /**
   * A file or folder was deleted: what waited there for a save or a choice is kept aside, since another notebook of the name has
   * nothing to do with it.
   */
  async removed(path: string): Promise<void> {
    for (const each of await this.#below(path)) {
      for (const part of [JOURNAL, `${JOURNAL}.new`, CONFLICTS_FILE]) {
        const there = join(this.directoryOf(each), part);
        const aside = `${there}-deleted-${Date.now()}`;
        const isThere = await rename(there, aside).then(() => true, ignoreMissing);
        if (isThere) this.log.info(`What waited for a save or a choice of ${each} is kept in ${aside}`);
      }
    }
  }

  /** Removes the histories that nobody has added to for longer than a state is kept. */
  async sweep(now: number): Promise<void> {
    for (const name of await this.#names()) {
      const directory = join(this.directory, name);
      await removeAside(directory, now);
      // Somebody has not saved or chosen yet, however long ago it was.
      const waiting = [JOURNAL, CONFLICTS_FILE].map((part) =>
        stat(join(directory, part)).catch(ignoreMissing),
      );
      if ((await Promise.all(waiting)).some((part) => part !== undefined)) continue;
      const log = await stat(join(directory, 'states.jsonl')).catch(ignoreMissing);
      const { mtimeMs } = log ?? (await stat(directory));
      if (now - mtimeMs > OLDEST_STATE) await rm(directory, { recursive: true, force: true });
    }
  }

  /** The notebooks at a path or below it that something is kept of. What was kept aside earlier is not looked at. */
  async #below(path: string): Promise<string[]> {
    const found: string[] = [];
    for (const name of await this.#names()) {
      const noted = await this.#pathOf(name);
      if (noted === undefined || (noted !== path && !noted.startsWith(`${path}/`))) continue;
      if (join(this.directory, name) === this.directoryOf(noted)) found.push(noted);
    }
    return found;
  }

  async #names(): Promise<string[]> {
    return (await readdir(this.directory).catch(ignoreMissing)) ?? [];
  }

  #pathOf(name: string): Promise<string | undefined> {
    return readFile(join(this.directory, name, PATH_FILE), 'utf8').catch(ignoreMissing);
  }
}

/** Removes what was put aside in a folder for longer than a state is kept. */
async function removeAside(directory: string, now: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const since = /-(?:deleted|unreadable)-(\d+)$/.exec(name)?.[1];
    if (since === undefined || now - Number(since) <= OLDEST_STATE) continue;
    await rm(join(directory, name), { recursive: true, force: true });
  }
}

function ignoreMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}
