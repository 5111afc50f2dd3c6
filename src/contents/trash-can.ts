/** What was deleted and can be had back, together with its checkpoints, which wait beside where it was. */
import { createHash } from 'node:crypto';
import type { TrashModel } from '../protocol/rest-models.js';
import { timestamp, typeOf } from './models.js';
import type { Checkpoints, Trash, TrashedEntry } from './notebook-manager.js';
import { isHidden, joinPath, parentOf } from './paths.js';
import { notInTrash } from './trash-beside.js';

export class TrashCan {
  readonly #trash: Trash;
  readonly #checkpoints: Checkpoints;
  readonly #allowHidden: boolean;

  constructor(trash: Trash, checkpoints: Checkpoints, allowHidden: boolean) {
    this.#trash = trash;
    this.#checkpoints = checkpoints;
    this.#allowHidden = allowHidden;
  }

  async put(path: string): Promise<void> {
    const id = await this.#trash.put(path);
    if (id === undefined) return this.#checkpoints.removed(path);
    const place = placeOfCheckpoints(path, id);
    // of something that had this id and was taken out of the trash by another program
    await this.#checkpoints.removed(place);
    await this.#checkpoints.renamed(path, place);
  }

  /** The last first. */
  async list(): Promise<TrashModel[]> {
    return (await this.#entries()).map(({ id, path, name, kind, size, deleted }) => ({
      id,
      path,
      name,
      type: typeOf({ name, kind }),
      size: size ?? null,
      deleted: timestamp(deleted),
    }));
  }

  /**
   * @returns where it is now
   * @throws HttpError 404 for an unknown id, 409 when something has taken the place
   */
  async restore(id: string, to?: string): Promise<string> {
    const entry = await this.#find(id);
    const path = await this.#trash.restore(id, to);
    await this.#checkpoints.renamed(placeOfCheckpoints(entry.path, id), path);
    return path;
  }

  /** For good. @throws HttpError 404 for an unknown id */
  async remove(id: string): Promise<void> {
    await this.#remove(await this.#find(id));
  }

  async empty(): Promise<void> {
    for (const entry of await this.#entries()) await this.#remove(entry);
  }

  async #remove({ id, path }: TrashedEntry): Promise<void> {
    await this.#trash.remove(id);
    await this.#checkpoints.removed(placeOfCheckpoints(path, id));
  }

  async #find(id: string): Promise<TrashedEntry> {
    const entry = (await this.#trash.list()).find((each) => each.id === id);
    if (entry === undefined) throw notInTrash(id);
    return entry;
  }

  async #entries(): Promise<TrashedEntry[]> {
    return (await this.#trash.list())
      .filter(({ path }) => this.#allowHidden || !isHidden(path))
      .sort((a, b) => b.deleted.getTime() - a.deleted.getTime());
  }
}

/** In the same directory, so that they go where that goes; under a name that no length of `path` makes too long. */
function placeOfCheckpoints(path: string, id: string): string {
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 16);
  return joinPath(parentOf(path), `trashed-${hash}`);
}
