/** The websocket routes. An upgrade passes the same gate as a request, before anything else looks at it. */
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Auth, Identity } from '../auth/index.js';
import { HttpError } from '../http-error.js';
import type { Log } from '../log.js';
import { pingWebSockets } from './websocket-pings.js';

/** Jupyter's binary framing; the only subprotocol that we speak besides none. */
export const V1_PROTOCOL = 'v1.kernel.websocket.jupyter.org';
/** As much as a request body may hold by default: outputs of 20 MB and more must pass. */
const LARGEST_MESSAGE = 512 * 1024 * 1024;
/** "Internal error". */
const FAILED = 1011;

export interface UpgradeRequest {
  /** what the route's pattern captured, decoded */
  params: string[];
  query: URLSearchParams;
  identity: Identity;
  /** what the open websocket will write to */
  socket: Duplex;
}

export interface UpgradeRoute {
  /** what its websockets are for, in one word: the name under which they are counted */
  kind: string;
  /** matched against the path below base_url */
  pattern: RegExp;
  /**
   * Looks up what the socket is for, before the upgrade is answered.
   * @returns what to do with the open socket
   * @throws {HttpError} 404 when there is no such thing
   */
  accept(request: UpgradeRequest): ((ws: WebSocket) => void) | Promise<(ws: WebSocket) => void>;
}

export interface Upgrades {
  /** open websockets by kind */
  count(): ReadonlyMap<string, number>;
  handle(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

export function upgradeHandler(options: {
  baseUrl: string;
  auth: Pick<Auth, 'authenticateUpgrade' | 'onRevoked'>;
  routes: UpgradeRoute[];
  log: Log;
}): Upgrades {
  const { baseUrl, auth, routes, log } = options;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: LARGEST_MESSAGE,
    perMessageDeflate: false, // 8 µs a message and 300 kB a socket, for a wire that is mostly loopback or TLS
    handleProtocols: (offered) => (offered.has(V1_PROTOCOL) ? V1_PROTOCOL : false),
  });
  const pings = pingWebSockets();
  const open = new Map(routes.map(({ kind }) => [kind, 0]));
  /** by the session or API token that let them in */
  const byAdmission = new Map<string, Set<WebSocket>>();
  const revoked = auth.onRevoked((id) => {
    for (const ws of byAdmission.get(id) ?? []) ws.close(4401, 'You were logged out.');
  });

  async function accept(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const identity = await auth.authenticateUpgrade(req);
    const [path = '', query] = (req.url ?? '').split(/\?(.*)/s);
    const { route, params } = match(path);
    const use = await route.accept({ params, query: new URLSearchParams(query), identity, socket });
    server.handleUpgrade(req, socket, head, (ws) => {
      ws.on('error', (error) => log.debug(`A websocket of ${path} failed: ${error.message}`));
      pings.watch(ws, socket);
      remember(identity, ws);
      count(route.kind, 1);
      ws.once('close', () => count(route.kind, -1));
      try {
        use(ws);
      } catch (error) {
        // It is a websocket by now, and an HTTP answer would be a broken frame in it.
        log.error(`A websocket of ${path} failed: ${error instanceof Error ? error.stack : String(error)}`);
        ws.close(FAILED, 'The server failed.');
      }
    });
  }

  function count(kind: string, change: 1 | -1): void {
    open.set(kind, (open.get(kind) ?? 0) + change);
  }

  function match(path: string): { route: UpgradeRoute; params: string[] } {
    if (path.startsWith(baseUrl)) {
      for (const route of routes) {
        const found = route.pattern.exec(path.slice(baseUrl.length - 1));
        if (found) return { route, params: found.slice(1).map(decode) };
      }
    }
    throw new HttpError(404, `There is no websocket at ${path}.`);
  }

  function remember(identity: Identity, ws: WebSocket): void {
    if (identity.kind === 'anonymous') return;
    const id = identity.kind === 'session' ? identity.id : identity.apiToken;
    if (id === undefined) return;
    const sockets = byAdmission.get(id) ?? new Set();
    byAdmission.set(id, sockets.add(ws));
    ws.once('close', () => {
      sockets.delete(ws);
      if (sockets.size === 0 && byAdmission.get(id) === sockets) byAdmission.delete(id);
    });
  }

  return {
    count: () => open,
    handle(req, socket, head) {
      // Until the websocket takes it over, a reset connection must not be an unhandled error.
      const ignore = () => socket.destroy();
      socket.on('error', ignore);
      accept(req, socket, head)
        .catch((error: unknown) => refuse(socket, error, log))
        .finally(() => socket.off('error', ignore));
    },
    close() {
      revoked.close();
      pings.close();
      for (const ws of server.clients) ws.terminate();
      server.close();
    },
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new HttpError(400, 'The address holds a broken % escape.');
  }
}

/** Answers the upgrade with a plain HTTP error: a browser shows only that it failed, a program can read why. */
function refuse(socket: Duplex, thrown: unknown, log: Log): void {
  const error = thrown instanceof HttpError ? thrown : new HttpError(500, 'Unhandled error');
  if (!(thrown instanceof HttpError)) {
    log.error(`An upgrade failed: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
  }
  const body = JSON.stringify(error.toBody());
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}\r\n` +
      'Content-Type: application/json\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
