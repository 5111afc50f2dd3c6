/**
 * `/files`: the bytes of files as a browser fetches them, and directories as zip archives. They are user content, served
 * as hostile: in a sandbox of their own origin, never sniffed, and not to other sites. What is a PDF goes without the sandbox, in
 * which Chromium shows none: a viewer has its own, nothing in it is of this origin, and the policy lets it load nothing.
 */
import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Router, urlencoded, type Request, type Response } from 'express';
import { HttpError } from '../http-error.js';
import { isFresh, rangeOf } from './byte-range.js';
import { compressWhole, compressor, encodingFor, type Encoding } from './compressed.js';
import { tagOf } from './conditions.js';
import type { Contents } from './contents.js';
import { mimeTypeOf } from './models.js';
import { nameOf } from './paths.js';
import { collect, wholeOf } from './read-all.js';
import { SentAgain } from './sent-again.js';
import type { Found } from './served-paths.js';
import { sendZip } from './zip.js';

type PathParams = { path?: string[] };

/** Paths are relative to base_url. HEAD is answered by the same route. */
export function filesRouter(contents: Contents): Router {
  const router = Router({ caseSensitive: true });
  const sent = new SentAgain({ largest: SMALL, most: 8 << 20 });
  router.get('/files{/*path}', async (req: Request<PathParams>, res) => {
    if (req.headers['sec-fetch-site'] === 'cross-site' && req.headers['sec-fetch-mode'] !== 'navigate') {
      throw new HttpError(403, 'Files of this server are not for use in pages of other sites');
    }
    res.setHeader('Content-Security-Policy', 'sandbox allow-scripts');
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    const path = (req.params.path ?? []).filter((segment) => segment !== '').join('/');
    const found = await contents.find(path);
    if (found.entry.kind === 'file') await sendFile(contents, sent, found, req, res);
    else if (req.query['download'] === 'zip')
      await sendDirectory(contents, path, namesIn(req.query), req, res);
    else
      throw new HttpError(
        400,
        `${path} is a directory, not a file; ?download=zip gives it as an archive`,
        'bad type',
      );
  });
  /** More names than an address holds, from a form of the dashboard: `names` is a JSON array. */
  router.post('/files{/*path}', parseForm, async (req: Request<PathParams>, res) => {
    const path = (req.params.path ?? []).filter((segment) => segment !== '').join('/');
    const { entry } = await contents.find(path);
    if (entry.kind === 'file') throw new HttpError(400, `${path} is a file, not a directory`, 'bad type');
    await sendDirectory(contents, path, namesOfForm(req.body), req, res);
  });
  return router;
}

/** Names of ten thousand files fit. */
const parseForm = urlencoded({ extended: false, limit: '8mb' });

function namesIn({ name }: Request['query']): string[] | undefined {
  return name === undefined ? undefined : [name].flat().map(String);
}

/** @throws HttpError 400 */
function namesOfForm(body: unknown): string[] {
  try {
    const names: unknown = JSON.parse((body as { names: string }).names);
    if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  } catch {
    // falls through: whatever was sent, it is no list of names
  }
  throw new HttpError(400, "The field 'names' must be a JSON array of the names that go into the archive.");
}

async function sendDirectory(
  contents: Contents,
  path: string,
  names: readonly string[] | undefined,
  req: Request<PathParams>,
  res: Response,
): Promise<void> {
  for (const each of names ?? []) {
    if (each.includes('/') || (await contents.stat(`${path}/${each}`)) === undefined) {
      throw new HttpError(404, `There is no ${each} in ${path || 'the notebook directory'}`);
    }
  }
  const [only] = names?.length === 1 ? names : [nameOf(path) || 'notebooks'];
  res.setHeader('Content-Type', 'application/zip');
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Content-Disposition', attachment(`${only}.zip`));
  if (req.method === 'HEAD') res.end();
  else await sendZip(contents, path, names, res);
}

