/**
 * The contract on what an object store offers: keys and bytes, lists by prefix in pages, writes on the condition of a tag;
 * no directories, no renames, no watching. It stands for S3, Swift and the like, and for a table in SQL.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  NotebookManager,
  cleanPath,
  nameOf,
  type Entry,
  type EntryPage,
} from '../../../src/contents/index.js';
import { HttpError } from '../../../src/http-error.js';

interface StoredObject {
  bytes: Buffer;
  modified: Date;
  tag: string;
}

/** As many keys as a list answers at once. */
const PAGE = 4;

export class ObjectStore extends NotebookManager {
  readonly #objects = new Map<string, StoredObject>();
  #count = 0;

  infoString(): string {
    return 'Serving notebooks from objects';
  }

  async stat(path: string): Promise<Entry | undefined> {
    const key = cleanPath(path);
    const object = this.#objects.get(key);
    if (object !== undefined) return fileEntry(key, object);
    const isDirectory = key === '' || this.#keysBelow(key).length > 0;
    return isDirectory ? directoryEntry(key) : undefined;
  }

  async list(path: string, { after = '', limit = PAGE } = {}): Promise<EntryPage> {
    const directory = cleanPath(path);
    if (directory !== '' && this.#keysBelow(directory).length === 0) {
      throw new HttpError(404, `No such directory: ${path}`);
    }
    const depth = directory === '' ? 0 : directory.length + 1;
    const names = new Set(this.#keysBelow(directory).map((key) => key.slice(depth).split('/')[0] ?? ''));
    const rest = [...names].filter((name) => name > after).sort();
    const page = rest.slice(0, Math.min(limit, PAGE));
    const entries = page.map((name) => {
      const key = directory === '' ? name : `${directory}/${name}`;
      const object = this.#objects.get(key);
      return object === undefined ? directoryEntry(key) : fileEntry(key, object);
    });
    return { entries, next: rest.length > page.length ? page.at(-1) : undefined };
  }

  async read(path: string, range = { start: 0, end: Infinity }): Promise<{ entry: Entry; body: Readable }> {
    const key = cleanPath(path);
    const object = this.#object(key);
    const bytes = Buffer.from(object.bytes.subarray(range.start, range.end + 1));
    return { entry: fileEntry(key, object), body: Readable.from(bytes.length > 0 ? [bytes] : []) };
  }

  async write(
    path: string,
    body: Buffer | Readable,
    when: { revision?: string; absent?: true } = {},
  ): Promise<Entry> {
    const key = cleanPath(path);
    const bytes = Buffer.isBuffer(body) ? Buffer.from(body) : Buffer.concat(await body.toArray());
    // what the other side of a conditional PUT does in one step
    const old = this.#objects.get(key);
    if (key === '' || this.#keysBelow(key).length > 0) {
      throw new HttpError(400, `${path} is a directory, not a file`, 'bad type');
    }
    if (when.absent && old !== undefined) throw new HttpError(409, `File already exists: ${path}`);
    if (when.revision !== undefined && when.revision !== old?.tag) {
      throw new HttpError(409, `${path} was changed since it was read`, 'changed');
    }
    return this.#put(key, bytes);
  }

  async makeDirectory(path: string): Promise<Entry> {
    const key = cleanPath(path);
    if ((await this.stat(key)) !== undefined) throw new HttpError(409, `File already exists: ${path}`);
    // there is nothing to make: it exists as soon as something is in it
    return directoryEntry(key);
  }

  async rename(from: string, to: string): Promise<Entry> {
    const source = cleanPath(from);
    const target = cleanPath(to);
    if (source === target) return fileEntry(source, this.#object(source));
    const object = this.#object(source);
    if ((await this.stat(target)) !== undefined) throw new HttpError(409, `File already exists: ${to}`);
    const entry = this.#put(target, object.bytes);
    this.#objects.delete(source);
    return entry;
  }

  async remove(path: string): Promise<void> {
    const key = cleanPath(path);
    if (key === '') throw new HttpError(400, "Can't delete root");
    this.#object(key);
    this.#objects.delete(key);
  }

  #put(key: string, bytes: Buffer): Entry {
    const tag = `${createHash('md5').update(bytes).digest('hex')}-${++this.#count}`;
    const object = { bytes, modified: new Date(), tag };
    this.#objects.set(key, object);
    return fileEntry(key, object);
  }

  #object(key: string): StoredObject {
    const object = this.#objects.get(key);
    if (object !== undefined) return object;
    if (key !== '' && this.#keysBelow(key).length === 0) {
      throw new HttpError(404, `No such file or directory: ${key}`);
    }
    throw new HttpError(400, `${key} is a directory, not a file`, 'bad type');
  }

  #keysBelow(key: string): string[] {
    return [...this.#objects.keys()].filter((other) => key === '' || other.startsWith(`${key}/`));
  }
}

function fileEntry(key: string, { bytes, modified, tag }: StoredObject): Entry {
  return { name: nameOf(key), kind: 'file', size: bytes.length, modified, writable: true, revision: tag };
}

function directoryEntry(key: string): Entry {
  return {
    name: nameOf(key),
    kind: 'directory',
    modified: new Date(0),
    writable: true,
    revision: 'directory',
  };
}
