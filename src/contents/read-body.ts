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
  const announced = Number(req.headers['content-length'] ?? 0);
  if (announced > limit) throw tooLarge(limit);
  const encoding = req.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new HttpError(415, `Content-Encoding ${encoding.slice(0, 40)} is not supported here`);
  const bytes = announced > LARGE ? await readInto(req, announced) : await readChunks(req, limit);
  return bytes.length === 0 ? undefined : parseBody(bytes);
}

/** Bytes. From here on a body has one buffer from the beginning: putting it together at its end would hold up others. */
const LARGE = 1 << 20;

/** @param size  as announced, which Node's parser holds the client to */
async function readInto(req: IncomingMessage, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for await (const chunk of chunksOf(req)) at += chunk.copy(bytes, at);
  return bytes.subarray(0, at);
}

async function readChunks(req: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunksOf(req)) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
}

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
