/** `/api/config/<section>`: what pages and extensions keep on the server. */
import { Router } from 'express';
import { HttpError } from '../http-error.js';
import { checkSection, type ConfigSections } from './config-sections.js';

export function configRouter(sections: ConfigSections): Router {
  const router = Router({ caseSensitive: true });
  router.get('/api/config/:section', async (req, res) => {
    res.json(await sections.get(checkSection(req.params.section)));
  });
  router.put('/api/config/:section', async (req, res) => {
    await sections.set(checkSection(req.params.section), objectIn(req.body));
    res.status(204).end();
  });
  router.patch('/api/config/:section', async (req, res) => {
    res.json(await sections.update(checkSection(req.params.section), objectIn(req.body)));
  });
  return router;
}

function objectIn(body: unknown): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new HttpError(400, 'The body of the request must be a JSON object with the settings');
  }
  return body as Record<string, unknown>;
}
