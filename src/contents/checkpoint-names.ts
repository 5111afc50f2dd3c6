/** Where Jupyter keeps the checkpoint of a file: `dir/.ipynb_checkpoints/stem-checkpoint.ext`, one for each file. */
import { HttpError } from '../http-error.js';
import { joinPath, nameOf, parentOf } from './paths.js';

export const CHECKPOINT_DIRECTORY = '.ipynb_checkpoints';
/** The id of the only checkpoint that a file has in this scheme. */
export const CHECKPOINT_ID = 'checkpoint';

export function checkpointName(name: string): string {
  const dot = name.lastIndexOf('.');
  const stem = dot > 0 ? name.slice(0, dot) : name;
  return `${stem}-${CHECKPOINT_ID}${name.slice(stem.length)}`;
}

export function checkpointPath(path: string): string {
  return joinPath(joinPath(parentOf(path), CHECKPOINT_DIRECTORY), checkpointName(nameOf(path)));
}

export function noCheckpoint(path: string, id: string): HttpError {
  return new HttpError(404, `Checkpoint does not exist: ${path}@${id}`);
}

/**
 * What an older checkpoint has behind the name of the newest, which is also its id: `2026-11-26T05-27-45-123Z`, with
 * `replaced-` before it for what was there before another one was restored.
 */
const DATED = /^(replaced-)?\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z$/;

export function isReplaced(id: string): boolean {
  return id.startsWith('replaced-');
}

export function datedCheckpointName(name: string, id: string): string {
  const newest = checkpointName(name);
  const dot = newest.lastIndexOf('.');
  return dot > 0 ? `${newest.slice(0, dot)}-${id}${newest.slice(dot)}` : `${newest}-${id}`;
}

/** Those among `names` that are older checkpoints of a file, each with its id. */
export function datedCheckpoints(names: readonly string[], name: string): [name: string, id: string][] {
  const [before = '', after = ''] = datedCheckpointName(name, '\0').split('\0');
  return names.flatMap((other): [string, string][] => {
    if (!other.startsWith(before) || !other.endsWith(after)) return [];
    const id = other.slice(before.length, other.length - after.length);
    return DATED.test(id) ? [[other, id]] : [];
  });
}
