/** The addresses `login` and `logout`. They are public, so each brings its own checks. */
import express, { Router } from 'express';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import type { ApiTokens } from './api-tokens.js';
import type { Arrival, BrowserSessions, SessionIdentity } from './browser-sessions.js';
import { foreignOrigin, isFromElsewhere } from './cross-site.js';
import { refuseBody } from './gate.js';
import type { Gate } from './gate.js';
import { safeNext } from './next-url.js';
import { originAllowed } from './origin.js';
import type { OriginRules } from './origin.js';
import { passwdCheck } from './password.js';
import type { LoginThrottle } from './throttle.js';
import { sameSecret } from './token.js';
import type { Credentials, LoginPage, LogoutPage } from './types.js';
import { isLoginXsrf, loginXsrf } from './xsrf.js';

export interface LoginOptions {
  baseUrl: string;
  gate: Gate;
  credentials: () => Credentials;
  sessions: () => BrowserSessions;
  apiTokens: ApiTokens;
  origins: OriginRules;
  throttle: LoginThrottle;
  cookieSecret: string;
  /** after a wrong password or token */
  onFailed: (address: string) => void;
  renderLogin: (page: LoginPage) => string;
  renderLogout: (page: LogoutPage) => string;
  log: Log;
}

/** Bytes. A password of 1 kB, percent-encoded, with its `next` and `_xsrf`, fits. */
const maxForm = 16 * 1024;

export function loginRouter(options: LoginOptions): Router {
  const { baseUrl, gate, credentials, sessions, apiTokens, throttle, log } = options;
  const router = Router({ caseSensitive: true });

  const nextOf = (req: Request): string =>
    safeNext(req.query.next ?? field(req, 'next'), gate.view(req).origin, baseUrl);

  const answer = (
    req: Request,
    res: Response,
    status: number,
    extra: { message?: string; retryAfter?: number } = {},
  ): void => {
    const page: LoginPage = {
      base_url: baseUrl,
      next: nextOf(req),
      host: gate.view(req).host,
      asks: asks(credentials()),
      xsrf: formXsrf(req, res, options),
      nonce: nonceOf(res),
      ...extra,
    };
    res.setHeader('Cache-Control', 'no-store');
    if (extra.retryAfter !== undefined) res.setHeader('Retry-After', String(extra.retryAfter));
    res.status(status).type('html').send(options.renderLogin(page));
  };

  /** @returns false, with nothing answered, when what let the browser in does not hold any more */
  const welcome = async (
    req: Request,
    res: Response,
    { apiToken, stillHolds }: Pick<Arrival, 'apiToken' | 'stillHolds'>,
  ): Promise<boolean> => {
    const view = gate.view(req);
    const arrival = { https: gate.isHttps(view), address: view.address, apiToken, stillHolds };
    if ((await sessions().open(req, res, arrival)) === undefined) return false;
    res.setHeader('Cache-Control', 'no-store');
    res.redirect(302, nextOf(req));
    return true;
  };

  router.get('/login', async (req, res) => {
    gate.checkHost(req);
    const identity = await gate.identify(req, res);
    if (identity?.kind === 'token') await welcome(req, res, { apiToken: identity.apiToken });
    else if (identity) res.redirect(302, nextOf(req));
    else answer(req, res, 200);
  });

  router.post('/login', refusing(checkLoginOrigin(options)), readForm, async (req, res) => {
    if (isOff(credentials())) return res.redirect(302, nextOf(req));
    checkNullOrigin(req, options);
    const { address } = gate.view(req);
    const attempt = throttle.attempt(address);
    if (!attempt.allowed) {
      const { retryAfter } = attempt;
      return answer(req, res, 429, { message: 'Too many wrong tries.', retryAfter });
    }
    const typed = field(req, 'password') ?? '';
    const compared = credentials();
    const isOwner = await isRight(compared, typed);
    const apiToken = isOwner ? undefined : apiTokens.find([typed]);
    // The password may be changed while its hash is computed: then the old one opens nothing any more.
    const stillHolds = () => apiToken !== undefined || sameCredentials(compared, credentials());
    if ((isOwner || apiToken !== undefined) && (await welcome(req, res, { apiToken, stillHolds }))) {
      if (apiToken === undefined) return attempt.succeeded();
      // Who holds an API token has not shown that the wrong tries before were the owner's.
      attempt.takeBack();
      return apiTokens.use(apiToken, address);
    }
    log.warn(`A login from ${address} failed.`);
    options.onFailed(address);
    answer(req, res, 401, { message: `Invalid ${asks(credentials())}. Try again.` });
  });

  const answerLogout = (req: Request, res: Response, status: number, identity?: SessionIdentity): void => {
    res.setHeader('Cache-Control', 'no-store');
    const page: LogoutPage = {
      base_url: baseUrl,
      host: gate.view(req).host,
      done: identity === undefined,
      message: identity ? 'Another page asked for this. Log out of this server?' : 'You are logged out.',
      xsrf: identity?.xsrf ?? '',
      nonce: nonceOf(res),
    };
    res.status(status).type('html').send(options.renderLogout(page));
  };

  const logout = async (req: Request, res: Response): Promise<void> => {
    if (isOff(credentials())) return res.redirect(302, baseUrl);
    await sessions().end(req, res, gate.isHttps(gate.view(req)));
    answerLogout(req, res, 200);
  };

  router.get('/logout', async (req, res) => {
    gate.checkHost(req);
    const identity = await sessions().find(req, res);
    // An image or a link on another site must not log anyone out; without Sec-Fetch, the Referer says where it was.
    const foreign = isFromElsewhere(req) || isForeignReferer(req, gate.view(req).origin, options.origins);
    // Nor may an image in a file or an output of our own; clients and old browsers do not say what they ask for.
    const embedded = (req.headers['sec-fetch-dest'] ?? 'document') !== 'document';
    if (identity && (foreign || embedded)) answerLogout(req, res, 403, identity);
    else await logout(req, res);
  });

  router.post('/logout', refusing(checkLoginOrigin(options)), readForm, async (req, res) => {
    const identity = await sessions().find(req, res);
    if (identity && !carriesXsrf(req, identity)) {
      throw new HttpError(403, 'The "_xsrf" token of this login is missing. Reload the page and try again.');
    }
    await logout(req, res);
  });

  return router;
}

