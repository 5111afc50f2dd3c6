/**
 * The built files of the pages, served from a fixed map: only what the build wrote can be asked for, so that no spelling
 * of a path reaches the disk. Each file goes out in the smallest encoding that the client takes, made at build time.
 */
import { readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import type { Request, RequestHandler, Response } from 'express';
import { HttpError } from '../http-error.js';

const TYPES: Record<string, string> = {
  '.js': 'application/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.map': 'application/json',
};
/** Hashed names change with their content: a browser may keep them for a year, and never has to ask again. */
const HASHED = /-[A-Z0-9]{8}\./i;
const IMMUTABLE = 'public, max-age=31536000, immutable';
/** Bytes of one such file, and of all of them, that are kept in memory once they were asked for */
const MOST_OF_ONE = 300_000;
const MOST_KEPT = 2_000_000;

interface StaticFile {
  path: string;
  encodings: { name: 'br' | 'gzip'; path: string }[];
}

/** @param folder  absolute path of `dist/static` */
export function staticFiles(folder: string): RequestHandler {
  let files = findFiles(folder);
  let built = buildTime(folder);
  /** by path on disk; undefined: there is no room for it */
  const kept = new Map<string, Buffer | undefined>();
  let room = MOST_KEPT;
  /** A new version that was installed over a running server brings new names: they are looked for when one is missing. */
  const find = (path: string): StaticFile | undefined => {
    const known = files.get(path);
    if (known || buildTime(folder) === built) return known;
    files = findFiles(folder);
    built = buildTime(folder);
    return files.get(path);
  };
  const keep = async (path: string): Promise<Buffer | undefined> => {
    if (kept.has(path)) return kept.get(path);
    const bytes = await readFile(path).catch(() => undefined); // gone: answered as for every other file
    if (bytes === undefined || kept.has(path)) return bytes;
    const fits = bytes.length <= Math.min(MOST_OF_ONE, room);
    if (fits) room -= bytes.length;
    kept.set(path, fits ? bytes : undefined);
    return fits ? bytes : undefined;
  };
  return async (req, res) => {
    if (req.method !== 'GET' && req.method !== 'HEAD')
      throw new HttpError(405, 'Static files can only be read.');
    const file = find(decodePath(req.path));
    if (!file) throw new HttpError(404, `There is no static file ${req.path}.`);
    const type = TYPES[extname(file.path)] ?? 'application/octet-stream';
    res.setHeader('Content-Type', type);
    const isHashed = HASHED.test(file.path);
    res.setHeader('Cache-Control', isHashed ? IMMUTABLE : 'no-cache');
    res.setHeader('Vary', 'Accept-Encoding');
    const accepted = String(req.headers['accept-encoding'] ?? '');
    const encoding = file.encodings.find((each) =>
      new RegExp(`\\b${each.name}\\b(?!;q=0(\\.0*)?\\b)`).test(accepted),
    );
    if (encoding) res.setHeader('Content-Encoding', encoding.name);
    const path = encoding?.path ?? file.path;
    const bytes = isHashed && isPlain(req) ? await keep(path) : undefined;
    if (bytes === undefined) return sendWhole(res, path);
    res.setHeader('Content-Length', bytes.length);
    res.end(bytes);
  };
}

/** Wants the whole file, whatever it knows of it. */
function isPlain({ method, headers }: Request): boolean {
  return (
    method === 'GET' && headers.range === undefined && !Object.keys(headers).some((name) => /^if-/.test(name))
  );
}

function sendWhole(res: Response, path: string): void {
  res.sendFile(path, { etag: true, lastModified: true, cacheControl: false, dotfiles: 'allow' }, (error) => {
    // The client went away, or the file did (a rebuild): nothing more can be said on this connection.
    if (error && !res.headersSent) res.status(404).end();
  });
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new HttpError(400, 'The address holds a broken % escape.');
  }
}

/** The manifest is written last by a build. */
function buildTime(folder: string): number {
  return statSync(join(folder, 'manifest.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function findFiles(folder: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  let paths: string[];
  try {
    paths = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map((each) => join(each.parentPath, each.name));
  } catch {
    throw new Error(`The pages are not built: ${folder} is missing. Run: npm run build`);
  }
  const all = new Set(paths);
  for (const path of paths) {
    if (/\.(br|gz)$/.test(path)) continue;
    const url = `/${relative(folder, path).split(sep).join('/')}`;
    const encodings = (['br', 'gzip'] as const).flatMap((name) => {
      const packed = `${path}.${name === 'br' ? 'br' : 'gz'}`;
      return all.has(packed) ? [{ name, path: packed }] : [];
    });
    files.set(url, { path, encodings });
  }
  return files;
}
