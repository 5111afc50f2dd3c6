/** REST: `/api/kernels`, `/api/kernelspecs`, `/kernelspecs/<name>/<file>`, `/api/environments`. */
import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Router } from 'express';
import { HttpError } from '../http-error.js';
import { asksForResources } from '../process-resources.js';
import { objectBody, textField } from '../request-body.js';
import type { KernelManager } from './kernel-manager.js';

export interface KernelsRouterOptions {
  kernels: KernelManager;
  /** where the server's addresses start, for example `/ipython/` */
  baseUrl: string;
  /** the directory in which a kernel for `path` (of the contents API) starts */
  kernelDirectory?: (path: string) => string | undefined | Promise<string | undefined>;
}

/** A month, as Jupyter has it for logos. */
const logoAge = 2_592_000;

export function kernelsRouter({ kernels, baseUrl, kernelDirectory }: KernelsRouterOptions): Router {
  const router = Router({ caseSensitive: true });

  router.get('/api/kernels', async (req, res) => {
    res.json(await kernels.models(kernels.list(), asksForResources(req.query)));
  });

  router.post('/api/kernels', async (req, res) => {
    const { name, path, kernel_id } = startBody(req.body);
    const cwd = path === undefined ? undefined : await kernelDirectory?.(path);
    const kernel = await kernels.start({ name, kernelId: kernel_id, cwd });
    res.status(201).location(`${baseUrl}api/kernels/${kernel.id}`).json(kernel.model());
  });

  router.get('/api/kernels/:id', async (req, res) => {
    const [model] = await kernels.models([kernels.require(req.params.id)], asksForResources(req.query));
    res.json(model);
  });

  router.delete('/api/kernels/:id', async (req, res) => {
    await kernels.shutdown(req.params.id);
    res.status(204).end();
  });

  router.post('/api/kernels/:id/interrupt', async (req, res) => {
    await kernels.require(req.params.id).interrupt();
    res.status(204).end();
  });

  router.post('/api/kernels/:id/restart', async (req, res) => {
    const kernel = kernels.require(req.params.id);
    await kernel.restart();
    res.json(kernel.model());
  });

  router.get('/api/kernelspecs', async (_req, res) => {
    res.json(await kernels.specs.models(baseUrl));
  });

  // An address of ours: Jupyter has no word for environments that lack a kernel.
  router.get('/api/environments', async (_req, res) => {
    res.json(await kernels.specs.environments());
  });

  router.get('/api/kernelspecs/:name', async (req, res) => {
    res.json(await kernels.specs.model(req.params.name, baseUrl));
  });

  router.get('/kernelspecs/:name/*path', async (req, res) => {
    const { name, path } = req.params;
    const missing = new HttpError(404, `Kernel spec ${name} has no file ${path.join('/')}`);
    const spec = await kernels.specs.get(name);
    if (spec?.resourceDir === undefined) throw missing;
    const file = await realFile(spec.resourceDir, path);
    if (file === undefined) throw missing;
    if (file.endsWith('.png')) res.setHeader('Cache-Control', `max-age=${logoAge}`);
    await new Promise<void>((resolve, reject) => {
      // The data directory often is below a folder like .local.
      const done = (error?: NodeJS.ErrnoException) => {
        if (!error || res.headersSent) resolve();
        else reject(missing);
      };
      res.sendFile(file, { dotfiles: 'allow', cacheControl: false }, done);
    });
  });

  return router;
}

interface StartBody {
  name?: string;
  path?: string;
  kernel_id?: string;
}

/** The body may be absent; null stands for absent, too. */
function startBody(body: unknown): StartBody {
  if (body === undefined || body === null) return {};
  const { name, path, kernel_id } = objectBody(body);
  return {
    name: textField('name', name),
    path: textField('path', path),
    kernel_id: textField('kernel_id', kernel_id),
  };
}

/** A file in a directory, links resolved: what lies outside is no resource of the kernelspec. */
async function realFile(directory: string, path: readonly string[]): Promise<string | undefined> {
  if (path.some((part) => part === '..' || part.includes('/') || part.includes('\0'))) return undefined;
  try {
    const root = await realpath(directory);
    const file = await realpath(join(root, ...path));
    return file.startsWith(root + sep) ? file : undefined;
  } catch {
    // It does not exist.
    return undefined;
  }
}
