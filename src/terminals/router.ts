/** REST: `/api/terminals` (jupyter_server 2; POST answers 200, not 201). */
import { Router } from 'express';
import { HttpError } from '../http-error.js';
import { asksForResources } from '../process-resources.js';
import { objectBody, textField } from '../request-body.js';
import { terminalModel, type TerminalManager } from './terminal-manager.js';

/** @param terminals  undefined when terminals are turned off */
export function terminalsRouter(terminals: TerminalManager | undefined): Router {
  const router = Router({ caseSensitive: true });

  const manager = (): TerminalManager => {
    if (terminals === undefined)
      throw new HttpError(404, 'Terminals are turned off on this server (terminals_enabled).');
    return terminals;
  };

  router.get('/api/terminals', async (req, res) => {
    res.json(await manager().models(manager().list(), asksForResources(req.query)));
  });

  router.post('/api/terminals', async (req, res) => {
    res.json(terminalModel(await manager().create(createBody(req.body))));
  });

  router.get('/api/terminals/:name', async (req, res) => {
    const [model] = await manager().models([manager().require(req.params.name)], asksForResources(req.query));
    res.json(model);
  });

  router.delete('/api/terminals/:name', async (req, res) => {
    await manager().remove(req.params.name);
    res.status(204).end();
  });

  return router;
}

/** The body may be absent; null stands for absent, too. */
function createBody(body: unknown): { name?: string; cwd?: string } {
  if (body === undefined || body === null) return {};
  const { name, cwd } = objectBody(body);
  return { name: textField('name', name), cwd: textField('cwd', cwd) };
}
