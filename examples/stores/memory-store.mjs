/**
 * A whole store in about sixty lines: notebooks and files in memory, several checkpoints for each.
 *
 *     nbserver --notebook-manager-class=examples/stores/memory-store.mjs
 *
 * docs/writing-a-store.md walks through it.
 */
import { Readable } from 'node:stream';

export default function ExampleMemoryNotebookManager({ NotebookManager, HttpError, paths }) {
  const { cleanPath, nameOf, parentOf } = paths;

  class ExampleMemoryNotebookManager extends NotebookManager {
    checkpoints = new MemoryCheckpoints(this);
    #nodes = new Map([['', { kind: 'directory', modified: new Date(), revision: 0 }]]);
    #changes = 0;

    infoString() {
      return 'Serving notebooks from memory: they are gone when the server stops';
    }

    async stat(path) {
      const node = this.#nodes.get(cleanPath(path));
      return node && this.#entry(cleanPath(path));
    }

    async list(path, { after = '', limit = Infinity } = {}) {
      const directory = this.#find(path, 'directory');
      const names = [...this.#nodes.keys()].filter((key) => key && parentOf(key) === directory).sort();
      const rest = names.filter((key) => nameOf(key) > after);
      const entries = rest.slice(0, limit).map((key) => this.#entry(key));
      return rest.length > entries.length ? { entries, next: entries.at(-1).name } : { entries };
    }

    async read(path, { start = 0, end = Infinity } = {}) {
      const file = this.#find(path, 'file');
      const bytes = this.#nodes.get(file).bytes.subarray(start, end + 1);
      return { entry: this.#entry(file), body: Readable.from(bytes.length > 0 ? [bytes] : []) };
    }

    async write(path, body, { revision, absent } = {}) {
      const bytes = Buffer.isBuffer(body) ? Buffer.from(body) : Buffer.concat(await Readable.from(body).toArray());
      // No `await` below this line: nothing can come between looking and writing.
      const old = this.#nodes.get(cleanPath(path));
      if (old?.kind === 'directory') throw new HttpError(400, `${path} is a directory, not a file`);
      if (absent && old) throw new HttpError(409, `File already exists: ${path}`);
      if (revision !== undefined && revision !== String(old?.revision))
        throw new HttpError(409, `${path} was changed since it was read`);
      return this.#put(path, { kind: 'file', bytes, created: old?.created ?? new Date() });
    }

    async makeDirectory(path) {
      if (this.#nodes.has(cleanPath(path))) throw new HttpError(409, `File already exists: ${path}`);
      return this.#put(path, { kind: 'directory' });
    }

    async rename(from, to) {
      const [source, target] = [this.#find(from), cleanPath(to)];
      if (source === '' || target === '') throw new HttpError(400, 'The root cannot be renamed');
      if (source === target) return this.#entry(source);
      if (this.#nodes.has(target)) throw new HttpError(409, `File already exists: ${to}`);
      if (target.startsWith(`${source}/`)) throw new HttpError(400, `${from} cannot be moved into itself`);
      this.#find(parentOf(target), 'directory');
      for (const [key, node] of this.#below(source)) {
        this.#nodes.delete(key);
        this.#put(target + key.slice(source.length), node);
      }
      return this.#entry(target);
    }

    async remove(path, { recursive = false } = {}) {
      const gone = this.#find(path);
      if (gone === '') throw new HttpError(400, "Can't delete root");
      if (this.#below(gone).length > 1 && !recursive) throw new HttpError(400, `Directory ${path} not empty`);
      for (const [key] of this.#below(gone)) this.#nodes.delete(key);
    }

    /** The clean path of what is there. */
    #find(path, kind) {
      const node = this.#nodes.get(cleanPath(path));
      if (!node) throw new HttpError(404, `No such file or directory: ${path}`);
      if (kind && node.kind !== kind) throw new HttpError(400, `${path} is no ${kind}`);
      return cleanPath(path);
    }

    #put(path, node) {
      const key = cleanPath(path);
      this.#find(parentOf(key), 'directory');
      this.#nodes.set(key, { ...node, modified: new Date(), revision: ++this.#changes });
      return this.#entry(key);
    }

    #below(path) {
      return [...this.#nodes].filter(([key]) => key === path || key.startsWith(`${path}/`));
    }

    #entry(key) {
      const { kind, bytes, created, modified, revision } = this.#nodes.get(key);
      const size = bytes && { size: bytes.length };
      return { name: nameOf(key), kind, ...size, created, modified, writable: true, revision: `${revision}` };
    }
  }

  /** Any number of versions of each file; the newest is the last. */
  class MemoryCheckpoints {
    #versions = new Map();
    #made = 0;

    constructor(store) {
      this.store = store;
    }

    async create(path) {
      const bytes = Buffer.concat(await (await this.store.read(path)).body.toArray());
      const version = { id: `checkpoint-${++this.#made}`, modified: new Date(), bytes };
      this.#versions.set(path, [...this.#of(path), version]);
      return { id: version.id, modified: version.modified };
    }

    async list(path) {
      return this.#of(path).map(({ id, modified }) => ({ id, modified }));
    }

    async restore(path, id) {
      await this.store.write(path, this.#find(path, id).bytes);
    }

    async remove(path, id) {
      const gone = this.#find(path, id);
      this.#versions.set(
        path,
        this.#of(path).filter((version) => version !== gone),
      );
    }

    async renamed(from, to) {
      for (const [path, versions] of [...this.#versions]) {
        if (path !== from && !path.startsWith(`${from}/`)) continue;
        this.#versions.delete(path);
        this.#versions.set(to + path.slice(from.length), versions);
      }
    }

    async removed(path) {
      for (const key of [...this.#versions.keys()])
        if (key === path || key.startsWith(`${path}/`)) this.#versions.delete(key);
    }

    #of(path) {
      return this.#versions.get(path) ?? [];
    }

    #find(path, id) {
      const version = this.#of(path).find((other) => other.id === id);
      if (!version) throw new HttpError(404, `Checkpoint does not exist: ${path}@${id}`);
      return version;
    }
  }

  return new ExampleMemoryNotebookManager();
}
