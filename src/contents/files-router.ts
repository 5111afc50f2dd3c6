/**
 * `/files`: the bytes of files as a browser fetches them. They are user content, served as hostile: in a sandbox of their
 * own origin, never sniffed, and not to other sites.
 */
import { isUtf8 } from 'node:buffer';
import { pipeline } from 'node:stream/promises';
import { Router, type Request, type Response } from 'express';
import { HttpError } from '../http-error.js';
import type { Contents } from './contents.js';
import { mimeTypeOf } from './models.js';
import type { Entry } from './notebook-manager.js';
import { nameOf } from './paths.js';

type PathParams = { path?: string[] };

/** Paths are relative to base_url. HEAD is answered by the same route. */
export function filesRouter(contents: Contents): Router {
  const router = Router({ caseSensitive: true });
  router.get('/files{/*path}', async (req: Request<PathParams>, res) => {
    if (req.headers['sec-fetch-site'] === 'cross-site' && req.headers['sec-fetch-mode'] !== 'navigate') {
      throw new HttpError(403, 'Files of this server are not for use in pages of other sites');
    }
    await sendFile(contents, (req.params.path ?? []).join('/'), req, res);
  });
  return router;
}

async function sendFile(
  contents: Contents,
  path: string,
  req: Request<PathParams>,
  res: Response,
): Promise<void> {
  const entry = await contents.stat(path);
  if (entry === undefined) throw new HttpError(404, `file or directory does not exist: '${path}'`);
  if (entry.kind === 'directory') throw new HttpError(400, `${path} is a directory, not a file`, 'bad type');
  const size = entry.size ?? 0;

  res.setHeader('Content-Security-Policy', 'sandbox allow-scripts');
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  res.setHeader('Cache-Control', 'no-cache');
  res.setHeader('Accept-Ranges', 'bytes');
  res.setHeader('Last-Modified', entry.modified.toUTCString());
  res.setHeader('ETag', `"${entry.revision}"`);
  if (isFresh(req, entry)) {
    res.status(304).end();
    return;
  }
  const range = rangeOf(req, entry);
  if (range === 'unsatisfiable') {
    res.setHeader('Content-Range', `bytes */${size}`);
    throw new HttpError(416, `${path} has ${size} bytes; the range that was asked for lies behind its end`);
  }
  res.setHeader('Content-Type', await contentTypeOf(contents, path, size));
  if ('download' in req.query || path.endsWith('.ipynb')) {
    const name = encodeURIComponent(nameOf(path)).replace(
      /['()*]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16)}`,
    );
    res.setHeader('Content-Disposition', `attachment; filename*=utf-8''${name}`);
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  res.setHeader('Content-Length', end - start + 1);
  if (range !== undefined) {
    res.status(206);
    res.setHeader('Content-Range', `bytes ${start}-${end}/${size}`);
  }
  if (req.method === 'HEAD' || size === 0) {
    res.end();
    return;
  }
  const { body } = await contents.openFile(path, { start, end });
  try {
    await pipeline(body, res);
  } catch (error) {
    // The reader went away, or the file became shorter while it was sent: the connection is closed, which tells it.
    if (!res.headersSent) throw error;
    res.destroy();
  }
}

function isFresh(req: Request<PathParams>, entry: Entry): boolean {
  const tags = req.headers['if-none-match'];
  if (tags !== undefined) return tags.includes(`"${entry.revision}"`);
  const since = Date.parse(req.headers['if-modified-since'] ?? '');
  // HTTP dates have whole seconds
  return Number.isFinite(since) && Math.floor(entry.modified.getTime() / 1000) * 1000 <= since;
}

/** One range of bytes (RFC 9110, 14); anything else is answered with the whole file, which the standard allows. */
function rangeOf(
  req: Request<PathParams>,
  entry: Entry,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const size = entry.size ?? 0;
  const condition = req.headers['if-range'];
  const conditionHolds =
    condition === undefined ||
    condition === `"${entry.revision}"` ||
    condition === entry.modified.toUTCString();
  const match = /^bytes=(\d*)-(\d*)$/.exec(req.headers.range ?? '');
  if (match === null || !conditionHolds || (match[1] === '' && match[2] === '')) return undefined;
  if (match[1] === '') {
    const last = Number(match[2]);
    return last === 0 || size === 0 ? 'unsatisfiable' : { start: Math.max(size - last, 0), end: size - 1 };
  }
  const start = Number(match[1]);
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (start >= size) return 'unsatisfiable';
  return start > end ? undefined : { start, end };
}

/** A type that the extension does not tell is plain text, or bytes when the beginning is not UTF-8. */
async function contentTypeOf(contents: Contents, path: string, size: number): Promise<string> {
  const guessed = mimeTypeOf(path);
  if (guessed === 'text/plain') return 'text/plain; charset=UTF-8';
  if (guessed !== undefined) return guessed;
  if (size === 0) return 'text/plain; charset=UTF-8';
  const { body } = await contents.openFile(path, { start: 0, end: PEEK - 1 });
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  const start = Buffer.concat(chunks);
  // the peek may end inside a character of up to four bytes
  const isText =
    !start.includes(0) && [0, 1, 2, 3].some((cut) => isUtf8(start.subarray(0, start.length - cut)));
  return isText ? 'text/plain; charset=UTF-8' : 'application/octet-stream';
}

const PEEK = 8192;
