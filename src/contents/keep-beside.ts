/** Copies of a notebook beside it, under names that tell what they are: `plot-v3.ipynb`, `plot-conflict-….ipynb`. */
import { HttpError } from '../http-error.js';
import { fitName } from './names.js';
import type { Checkpoints } from './notebook-manager.js';
import { joinPath, nameOf, parentOf } from './paths.js';

/** Where the copies are; `Contents` is one. */
export interface PlaceOfCopies {
  readBytes(path: string): Promise<{ bytes: Buffer }>;
  /** @throws {HttpError} 409 when there is such a file */
  writeBytes(path: string, bytes: Buffer, when: { absent: true }): Promise<unknown>;
}

const MOST_NAMES = 20;

/**
 * Does nothing when such a copy with the same bytes is there already.
 *
 * @param name  what stands behind the notebook's own name
 * @returns the path of the copy
 */
export async function keepBeside(
  place: PlaceOfCopies,
  path: string,
  bytes: Buffer,
  name: string,
): Promise<string> {
  for (let n = 0; ; n += 1) {
    const more = `-${name}${n === 0 ? '' : `-${n}`}.ipynb`;
    const copy = joinPath(parentOf(path), fitName(nameOf(path).replace(/\.ipynb$/, ''), more));
    try {
      await place.writeBytes(copy, bytes, { absent: true });
      return copy;
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 409 || n === MOST_NAMES) throw error;
    }
    if ((await place.readBytes(copy)).bytes.equals(bytes)) return copy;
  }
}

/**
 * Keeps a notebook as it is before it is written in format 4 for the first time, which programs of its time do not read: as a
 * checkpoint, which a person finds where all of them are, and beside it, because checkpoints are thinned.
 *
 * @param from  the format that it has
 * @returns the path of the copy
 */
export async function keepOldFormat(
  place: PlaceOfCopies,
  checkpoints: Pick<Checkpoints, 'create'>,
  path: string,
  from: number,
): Promise<string> {
  const { bytes } = await place.readBytes(path);
  await checkpoints.create(path);
  return keepBeside(place, path, bytes, `v${from}`);
}
