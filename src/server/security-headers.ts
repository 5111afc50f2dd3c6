/**
 * The headers that every answer carries, and the policy of pages (docs/security.md; ARCHITECTURE, "page policy").
 *
 * A page's scripts run only with the nonce of its own answer (`res.locals.nonce`); the API is nothing but data;
 * `/files` and the like replace the policy by a sandbox of their own.
 */
import { randomBytes } from 'node:crypto';
import type { RequestHandler } from 'express';

/** @param baseUrl  `/` or `/x/` */
export function securityHeaders(baseUrl: string): RequestHandler {
  return (req, res, next) => {
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    if (isApi(baseUrl, req.path)) {
      res.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
      res.setHeader('Cache-Control', 'no-store');
    } else {
      const nonce = randomBytes(18).toString('base64');
      res.locals.nonce = nonce;
      const inlineStyles = isTerminal(baseUrl, req.path);
      res.setHeader('Content-Security-Policy', pagePolicy(nonce, { inlineStyles }));
      res.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      res.setHeader('Referrer-Policy', 'same-origin');
    }
    next();
  };
}

/** @param inlineStyles  style elements without the nonce are taken, too */
export function pagePolicy(nonce: string, { inlineStyles = false } = {}): string {
  return [
    "default-src 'self'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    inlineStyles ? "style-src 'self' 'unsafe-inline'" : `style-src 'self' 'nonce-${nonce}'`,
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob: https:",
    "font-src 'self'",
    "media-src 'self' data: blob:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'self'",
  ].join('; ');
}

/** Whether a path (as it arrived, base_url included) belongs to the API, whose answers are JSON. */
export function isApi(baseUrl: string, path: string): boolean {
  return path === `${baseUrl}api` || path.startsWith(`${baseUrl}api/`);
}

/** The one page whose library (xterm.js) writes style elements of its own, which no nonce reaches. */
function isTerminal(baseUrl: string, path: string): boolean {
  return path.startsWith(`${baseUrl}terminals/`) && !path.slice(`${baseUrl}terminals/`.length).includes('/');
}
