/**
 * Tells how long requests took, by method, route and status: `http_request_duration_seconds` of jupyter_server. A route is
 * the pattern that took the request (`/api/kernels/:id`), never what somebody asked for: every label has a few values only.
 */
import type { Request, RequestHandler } from 'express';

export interface RequestTime {
  method: string;
  /** `none`: static files, and what nobody knows */
  handler: string;
  status_code: string;
  seconds: number;
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Has to see every request before all others do. */
export function requestTimes(tell: (time: RequestTime) => void): RequestHandler {
  return (req, res, next) => {
    const started = performance.now();
    res.once('finish', () =>
      tell({
        method: methods.has(req.method) ? req.method : 'other',
        handler: routeOf(req),
        status_code: String(res.statusCode),
        seconds: (performance.now() - started) / 1000,
      }),
    );
    next();
  };
}

function routeOf({ route }: Request): string {
  const { path } = (route ?? {}) as { path?: unknown };
  return typeof path === 'string' ? path : 'none';
}
