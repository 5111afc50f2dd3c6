/** Requests that no browser and no client sends, against the whole server: each is answered in a line, and it goes on. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';

/** What the server sends back for a request as it is written here, until it closes the connection. */
async function raw(running: TestServer, request: string): Promise<string> {
  const socket = connect(running.server.port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  socket.write(request);
  await once(socket, 'close');
  return text;
}

const plain = (target: string, method = 'GET', more = ''): string =>
  `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`;

const upgrade = (target: string): string =>
  `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Authorization: token ${TOKEN}\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

describe.each(['/', '/x/'])('under %s', (base) => {
  let running: TestServer;
  beforeAll(async () => {
    running = await startTestServer({ base_url: base });
    const put = (folder: string, name: string) => {
      mkdirSync(join(running.notebooks, folder), { recursive: true });
      writeFileSync(join(running.notebooks, folder, name), 'private');
    };
    // Names that are public where the server's own files are.
    put('static', 'data.txt');
    put('x/static', 'data.txt');
    put('.', 'robots.txt');
    put('.', 'login');
  });
  afterAll(() => running.close());

  it.each(['files', 'edit', 'view', 'tree', 'x/files', 'x/edit'])(
    'an address for a proxy leads to no file: http:///%s/…',
    async (folder) => {
      for (const name of ['static/data.txt', 'x/static/data.txt', 'robots.txt', 'login', 'x/login', 'api']) {
        for (const start of ['http:///', 'http://localhost/', 'http://localhost:8888/', 'x:///']) {
          const answer = await raw(running, plain(`${start}${folder}/${name}`));
          expect(answer, name).toMatch(/^HTTP\/1\.1 400 /);
          expect(answer, name).not.toMatch(/private$/);
        }
      }
    },
  );

  it.each(['//', '//evil', '/?', '/%', `${base}api/kernels/%/channels`, `${base}api/kernels/%ff/channels`])(
    'a websocket at %s is refused in a sentence',
    async (target) => {
      const answer = await raw(running, upgrade(target));
      expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
    },
  );
});
