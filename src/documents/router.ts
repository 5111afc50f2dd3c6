/** `api/documents`: opens live documents; everything else about them travels on their websocket. */
import { Router } from 'express';
import { HttpError } from '../http-error.js';
import type { DocumentModel } from '../protocol/document-messages.js';
import type { DocumentManager, OpenOptions } from './document-manager.js';
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

  router.use(historyRouter(find));

  return router;

  function find(id: string): LiveDocument {
    const document = documents.get(id);
    if (document === undefined) throw new HttpError(404, `There is no open document with the id ${id}.`);
    return document;
  }
}

function model({ id, path }: LiveDocument): DocumentModel {
  return { id, path };
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
