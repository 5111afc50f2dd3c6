/** Reads the body of a save, which may be as large as a notebook gets, and parses it. */
import type { IncomingMessage } from 'node:http';
import { isUtf8 } from 'node:buffer';
import { HttpError } from '../http-error.js';
import { CONTENT_SHAPE, SentContent, type JsonValue } from '../notebook/index.js';
import { JsonError, scanJsonInSteps, type JsonNode, type Shape } from '../notebook/json-scanner.js';
import { parsePlain } from '../notebook/json-values.js';
import { chunksOf } from '../request-body.js';
import { inSteps } from './steps.js';

/** A model as a client sends it; the content of a notebook is a `SentContent`. */
export type SentModel = Record<string, JsonValue | SentContent | undefined>;

/**
 * @param limit in bytes; a body that says it is larger is refused before any of it is read
 * @returns undefined when there is no body
 * @throws HttpError 413 that names the option, 400 when it is cut off or no JSON object in UTF-8
 */
export async function readJsonBody(req: IncomingMessage, limit: number): Promise<SentModel | undefined> {
  const bytes = await readBytes(req, limit);
  return bytes.length === 0 ? undefined : parseBody(bytes);
}

/**
 * @param onPiece  sees each piece as it comes
 * @throws HttpError 413 that names the option, 415 when it is compressed
 */
export async function readBytes(
  req: IncomingMessage,
  limit: number,
  onPiece?: (piece: Buffer) => void,
): Promise<Buffer> {
  const announced = Number(req.headers['content-length'] ?? 0);
  if (announced > limit) throw tooLarge(limit);
  const encoding = req.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new HttpError(415, `Content-Encoding ${encoding.slice(0, 40)} is not supported here`);
  const large = announced > LARGE ? Buffer.allocUnsafe(announced) : undefined;
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of chunksOf(req)) {
    onPiece?.(piece);
    // what is announced Node's parser holds the client to
    if (large !== undefined) piece.copy(large, size);
    else pieces.push(piece);
    size += piece.length;
    if (size > limit) throw tooLarge(limit);
  }
  if (large !== undefined) return large.subarray(0, size);
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, size);
}

/** Bytes. From here on a body has one buffer from the beginning: putting it together at its end would hold up others. */
const LARGE = 1 << 20;

/** The content of a notebook is looked into by its bytes; everything else becomes values. */
const BODY_SHAPE: Shape = {
  field: (key) => (key === 'content' ? CONTENT_SHAPE : undefined),
  item: undefined,
};

async function parseBody(bytes: Buffer): Promise<SentModel | undefined> {
  if (!(await inSteps(isUtf8InSteps(bytes))))
    throw new HttpError(400, 'The body of the request is not UTF-8');
  let root: JsonNode;
  try {
    root = await inSteps(scanJsonInSteps(bytes, BODY_SHAPE, 3));
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new HttpError(400, `The body of the request is not JSON: ${error.message}`);
  }
  if (root.kind === 'null') return undefined;
  if (root.kind !== 'object') throw new HttpError(400, 'The body of the request must be a JSON object');
  return Object.fromEntries(
    (root.fields ?? []).map(({ key, value }) => [
      key,
      key === 'content' && value.kind === 'object'
        ? new SentContent(bytes, value)
        : parsePlain(bytes.subarray(value.start, value.end)),
    ]),
  );
}

/** Bytes that are looked at without a pause. */
const STEP = 1 << 21;

function* isUtf8InSteps(bytes: Buffer): Generator<void, boolean> {
  for (let at = 0; at < bytes.length;) {
    let end = Math.min(at + STEP, bytes.length);
    // not in the middle of a character, which has four bytes at most
    for (let i = 0; i < 3 && end < bytes.length && isContinuation(bytes[end]); i++) end--;
    if (!isUtf8(bytes.subarray(at, end))) return false;
    at = end;
    yield;
  }
  return true;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function tooLarge(limit: number): HttpError {
  return new HttpError(
    413,
    `The request is larger than ${limit} bytes; the option max_body_size of the server sets that limit`,
  );
}
