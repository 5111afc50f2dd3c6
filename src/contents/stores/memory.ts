/**
 * A store in memory: gone when the server stops. It serves tests and demonstrations, and is the example to read for who
 * writes a store: everything that the contract asks for, on a plain map.
 */
import { Readable } from 'node:stream';
import { HttpError } from '../../http-error.js';
import {
  NotebookManager,
  type Checkpoints,
  type Entry,
  type EntryPage,
  type Revision,
} from '../notebook-manager.js';
import { cleanPath, nameOf, parentOf } from '../paths.js';
import { collect } from '../read-all.js';

interface Node {
  kind: 'file' | 'directory';
  /** empty for directories */
  bytes: Buffer;
  created: Date;
  modified: Date;
  /** changes with every write, and with the name */
  revision: number;
}

interface Version {
  id: string;
  modified: Date;
  bytes: Buffer;
}

export class MemoryNotebookManager extends NotebookManager {
  override readonly checkpoints: Checkpoints = new MemoryCheckpoints(this);
  /** Path → node; a directory comes before what is in it only by its own entry. */
  readonly #nodes = new Map<string, Node>();
  #revisions = 0;

  constructor() {
    super();
    this.#nodes.set('', this.#newNode('directory', Buffer.alloc(0)));
  }

  infoString(): string {
    return 'Serving notebooks from memory: they are gone when the server stops';
  }

  async stat(path: string): Promise<Entry | undefined> {
    const clean = cleanPath(path);
    const node = this.#nodes.get(clean);
    return node && entryOf(clean, node);
  }

