/**
 * What the connection test asks: how a request looks from here, an answer in two halves, an upload that is thrown away,
 * and a websocket that says nothing by itself. `src/protocol/connection-test.ts` says what the answers mean.
 */
import type { IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Router } from 'express';
import type { WebSocket } from 'ws';
import { HttpError } from '../http-error.js';
import { version } from '../package-files.js';
import { LARGEST_STREAM, STREAM_PAUSE, type ConnectionModel } from '../protocol/connection-test.js';
import { chunksOf } from '../request-body.js';
import type { UpgradeRoute } from './upgrade.js';

/** How auth sees a request. */
export type Inspect = (
  req: IncomingMessage,
  origin: string,
) => Pick<ConnectionModel, 'scheme' | 'host' | 'address' | 'origin_allowed'>;

/** Bytes. More proves nothing, and would cost only time. */
const LARGEST_UPLOAD = 64 * 1024 * 1024;
const REMEMBERED_TESTS = 100;
/** Longer than that nobody tests. ms */
const LONGEST_SOCKET = 10 * 60_000;
const LONGEST_ECHO = 1024;

export interface ConnectionTest {
  router: Router;
  upgrade: UpgradeRoute;
}

export function connectionTest(baseUrl: string, inspect: Inspect): ConnectionTest {
  const seen = new Map<string, 'upgraded' | 'plain'>();
  const remember = (test: unknown, what: 'upgraded' | 'plain'): void => {
    if (typeof test !== 'string' || test.length > 64) return;
    seen.set(test, what);
    const [oldest] = seen.keys();
    if (seen.size > REMEMBERED_TESTS && oldest !== undefined) seen.delete(oldest);
  };
  const router = Router({ caseSensitive: true });

  router.get('/api/connection', (req, res) => {
    const { origin, test } = req.query;
    const model: ConnectionModel = {
      version,
      base_url: baseUrl,
      ...inspect(req, typeof origin === 'string' ? origin : ''),
      socket: (typeof test === 'string' ? seen.get(test) : undefined) ?? null,
      time: new Date().toISOString(),
    };
    res.setHeader('Cache-Control', 'no-store');
    res.json(model);
  });

  router.get('/api/connection/stream', async ({ query }, res) => {
    const bytes = Number(query['bytes'] ?? 1);
    if (!Number.isInteger(bytes) || bytes < 1 || bytes > LARGEST_STREAM)
      throw new HttpError(400, `bytes is a whole number from 1 to ${LARGEST_STREAM}.`);
    res.setHeader('Cache-Control', 'no-store, no-transform');
    // proxies pass on chunks as they come; what has a length some hold back
    res.setHeader('Content-Length', 2 * bytes);
    res.type('text/plain').write('1'.repeat(bytes));
    await wait(STREAM_PAUSE);
    res.end('2'.repeat(bytes));
  });

  router.post('/api/connection/upload', async (req, res) => {
    let bytes = 0;
    for await (const chunk of chunksOf(req)) {
      bytes += chunk.length;
      if (bytes > LARGEST_UPLOAD) throw new HttpError(413, 'The test takes no more than 64 MB.');
    }
    res.json({ bytes });
  });

  router.get('/api/connection/socket', (req) => {
    remember(req.query['test'], 'plain');
    throw new HttpError(426, 'This request should be a websocket, and arrived without the header "Upgrade".');
  });

  const upgrade: UpgradeRoute = {
    kind: 'connection test',
    pattern: /^\/api\/connection\/socket$/,
    accept({ query }) {
      remember(query.get('test'), 'upgraded');
      return echo;
    },
  };
  return { router, upgrade };
}

function echo(ws: WebSocket): void {
  const timer = setTimeout(() => ws.close(1000, 'The test is over.'), LONGEST_SOCKET);
  ws.once('close', () => clearTimeout(timer));
  ws.on('message', (data: Buffer, isBinary) => {
    if (data.length <= LONGEST_ECHO) ws.send(data, { binary: isBinary });
  });
}
