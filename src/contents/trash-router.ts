/** `/api/trash`: what was deleted and can be had back. Ours, beyond Jupyter's API. */
import { Router, type Request } from 'express';
import { HttpError } from '../http-error.js';
import type { Contents } from './contents.js';
import { encodePath } from './paths.js';

export function trashRouter(contents: Contents): Router {
  const router = Router({ caseSensitive: true });

  router.get('/api/trash', async (_req, res) => {
    res.json({ enabled: contents.hasTrash, items: contents.hasTrash ? await contents.trash.list() : [] });
  });
  router.delete('/api/trash', async (_req, res) => {
    await contents.trash.empty();
    res.status(204).end();
  });
  router.post('/api/trash/:id', async (req: Request<{ id: string }>, res) => {
    const { path } = (req.body ?? {}) as { path?: unknown };
    if (path !== undefined && typeof path !== 'string') {
      throw new HttpError(400, "'path' must be the place where it is put back");
    }
    const model = await contents.restoreFromTrash(req.params.id, path);
    res.setHeader('Location', `${req.baseUrl}/api/contents/${encodePath(model.path)}`);
    res.json(model);
  });
  router.delete('/api/trash/:id', async (req: Request<{ id: string }>, res) => {
    await contents.trash.remove(req.params.id);
    res.status(204).end();
  });
  return router;
}
