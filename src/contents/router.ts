/** `/api/contents`, the Jupyter contents API: translates requests and answers, decides nothing. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Router, type Request, type Response } from 'express';
import { HttpError } from '../http-error.js';
import type { ContentsModel, UploadModel } from '../protocol/rest-models.js';
import type { Contents } from './contents.js';
import { namesTag, type Conditions } from './conditions.js';
import { DirectoryContent } from './directory-content.js';
import { filesRouter } from './files-router.js';
import type { GetOptions } from './model-reader.js';
import type { SaveResult } from './model-saver.js';
import { NotebookContent } from './notebook-content.js';
import { encodePath } from './paths.js';
import { readJsonBody } from './read-body.js';
import { isRawChunk, readRawChunk } from './sent-chunk.js';
import { trashRouter } from './trash-router.js';
import { isUploadId } from './uploads.js';

type PathParams = { path?: string[] };
type CheckpointParams = PathParams & { id: string };

/** Paths are relative to base_url. All bodies but those of PUT must have been parsed into `req.body` before. */
export function contentsRouter(contents: Contents): Router {
  const router = Router({ caseSensitive: true });

  router.get('/api/contents{/*path}/checkpoints', async (req: Request<PathParams>, res) => {
    sendJson(res, 200, await contents.listCheckpoints(pathOf(req)));
  });
  router.post('/api/contents{/*path}/checkpoints', async (req: Request<PathParams>, res) => {
    const checkpoint = await contents.createCheckpoint(pathOf(req));
    res.setHeader('Location', `${locationOf(req, pathOf(req))}/checkpoints/${checkpoint.id}`);
    sendJson(res, 201, checkpoint);
  });
  router.post('/api/contents{/*path}/checkpoints/:id', async (req: Request<CheckpointParams>, res) => {
    await contents.restoreCheckpoint(pathOf(req), req.params.id);
    res.status(204).end();
  });
  router.delete('/api/contents{/*path}/checkpoints/:id', async (req: Request<CheckpointParams>, res) => {
    await contents.deleteCheckpoint(pathOf(req), req.params.id);
    res.status(204).end();
  });
  router.post('/api/contents{/*path}/trust', async (req: Request<PathParams>, res) => {
    await contents.trust(pathOf(req), seenIn(req.body));
    res.status(201).type('text/html').end();
  });

  router.get('/api/contents{/*path}', async (req: Request<PathParams>, res) => {
    const options = getOptions(req);
    const found = await contents.find(pathOf(req));
    const tag = contents.tag(found, options);
    if (tag !== undefined) {
      res.setHeader('ETag', tag);
      // no caching without asking, but an answer that says "as you have it"
      res.setHeader('Cache-Control', 'private, no-cache');
      if (namesTag(req.headers['if-none-match'], tag)) return void res.status(304).end();
    }
    const model = await contents.getForSending(found, options);
    res.setHeader('Last-Modified', new Date(model.last_modified).toUTCString());
    await sendModel(req, res, model);
  });
  router.post('/api/contents{/*path}', async (req: Request<PathParams>, res) => {
    const body = objectBody(req.body);
    const { copy_from } = body;
    if (copy_from !== undefined && typeof copy_from !== 'string') {
      throw new HttpError(400, "'copy_from' must be a path");
    }
    const model = copy_from
      ? await contents.copy(copy_from, pathOf(req))
      : await contents.createUntitled(pathOf(req), body);
    sendCreated(req, res, 201, model);
  });
  router.put('/api/contents{/*path}', async (req: Request<PathParams>, res) => {
    const conditions = conditionsOf(req);
    const limit = contents.maxBodySize;
    // Ours, beyond Jupyter: a chunk as it is, not as base64 in JSON.
    if (isRawChunk(req, req.query)) {
      const chunk = await bodyOrRefusal(req, res, readRawChunk(req, req.query, limit));
      return sendSaved(req, res, await contents.saveChunk(pathOf(req), chunk, conditions));
    }
    const body = await bodyOrRefusal(req, res, readJsonBody(req, limit));
    if (body === undefined) return sendCreated(req, res, 201, await contents.createUntitled(pathOf(req)));
    sendSaved(req, res, await contents.save(pathOf(req), body, conditions));
  });
  router.patch('/api/contents{/*path}', async (req: Request<PathParams>, res) => {
    const { path } = objectBody(req.body);
    if (typeof path !== 'string') throw new HttpError(400, "JSON body missing: it must have the new 'path'");
    sendCreated(req, res, 200, await contents.rename(pathOf(req), path, conditionsOf(req)));
  });
  router.delete('/api/contents{/*path}', async (req: Request<PathParams>, res) => {
    // Ours, beyond Jupyter: the dashboard has asked the person before it says either.
    const { recursive, permanent } = req.query;
    await contents.delete(pathOf(req), {
      recursive: recursive === '1',
      permanent: permanent === '1',
      match: req.headers['if-match'],
    });
    res.status(204).end();
  });

  /** Ours: how far an upload has come, and one that somebody cancelled. Not below `api/contents`, where DELETE means the file itself. */
  router.get('/api/uploads/*path', async (req: Request<PathParams>, res) => {
    const { next, chunks } = await contents.uploadStatus(pathOf(req), uploadOf(req));
    const status: UploadModel = {
      next_chunk: next,
      chunks: chunks.map(({ size, sha256 }) => ({ size, sha256 })),
    };
    sendJson(res, 200, status);
  });
  router.delete('/api/uploads/*path', async (req: Request<PathParams>, res) => {
    await contents.dropUpload(pathOf(req), uploadOf(req));
    res.status(204).end();
  });

  // The address of IPython 2 and 3.
  for (const method of ['get', 'post', 'put', 'patch', 'delete'] as const) {
    router[method]('/api/notebooks{/*path}', (req: Request<PathParams>, res: Response) => {
      res.redirect(302, locationOf(req, pathOf(req)).replace(/\/$/, ''));
    });
  }
  router.use(trashRouter(contents));
  router.use(filesRouter(contents));
  return router;
}

