/** REST: `/api/sessions`. */
import { posix } from 'node:path';
import { Router } from 'express';
import { HttpError } from '../http-error.js';
import { asksForResources } from '../process-resources.js';
import { objectBody, textField } from '../request-body.js';
import type { KernelChoice, SessionManager, SessionPatch, SessionRequest } from './session-manager.js';

export function sessionsRouter({ sessions }: { sessions: SessionManager }): Router {
  const router = Router({ caseSensitive: true });

  router.get('/api/sessions', async (req, res) => {
    res.json(await sessions.models(sessions.list(), asksForResources(req.query)));
  });

  // An existing session for the path answers 201 as well: clients ask for exactly that.
  router.post('/api/sessions', async (req, res) => {
    const session = await sessions.create(createBody(req.body));
    res.status(201).json(sessions.model(session));
  });

  router.get('/api/sessions/:id', async (req, res) => {
    const session = sessions.require(req.params.id);
    const [model] = await sessions.models([session], asksForResources(req.query));
    res.json(model);
  });

  router.patch('/api/sessions/:id', async (req, res) => {
    sessions.require(req.params.id);
    const session = await sessions.change(req.params.id, patchBody(req.body));
    res.json(sessions.model(session));
  });

  router.delete('/api/sessions/:id', async (req, res) => {
    await sessions.delete(req.params.id);
    res.status(204).end();
  });

  return router;
}

type Fields = Readonly<Record<string, unknown>>;

function createBody(body: unknown): SessionRequest {
  const given = fields(body);
  const { path, name, type, kernel } = given.notebook === undefined ? patchBody(given) : legacyBody(given);
  if (path === undefined) throw new HttpError(400, 'Missing field in JSON data: path');
  if (type === undefined) throw new HttpError(400, 'Missing field in JSON data: type');
  return { path, type, name, kernel };
}

/** `{notebook: {path | name}, kernel}` of the time when sessions were notebooks only. */
function legacyBody(given: Fields): SessionPatch {
  const { path, name } = fields(given.notebook);
  const value = textField('notebook.path', path) ?? textField('notebook.name', name);
  return {
    path: value,
    name: value && posix.basename(value),
    type: 'notebook',
    kernel: kernelChoice(given.kernel),
  };
}

function patchBody(body: unknown): SessionPatch {
  const { path, name, type, kernel } = fields(body);
  const patch: SessionPatch = {};
  const values = {
    path: textField('path', path),
    name: textField('name', name),
    type: textField('type', type),
  };
  if (values.path !== undefined) patch.path = values.path.replace(/^\/+|\/+$/g, '');
  if (values.name !== undefined) patch.name = values.name;
  if (values.type !== undefined) patch.type = values.type;
  const choice = kernelChoice(kernel);
  if (choice) patch.kernel = choice;
  return patch;
}

function kernelChoice(value: unknown): KernelChoice | undefined {
  if (value === undefined || value === null) return undefined;
  const { name, id } = fields(value);
  return { name: textField('kernel.name', name), id: textField('kernel.id', id) };
}

function fields(value: unknown): Fields {
  if (value === undefined || value === null) throw new HttpError(400, 'No JSON data provided');
  return objectBody(value);
}