async function sendFile(
  contents: Contents,
  sent: SentAgain,
  found: Found,
  req: Request<PathParams>,
  res: Response,
): Promise<void> {
  const { path, entry } = found;
  // A policy is stored with the bytes: PDFs that a browser has with an earlier one are to be sent again.
  const variant = mimeTypeOf(path) === PDF ? PDF_POLICY_VERSION : '';
  const state = { size: entry.size ?? 0, modified: entry.modified, tag: tagOf(entry.revision, variant) };
  res.setHeader('Cache-Control', 'no-cache');
  res.setHeader('Accept-Ranges', entry.size === undefined ? 'none' : 'bytes');
  res.setHeader('Last-Modified', entry.modified.toUTCString());
  res.setHeader('ETag', state.tag);
  if (isFresh(req.headers, state)) {
    // The policy that came with the bytes holds; this answer has not looked at them.
    res.removeHeader('Content-Security-Policy');
    res.status(304).end();
    return;
  }
  const range = entry.size === undefined ? undefined : rangeOf(req.headers, state);
  if (range === 'unsatisfiable') {
    res.setHeader('Content-Range', `bytes */${state.size}`);
    throw new HttpError(
      416,
      `${path} has ${state.size} bytes; the range that was asked for lies behind its end`,
    );
  }
  const type = await contentTypeOf(contents, found, state.size);
  res.setHeader('Content-Type', type);
  if (type === PDF && state.size > 0 && (await beginOf(contents, found, PDF_BEGIN.length)).equals(PDF_BEGIN))
    res.setHeader('Content-Security-Policy', PDF_POLICY);
  if ('download' in req.query || path.endsWith('.ipynb')) {
    res.setHeader('Content-Disposition', attachment(nameOf(path)));
  }
  if (range !== undefined) {
    const { start, end } = range;
    res.status(206);
    res.setHeader('Content-Range', `bytes ${start}-${end}/${state.size}`);
    res.setHeader('Content-Length', end - start + 1);
    if (req.method === 'HEAD') res.end();
    else await stream((await contents.openFile(found, range)).body, res);
    return;
  }
  const encoding = encodingFor(req.headers['accept-encoding'], type, entry.size);
  const name = `${encoding ?? ''} ${path}`;
  const known = req.method === 'HEAD' ? undefined : sent.find(name, entry.revision)?.text;
  const isEmpty = req.method === 'HEAD' || entry.size === 0 || known !== undefined;
  // before anything is said about how it is sent: opening may fail
  const opened = isEmpty ? undefined : await contents.openFile(found);
  res.setHeader('Vary', 'Accept-Encoding');
  if (encoding !== undefined) {
    res.setHeader('Content-Encoding', encoding);
    // another representation of the same state, by RFC 9110, 8.8.3
    res.setHeader('ETag', `${state.tag.slice(0, -1)};${encoding}"`);
  }
  const length = encoding === undefined ? entry.size : known?.length;
  if (length !== undefined) res.setHeader('Content-Length', length);
  if (opened === undefined) {
    res.end(known);
    return;
  }
  const { size } = opened.entry;
  if (size === undefined || size !== entry.size || size > SMALL) {
    await stream(opened.body, res, encoding);
    return;
  }
  const isWanted = sent.isWanted(name, opened.entry.revision, size);
  const { bytes: whole } = await wholeOf(opened);
  const bytes = encoding === undefined ? whole : await compressWhole(encoding, whole);
  if (isWanted) sent.keep(name, opened.entry.revision, bytes, undefined);
  res.setHeader('Content-Length', bytes.length);
  res.end(bytes);
}

/** Up to here a file is read before it is sent: fewer steps, and its length on the wire is known. */
const SMALL = 1 << 18;

async function stream(body: Readable, res: Response, encoding?: Encoding): Promise<void> {
  try {
    if (encoding === undefined) await pipeline(body, res);
    else await pipeline(body, compressor(encoding), res);
  } catch (error) {
    // The reader went away, or the file became shorter while it was sent: the connection is closed, which tells it.
    if (!res.headersSent) throw error;
    res.destroy();
  }
}

function attachment(name: string): string {
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename*=utf-8''${encoded}`;
}

const PDF = 'application/pdf';
const PDF_BEGIN = Buffer.from('%PDF-');
/** The page that Chromium makes around its viewer is one object with a style of its own. */
const PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'";

/** Another one for each policy. */
const PDF_POLICY_VERSION = 'p1';

/** A type that the extension does not tell is plain text, or bytes when the beginning is not UTF-8. */
async function contentTypeOf(contents: Contents, found: Found, size: number): Promise<string> {
  const guessed = mimeTypeOf(found.path);
  if (guessed === 'text/plain') return 'text/plain; charset=UTF-8';
  if (guessed !== undefined) return guessed;
  if (size === 0) return 'text/plain; charset=UTF-8';
  const start = await beginOf(contents, found, PEEK);
  // the peek may end inside a character of up to four bytes
  const isText =
    !start.includes(0) && [0, 1, 2, 3].some((cut) => isUtf8(start.subarray(0, start.length - cut)));
  return isText ? 'text/plain; charset=UTF-8' : 'application/octet-stream';
}

const PEEK = 8192;

/** @param length  at most so many bytes */
async function beginOf(contents: Contents, found: Found, length: number): Promise<Buffer> {
  return collect((await contents.openFile(found, { start: 0, end: length - 1 })).body);
}