/** Express has decoded each segment; a slash that was encoded inside one separates like any other. */
export function pathOf(req: Request<PathParams>): string {
  return (req.params.path ?? []).join('/');
}

function uploadOf(req: Request<PathParams>): string | undefined {
  const { upload } = req.query;
  if (upload === undefined || isUploadId(upload)) return upload;
  throw new HttpError(400, "'upload' names no upload");
}

function conditionsOf(req: Request): Conditions {
  return { match: req.headers['if-match'], noneMatch: req.headers['if-none-match'] };
}

function getOptions(req: Request<PathParams>): GetOptions {
  const { type, format } = req.query;
  if (format !== undefined && format !== 'text' && format !== 'base64') {
    throw new HttpError(400, `Format '${one(format)}' is invalid`);
  }
  return {
    ...(type === undefined ? {} : { type: one(type) }),
    ...(format === undefined ? {} : { format }),
    content: flag(req, 'content', true),
    hash: flag(req, 'hash', false),
  };
}

function flag(req: Request<PathParams>, name: string, otherwise: boolean): boolean {
  const value = req.query[name];
  if (value === undefined) return otherwise;
  if (value !== '0' && value !== '1') throw new HttpError(400, `${name} must be 0 or 1, not '${one(value)}'`);
  return value === '1';
}

/** A query value for a message: short, and never an array. */
function one(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 60);
}

/** Ours: the state of the open notebook at which a person looked. */
function seenIn(body: unknown): { epoch: string; revision: number } | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { epoch, revision } = body as Record<string, unknown>;
  return typeof epoch === 'string' && typeof revision === 'number' ? { epoch, revision } : undefined;
}

function objectBody(body: unknown): Record<string, unknown> {
  if (body === undefined || body === null) return {};
  if (typeof body !== 'object' || Array.isArray(body)) {
    throw new HttpError(400, 'The body of the request must be a JSON object');
  }
  return body as Record<string, unknown>;
}

/** A refused body up to here is read to its end, in bytes: who still sends reads no answer when the connection ends. */
const MOST_DROPPED = 16 * 1024 * 1024;
const DROP_PATIENCE = 5_000;

