/** `/nbconvert`: a notebook as another kind of document (jupyter_server 2, "nbconvert"). What it answers is user content. */
import { Router, type Request, type Response } from 'express';
import { HttpError } from '../http-error.js';
import { messageOf } from '../message-of.js';
import { zipName } from '../zip-name.js';
import { SentContent, saveContent, type NotebookFile } from '../notebook/index.js';
import { exportNotebook, formats, type Exported } from './exporters.js';
import type { JupyterNbconvert } from './jupyter-nbconvert.js';

/** Where notebooks come from. */
export interface NotebookSource {
  /**
   * As it is now, open or not; undefined when the path is a file of another kind.
   *
   * @throws HttpError 404 when nothing is there, 400 when it is a directory or cannot be read
   */
  open(
    path: string,
  ): Promise<{ file: NotebookFile; name: string; modified: Date; isTrusted: boolean } | undefined>;
  /** The body of a request. @throws HttpError when it is too large or no JSON object */
  readBody(req: Request): Promise<Record<string, unknown> | undefined>;
}

export interface ExportRouterParts {
  source: NotebookSource;
  nbconvert: JupyterNbconvert;
  baseUrl: string;
}

type Params = { format: string; path?: string[] };

export function exportRouter({ source, nbconvert, baseUrl }: ExportRouterParts): Router {
  const router = Router({ caseSensitive: true });

  router.get('/api/nbconvert', async (_req, res) => {
    const all = Object.entries(await formats(nbconvert));
    all.sort(([a], [b]) => (a < b ? -1 : 1));
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify(Object.fromEntries(all.map(([name, type]) => [name, { output_mimetype: type }]))));
  });

  router.get('/nbconvert/:format/*path', async (req: Request<Params>, res) => {
    refuseOtherSites(req);
    const path = (req.params.path ?? []).join('/');
    const found = await source.open(path);
    if (found === undefined) {
      res.redirect(302, `${baseUrl}files/${path.split('/').map(encodeURIComponent).join('/')}`);
      return;
    }
    const { file, name, modified, isTrusted } = found;
    const exported = await attempt(() =>
      exportNotebook(file, { name, format: req.params.format, isTrusted }, nbconvert),
    );
    res.setHeader('Last-Modified', modified.toUTCString());
    await send(res, exported, name, isDownload(req));
  });

  router.post('/nbconvert/:format', async (req: Request<Params>, res) => {
    const { name, content } = (await source.readBody(req)) ?? {};
    if (!(content instanceof SentContent)) {
      throw new HttpError(400, "The body must be a model of a notebook, with its 'content'");
    }
    const called = typeof name === 'string' && name !== '' ? name : 'notebook.ipynb';
    const exported = await attempt(() => {
      const file = saveContent(undefined, content.value());
      // what somebody sends is not what somebody trusts
      return exportNotebook(file, { name: called, format: req.params.format, isTrusted: false }, nbconvert);
    });
    await send(res, exported, called, isDownload(req));
  });
  return router;
}

/** An export shows what a notebook says: no page of another site may embed or read it. */
function refuseOtherSites(req: Request<Params>): void {
  if (req.headers['sec-fetch-site'] === 'cross-site' && req.headers['sec-fetch-mode'] !== 'navigate') {
    throw new HttpError(403, 'Files of this server are not for use in pages of other sites');
  }
}

function isDownload(req: Request<Params>): boolean {
  const { download } = req.query;
  return download !== undefined && download !== 'false' && download !== '0';
}

async function attempt(work: () => Promise<Exported>): Promise<Exported> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(500, `nbconvert failed: ${messageOf(error)}`);
  }
}

async function send(res: Response, exported: Exported, name: string, download: boolean): Promise<void> {
  const { mimetype, extension, body, resources, policy } = exported;
  const stem = name.replace(/\.ipynb$/, '');
  res.setHeader('Cache-Control', 'no-store, no-cache, must-revalidate, max-age=0');
  res.setHeader('Content-Security-Policy', policy);
  if (resources.size > 0) {
    attach(res, `${stem}.zip`);
    res.setHeader('Content-Type', 'application/zip');
    res.end(await zipped(`${stem}${extension}`, body, resources));
    return;
  }
  if (download) attach(res, `${stem}${extension}`);
  res.setHeader('Content-Type', mimetype.startsWith('text/') ? `${mimetype}; charset=utf-8` : mimetype);
  res.end(body);
}

function attach(res: Response, name: string): void {
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16)}`,
  );
  res.setHeader('Content-Disposition', `attachment; filename*=utf-8''${encoded}`);
}

async function zipped(
  name: string,
  body: Uint8Array,
  resources: ReadonlyMap<string, Uint8Array>,
): Promise<Buffer> {
  const { ZipFile } = await import('yazl');
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(body), zipName(name));
  for (const [path, bytes] of resources) zip.addBuffer(Buffer.from(bytes), zipName(path));
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
