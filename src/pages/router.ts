/** The addresses that people see: `/`, tree, notebooks, edit, view, terminals, connection, favicon.ico and robots.txt, all under base_url. */
import { isIP, type Socket } from 'node:net';
import { Router, type Request, type Response } from 'express';
import { HttpError } from '../http-error.js';
import { packageFile } from '../package-files.js';
import { customFiles } from './custom.js';
import { sendWithDocument, type OpenedNotebook, type OpenNotebook } from './notebook-document.js';
import { outputFrameRouter } from './output-frame.js';
import { renderPage, type PageContext } from './render-page.js';

/** What the pages ask of `contents`; its `Contents` fits. */
export interface PageContents {
  /** undefined or an HttpError 404 when there is nothing */
  stat(path: string): Promise<PageEntry | undefined>;
}
interface PageEntry {
  kind: 'file' | 'directory';
  /** bytes */
  size?: number;
}

export interface PagesOptions {
  /** with a slash at both ends */
  baseUrl: string;
  /** names the place of these notebooks, so that a browser never puts what it kept of one into another at the same address */
  place: string;
  /** default: `static/` under baseUrl */
  staticUrl?: string;
  /** where `/` leads, a path with or without base_url; default `/tree` */
  defaultUrl?: string;
  /** whether the dashboard offers to stop the server; default true */
  quitButton?: boolean;
  /** `missing`: the native part is not installed; default `disabled` */
  terminals?: 'available' | 'disabled' | 'missing';
  /** whether lists hold hidden files, which the dashboard then can show; default false */
  allowHidden?: boolean;
  /** whose `custom/` belongs to every page; absent: none */
  configDirectory?: string;
  contents: PageContents;
  /** Whether the server holds a notebook open: it is shown then, also when its file is gone. */
  isOpen?(path: string): boolean;
  /**
   * Opens a notebook, without its kernel.
   *
   * @param onFirstCells  told what is seen at once, when that is known before the notebook is open
   * @throws when it cannot be opened
   */
  openNotebook?(
    path: string,
    onFirstCells: (cells: OpenedNotebook['cells']) => void,
  ): Promise<{ opening: OpenedNotebook }>;
}

