/** Checks an event that a client posts: the envelope of jupyter_server, and the data by the schema it names. */
import type { ValidateFunction } from 'ajv';
import { HttpError } from '../http-error.js';
import { loadOnce } from '../load-once.js';
import { eventSchemas } from '../protocol/events.js';
import type { Emission, SchemaId } from '../protocol/events.js';

/** jupyter_server's `%Y-%m-%dT%H:%M:%S%zZ`, with and without fractions, the offset or the Z. */
const timestampForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:?\d\d)?Z?$/;

const compiled = loadOnce(compile);

/** @throws {HttpError} 400 with a sentence that says what is wrong with it */
export async function parseEvent(body: unknown): Promise<Emission> {
  if (!isObject(body)) throw new HttpError(400, 'An event is a JSON object: {schema_id, version, data}.');
  const { schema_id, version, data, timestamp } = body;
  if (typeof schema_id !== 'string') throw new HttpError(400, 'Missing field in JSON data: schema_id');
  if (version === undefined) throw new HttpError(400, 'Missing field in JSON data: version');
  if (data === undefined) throw new HttpError(400, 'Missing field in JSON data: data');
  const validate = (await compiled()).get(schema_id);
  if (!validate) throw new HttpError(400, `There is no event schema ${schema_id.slice(0, 200)}.`);
  if (version !== '1' && version !== 1) throw new HttpError(400, `Only version 1 of ${schema_id} is known.`);
  if (timestamp !== undefined && (typeof timestamp !== 'string' || !timestampForm.test(timestamp))) {
    throw new HttpError(400, 'timestamp has to look like 2026-01-31T12:00:00+0000Z.');
  }
  if (!isObject(data)) throw new HttpError(400, 'data has to be a JSON object.');
  if (!validate(data)) throw new HttpError(400, `data${firstProblem(validate)}.`);
  // The schema has just said that it is one.
  return { ...data, schema_id: schema_id as SchemaId } as Emission;
}

/** ajv is loaded when the first event is posted; most servers never see one. */
async function compile(): Promise<ReadonlyMap<string, ValidateFunction>> {
  const { Ajv } = await import('ajv');
  const ajv = new Ajv({ strict: false });
  return new Map(Object.entries(eventSchemas).map(([id, schema]) => [id, ajv.compile(schema)]));
}

function firstProblem({ errors }: ValidateFunction): string {
  const error = errors?.[0];
  const allowed: unknown = error?.params.allowedValues;
  const values = Array.isArray(allowed) ? `: ${allowed.join(', ')}` : '';
  return `${error?.instancePath ?? ''} ${error?.message ?? 'does not match its schema'}${values}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
