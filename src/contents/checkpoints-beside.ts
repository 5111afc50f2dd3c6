/** Checkpoints as ordinary files of any store, in the place where Jupyter has them: what a store gets for free. */
import { CHECKPOINT_DIRECTORY, CHECKPOINT_ID, checkpointPath, noCheckpoint } from './checkpoint-names.js';
import type { Checkpoints, NotebookManager } from './notebook-manager.js';
import { joinPath, parentOf } from './paths.js';

type Store = Pick<
  NotebookManager,
  'stat' | 'list' | 'read' | 'write' | 'makeDirectory' | 'rename' | 'remove'
>;

export class CheckpointsBeside implements Checkpoints {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async create(path: string): Promise<{ id: string; modified: Date }> {
    const directory = joinPath(parentOf(path), CHECKPOINT_DIRECTORY);
    if ((await this.#store.stat(directory)) === undefined) await this.#store.makeDirectory(directory);
    const { body } = await this.#store.read(path);
    const { modified } = await this.#store.write(checkpointPath(path), body);
    return { id: CHECKPOINT_ID, modified };
  }

  async list(path: string): Promise<{ id: string; modified: Date }[]> {
    const entry = await this.#store.stat(checkpointPath(path));
    return entry === undefined ? [] : [{ id: CHECKPOINT_ID, modified: entry.modified }];
  }

  async restore(path: string, id: string): Promise<void> {
    await this.#find(path, id);
    const { body } = await this.#store.read(checkpointPath(path));
    await this.#store.write(path, body);
  }

  async remove(path: string, id: string): Promise<void> {
    await this.#find(path, id);
    await this.removed(path);
  }

  async renamed(from: string, to: string): Promise<void> {
    if ((await this.#store.stat(checkpointPath(from))) === undefined) return;
    const directory = joinPath(parentOf(to), CHECKPOINT_DIRECTORY);
    if ((await this.#store.stat(directory)) === undefined) await this.#store.makeDirectory(directory);
    await this.removed(to);
    await this.#store.rename(checkpointPath(from), checkpointPath(to));
    await this.#tidy(parentOf(from));
  }

  async removed(path: string): Promise<void> {
    const at = checkpointPath(path);
    if ((await this.#store.stat(at)) === undefined) return;
    await this.#store.remove(at);
    await this.#tidy(parentOf(path));
  }

  /** A directory of checkpoints without any would be in the way of who removes the directory around it. */
  async #tidy(parent: string): Promise<void> {
    const directory = joinPath(parent, CHECKPOINT_DIRECTORY);
    if ((await this.#store.stat(directory)) === undefined) return;
    const { entries } = await this.#store.list(directory, { limit: 1 });
    if (entries.length === 0) await this.#store.remove(directory);
  }

  async #find(path: string, id: string): Promise<void> {
    const exists = id === CHECKPOINT_ID && (await this.#store.stat(checkpointPath(path))) !== undefined;
    if (!exists) throw noCheckpoint(path, id);
  }
}
