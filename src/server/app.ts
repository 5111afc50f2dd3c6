/** The web application: reads like a table of contents, in the order in which a request passes. */
import express, { Router, type Express, type RequestHandler } from 'express';
import type { Auth } from '../auth/index.js';
import { loadOnce } from '../load-once.js';
import type { Log } from '../log.js';
import { errorHandler, notFound, type ErrorPage } from './error-handler.js';
import { isApi, securityHeaders } from './security-headers.js';

export interface AppParts {
  /** `/` or `/x/` */
  baseUrl: string;
  /** local path of the static files, with slashes at both ends */
  staticPrefix: string;
  auth: Pick<Auth, 'hostCheck' | 'router' | 'gate'>;
  /** see every request first: the log, the metrics */
  observers: RequestHandler[];
  staticFiles: RequestHandler;
  /** the features' routers, in the order in which they are asked; their paths are relative to baseUrl */
  routers: Router[];
  /** awaited before the first page is rendered; the API never needs it */
  loadTemplates(): Promise<void>;
  /** called for every request that counts as the owner's doing */
  onActivity(): void;
  renderError: ErrorPage;
  log: Log;
}

/** Everything but saved notebooks and the uploads of the connection test: those have readers of their own. */
const LARGEST_JSON = '1mb';

export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // hashing every answer costs more than it saves; static files bring their own
  app.set('query parser', 'simple');
  // What an address is gets decided in several places, and all of them compare exactly: `/API/contents` is nothing.
  app.set('case sensitive routing', true);

  const site = Router({ caseSensitive: true });
  site.use(parts.auth.router);
  site.use(parts.auth.gate);
  site.use('/api', activity(parts.onActivity));
  site.use('/api', jsonBody());
  for (const router of parts.routers) site.use(router);
  site.use(notFound());

  for (const observer of parts.observers) app.use(observer);
  app.use(securityHeaders(parts.baseUrl));
  app.use(templatesFirst(parts));
  app.use(parts.auth.hostCheck);
  app.use(parts.staticPrefix, parts.staticFiles);
  app.use(parts.baseUrl, site);
  app.use(redirectToBase(parts.baseUrl));
  app.use(notFound());
  app.use(errorHandler(parts.baseUrl, parts.log, parts.renderError));
  return app;
}

/** Templates cost some ms to load: a server that only programs talk to never does. */
function templatesFirst({ baseUrl, loadTemplates }: AppParts): RequestHandler {
  const loaded = loadOnce(loadTemplates);
  return (req, _res, next) => (isApi(baseUrl, req.path) ? next() : loaded().then(() => next()));
}

/** `/` leads to base_url, and base_url without its slash to the one with it; nothing else outside exists. */
function redirectToBase(baseUrl: string): RequestHandler {
  return (req, res, next) => {
    const asksForPage = req.method === 'GET' || req.method === 'HEAD';
    if (asksForPage && (req.path === '/' || `${req.path}/` === baseUrl)) res.redirect(302, baseUrl);
    else next();
  };
}

/** Version and status are asked by monitors, and `no_track_activity` says so by itself: those do not count. */
function activity(onActivity: () => void): RequestHandler {
  return (req, _res, next) => {
    if (req.path !== '/' && req.path !== '/status' && !('no_track_activity' in req.query)) onActivity();
    next();
  };
}

function jsonBody(): RequestHandler {
  const parse = express.json({ limit: LARGEST_JSON, type: () => true });
  return (req, res, next) => {
    // What is read has no body, and the bare version is for everybody.
    if (req.method === 'GET' || req.method === 'HEAD') next();
    else if (req.method === 'PUT' && req.path.startsWith('/contents/')) next();
    else if (req.path === '/connection/upload') next();
    else parse(req, res, next);
  };
}
