/**
 * Where a write keeps what it needs besides the file: the new bytes until they are in place (`stage`), and a copy of the
 * old ones while a file is overwritten (`backup`). The names start with what depends on the file alone, so that what a
 * kill left behind is found again.
 */
import { createHash } from 'node:crypto';
import { lstatSync, type Stats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { privateDirectory } from './private-directory.js';

/** The name that Jupyter gives to this copy, too. */
export function backupBeside(target: string): string {
  return join(dirname(target), `.~${basename(target)}`);
}

export function stageBeside(target: string, more = ''): string {
  return join(dirname(target), `${stagePrefix(target)}${more}.tmp`);
}

/** What the names of all new bytes of a file start with. */
export function stagePrefix(target: string): string {
  return `.nbserver-${shortHash(basename(target))}`;
}

/** Elsewhere: for directories that take no new files, and names that are too long for a sign more. */
export const WRITING = 'writing';

export function elsewhere(target: string, kind: 'stage' | 'backup'): string {
  return join(privateDirectory(WRITING), `${shortHash(target)}.${kind}`);
}

/** Where the copy of a file lies that was left in the middle of being overwritten; undefined when there is none. */
export function leftBackup(target: string): string | undefined {
  return [backupBeside(target), elsewhere(target, 'backup')].find(isFile);
}

/** Without following links all the way, for every read: whether it is worth a closer look. */
export function mayHaveBackup(location: string): boolean {
  return (
    isFile(backupBeside(location)) ||
    look(location)?.isSymbolicLink() === true ||
    look(privateDirectory(WRITING)) !== undefined
  );
}

/** The newest of the new bytes that were left. What is another name of the file itself is none (see `ownNames`). */
export async function leftStage(target: string): Promise<string | undefined> {
  const own = await ownNames(target);
  return [...(await namedAsStages(target)), elsewhere(target, 'stage')]
    .filter((stage) => stage.endsWith('.tmp') || stage.endsWith('.stage'))
    .filter((stage) => isFile(stage) && !own.includes(stage))
    .sort((a, b) => modified(b) - modified(a))
    .at(0);
}

/**
 * Second names of a file that a kill left there while it was created or renamed: they lead to the bytes of the file, also
 * to those that are written there later.
 */
export async function ownNames(target: string): Promise<string[]> {
  const file = lstatSync(target, { bigint: true, throwIfNoEntry: false });
  if (file === undefined || file.nlink === 1n) return [];
  return (await namedAsStages(target)).filter((name) => {
    const other = lstatSync(name, { bigint: true, throwIfNoEntry: false });
    return other?.ino === file.ino && other.dev === file.dev;
  });
}

async function namedAsStages(target: string): Promise<string[]> {
  const directory = dirname(target);
  const names = await readdir(directory);
  return names.filter((name) => name.startsWith(stagePrefix(target))).map((name) => join(directory, name));
}

function isFile(location: string): boolean {
  return look(location)?.isFile() ?? false;
}

function modified(location: string): number {
  return look(location)?.mtimeMs ?? 0;
}

/** Without waiting: this is asked before every read, and nearly always there is nothing. */
function look(location: string): Stats | undefined {
  try {
    return lstatSync(location, { throwIfNoEntry: false });
  } catch {
    // a name that is too long, a directory that may not be entered: nothing of ours is there
    return undefined;
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
