/** The server's token: making one, finding it in a request, comparing it. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** 48 hex characters, as Jupyter's servers make them. */
export function generateToken(): string {
  return randomBytes(24).toString('hex');
}

/** Compares two secrets in a time that tells nothing, not even their lengths. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** The tokens that a request presents: `?token=`, `Authorization: token T` or `Authorization: Bearer T`. */
export function presentedTokens(req: IncomingMessage): string[] {
  return [...queryValues(req, 'token'), ...headerToken(req)];
}

/** The values of one parameter of the request's query. */
export function queryValues(req: IncomingMessage, name: string): string[] {
  const url = req.url ?? '';
  const mark = url.indexOf('?');
  // Most requests have no query: no parser for them.
  if (mark < 0 || !url.includes(name, mark)) return [];
  return new URLSearchParams(url.slice(mark + 1)).getAll(name);
}

function headerToken(req: IncomingMessage): string[] {
  const header = req.headers.authorization ?? '';
  // Anybody can send it: no pattern that looks for an end among thousands of spaces again and again.
  const scheme = /^(?:token|bearer)\s/i.exec(header)?.[0];
  const token = scheme === undefined ? '' : header.slice(scheme.length).trim();
  return token === '' ? [] : [token];
}
