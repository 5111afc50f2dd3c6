import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { staticFiles } from '../../../src/server/static.js';

const SCRIPT = 'export const answer = 42;\n'.repeat(50);

describe('the built files', () => {
  let folder: string;
  let server: Server;
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`, { headers, method });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nbserver-static-'));
    writeFileSync(join(folder, 'manifest.json'), '{}');
    writeFileSync(join(folder, 'a-12345678.js'), SCRIPT);
    writeFileSync(join(folder, 'a-12345678.js.gz'), gzipSync(SCRIPT));
    writeFileSync(join(folder, 'a-12345678.js.br'), brotliCompressSync(SCRIPT));
    writeFileSync(join(folder, 'large-12345678.js'), 'x'.repeat(400_000));
    server = createServer(express().use(staticFiles(folder))).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['br, gzip', 'br'],
    ['gzip', 'gzip'],
    ['gzip, br;q=0', 'gzip'],
    ['identity', null],
  ])('go out as the client takes them (%s), again and again', async (accepted, encoding) => {
    for (let times = 0; times < 2; times++) {
      const answer = await get('a-12345678.js', { 'Accept-Encoding': accepted });
      expect(answer.headers.get('content-encoding')).toBe(encoding);
      expect(answer.headers.get('content-type')).toBe('application/javascript; charset=utf-8');
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(answer.headers.get('vary')).toBe('Accept-Encoding');
      expect(await answer.text()).toBe(SCRIPT);
    }
  });

  it('come whole when they are large, in part when that is asked for, and without a body for their headers', async () => {
    for (let times = 0; times < 2; times++)
      expect((await (await get('large-12345678.js')).text()).length).toBe(400_000);
    const part = await get('a-12345678.js', { Range: 'bytes=0-5', 'Accept-Encoding': 'identity' });
    expect([part.status, await part.text()]).toEqual([206, 'export']);
    const head = await get('a-12345678.js', { 'Accept-Encoding': 'identity' }, 'HEAD');
    expect(head.headers.get('content-length')).toBe(String(SCRIPT.length));
  });

  it('are asked for again only when their name may stay while they change', async () => {
    const manifest = await get('manifest.json');
    expect(manifest.headers.get('cache-control')).toBe('no-cache');
    // with an opinion of ours about caches, Node's fetch adds none of its own
    const known = { 'If-None-Match': manifest.headers.get('etag') ?? '', 'Cache-Control': 'max-age=0' };
    expect((await get('manifest.json', known)).status).toBe(304);
  });
});
