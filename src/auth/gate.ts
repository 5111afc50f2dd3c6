/**
 * The one place that decides who may pass, for requests and websocket upgrades alike.
 *
 * Default deny: an address is private unless `request-path.ts` names it as public, so that a new route is closed from its
 * first day. A request is refused before its body is read.
 */
import type { IncomingMessage } from 'node:http';
import { ServerResponse } from 'node:http';

import type { NextFunction, Request, Response } from 'express';

import { HttpError } from '../http-error.js';
import type { ApiTokens } from './api-tokens.js';
import type { BrowserSessions } from './browser-sessions.js';
import { applyCors } from './cors.js';
import type { CorsSettings } from './cors.js';
import { checkRequest, checkUpgrade } from './cross-site.js';
import type { CrossSiteSettings } from './cross-site.js';
import { hostAllowed } from './host.js';
import type { HostRules } from './host.js';
import { safeNext, withoutToken } from './next-url.js';
import { forLog } from './redact.js';
import {
  isApi,
  isAsset,
  isPage,
  isPath,
  isPublic,
  relativePath,
  requestPath,
  requestTarget,
} from './request-path.js';
import { requestView } from './request-view.js';
import type { RequestView, TrustedProxies } from './request-view.js';
import { presentedTokens, sameSecret } from './token.js';
import type { Credentials, Identity } from './types.js';

export interface GateOptions {
  baseUrl: string;
  /** folders of static files, `/x/static/` */
  assets: readonly string[];
  /** further public addresses below base_url */
  publicPaths: readonly string[];
  credentials: () => Credentials;
  sessions: () => BrowserSessions;
  apiTokens: ApiTokens;
  trusted: TrustedProxies;
  hosts: () => HostRules;
  crossSite: CrossSiteSettings;
  cors: CorsSettings;
  /** the browser reaches us by https although we may not see it */
  publicHttps: boolean;
}

/** A refused request may send this much more; then the connection is closed. Bytes. */
const maxUnreadBody = 64 * 1024;

export class Gate {
  readonly #options: GateOptions;
  /** A request passes here twice: before static files, and again where it needs a credential. */
  readonly #views = new WeakMap<IncomingMessage, RequestView>();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  view(req: IncomingMessage): RequestView {
    return requestView(req, this.#options.trusted);
  }

  isHttps(view: RequestView): boolean {
    return view.scheme === 'https' || this.#options.publicHttps;
  }

  /** @throws {HttpError} 400 without a path or a Host, 403 for a Host that is not ours */
  checkHost(req: IncomingMessage): RequestView {
    const checked = this.#views.get(req);
    if (checked !== undefined) return checked;
    if (!isPath(requestTarget(req))) {
      throw new HttpError(400, 'The request names no path. This server is no proxy: ask for "/…".');
    }
    const view = this.view(req);
    if (view.host === '') throw new HttpError(400, 'The request names no Host.');
    const rules = this.#options.hosts();
    const direct = req.headers.host ?? '';
    // Behind a proxy both names count: the one it was asked for, and the one it asks for.
    for (const host of direct === '' || direct === view.host ? [view.host] : [view.host, direct]) {
      if (!hostAllowed(host, rules)) throw new HttpError(403, foreignHost(host));
    }
    this.#views.set(req, view);
    return view;
  }

  hostCheck = (req: Request, res: Response, next: NextFunction): void => {
    // Also where anybody may read: a body belongs to none of these requests. The gate takes it back for those it lets in.
    refuseBody(req, res);
    try {
      this.checkHost(req);
    } catch (error) {
      next(error);
      return;
    }
    next();
  };

