/** Cross-origin answers for the sites that allow_origin or allow_origin_pat names. Nothing is sent for others. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { normalOrigin } from './origin.js';
import type { OriginRules } from './origin.js';

export interface CorsSettings {
  origins: OriginRules;
  /** allow_origin is `*` */
  anyOrigin: boolean;
  credentials: boolean;
}

/**
 * Sets the headers that let a configured origin read the answer.
 * @returns true when the request is a preflight of such an origin, which needs no credential and has no other answer
 */
export function applyCors(req: IncomingMessage, res: ServerResponse, settings: CorsSettings): boolean {
  const { origins, anyOrigin, credentials } = settings;
  if (!origins.allowed) return false;
  if (!anyOrigin) res.appendHeader('Vary', 'Origin');
  const origin = req.headers.origin === undefined ? undefined : normalOrigin(req.headers.origin);
  if (origin === undefined || origin === 'null' || !origins.allowed(origin)) return false;
  // `*` is sent as such: browsers then leave cookies at home, which an echoed origin would not make them do.
  res.setHeader('Access-Control-Allow-Origin', anyOrigin ? '*' : origin);
  if (credentials) res.setHeader('Access-Control-Allow-Credentials', 'true');
  if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) return false;
  res.setHeader('Access-Control-Allow-Headers', 'accept, content-type, authorization, x-xsrftoken');
  res.setHeader('Access-Control-Allow-Methods', 'GET, PUT, POST, PATCH, DELETE, OPTIONS');
  res.setHeader('Access-Control-Max-Age', '600');
  return true;
}
