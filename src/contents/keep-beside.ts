/** Copies of a notebook beside it, under names that tell what they are: `plot-v3.ipynb`, `plot-conflict-….ipynb`. */
import { HttpError } from '../http-error.js';
import type { NotebookManager } from './notebook-manager.js';
import { readAll } from './read-all.js';

const MOST_NAMES = 20;

/**
 * Does nothing when such a copy with the same bytes is there already.
 *
 * @param name  what stands behind the notebook's own name
 * @returns the path of the copy
 */
export async function keepBeside(
  store: Pick<NotebookManager, 'read' | 'write'>,
  path: string,
  bytes: Buffer,
  name: string,
): Promise<string> {
  for (let n = 0; ; n += 1) {
    const copy = `${path.replace(/\.ipynb$/, '')}-${name}${n === 0 ? '' : `-${n}`}.ipynb`;
    try {
      await store.write(copy, bytes, { absent: true });
      return copy;
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 409 || n === MOST_NAMES) throw error;
    }
    if ((await readAll(store, copy)).bytes.equals(bytes)) return copy;
  }
}