  gate = async (req: Request, res: Response, next: NextFunction): Promise<void> => {
    try {
      if (await this.#pass(req, res)) next();
    } catch (error) {
      refuseBody(req, res);
      next(error);
    }
  };

  /** @returns false when the request has been answered */
  async #pass(req: Request, res: Response): Promise<boolean> {
    const { baseUrl, assets, sessions, cors, crossSite } = this.#options;
    const view = this.checkHost(req);
    const fullPath = requestPath(req);
    const below = relativePath(fullPath, baseUrl);
    const path = below ?? fullPath;
    if (applyCors(req, res, cors)) {
      res.status(204).end();
      return false;
    }
    if (isPublic(req.method, below, this.#options.publicPaths) || isAsset(req.method, fullPath, assets))
      return true;

    const identity = await this.identify(req, res);
    if (!identity) return this.#refuse(req, res, path);
    if (identity.kind !== 'token') {
      const xsrf = identity.kind === 'session' ? identity.xsrf : undefined;
      checkRequest(req, path, view.origin, xsrf, crossSite);
    }
    // Node says "keep-alive" no more where it was taken back, so only there: HTTP/1.1 keeps the connection without.
    if (res.hasHeader('Connection')) res.removeHeader('Connection');
    res.locals.identity = identity;
    if (req.method !== 'GET' || !isPage(path)) return true;

    if (withoutToken(req.originalUrl) !== req.originalUrl) {
      await this.#cleanAddress(req, res, view, identity);
      return false;
    }
    // Two servers on one host share the name `_xsrf`: the page that is opened gets its own back.
    if (identity.kind === 'session' && !req.headers.cookie?.includes(`_xsrf=${identity.xsrf}`)) {
      sessions().setXsrfCookie(res, identity.xsrf, this.isHttps(view));
    }
    return true;
  }

  /** Who a request comes from, judged by its credential alone; undefined when it has none that is valid. */
  async identify(req: IncomingMessage, res: ServerResponse): Promise<Identity | undefined> {
    const { passwordHash, token } = this.#options.credentials();
    if (passwordHash === '' && token === '') return { kind: 'anonymous' };
    // Programs with a token never touch the session store.
    const presented = presentedTokens(req);
    if (token !== '' && presented.some((value) => sameSecret(value, token))) return { kind: 'token' };
    const shown = this.#options.apiTokens.find(presented);
    const identity: Identity | undefined =
      shown === undefined
        ? await this.#options.sessions().find(req, res)
        : { kind: 'token', apiToken: shown };
    if (identity?.apiToken !== undefined) {
      this.#options.apiTokens.use(identity.apiToken, this.view(req).address);
    }
    return identity;
  }

  /** @throws {HttpError} 400 or 403 with a one-line sentence */
  async authenticateUpgrade(req: IncomingMessage): Promise<Identity> {
    const { sessions, crossSite } = this.#options;
    const view = this.checkHost(req);
    const identity = await this.identify(req, new ServerResponse(req));
    if (!identity) {
      throw new HttpError(
        403,
        'This server needs a login or its token ("Authorization: token …" or "?token=…").',
      );
    }
    if (identity.kind !== 'token') checkUpgrade(req, view.origin, identity.kind === 'session', crossSite);
    if (identity.kind === 'session') sessions().bind(identity.id, req.socket);
    if (identity.kind !== 'anonymous' && identity.apiToken !== undefined) {
      this.#options.apiTokens.bind(identity.apiToken, req.socket);
    }
    return identity;
  }

  /** The token leaves the address bar, the history and the Referer: the browser gets a session in its place. */
  async #cleanAddress(req: Request, res: Response, view: RequestView, identity: Identity): Promise<void> {
    const { baseUrl, sessions } = this.#options;
    if (identity.kind === 'token' && !(await this.#isInAlready(req, res, identity.apiToken))) {
      await sessions().open(req, res, {
        https: this.isHttps(view),
        address: view.address,
        apiToken: identity.apiToken,
      });
    }
    res.setHeader('Cache-Control', 'no-store');
    res.redirect(302, safeNext(withoutToken(req.originalUrl), view.origin, baseUrl));
  }

  /**
   * Whether the session of a browser may do what this credential may. One that an API token opened may do less and ends with
   * that token; one by the password stays, whatever link is followed.
   */
  async #isInAlready(req: Request, res: Response, apiToken: string | undefined): Promise<boolean> {
    const present = await this.#options.sessions().find(req, res);
    return present !== undefined && (present.apiToken === undefined || present.apiToken === apiToken);
  }

  #refuse(req: Request, res: Response, path: string): false {
    const { baseUrl } = this.#options;
    if ((req.method === 'GET' || req.method === 'HEAD') && !isApi(path)) {
      const next = encodeURIComponent(withoutToken(requestTarget(req)));
      res.setHeader('Cache-Control', 'no-store');
      refuseBody(req, res);
      res.redirect(302, `${baseUrl}login?next=${next}`);
      return false;
    }
    throw new HttpError(
      403,
      `This server needs a login (${baseUrl}login) or its token ("Authorization: token …" or "?token=…").`,
    );
  }
}

/**
 * Lets go of the body of a refused request. Node would read and drop all of it to keep the connection, however much it is.
 */
export function refuseBody(req: IncomingMessage, res: ServerResponse): void {
  const length = Number(req.headers['content-length'] ?? 0);
  if (req.headers['transfer-encoding'] !== undefined || length > maxUnreadBody) {
    res.setHeader('Connection', 'close');
  }
}

function foreignHost(host: string): string {
  const name = forLog(host);
  return (
    `This server does not answer to the name "${name}". If it is yours, add it to the option local_hostnames, ` +
    'or set public_url when a proxy stands in front.'
  );
}