/** Both are compared whatever the first says, so that the time of an answer does not tell which one exists. */
async function isRight({ passwordHash, token }: Credentials, typed: string): Promise<boolean> {
  const isPassword = passwordHash !== '' && (await passwdCheck(passwordHash, typed));
  const isToken = token !== '' && sameSecret(typed, token);
  return isPassword || isToken;
}

function sameCredentials(a: Credentials, b: Credentials): boolean {
  return a.passwordHash === b.passwordHash && a.token === b.token;
}

function nonceOf(res: Response): string {
  return typeof res.locals.nonce === 'string' ? res.locals.nonce : '';
}

function isOff({ passwordHash, token }: Credentials): boolean {
  return passwordHash === '' && token === '';
}

function asks({ passwordHash, token }: Credentials): LoginPage['asks'] {
  if (passwordHash === '') return 'token';
  return token === '' ? 'password' : 'password or token';
}

/** Refuses before the form is read, and lets go of its body. */
function refusing(check: (req: Request) => void): RequestHandler {
  return (req: Request, res: Response, next: NextFunction) => {
    try {
      check(req);
    } catch (error) {
      refuseBody(req, res);
      throw error;
    }
    next();
  };
}

/** Login CSRF: a foreign page must not log a browser in (or out), not even with a password that is right. */
function checkLoginOrigin({ gate, origins }: LoginOptions): (req: Request) => void {
  return (req) => {
    const { origin } = gate.checkHost(req);
    const header = req.headers.origin;
    if (header !== undefined && header !== 'null' && !originAllowed(header, origin, origins)) {
      throw new HttpError(403, foreignOrigin(header));
    }
    if (header !== undefined && header !== 'null') return;
    if (isFromElsewhere(req)) throw new HttpError(403, 'Another web site sent this form.');
  };
}

/**
 * A page with `Referrer-Policy: no-referrer`, which a proxy may set for all, makes browsers send `Origin: null` with its
 * form, and so do sandboxed frames. Ours says `same-origin`, which tells other sites no more, and with which two open login
 * forms both work. Then the form must hold the token that its own cookie holds.
 */
function checkNullOrigin(req: Request, { cookieSecret }: LoginOptions): void {
  if (req.headers.origin !== 'null') return;
  const sent = field(req, '_xsrf') ?? '';
  const kept = xsrfCookies(req).some((value) => sameSecret(value, sent));
  if (!kept || !isLoginXsrf(cookieSecret, sent)) {
    throw new HttpError(403, 'The login form is out of date. Reload the page and try again.');
  }
}

function carriesXsrf(req: Request, { xsrf }: SessionIdentity): boolean {
  const sent = [field(req, '_xsrf'), req.get('x-xsrftoken'), req.get('x-csrftoken')];
  return sent.some((value) => value !== undefined && sameSecret(value, xsrf));
}

/** The form's token: the one that the browser has already (it may have two forms open), or a new one. */
function formXsrf(req: Request, res: Response, { cookieSecret, sessions, gate }: LoginOptions): string {
  const present = xsrfCookies(req).find((value) => isLoginXsrf(cookieSecret, value));
  if (present !== undefined) return present;
  const made = loginXsrf(cookieSecret);
  sessions().setXsrfCookie(res, made, gate.isHttps(gate.view(req)));
  return made;
}

function xsrfCookies(req: Request): string[] {
  return [...(req.headers.cookie ?? '').matchAll(/(?:^|;)\s*_xsrf=([\w.-]+)/g)].map(
    (match) => match[1] ?? '',
  );
}

function isForeignReferer(req: Request, origin: string, origins: OriginRules): boolean {
  const referer = req.get('referer');
  if (referer === undefined) return false;
  return !URL.canParse(referer) || !originAllowed(new URL(referer).origin, origin, origins);
}

const parseForm = express.urlencoded({ extended: false, limit: maxForm, inflate: false, parameterLimit: 20 });

function readForm(req: Request, res: Response, next: NextFunction): void {
  if (Number(req.headers['content-length'] ?? 0) > maxForm) {
    refuseBody(req, res);
    throw new HttpError(413, 'The form is larger than 16 kB.');
  }
  parseForm(req, res, (error?: unknown) => {
    if (error) refuseBody(req, res);
    next(error ? asHttpError(error) : undefined);
  });
}

/** What the form parser throws carries a status of its own. */
function asHttpError(error: unknown): unknown {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
  if (status === 413) return new HttpError(413, 'The form is larger than 16 kB.');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new HttpError(status, 'The form cannot be read.');
  }
  return error;
}

function field(req: Request, name: string): string | undefined {
  const body: unknown = req.body;
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return undefined;
  const value = (body as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
}
