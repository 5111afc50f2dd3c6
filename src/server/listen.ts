/** Opens the port or unix socket that the server listens on, with or without TLS, and ends what came in by it. */
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { createServer as createNetServer, isIP, type AddressInfo, type Server, type Socket } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import type { Duplex } from 'node:stream';

import { hostName } from '../auth/index.js';
import type { Log } from '../log.js';
import { sortByFirstByte, type TlsSource } from '../tls/index.js';
import { bindPort, bindSocket } from './listen-bind.js';

export { ListenError } from './listen-bind.js';

export interface ListenOptions {
  handler: RequestListener;
  onUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** `localhost`, an address, a host name, or `*` / `''` for all interfaces */
  ip: string;
  /** 0: any free port */
  port: number;
  /** the person asked for this port: taken means ListenError; otherwise the next ones are tried */
  portGiven: boolean;
  /** how many more ports are tried when the default one is taken */
  portRetries: number;
  /** a unix socket instead of ip and port */
  sock?: string;
  /** its mode, default 0o600 */
  sockMode?: number;
  tls?: TlsSource;
  /** whether the Host of a plain http request may be echoed into the redirect to https; default: whatever is a host */
  hostAllowed?: (host: string, req: IncomingMessage) => boolean;
  log: Log;
}

export interface Listening {
  /** 0 on a unix socket */
  port: number;
  /** what is bound: `127.0.0.1`, `::1`, `::`, … or the path of the socket */
  addresses: string[];
  /** `http://localhost:8888`, without base_url; the first works in a browser of this machine. Empty on a unix socket. */
  origins: string[];
  /** Ends idle keep-alive connections, so that requests under way can finish first. */
  closeIdle(): void;
  /** Stops listening and ends every connection, upgraded ones too. */
  close(): Promise<void>;
}

/** Milliseconds. */
const firstByteTimeout = 10_000;
const httpLimits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 20_000,
  requestTimeout: 300_000,
  // Longer than the 60 s of nginx, so that it is the proxy that ends idle connections and meets no closed one.
  keepAliveTimeout: 65_000,
};

/** @throws {ListenError} a sentence: port taken, no permission, no such address, socket in use */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { ip, sock, sockMode = 0o600, tls, log } = options;
  const http = tls ? await httpsServer(options, tls) : createHttpServer(httpLimits, options.handler);
  const redirect = tls ? createHttpServer(httpLimits, redirectToHttps(options)) : undefined;
  const web = redirect ? [http, redirect] : [http];
  http.on('upgrade', options.onUpgrade);
  http.on('checkContinue', continueWhenRead(options.handler));
  // These servers never listen, they are handed connections; this event starts their watch over slow clients.
  for (const server of web) server.emit('listening');

  const sockets = new Set<Socket>();
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A connection that breaks is none of our errors; who reads from it hears of it by itself.
    socket.on('error', () => socket.destroy());
    if (redirect) sortByFirstByte(socket, { secure: http, plain: redirect, timeout: firstByteTimeout });
    else http.emit('connection', socket);
  };
  const makeServer = (): Server => createNetServer({ allowHalfOpen: true, noDelay: true }, accept);

  const stopWeb = (): void => {
    for (const server of web) {
      // Not listening itself, it has only its watch to stop; the callback takes the error that says so.
      server.close(() => {});
      server.closeAllConnections();
    }
  };
  const { servers, port } = await (
    sock
      ? bindSocket(makeServer(), sock, sockMode).then((server) => ({ servers: [server], port: 0 }))
      : bindPort(makeServer, options)
  ).catch((error: unknown) => {
    stopWeb();
    throw error;
  });
  for (const server of servers)
    server.on('error', (error) => log.error(`Listening failed: ${error.message}`));
  const renewed = tls?.onChange(({ options: context }) => {
    if ('setSecureContext' in http) http.setSecureContext(context);
  });

  return {
    port,
    addresses: sock ? [sock] : servers.map((server) => (server.address() as AddressInfo).address),
    origins: sock ? [] : originsOf(ip, tls ? 'https' : 'http', port),
    closeIdle: () => {
      for (const server of web) server.closeIdleConnections();
    },
    async close() {
      renewed?.close();
      const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      stopWeb();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

async function httpsServer({ handler }: ListenOptions, tls: TlsSource): Promise<HttpsServer> {
  const { createServer } = await import('node:https');
  return createServer({ ...httpLimits, ...tls.options, handshakeTimeout: firstByteTimeout }, handler);
}

/**
 * Answers `Expect: 100-continue` only once somebody reads the body, so that an upload without a credential is refused before
 * its first byte is sent.
 */
function continueWhenRead(handler: RequestListener): RequestListener {
  return (req: IncomingMessage, res) => {
    const onListener = (event: string | symbol): void => {
      if (event !== 'data' && event !== 'readable') return;
      req.off('newListener', onListener);
      if (!res.headersSent) res.writeContinue();
    };
    req.on('newListener', onListener);
    handler(req, res);
  };
}

/** For those who type http:// to the https port. The Host is checked before it is echoed. */
function redirectToHttps({ hostAllowed }: ListenOptions): RequestListener {
  return (req, res: ServerResponse) => {
    const host = req.headers.host ?? '';
    const target = req.url?.startsWith('/') ? req.url : '/';
    res.setHeader('Connection', 'close');
    res.setHeader('Content-Type', 'text/plain; charset=utf-8');
    if (hostName(host) === undefined || hostAllowed?.(host, req) === false) {
      res.writeHead(403).end('This port speaks https, not http.\n');
    } else {
      res.writeHead(308, { Location: `https://${host}${target}` }).end('This port speaks https, not http.\n');
    }
  };
}

/** Addresses to open: of one machine name or of all interfaces. */
export function originsOf(ip: string, scheme: 'http' | 'https', port: number): string[] {
  const names = ip === '' || ip === '*' || ip === '0.0.0.0' || ip === '::' ? allNames(ip) : [ip];
  const origins = names.map(
    (name) => new URL(`${scheme}://${isIP(name) === 6 ? `[${name}]` : name}:${port}`).origin,
  );
  return [...new Set(origins)];
}

function allNames(ip: string): string[] {
  const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const reachable = interfaces.filter(
    ({ internal, address, family }) =>
      !internal && !address.startsWith('fe80:') && (ip !== '0.0.0.0' || family === 'IPv4'),
  );
  return ['localhost', hostname().toLowerCase(), ...reachable.map(({ address }) => address)];
}
