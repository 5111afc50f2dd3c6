/**
 * A store that keeps notebooks in another format: `work.ipynb` is the script `work.py` on disk, its outputs lie hidden
 * beside it in `.work.outputs.json`.
 *
 *     nbserver --notebook-manager-class=examples/stores/percent-store.mjs
 */
import { Readable } from 'node:stream';
import { fromScript, toScript } from './percent-script.mjs';

const isNotebook = (path) => path.endsWith('.ipynb');
const scriptOf = (path) => (isNotebook(path) ? path.replace(/ipynb$/, 'py') : path);
const outputsOf = (path) => path.replace(/([^/]*)\.ipynb$/, '.$1.outputs.json');
const collect = async (body) => (Buffer.isBuffer(body) ? body : Buffer.concat(await Readable.from(body).toArray()));

export default ({ NotebookManager, FileNotebookManager, HttpError }, options) => {
  class PercentNotebookManager extends NotebookManager {
    #files = new FileNotebookManager({ ...options, allow_hidden: true });

    infoString() {
      return `Serving Python scripts as notebooks from local directory: ${options.notebook_dir}`;
    }

    async stat(path) {
      const entry = /\.py$/.test(path) ? undefined : await this.#files.stat(scriptOf(path));
      return entry && asNotebook(entry);
    }

    async list(path, page) {
      const { entries, next } = await this.#files.list(path, page);
      return { entries: entries.filter(({ name }) => !name.startsWith('.')).map(asNotebook), next };
    }

    async read(path, range) {
      if (!isNotebook(path)) return this.#files.read(path, range);
      const { entry, body } = await this.#files.read(scriptOf(path));
      const script = (await collect(body)).toString();
      const hasOutputs = (await this.#files.stat(outputsOf(path))) !== undefined;
      const rest = hasOutputs ? await collect((await this.#files.read(outputsOf(path))).body) : '';
      const notebook = Buffer.from(JSON.stringify(fromScript(script, rest.toString()), null, 1) + '\n');
      const wanted = range ? notebook.subarray(range.start, range.end + 1) : notebook;
      return { entry: asNotebook(entry), body: Readable.from([wanted]) };
    }

    async write(path, body, when) {
      if (/\.py$/.test(path)) throw new HttpError(400, `${path} is kept as a notebook: save it as .ipynb`);
      if (!isNotebook(path)) return this.#files.write(path, body, when);
      const { script, rest } = toScript(parsed(path, await collect(body)));
      const entry = await this.#files.write(scriptOf(path), Buffer.from(script), when);
      if (rest !== '') await this.#files.write(outputsOf(path), Buffer.from(rest));
      else await this.#forgetOutputs(path);
      return asNotebook(entry);
    }

    async makeDirectory(path) {
      return this.#files.makeDirectory(path);
    }

    async rename(from, to) {
      const isFile = (await this.stat(from))?.kind === 'file';
      if (isFile && isNotebook(from) !== isNotebook(to))
        throw new HttpError(400, `A notebook stays one: ${from} and ${to} must both end in .ipynb or not`);
      const entry = await this.#files.rename(scriptOf(from), scriptOf(to));
      if (isFile && isNotebook(from) && from !== to && (await this.#files.stat(outputsOf(from)))) {
        await this.#forgetOutputs(to);
        await this.#files.rename(outputsOf(from), outputsOf(to));
      }
      return asNotebook(entry);
    }

    async remove(path, how) {
      await this.#files.remove(scriptOf(path), how);
      if (isNotebook(path)) await this.#forgetOutputs(path);
    }

    async #forgetOutputs(path) {
      if (await this.#files.stat(outputsOf(path))) await this.#files.remove(outputsOf(path));
    }
  }

  /** How long the notebook will be is not known before it is read. */
  const asNotebook = (entry) =>
    entry.kind === 'file' && entry.name.endsWith('.py')
      ? { ...entry, name: entry.name.replace(/py$/, 'ipynb'), size: undefined, hash: undefined }
      : entry;

  const parsed = (path, bytes) => {
    try {
      return JSON.parse(bytes.toString());
    } catch {
      throw new HttpError(400, `${path} is not a notebook, and this store keeps only notebooks under .ipynb`);
    }
  };

  return new PercentNotebookManager();
};
