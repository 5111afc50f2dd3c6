/** One chunk of an upload out of a request: a model of the contents API, or its bytes as they are (ours). */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { HttpError } from '../http-error.js';
import { bytesOfContent } from './models.js';
import { readBytes, type SentModel } from './read-body.js';
import { isUploadId, type Chunk } from './uploads.js';

/**
 * Jupyter's `chunk`, with our `upload`, `total_size` and `chunk_sha256` (hex) where a client sends them.
 *
 * @throws HttpError 400
 */
export function chunkOfModel(body: SentModel): Chunk {
  const number = numberField(body['chunk']);
  const bytes = bytesOfContent(body['format'], body['content']);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  mustBe(sha256, body['chunk_sha256']);
  return {
    number,
    bytes,
    sha256,
    upload: uploadField(body['upload']),
    total: sizeField(body['total_size']),
  };
}

/** Whether a PUT brings a chunk as it is: `?chunk=N` with `Content-Type: application/octet-stream`. */
export function isRawChunk(req: IncomingMessage, query: { chunk?: unknown }): boolean {
  const type = req.headers['content-type'] ?? '';
  return query.chunk !== undefined && /^application\/octet-stream\s*(?:;|$)/i.test(type);
}

/**
 * What is wrong with the request is said before the body is read.
 *
 * @param query  `chunk`, `upload` and `total_size`, all of them
 * @param limit  in bytes
 * @throws HttpError 400, 413 and 415
 */
export async function readRawChunk(
  req: IncomingMessage,
  query: { chunk?: unknown; upload?: unknown; total_size?: unknown },
  limit: number,
): Promise<Chunk> {
  const number = numberField(toNumber(query.chunk));
  if (query.upload === undefined || query.total_size === undefined)
    throw new HttpError(400, "A chunk of bytes needs 'upload' and 'total_size' in its address");
  const upload = uploadField(query.upload);
  const total = sizeField(toNumber(query.total_size));
  const hash = createHash('sha256');
  // hashed while the rest is on its way
  const bytes = await readBytes(req, limit, (piece) => hash.update(piece));
  const sha256 = hash.digest('hex');
  mustBe(sha256, digestField(req.headers['content-digest']));
  return { number, bytes, sha256, upload, total };
}

/** What a client of Jupyter sends no hash for is taken as it came. A file of any size is whole when each of its chunks was. */
function mustBe(sha256: string, sent: unknown): void {
  if (sent === undefined || sent === null || sent === sha256) return;
  throw new HttpError(
    400,
    'What arrived is not what was sent: the hash of the chunk differs. Send it again.',
    'wrong hash',
  );
}

/** SHA-256 in hex, out of a `Content-Digest` (RFC 9530); undefined when there is none. */
function digestField(header: string | string[] | undefined): string | undefined {
  const value = /(?:^|,)\s*sha-256=:([^:]*):/.exec(String(header ?? ''))?.[1];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('hex');
}

function toNumber(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
}

/** @throws HttpError 400 */
function numberField(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= -1 && value !== 0) return value;
  throw new HttpError(400, "'chunk' must be 1 for the first one, 2, 3 and so on, and -1 for the last");
}

/** @throws HttpError 400 */
function uploadField(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (isUploadId(value)) return value;
  throw new HttpError(400, "'upload' must be a name of up to 64 letters, digits, '-' and '_'");
}

/** @throws HttpError 400 */
function sizeField(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new HttpError(400, "'total_size' must be the number of bytes of the whole file");
}
