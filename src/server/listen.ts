/** Opens the port or unix socket that the server listens on. */
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';

import type { Log } from '../log.js';
import type { TlsSource } from '../tls/index.js';

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
  /** whether the Host that a plain http request names may be echoed into the redirect to https; default: all literals and names */
  hostAllowed?: (host: string, req: IncomingMessage) => boolean;
  log: Log;
}

export interface Listening {
  /** 0 on a unix socket */
  port: number;
  /** what is bound: `127.0.0.1`, `::1`, `::`, … or the path of the socket */
  addresses: string[];
  /** `http://localhost:8888`, without base_url; the first is the one to print */
  origins: string[];
  /** Ends idle keep-alive connections, so that requests under way can finish first. */
  closeIdle(): void;
  /** Stops listening and ends every connection, upgraded ones too. */
  close(): Promise<void>;
}

/** Why no port could be opened: a sentence for the terminal; the caller exits with 1. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}
