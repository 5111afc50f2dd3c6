import { PassThrough } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { readJsonBody } from '../../../src/contents/index.js';

it('a body that turns out too large is refused, and its connection stays open for the answer', async () => {
  const body = new PassThrough();
  const req = Object.assign(body, { headers: {} }) as unknown as IncomingMessage;
  body.write('x'.repeat(60));
  body.write('x'.repeat(60));
  await expect(readJsonBody(req, 100)).rejects.toThrow('larger than 100 bytes');
  expect(body.destroyed).toBe(false);
});
