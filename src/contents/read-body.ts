/** Reads the body of a save, which may be as large as a notebook gets, and parses it. */
import type { IncomingMessage } from 'node:http';
import { isUtf8 } from 'node:buffer';
import { HttpError } from '../http-error.js';
import type { JsonObject } from '../notebook/index.js';

/**
 * @param limit in bytes; a body that says it is larger is refused before any of it is read
 * @returns undefined when there is no body
 * @throws HttpError 413 that names the option, 400 when it is cut off or no JSON object in UTF-8
 */
export async function readJsonBody(req: IncomingMessage, limit: number): Promise<JsonObject | undefined> {
  const announced = Number(req.headers['content-length'] ?? 0);
  if (announced > limit) throw tooLarge(limit);
  const encoding = req.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new HttpError(415, `Content-Encoding ${encoding.slice(0, 40)} is not supported here`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req) {
    size += (chunk as Buffer).length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk as Buffer);
  }
  if (size === 0) return undefined;
  const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
  return parseBody(bytes);
}

function parseBody(bytes: Buffer): JsonObject | undefined {
  if (!isUtf8(bytes)) throw new HttpError(400, 'The body of the request is not UTF-8');
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    // a string of more than 512 MB cannot be made
    const reason = error instanceof SyntaxError ? `: ${error.message.slice(0, 120)}` : '';
    throw new HttpError(400, `The body of the request is not JSON${reason}`);
  }
  if (value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new HttpError(400, 'The body of the request must be a JSON object');
  }
  return value as JsonObject;
}

function tooLarge(limit: number): HttpError {
  return new HttpError(
    413,
    `The request is larger than ${limit} bytes; the option max_body_size of the server sets that limit`,
  );
}
