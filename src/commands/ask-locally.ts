/** Asks the API of a server of this user on this machine, by its own address and with its token. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { hostname } from 'node:os';
import type { RuntimeInfo } from '../server/runtime-file.js';

/** Asks the API of a running server, by its own address. */
export type Ask = (
  path: string,
  method?: string,
  body?: object,
) => Promise<{ status: number; body: unknown }>;

/** Where a server is, as its runtime file says it. */
export type LocalServer = Pick<RuntimeInfo, 'base_url' | 'hostname' | 'port' | 'secure' | 'sock' | 'token'>;

/** @param timeout  ms without a word */
export function askLocally(
  server: LocalServer,
  { token = server.token, timeout }: { token?: string; timeout: number },
): Ask {
  return (path, method = 'GET', body) =>
    new Promise((resolve, reject) => {
      const url = new URL(path, server.sock ? `http://localhost${server.base_url}` : localUrl(server));
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const req = send(
        url,
        {
          method,
          timeout,
          headers: { Authorization: `token ${token}`, 'Content-Type': 'application/json' },
          // This machine's own server, found through a file that only its user can write: the name need not match.
          rejectUnauthorized: false,
          ...(server.sock ? { socketPath: server.sock } : {}),
        },
        (res) => {
          let text = '';
          res.setEncoding('utf8').on('data', (data: string) => (text += data));
          res.on('end', () => {
            try {
              resolve({ status: res.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) });
            } catch (error) {
              reject(new Error('it answers something else than JSON', { cause: error }));
            }
          });
        },
      );
      req.on('timeout', () => req.destroy(new Error('no answer')));
      req.on('error', reject);
      req.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

/** How this machine itself reaches the server: the printed URL may name a public host. */
export function localUrl(server: LocalServer): string {
  const scheme = server.secure ? 'https' : 'http';
  // A server on all addresses tells the name of the machine, which another network may give to somebody else.
  const wild = ['', '*', '0.0.0.0', '::', 'localhost', hostname()].includes(server.hostname);
  const host = wild ? 'localhost' : server.hostname.includes(':') ? `[${server.hostname}]` : server.hostname;
  return `${scheme}://${host}:${server.port}${server.base_url}`;
}
