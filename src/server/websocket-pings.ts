/**
 * Says something on every open websocket from time to time, so that proxies keep it open, and ends those whose client is
 * gone without a word: a laptop that sleeps, a network that swallows everything.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { OWN_PING } from '../protocol/connection-test.js';
import { bytesTaken } from '../socket-traffic.js';

/** Pings without an answer after which a client is gone. */
const MISSED_PINGS = 3;

export interface WebSocketPings {
  /** @param socket  what the websocket reads from and writes to */
  watch(ws: WebSocket, socket: Duplex): void;
  close(): void;
}

interface Watched {
  socket: Duplex;
  missed: number;
  before: Traffic;
}

/** @param interval  ms between pings; for tests */
export function pingWebSockets(interval = OWN_PING * 1000): WebSocketPings {
  const open = new Map<WebSocket, Watched>();
  const timer = setInterval(() => {
    for (const [ws, one] of open) {
      if (ws.readyState !== ws.OPEN) continue;
      const now = trafficOf(one.socket);
      // A long message over a slow line: neither a ping nor its answer can overtake it.
      if (hasMoved(one.before, now)) one.missed = 0;
      one.before = now;
      if (one.missed >= MISSED_PINGS) {
        ws.terminate();
      } else {
        one.missed += 1;
        ws.ping();
      }
    }
  }, interval);
  timer.unref();
  return {
    watch(ws, socket) {
      const one = { socket, missed: 0, before: trafficOf(socket) };
      open.set(ws, one);
      ws.on('pong', () => (one.missed = 0));
      ws.once('close', () => open.delete(ws));
    },
    close: () => clearInterval(timer),
  };
}

/** Bytes. */
interface Traffic {
  read: number;
  /** what the system has taken of what was written, and what it is still to take */
  taken: number;
  waiting: number;
}

function trafficOf(socket: Duplex): Traffic {
  if (!(socket instanceof Socket)) return { read: 0, taken: 0, waiting: 0 };
  // A long write counts as waiting until its end.
  return { read: socket.bytesRead, taken: bytesTaken(socket), waiting: socket.writableLength };
}

/** What is written when nothing waits is taken by the system, whether or not there still is a client: that shows nothing. */
function hasMoved(before: Traffic, now: Traffic): boolean {
  return now.read !== before.read || (before.waiting > 0 && now.taken > before.taken);
}
