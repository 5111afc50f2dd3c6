/** How errors reach a client: JSON under /api (Jupyter's `{message, reason}`), a page for people elsewhere. */
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { refuseBody } from '../auth/index.js';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import { isApi } from './security-headers.js';

export interface ErrorPage {
  (error: { status: number; message: string; nonce: string; path: string }): string;
}

export function notFound(): RequestHandler {
  return (req) => {
    throw new HttpError(404, `There is nothing at ${req.path}.`);
  };
}

/** The unexpected is a 500 without a trace in the body, and with one in the log. */
export function errorHandler(baseUrl: string, log: Log, renderError: ErrorPage): ErrorRequestHandler {
  return (thrown: unknown, req, res, next) => {
    const error = asHttpError(thrown);
    if (error.status >= 500) {
      log.error(
        `${req.method} ${req.path} failed: ${thrown instanceof Error ? thrown.stack : String(thrown)}`,
      );
    }
    if (res.headersSent) return next(thrown);
    if (!req.complete) refuseBody(req, res);
    res.status(error.status);
    const wait = error.extra.retry_after;
    if (typeof wait === 'number') res.setHeader('Retry-After', String(wait));
    if (isApi(baseUrl, req.path) || req.method !== 'GET') {
      res.json(error.toBody());
    } else {
      const nonce = String(res.locals.nonce ?? '');
      res
        .type('html')
        .send(renderError({ status: error.status, message: error.message, nonce, path: req.path }));
    }
  };
}

/** Express and its body parser throw errors that carry a status; what they say is safe to show below 500. */
function asHttpError(thrown: unknown): HttpError {
  if (thrown instanceof HttpError) return thrown;
  if (
    thrown instanceof Error &&
    'status' in thrown &&
    typeof thrown.status === 'number' &&
    thrown.status < 500
  ) {
    if ('type' in thrown && thrown.type === 'entity.too.large') {
      return new HttpError(413, 'The request is larger than the server accepts (option max_body_size).');
    }
    if ('type' in thrown && thrown.type === 'entity.parse.failed') {
      return new HttpError(400, 'Invalid JSON in body of request');
    }
    return new HttpError(thrown.status, thrown.message);
  }
  return new HttpError(500, 'Unhandled error');
}
