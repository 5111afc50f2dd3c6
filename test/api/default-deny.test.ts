/** Promise 1 of docs/security.md: without a credential every route and every upgrade is refused, but for a short list. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { startTestServer, type TestServer } from '../test-server.js';

/** What anybody may ask: the login page, a bare version, and what browsers and robots look for by themselves. */
const PUBLIC = new Set(['GET /api', 'GET /favicon.ico', 'GET /robots.txt']);

describe.each(['/', '/x/'])('without a credential, under %s', (base) => {
  let running: TestServer;
  beforeAll(async () => {
    running = await startTestServer({ base_url: base });
  });
  afterAll(() => running.close());

  it('refuses every registered route', async () => {
    const { routes } = running.server;
    expect(routes.length).toBeGreaterThan(30);
    for (const { method, path } of routes) {
      const address = path.replace(/\{?\/[:*]\w+\}?/g, '/anything').replace(/[{}]/g, '');
      const answer = await fetch(new URL(address.slice(1), running.url), { method, redirect: 'manual' });
      const what = `${method} ${address}: ${answer.status}`;
      if (PUBLIC.has(`${method} ${address}`)) expect(answer.status, what).toBe(200);
      else if (method === 'GET' && !address.startsWith('/api'))
        expect([302, 403], what).toContain(answer.status);
      else expect(answer.status, what).toBe(403);
      if (answer.status === 302)
        expect(answer.headers.get('location')).toMatch(new RegExp(`^${base}login\\?next=`));
    }
  });

  it('knows every address in one spelling, also for the owner', async () => {
    for (const { method, path } of running.server.routes) {
      const address = path.replace(/\{?\/[:*]\w+\}?/g, '/x').toUpperCase();
      if (address.length < 2) continue;
      const answer = await running.fetch(address.slice(1), { method });
      expect(answer.status, `${method} ${address}`).toBe(404);
    }
  });

  it('refuses what no route is registered for, so that it tells nothing', async () => {
    for (const path of ['api/nothing', 'nothing', 'api/../../etc/passwd', 'static/../main.js', 'metrics']) {
      const answer = await fetch(new URL(path, running.url), { redirect: 'manual' });
      expect([302, 403, 404], path).toContain(answer.status);
      expect(await answer.text()).not.toMatch(/root:/);
    }
  });

  it('refuses every websocket', async () => {
    expect(running.server.websockets.length).toBeGreaterThan(1);
    for (const pattern of running.server.websockets) {
      const path = pattern
        .replace(/\\\//g, '/')
        .replace(/[\^$]/g, '')
        .replace(/\([^)]*\)/g, 'anything');
      const address = new URL(path.slice(1), running.url.replace('http', 'ws'));
      const socket = new WebSocket(address, { origin: new URL(running.url).origin });
      const status = await new Promise((resolve) => {
        socket.once('unexpected-response', (_req, res) => resolve(res.statusCode));
        socket.once('open', () => resolve('open'));
        socket.on('error', () => undefined);
      });
      expect(status, path).toBe(403);
    }
  });
});
