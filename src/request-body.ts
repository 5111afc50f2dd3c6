/** Reads the body of a request, and takes its JSON apart, which is `unknown` until somebody has looked at it. */
import type { IncomingMessage } from 'node:http';
import { HttpError } from './http-error.js';

/** The body as it comes. Who reads no further leaves the connection open, so that the client can be told why. */
export function chunksOf(req: IncomingMessage): AsyncIterable<Buffer> {
  return req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

/**
 * The fields of a body.
 *
 * @throws {HttpError} 400 when it is no JSON object
 */
export function objectBody(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new HttpError(400, 'The body has to be a JSON object.');
  return body as Record<string, unknown>;
}

/**
 * A field that is text or absent; null stands for absent.
 *
 * @param name  how the message calls it
 * @throws {HttpError} 400 for anything else
 */
export function textField(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new HttpError(400, `${name} has to be a string.`);
  return value;
}
