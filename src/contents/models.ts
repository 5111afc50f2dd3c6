/** Entries of a store as models of the contents API (jupyter_server 2, "Contents"). */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { lookup } from 'mime-types';
import { HttpError } from '../http-error.js';
import type { ContentsModel } from '../protocol/rest-models.js';
import type { Entry } from './notebook-manager.js';
import { nameOf } from './paths.js';

export type ModelType = ContentsModel['type'];

/** ISO 8601 with microseconds, as Python writes it; JavaScript knows milliseconds only. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, -1)}000Z`;
}

/** By its name: `.ipynb` is a notebook. */
export function typeOf(entry: Pick<Entry, 'name' | 'kind'>): ModelType {
  if (entry.kind === 'directory') return 'directory';
  return entry.name.endsWith('.ipynb') ? 'notebook' : 'file';
}

/** The model without content. */
export function bareModel(path: string, entry: Entry, type: ModelType = typeOf(entry)): ContentsModel {
  return {
    name: nameOf(path),
    path,
    last_modified: timestamp(entry.modified),
    created: timestamp(entry.created ?? entry.modified),
    content: null,
    format: null,
    mimetype: type === 'file' ? (mimeTypeOf(path) ?? null) : null,
    size: entry.size ?? null,
    writable: entry.writable,
    hash: null,
    hash_algorithm: null,
    type,
  };
}

/** Where the world's table says something else than people who write programs mean. */
const ownTypes: Readonly<Record<string, string>> = {
  ipynb: 'application/x-ipynb+json',
  js: 'text/javascript',
  mjs: 'text/javascript',
  ts: 'text/x-typescript',
  tsx: 'text/x-typescript',
  py: 'text/x-python',
  r: 'text/x-rsrc',
  jl: 'text/x-julia',
  gz: 'application/gzip',
};

/** Guessed by the extension; undefined when that says nothing. */
export function mimeTypeOf(path: string): string | undefined {
  const name = nameOf(path).toLowerCase();
  const extension = name.slice(name.lastIndexOf('.') + 1);
  if (!name.includes('.')) return undefined;
  return (
    (Object.hasOwn(ownTypes, extension) ? ownTypes[extension] : undefined) ?? (lookup(extension) || undefined)
  );
}

/**
 * The content of a file: text when it is UTF-8, else base64 in lines of 76 characters, as Python's `encodebytes` gives.
 *
 * @param format what the client insists on
 */
export function fileContent(
  path: string,
  bytes: Buffer,
  format: 'text' | 'base64' | undefined,
): { format: 'text' | 'base64'; content: string; mimetype: string } {
  if (format !== 'base64' && isUtf8(bytes)) {
    return { format: 'text', content: bytes.toString('utf8'), mimetype: mimeTypeOf(path) ?? 'text/plain' };
  }
  if (format === 'text') throw new HttpError(400, `${path} is not UTF-8 encoded`, 'bad format');
  const content = bytes.toString('base64').replace(/.{1,76}/g, '$&\n');
  return { format: 'base64', content, mimetype: mimeTypeOf(path) ?? 'application/octet-stream' };
}

/** The bytes of a file that a client saves. */
export function bytesOfContent(format: unknown, content: unknown): Buffer {
  if (format !== 'text' && format !== 'base64') {
    throw new HttpError(400, "Must specify format of file contents as 'text' or 'base64'");
  }
  if (typeof content !== 'string') throw new HttpError(400, 'The content of a file must be a string');
  if (format === 'text') return Buffer.from(content, 'utf8');
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(content)) throw new HttpError(400, 'The content is not base64');
  return Buffer.from(content, 'base64');
}

export function hashOf(bytes: Buffer): { hash: string; hash_algorithm: 'sha256' } {
  return { hash: createHash('sha256').update(bytes).digest('hex'), hash_algorithm: 'sha256' };
}
