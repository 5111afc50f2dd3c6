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
