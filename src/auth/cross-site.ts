/**
 * The walls between other web pages and a browser that is logged in: Sec-Fetch-Site, Origin and the xsrf token.
 * Each can only refuse; none excuses the lack of another (CVE-2026-40864).
 */
import type { IncomingMessage } from 'node:http';

import { HttpError } from '../http-error.js';
import { originAllowed } from './origin.js';
import type { OriginRules } from './origin.js';
import { forLog } from './redact.js';
import { isPrivateData } from './request-path.js';
import { queryValues, sameSecret } from './token.js';

export interface CrossSiteSettings {
  origins: OriginRules;
  /** Jupyter's disable_check_xsrf */
  noXsrf: boolean;
}

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Checks a request that a browser may have sent on behalf of another page.
 *
 * @param path    below base_url
 * @param origin  of the request itself
 * @param xsrf    of the session; undefined when authentication is off
 * @throws {HttpError} 403
 */
export function checkRequest(
  req: IncomingMessage,
  path: string,
  origin: string,
  xsrf: string | undefined,
  { origins, noXsrf }: CrossSiteSettings,
): void {
  const header = req.headers.origin;
  const welcome = header !== undefined && originAllowed(header, origin, origins);
  const safe = safeMethods.has(req.method ?? '');
  if (!safe && header !== undefined && !welcome) throw new HttpError(403, foreignOrigin(header));
  if (!welcome && isForeignFetch(req, safe, path)) {
    throw new HttpError(403, 'Another web site asked for this. Only pages of this server may load it.');
  }
  if (safe || xsrf === undefined || noXsrf) return;
  const presented = [
    req.headers['x-xsrftoken'],
    req.headers['x-csrftoken'],
    ...queryValues(req, '_xsrf'),
  ].filter((value) => typeof value === 'string');
  if (presented.length === 0) {
    throw new HttpError(
      403,
      'The "_xsrf" token is missing. Send the value of the _xsrf cookie as the header X-XSRFToken, or use a token ' +
        '("Authorization: token …") instead of a login.',
    );
  }
  if (!presented.some((value) => sameSecret(value, xsrf))) {
    throw new HttpError(
      403,
      'The "_xsrf" token is not the one of this login. Reload the page and try again.',
    );
  }
}

/**
 * Checks the Origin of a websocket upgrade. Browsers always send one; programs that have no token do not pass for one.
 *
 * @param withCookie  the request is let in by a cookie, so that Origin must be there
 * @throws {HttpError} 403
 */
export function checkUpgrade(
  req: IncomingMessage,
  origin: string,
  withCookie: boolean,
  { origins }: CrossSiteSettings,
): void {
  const header = req.headers.origin;
  if (header === undefined) {
    if (!withCookie) return;
    throw new HttpError(
      403,
      'A websocket without Origin needs the token of this server ("Authorization: token …" or "?token=…").',
    );
  }
  if (!originAllowed(header, origin, origins)) throw new HttpError(403, foreignOrigin(header));
}

/** What Sec-Fetch-Site tells of an embedding, a fetch or a link from elsewhere; other ports of this host are elsewhere. */
function isForeignFetch(req: IncomingMessage, safe: boolean, path: string): boolean {
  if (!isFromElsewhere(req)) return false;
  const isLink =
    safe && req.headers['sec-fetch-mode'] === 'navigate' && req.headers['sec-fetch-dest'] === 'document';
  // A link in a mail may lead to a page, never to the data itself.
  return !isLink || isPrivateData(path);
}

export function isFromElsewhere(req: IncomingMessage): boolean {
  const site = req.headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

export function foreignOrigin(header: string): string {
  return (
    `Requests from pages of ${forLog(header)} are not accepted. If that is how you reach this server, set the option ` +
    'public_url to its address; to let another site use it, set allow_origin.'
  );
}
