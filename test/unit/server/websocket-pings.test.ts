import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { pingWebSockets } from '../../../src/server/websocket-pings.js';

describe('pings on websockets', () => {
  let http: Server;
  let sockets: WebSocketServer;
  let pings: { close(): void };
  beforeEach(async () => {
    http = createServer();
    sockets = new WebSocketServer({ server: http });
    pings = pingWebSockets(sockets, 20);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    pings.close();
    for (const ws of sockets.clients) ws.terminate();
    sockets.close();
    await new Promise((resolve) => http.close(resolve));
  });

  /** @param autoPong  whether it answers */
  const client = (autoPong: boolean) =>
    new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, { autoPong });

  it('keep a silent client that answers, and end one that does not', async () => {
    const alive = client(true);
    const gone = client(false);
    let heard = 0;
    alive.on('ping', () => (heard += 1));
    await new Promise((resolve) => gone.once('close', resolve));
    await expect.poll(() => heard).toBeGreaterThan(6);
    expect(alive.readyState).toBe(WebSocket.OPEN);
    expect(sockets.clients.size).toBe(1);
  });
});