  async list(path: string, page: { after?: string; limit?: number } = {}): Promise<EntryPage> {
    const directory = cleanPath(path);
    if (this.#node(directory).kind !== 'directory') throw new HttpError(404, `No such directory: ${path}`);
    const { after = '', limit = Infinity } = page;
    const entries = [...this.#nodes]
      .filter(([other]) => other !== '' && parentOf(other) === directory && nameOf(other) > after)
      .map(([other, node]) => entryOf(other, node))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const first = entries.slice(0, limit);
    const next = first.at(-1)?.name;
    return first.length < entries.length && next !== undefined
      ? { entries: first, next }
      : { entries: first };
  }

  async read(
    path: string,
    range?: { start: number; end: number },
  ): Promise<{ entry: Entry; body: Readable }> {
    const clean = cleanPath(path);
    const node = this.#file(clean);
    const bytes = range === undefined ? node.bytes : node.bytes.subarray(range.start, range.end + 1);
    return {
      entry: entryOf(clean, node),
      body: Readable.from(bytes.length > 0 ? [bytes] : [], { objectMode: false }),
    };
  }

  async write(
    path: string,
    body: Buffer | Readable,
    when: { revision?: Revision; absent?: true } = {},
  ): Promise<Entry> {
    const clean = cleanPath(path);
    // All is checked after the last wait: only then nothing can change between the check and the write.
    const bytes = Buffer.isBuffer(body) ? Buffer.from(body) : await collect(body);
    const old = this.#nodes.get(clean);
    if (old?.kind === 'directory') throw new HttpError(400, `${path} is a directory, not a file`, 'bad type');
    if (when.absent && old !== undefined) throw new HttpError(409, `File already exists: ${path}`);
    if (when.revision !== undefined && when.revision !== String(old?.revision)) {
      throw new HttpError(409, `${path} was changed since it was read`, 'changed');
    }
    this.#checkParent(clean);
    const node = this.#newNode('file', bytes);
    if (old !== undefined) node.created = old.created;
    this.#nodes.set(clean, node);
    return entryOf(clean, node);
  }

  async makeDirectory(path: string): Promise<Entry> {
    const clean = cleanPath(path);
    this.#checkParent(clean);
    if (this.#nodes.has(clean)) throw new HttpError(409, `File already exists: ${path}`);
    const node = this.#newNode('directory', Buffer.alloc(0));
    this.#nodes.set(clean, node);
    return entryOf(clean, node);
  }

  async rename(from: string, to: string): Promise<Entry> {
    const source = cleanPath(from);
    const target = cleanPath(to);
    if (source === '' || target === '') throw new HttpError(400, 'The root cannot be renamed');
    const node = this.#node(source);
    if (source !== target) {
      this.#checkParent(target);
      if (this.#nodes.has(target)) throw new HttpError(409, `File already exists: ${to}`);
      if (target.startsWith(`${source}/`)) throw new HttpError(400, `${from} cannot be moved into itself`);
      for (const [path, moved] of [...this.#nodes]) {
        if (path !== source && !path.startsWith(`${source}/`)) continue;
        this.#nodes.delete(path);
        this.#nodes.set(target + path.slice(source.length), { ...moved, revision: ++this.#revisions });
      }
    }
    return entryOf(target, this.#nodes.get(target) ?? node);
  }

  async remove(path: string, options: { recursive?: boolean } = {}): Promise<void> {
    const clean = cleanPath(path);
    if (clean === '') throw new HttpError(400, "Can't delete root");
    this.#node(clean);
    const inside = [...this.#nodes.keys()].filter((other) => other.startsWith(`${clean}/`));
    if (inside.length > 0 && !options.recursive) throw new HttpError(400, `Directory ${path} not empty`);
    for (const other of [clean, ...inside]) this.#nodes.delete(other);
  }

  #node(path: string): Node {
    const node = this.#nodes.get(path);
    if (node === undefined) throw new HttpError(404, `No such file or directory: ${path}`);
    return node;
  }

  #file(path: string): Node {
    const node = this.#node(path);
    if (node.kind !== 'file') throw new HttpError(400, `${path} is a directory, not a file`, 'bad type');
    return node;
  }

  #checkParent(path: string): void {
    const parent = parentOf(path);
    if (this.#nodes.get(parent)?.kind !== 'directory')
      throw new HttpError(404, `No such directory: ${parent}`);
  }

  #newNode(kind: Node['kind'], bytes: Buffer): Node {
    const now = new Date();
    return { kind, bytes, created: now, modified: now, revision: ++this.#revisions };
  }
}

/** Any number of versions of each file, named `checkpoint-1`, `checkpoint-2`, … */
class MemoryCheckpoints implements Checkpoints {
  readonly #versions = new Map<string, Version[]>();
  readonly #store: MemoryNotebookManager;
  #count = 0;

  constructor(store: MemoryNotebookManager) {
    this.#store = store;
  }

  async create(path: string): Promise<{ id: string; modified: Date }> {
    const { body } = await this.#store.read(path);
    const version = { id: `checkpoint-${++this.#count}`, modified: new Date(), bytes: await collect(body) };
    const key = cleanPath(path);
    this.#versions.set(key, [...(this.#versions.get(key) ?? []), version]);
    return { id: version.id, modified: version.modified };
  }

  async list(path: string): Promise<{ id: string; modified: Date }[]> {
    return (this.#versions.get(cleanPath(path)) ?? []).map(({ id, modified }) => ({ id, modified }));
  }

  async restore(path: string, id: string): Promise<void> {
    await this.#store.write(path, this.#find(path, id).bytes);
  }

  async remove(path: string, id: string): Promise<void> {
    const gone = this.#find(path, id);
    const key = cleanPath(path);
    this.#versions.set(
      key,
      (this.#versions.get(key) ?? []).filter((version) => version !== gone),
    );
  }

  async renamed(from: string, to: string): Promise<void> {
    const source = cleanPath(from);
    for (const [path, versions] of [...this.#versions]) {
      if (path !== source && !path.startsWith(`${source}/`)) continue;
      this.#versions.delete(path);
      this.#versions.set(cleanPath(to) + path.slice(source.length), versions);
    }
  }

  async removed(path: string): Promise<void> {
    const gone = cleanPath(path);
    for (const other of [...this.#versions.keys()]) {
      if (other === gone || other.startsWith(`${gone}/`)) this.#versions.delete(other);
    }
  }

  #find(path: string, id: string): Version {
    const version = this.#versions.get(cleanPath(path))?.find((other) => other.id === id);
    if (version === undefined) throw new HttpError(404, `Checkpoint does not exist: ${path}@${id}`);
    return version;
  }
}

function entryOf(path: string, node: Node): Entry {
  const { kind, modified, created, revision } = node;
  const entry: Entry = {
    name: nameOf(path),
    kind,
    modified,
    created,
    writable: true,
    revision: String(revision),
  };
  return kind === 'file' ? { ...entry, size: node.bytes.length } : entry;
}