/** What is left of a larger one is not read: the answer goes out and the connection ends. */
async function bodyOrRefusal<T>(req: Request<PathParams>, res: Response, body: Promise<T>): Promise<T> {
  try {
    return await body;
  } catch (error) {
    if (Number(req.headers['content-length']) <= MOST_DROPPED) await drop(req);
    if (!req.readableEnded) {
      res.setHeader('Connection', 'close');
      res.on('finish', () => req.destroy());
    }
    throw error;
  }
}

async function drop(req: Request<PathParams>): Promise<void> {
  if (req.readableEnded || req.destroyed) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, DROP_PATIENCE);
    for (const end of ['end', 'close', 'error']) req.once(end, resolve);
    req.once('close', () => clearTimeout(timer));
    req.resume();
  });
}

function sendSaved(req: Request<PathParams>, res: Response, { model, created, tag }: SaveResult): void {
  if (tag !== undefined) res.setHeader('ETag', tag);
  sendCreated(req, res, created ? 201 : 200, model);
}

function sendCreated(req: Request<PathParams>, res: Response, status: number, model: ContentsModel): void {
  res.setHeader('Location', locationOf(req, model.path));
  res.setHeader('Last-Modified', new Date(model.last_modified).toUTCString());
  sendJson(res, status, model);
}

function locationOf(req: Request<PathParams>, path: string): string {
  return `${req.baseUrl}/api/contents/${encodePath(path)}`;
}

/** As the peers: no charset, which JSON does not have. */
function sendJson(res: Response, status: number, value: unknown): void {
  sendJsonText(res, status, JSON.stringify(value));
}

function sendJsonText(res: Response, status: number, text: string): void {
  res.status(status).setHeader('Content-Type', 'application/json');
  res.end(text);
}

/** The JSON of a model up to its content. */
function openModel(model: ContentsModel): string {
  return `${JSON.stringify({ ...model, content: undefined }).slice(0, -1)},"content":`;
}

/** Up to here a notebook is sent in one piece, with its length; bytes. */
const SMALL = 1 << 21;

/** Lists and notebooks are text already. A notebook is sent as its text is made: no second copy of it in memory, and others get their turn in between. */
async function sendModel(req: Request, res: Response, model: ContentsModel): Promise<void> {
  const { content } = model;
  if (content instanceof DirectoryContent) {
    const { pieces } = content;
    if (pieces.length <= 1) sendJsonText(res, 200, `${openModel(model)}[${pieces.join()}]}`);
    else await sendInTurns(res, listPieces(model, pieces));
    return;
  }
  if (!(content instanceof NotebookContent)) {
    sendJson(res, 200, model);
    return;
  }
  const pieces = modelPieces(model, content);
  if (req.method !== 'HEAD' && (model.size ?? SMALL) >= SMALL) {
    await sendInTurns(res, pieces);
    return;
  }
  res.status(200).setHeader('Content-Type', 'application/json');
  const all = [...pieces];
  res.setHeader(
    'Content-Length',
    all.reduce((sum, piece) => sum + piece.length, 0),
  );
  res.cork();
  for (const piece of all) res.write(piece);
  res.end();
  res.uncork();
}

async function sendInTurns(res: Response, pieces: Iterable<Uint8Array>): Promise<void> {
  res.status(200).setHeader('Content-Type', 'application/json');
  // an error here means that the reader went away
  await pipeline(Readable.from(takingTurns(pieces), { highWaterMark: 2 }), res).catch(() => res.destroy());
}

function* listPieces(model: ContentsModel, pieces: readonly string[]): Generator<Uint8Array> {
  for (const [i, piece] of pieces.entries()) {
    yield Buffer.from(`${i === 0 ? `${openModel(model)}[` : ','}${piece}`);
  }
  yield Buffer.from(']}');
}

/** What is wrong with the notebook is known at its end, and comes behind it. */
function* modelPieces(model: ContentsModel, content: NotebookContent): Generator<Uint8Array> {
  yield Buffer.from(openModel(model));
  yield* content.pieces;
  const message = content.message();
  yield Buffer.from(message === undefined ? '}' : `,"message":${JSON.stringify(message)}}`);
}

async function* takingTurns(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    yield piece;
    await new Promise((done) => setImmediate(done));
  }
}