export function pagesRouter(options: PagesOptions): Router {
  const { baseUrl, contents } = options;
  const custom = customFiles(options.configDirectory);
  const router = Router({ caseSensitive: true });

  const address = (route: string, path: string): string => {
    const encoded = path.split('/').filter(Boolean).map(encodeURIComponent).join('/');
    return `${baseUrl}${route}${encoded === '' ? '' : `/${encoded}`}`;
  };
  const find = async (path: string): Promise<PageEntry | undefined> => {
    try {
      return await contents.stat(path);
    } catch (error) {
      if (error instanceof HttpError && error.status === 404) return undefined;
      throw error;
    }
  };
  const render = (
    res: Response,
    template: string,
    context: Omit<PageContext, 'base_url' | 'nonce'>,
  ): string => {
    // Pages carry what belongs to this login: no cache may give them to the next one.
    res.setHeader('Cache-Control', 'no-store');
    res.type('html');
    const nonce = nonceOf(res);
    const static_url = options.staticUrl ?? `${baseUrl}static/`;
    const xsrf = sessionOf(res)?.xsrf ?? null;
    return renderPage(template, {
      ...custom.present(),
      ...context,
      base_url: baseUrl,
      static_url,
      nonce,
      xsrf,
    });
  };
  const send = (...what: Parameters<typeof render>): void => {
    what[0].send(render(...what));
  };
  const filePage = (path: string) => ({
    path,
    name: lastSegment(path),
    files_url: address('files', path),
    download_url: `${address('files', path)}?download=1`,
    tree_url: address('tree', path.split('/').slice(0, -1).join('/')),
    entry: 'login',
  });

  router.get('/', (req, res) => res.redirect(302, defaultAddress(options) + query(req)));

  router.get('/tree{/*path}', async (req, res) => {
    const path = pathOf(req);
    const entry = await find(path);
    if (entry === undefined) throw new HttpError(404, `There is no folder named "${path}".`);
    if (entry.kind === 'file')
      return res.redirect(302, address(isNotebook(path) ? 'notebooks' : 'edit', path));
    send(res, 'tree.html', {
      data: {
        path,
        quit_button: options.quitButton ?? true,
        logout: sessionOf(res) !== undefined,
        terminals: options.terminals ?? 'disabled',
        hidden: options.allowHidden ?? false,
      },
      preload: [`${address('api/contents', path)}?type=directory`],
    });
  });

  router.get('/notebooks/*path', async (req, res) => {
    const path = pathOf(req);
    const entry = await find(path);
    if (entry === undefined && !(isNotebook(path) && options.isOpen?.(path) === true)) {
      throw new HttpError(404, `There is no notebook named "${path}".`);
    }
    if (entry?.kind === 'directory') return res.redirect(302, address('tree', path));
    if (!isNotebook(path)) return res.redirect(302, address('edit', path));
    const kernel = req.query['kernel_name'];
    const name = lastSegment(path);
    const nonce = nonceOf(res);
    const place = `[document ${nonce}]`;
    const html = render(res, 'notebook.html', {
      title: `${name.replace(/\.ipynb$/, '')} - nbserver`,
      path,
      name,
      soon: ['static/notebook/editor/editor.ts'],
      document_place: place,
      data: {
        path,
        name,
        place: options.place,
        kernel_name: typeof kernel === 'string' ? kernel : null,
        logout: sessionOf(res) !== undefined,
      },
    });
    if (req.method === 'HEAD') return void res.send(html);
    // Why it cannot be opened, the page's script is told when it asks.
    const open: OpenNotebook = async (onFirstCells) =>
      options.openNotebook?.(path, onFirstCells).catch(() => undefined);
    await sendWithDocument(res, html, place, open, { base_url: baseUrl, nonce });
  });

  router.get('/view/*path', async (req, res) => {
    const path = pathOf(req);
    const entry = await find(path);
    if (entry === undefined) throw new HttpError(404, `There is no file named "${path}".`);
    if (entry.kind === 'directory') return res.redirect(302, address('tree', path));
    // A viewer of PDFs does not run in the frame's sandbox; the browser shows the file itself.
    if (path.toLowerCase().endsWith('.pdf')) return res.redirect(302, address('files', path));
    send(res, 'view.html', { ...filePage(path), body_class: 'page-view' });
  });

  router.get('/edit/*path', async (req, res) => {
    const path = pathOf(req);
    const entry = await find(path);
    if (entry === undefined) throw new HttpError(404, `There is no file named "${path}".`);
    if (entry.kind === 'directory') return res.redirect(302, address('tree', path));
    const { name, download_url } = filePage(path);
    const isLarge = (entry.size ?? 0) >= LARGE_TEXT;
    send(res, 'edit.html', {
      title: `${name} - nbserver`,
      path,
      name,
      download_url,
      data: { path, name, place: options.place, isLarge, logout: sessionOf(res) !== undefined },
      // A large one comes after the scripts, which then show its beginning first.
      preload: isLarge ? [] : [`${address('api/contents', path)}?type=file&format=text&hash=1`],
    });
  });

  // The page starts the shell itself, by a request that no other site can make; `new` takes the next free name.
  router.get('/terminals/:name', (req, res) => {
    if ((options.terminals ?? 'disabled') === 'disabled')
      throw new HttpError(404, 'Terminals are turned off on this server (terminals_enabled).');
    const { name } = req.params;
    const { cwd } = req.query;
    send(res, 'terminal.html', {
      title: name === 'new' ? 'Terminal' : `Terminal ${name}`,
      data: {
        name: name === 'new' ? null : name,
        cwd: typeof cwd === 'string' ? cwd : null,
        logout: sessionOf(res) !== undefined,
      },
    });
  });

  router.get('/connection', (req, res) => {
    send(res, 'connection.html', { data: { backend: listenerOf(req.socket) } });
  });

  router.use(outputFrameRouter());
  router.use(custom.router);

  router.get('/favicon.ico', (_req, res) => {
    res.type('image/svg+xml').setHeader('Cache-Control', 'public, max-age=86400');
    res.sendFile(packageFile('templates', 'favicon.svg'), { cacheControl: false, dotfiles: 'allow' });
  });

  router.get('/robots.txt', (_req, res) => {
    res.type('text/plain').send('User-agent: *\nDisallow: /\n');
  });

  return router;
}

/** The wildcard of a route: decoded segments, which a name cannot widen, since it holds no slash. */
function pathOf(req: Request): string {
  const segments = (req.params as { path?: string[] }).path ?? [];
  return segments.filter((segment) => segment !== '').join('/');
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function isNotebook(path: string): boolean {
  return path.endsWith('.ipynb');
}

/** Bytes from which on the editor shows the beginning of a text before it asks for all of it. */
const LARGE_TEXT = 1_000_000;

/** Where the server listens, as the configuration of a proxy names it. */
function listenerOf({ localAddress, localPort }: Socket): string {
  if (localPort === undefined) return '127.0.0.1:8888'; // a unix socket: the usual place
  const address = (localAddress ?? '127.0.0.1').replace(/^::ffff:/, '');
  return `${isIP(address) === 6 ? `[${address}]` : address}:${localPort}`;
}

/** The login of a browser; undefined for tokens. Only who logged in can log out. */
function sessionOf(res: Response): { xsrf: string } | undefined {
  const identity = res.locals['identity'] as { kind: string; xsrf?: string } | undefined;
  return identity?.kind === 'session' && identity.xsrf !== undefined ? { xsrf: identity.xsrf } : undefined;
}

function nonceOf(res: Response): string {
  return String(res.locals['nonce'] ?? '');
}

function query(req: Request): string {
  const at = req.originalUrl.indexOf('?');
  return at === -1 ? '' : req.originalUrl.slice(at);
}

/** default_url, always under base_url: `tree`, `/tree` and `/x/tree` are the same under `/x/`. */
function defaultAddress({ baseUrl, defaultUrl = '/tree' }: PagesOptions): string {
  return defaultUrl.startsWith(baseUrl) && baseUrl !== '/'
    ? defaultUrl
    : baseUrl + defaultUrl.replace(/^\/+/, '');
}
