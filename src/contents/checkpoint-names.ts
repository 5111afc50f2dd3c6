/** Where Jupyter keeps the checkpoint of a file: `dir/.ipynb_checkpoints/stem-checkpoint.ext`, one for each file. */
import { createHash } from 'node:crypto';
import { HttpError } from '../http-error.js';
import { cutToBytes } from './names.js';
import { joinPath, LONGEST_NAME, nameOf, parentOf } from './paths.js';

export const CHECKPOINT_DIRECTORY = '.ipynb_checkpoints';
/** The id of the only checkpoint that a file has in this scheme. */
export const CHECKPOINT_ID = 'checkpoint';

export function checkpointName(name: string): string {
  const more = `-${CHECKPOINT_ID}`;
  return withMore(name, more, more.length);
}

/**
 * @param room  bytes of the longest that comes between stem and extension. Where a name leaves less, a hash stands for its end:
 *   Jupyter has no checkpoints of such a file
 */
function withMore(name: string, more: string, room: number): string {
  const dot = name.lastIndexOf('.');
  const stem = dot > 0 ? name.slice(0, dot) : name;
  const extension = name.slice(stem.length);
  if (Buffer.byteLength(name) + room <= LONGEST_NAME) return stem + more + extension;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return `${cutToBytes(stem, LONGEST_NAME - room - hash.length - 1)}~${hash}${more}`;
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
/** With the longest id. Bytes */
const LONGEST_DATED = `-${CHECKPOINT_ID}-replaced-2026-11-26T05-27-45-123Z`.length;

export function isReplaced(id: string): boolean {
  return id.startsWith('replaced-');
}

export function datedCheckpointName(name: string, id: string): string {
  return withMore(name, `-${CHECKPOINT_ID}-${id}`, LONGEST_DATED);
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
