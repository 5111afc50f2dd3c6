/**
 * Says something on every open websocket from time to time, so that proxies keep it open, and ends those whose client is
 * gone without a word: a laptop that sleeps, a network that swallows everything.
 */
import type { WebSocket, WebSocketServer } from 'ws';
import { OWN_PING } from '../protocol/connection-test.js';

/** Pings without an answer after which a client is gone. */
const MISSED_PINGS = 3;

/** @param interval  ms between pings; for tests */
export function pingWebSockets(server: WebSocketServer, interval = OWN_PING * 1000): { close(): void } {
  const missed = new WeakMap<WebSocket, number>();
  const timer = setInterval(() => {
    for (const ws of server.clients) {
      if (ws.readyState !== ws.OPEN) continue;
      const before = missed.get(ws);
      if (before === undefined) ws.on('pong', () => missed.set(ws, 0));
      if ((before ?? 0) >= MISSED_PINGS) {
        ws.terminate();
      } else {
        missed.set(ws, (before ?? 0) + 1);
        ws.ping();
      }
    }
  }, interval);
  timer.unref();
  return { close: () => clearInterval(timer) };
}
