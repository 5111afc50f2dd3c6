/** `api/documents`: opens live documents; everything else about them travels on their websocket. */
import { Router } from 'express';
import { HttpError } from '../http-error.js';
import type { WholeOutput } from '../notebook/index.js';
import type { DocumentModel } from '../protocol/document-messages.js';
import type { DocumentManager, OpenOptions } from './document-manager.js';
import type { RunOptions } from './execution-queue.js';
import { historyRouter } from './history-router.js';
import type { LiveDocument } from './live-document.js';

export function documentsRouter({ documents }: { documents: DocumentManager }): Router {
  const router = Router({ caseSensitive: true });

  router.get('/api/documents', (_request, response) => {
    response.json(documents.list().map(model));
  });

  router.post('/api/documents', async (request, response) => {
    const { path, options } = readBody(request.body as unknown);
    response.status(201).json(model(await documents.open(path, options)));
  });

  router.get('/api/documents/:id', (request, response) => {
    response.json(model(find(request.params.id)));
  });

  /** What runs and waits. */
  router.get('/api/documents/:id/run', (request, response) => {
    response.json(find(request.params.id).runs);
  });

  /** Runs cells, all without `cells`, and answers at once: whoever asked may leave. */
  router.post('/api/documents/:id/run', (request, response) => {
    const document = find(request.params.id);
    const { cells, options } = readRun(request.body as unknown);
    const queued = document.execute(cells ?? document.state.ids, options);
    response.status(202).json({ queued });
  });

  /** Interrupts what runs and takes out what waits. */
  router.delete('/api/documents/:id/run', async (request, response) => {
    await find(request.params.id).interrupt();
    response.status(204).end();
  });

  /** Saves now. */
  router.post('/api/documents/:id/save', async (request, response) => {
    await find(request.params.id).saveNow();
    response.status(204).end();
  });

  /** What a page was told of by name. What is behind a name never changes; it is user content, and never a page. */
  router.get('/api/documents/:id/outputs/:hash', (request, response) => {
    const output = find(request.params.id).output(request.params.hash);
    if (output === undefined) throw new HttpError(404, 'This output is not there any more.');
    const { type, body } = bodyOf(output, request.query['mime']);
    response.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
    response.setHeader('Content-Disposition', 'attachment');
    response.setHeader('Cache-Control', 'private, max-age=31536000, immutable');
    response.setHeader('Content-Type', type);
    response.end(body);
  });

  /** The models of all widgets, as files and other programs have them. */
  router.get('/api/documents/:id/widgets', (request, response) => {
    const { widgets } = find(request.params.id);
    response.setHeader('Content-Disposition', 'attachment');
    response.type('application/vnd.jupyter.widget-state+json').end(JSON.stringify(widgets));
  });

  /** A model that a page was told of by name. */
  router.get('/api/documents/:id/widgets/:model', (request, response) => {
    const model = find(request.params.id).widget(request.params.model);
    if (model === undefined) throw new HttpError(404, 'This widget is not there any more.');
    response.setHeader('Content-Disposition', 'attachment');
    response.json(model);
  });

  router.use(historyRouter(find));

  return router;

  function find(id: string): LiveDocument {
    const document = documents.get(id);
    if (document === undefined) throw new HttpError(404, `There is no open document with the id ${id}.`);
    return document;
  }
}

/** Pictures of which no byte can do anything. */
const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** @param mime  one picture of the output alone; undefined: all of it, as JSON */
function bodyOf(output: WholeOutput, mime: unknown): { type: string; body: Buffer } {
  if (mime === undefined) {
    return { type: 'application/octet-stream', body: Buffer.from(JSON.stringify(output)) };
  }
  const value = typeof mime === 'string' && 'data' in output ? output.data[mime] : undefined;
  if (typeof mime !== 'string' || typeof value !== 'string' || !PICTURES.includes(mime)) {
    throw new HttpError(404, `This output has no such picture. Pictures are ${PICTURES.join(', ')}.`);
  }
  return { type: mime, body: Buffer.from(value, 'base64') };
}

function model({ id, path }: LiveDocument): DocumentModel {
  return { id, path };
}

/** `{cells?, allow_errors?, allow_stdin?}` */
function readRun(body: unknown): { cells: string[] | undefined; options: RunOptions } {
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const { cells, allow_errors, allow_stdin } = fields;
  const isNames = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((one) => typeof one === 'string');
  if (cells !== undefined && !isNames(cells)) {
    throw new HttpError(400, 'Which cells? "cells" is a list of cell ids; without it, all are run.');
  }
  return { cells, options: { allowErrors: allow_errors === true, allowStdin: allow_stdin !== false } };
}

/** `{path, kernel_name?, start_kernel?}` */
function readBody(body: unknown): { path: string; options: OpenOptions } {
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const { path, kernel_name, start_kernel } = fields;
  if (typeof path !== 'string' || path === '') {
    throw new HttpError(400, 'Which notebook? The body is {"path": "…", "kernel_name"?, "start_kernel"?}.');
  }
  const options: OpenOptions = { startKernel: start_kernel === true };
  if (typeof kernel_name === 'string' && kernel_name !== '') options.kernelName = kernel_name;
  return { path, options };
}
