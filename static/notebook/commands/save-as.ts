/** File ▸ Save as: copies the file on the server, so that not a byte of it changes, and goes on with the copy. */
import type { ContentsModel } from '../../../src/protocol/rest-models.js';
import { api, ApiError } from '../../base/api.js';
import { promptDialog } from '../../base/dialog.js';
import { baseName, encodePath, parentPath, urlFor } from '../../base/urls.js';
import type { NotebookContext } from '../notebook-context.js';

const contents = (path: string) => `api/contents/${encodePath(path)}`;

/** Asks for the path. The kernel comes along. @param save  brings the file up to date before it is copied */
export async function saveAs({ client }: NotebookContext, save: () => Promise<void>): Promise<void> {
  const from = client.path.value;
  const target = new Target(from);
  let saved: string | undefined;
  await promptDialog({
    title: 'Save as',
    label: 'Path of the new notebook, from the notebook directory:',
    value: from,
    select: [parentPath(from).length + (parentPath(from) === '' ? 0 : 1), from.length - '.ipynb'.length],
    confirm: 'Save',
    async check(value) {
      const trimmed = value.trim().replace(/^\/+/, '');
      if (trimmed === '' || trimmed.endsWith('/')) return 'The new notebook needs a name.';
      const to = /\.ipynb$/.test(trimmed) ? trimmed : `${trimmed}.ipynb`;
      const question = await target.look(to);
      if (question !== undefined) return question;
      await save();
      await target.copy();
      saved = to;
      return undefined;
    },
  });
  if (saved === undefined) return;
  const session = client.kernel.value?.session_id;
  if (session != null) {
    await api.patch(`api/sessions/${encodeURIComponent(session)}`, { path: saved, name: baseName(saved) });
  }
  location.assign(urlFor('notebooks', saved));
}

/** Where a copy of `from` is to go: what is there already, and the copy. A press that follows its question answers it. */
export class Target {
  readonly #from: string;
  #asked: string | undefined;
  #to = '';
  #exists = false;
  /** folders that are not there, outermost first */
  #missing: string[] = [];

  constructor(from: string) {
    this.#from = from;
  }

  /** A sentence that says why not, or asks to confirm; undefined: `copy` may go on. */
  async look(to: string): Promise<string | undefined> {
    if (to === this.#from) return 'This is the notebook itself. Ctrl-S saves it.';
    this.#to = to;
    const there = await find(to);
    if (there?.type === 'directory') return `"${to}" is a folder. Choose another name.`;
    this.#exists = there !== undefined;
    this.#missing = [];
    for (let folder = parentPath(to); folder !== '' && !this.#exists; folder = parentPath(folder)) {
      const found = await find(folder);
      if (found !== undefined && found.type !== 'directory') return `"${folder}" is a file, not a folder.`;
      if (found !== undefined) break;
      this.#missing.unshift(folder);
    }
    const question = this.#exists
      ? `"${to}" exists already. Press Save again to replace it.`
      : this.#missing.length > 0
        ? `There is no folder "${parentPath(to)}". Press Save again to make it.`
        : undefined;
    if (question === undefined || this.#asked === question) return undefined;
    this.#asked = question;
    return question;
  }

  /** @throws what failed; when the file that was to be replaced is gone by then, with the name of the copy, which stays */
  async copy(): Promise<void> {
    const to = this.#to;
    for (const folder of this.#missing) await api.put(contents(folder), { type: 'directory' });
    const folder = parentPath(to);
    const copy = await api.post<ContentsModel>(contents(folder), { copy_from: this.#from });
    try {
      if (this.#exists) await api.delete(contents(to));
      if (copy.path !== to) await api.patch(contents(copy.path), { path: to });
    } catch (error) {
      // when nobody can be asked, the copy is what must not be lost
      const isThere = await find(to).then(
        (there) => there !== undefined,
        () => undefined,
      );
      if (this.#exists && isThere !== true) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(
          `The notebook is saved as "${copy.path}". It could not take the place of "${to}"${isThere === false ? ', which is gone' : ''}: ${why}`,
          { cause: error },
        );
      }
      await api.delete(contents(copy.path)).catch(() => undefined); // the first error is the one to show
      throw error;
    }
  }
}

/** What is at a path, without its content; undefined: nothing. */
function find(path: string): Promise<ContentsModel | undefined> {
  return api.get<ContentsModel>(`${contents(path)}?content=0`).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  });
}
