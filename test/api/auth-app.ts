/** The smallest server that has everything authentication touches: pages, an API, files, uploads and a websocket. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express, { Router, type ErrorRequestHandler } from 'express';
import { WebSocket, WebSocketServer } from 'ws';

import { createAuth, type Auth, type AuthOptions, type Identity } from '../../src/auth/index.js';
import { HttpError } from '../../src/http-error.js';
import type { Log } from '../../src/log.js';
import { listen, type Listening } from '../../src/server/listen.js';
import { loadTls } from '../../src/tls/index.js';

/** `sha1:…` of `mypassword`, Jupyter's test vector. */
export const passwordHash = 'sha1:0e112c3ddfce:a68df677475c2b47b6e86d0467eec97ac5f4b85a';
export const token = 'b57c0e4b6fd3bfc1e1d2cd6ae0a1d0e6a7b8c9d0e1f20304';

export interface App {
  auth: Auth;
  port: number;
  stateDirectory: string;
  /** what was logged */
  lines: string[];
  /** bytes of request bodies that handlers have read */
  uploaded(): number;
  /** connections of the server */
  connections: Set<Socket>;
  send(path: string, options?: SendOptions): Promise<Answer>;
  /** opens a websocket: the socket, or the status and body of the refusal */
  upgrade(path: string, headers?: OutgoingHttpHeaders): Promise<WebSocket | { status: number; body: string }>;
  close(): Promise<void>;
}

export interface SendOptions {
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  /** name → value and attributes */
  cookies: Record<string, string>;
}

export interface AppOptions extends Partial<Omit<AuthOptions, 'credentials'>> {
  passwordHash?: string;
  token?: string;
  tokenGenerated?: boolean;
  certfile?: string;
  /** a fixed port, to find the same sessions again */
  listenOn?: number;
}

const folders: string[] = [];

export async function startApp(options: AppOptions = {}): Promise<App> {
  const { passwordHash = '', token = '', tokenGenerated = false, certfile, listenOn = 0, ...rest } = options;
  const baseUrl = rest.baseUrl ?? '/';
  const lines: string[] = [];
  const log: Log = {
    debug: () => {},
    info: (line) => void lines.push(line),
    warn: (line) => void lines.push(line),
    error: (line) => void lines.push(line),
  };
  const stateDirectory = rest.stateDirectory ?? join(newFolder(), 'state');
  const tls = certfile ? await loadTls({ certfile, log }) : undefined;
  let port = 0;
  const auth = await createAuth({
    baseUrl,
    credentials: { passwordHash, token, tokenGenerated },
    port: () => port,
    ip: '127.0.0.1',
    tls: tls !== undefined,
    stateDirectory,
    renderLogin: (page) => `LOGIN ${JSON.stringify({ ...page, xsrf: '', host: '' })} xsrf=${page.xsrf}.`,
    renderLogout: (page) => `LOGOUT ${JSON.stringify(page)}`,
    log,
    ...rest,
  });

  let uploaded = 0;
  const site = Router();
  site.use(auth.router);
  site.use(auth.gate);
  site.put('/api/upload', (req, res) => {
    req.on('data', (chunk: Buffer) => (uploaded += chunk.length));
    req.on('end', () => res.json({ uploaded }));
  });
  site.use((_req, res) => {
    res.json({ identity: res.locals.identity as Identity | undefined });
  });
  const app = express();
  app.use(auth.hostCheck);
  app.use(baseUrl, site);
  const onError: ErrorRequestHandler = (error, _req, res, _next) => {
    if (error instanceof HttpError) res.status(error.status).json(error.toBody());
    else res.status(500).json({ message: String(error) });
  };
  app.use(onError);

  const sockets = new WebSocketServer({ noServer: true });
  const connections = new Set<Socket>();
  const listening: Listening = await listen({
    handler: (req, res) => {
      connections.add(req.socket);
      app(req, res);
    },
    onUpgrade: (req, socket, head) => {
      auth.authenticateUpgrade(req).then(
        (identity) => sockets.handleUpgrade(req, socket, head, (ws) => ws.send(JSON.stringify(identity))),
        (error: unknown) => {
          const { status, message } =
            error instanceof HttpError ? error : { status: 500, message: String(error) };
          socket.end(
            `HTTP/1.1 ${status} No\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
          );
        },
      );
    },
    ip: '127.0.0.1',
    port: listenOn,
    portGiven: true,
    portRetries: 0,
    log,
    ...(rest.sock ? { sock: rest.sock } : {}),
    ...(tls ? { tls } : {}),
  });
  port = listening.port;
  const address = rest.sock ? { socketPath: rest.sock } : { host: '127.0.0.1', port };

  return {
    auth,
    port,
    stateDirectory,
    lines,
    uploaded: () => uploaded,
    connections,
    send: (path, { method = 'GET', headers = {}, body } = {}) =>
      new Promise((resolve, reject) => {
        const settings = { ...address, path, method, headers, agent: false, rejectUnauthorized: false };
        const outgoing = tls ? requestSecure(settings) : request(settings);
        outgoing.on('error', reject);
        outgoing.on('response', (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: text,
              cookies: cookiesOf(response.headers['set-cookie'] ?? []),
            }),
          );
        });
        outgoing.end(body);
      }),
    upgrade: (path, headers = {}) =>
      new Promise((resolve, reject) => {
        const url = rest.sock
          ? `ws+unix:${rest.sock}:${path}`
          : `${tls ? 'wss' : 'ws'}://127.0.0.1:${port}${path}`;
        const ws = new WebSocket(url, {
          headers: headers as Record<string, string>,
          rejectUnauthorized: false,
        });
        ws.on('error', reject);
        ws.once('open', () => resolve(ws));
        ws.once('unexpected-response', (_req, response) => {
          let body = '';
          response.on('data', (chunk: Buffer) => (body += chunk.toString()));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        });
      }),
    async close() {
      for (const ws of sockets.clients) ws.terminate();
      auth.close();
      await listening.close();
      tls?.close();
    },
  };
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nbserver-auth-'));
  folders.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

function cookiesOf(headers: string[]): Record<string, string> {
  return Object.fromEntries(
    headers.map((header) => [header.slice(0, header.indexOf('=')), header.slice(header.indexOf('=') + 1)]),
  );
}

/** A browser that logged in. */
export interface Browser {
  /** the Cookie header */
  cookie: string;
  xsrf: string;
  /** headers of a request from one of our pages */
  page: OutgoingHttpHeaders;
}

/** The login of a person: form, password, session. */
export async function logIn(
  app: App,
  { base = '/', scheme = 'http', password = 'mypassword' } = {},
): Promise<Browser> {
  const answer = await app.send(`${base}login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: `password=${encodeURIComponent(password)}`,
  });
  if (answer.status !== 302) throw new Error(`login: ${answer.status} ${answer.body}`);
  return browserOf(app, answer, scheme);
}

export function browserOf(app: App, { cookies }: Answer, scheme = 'http'): Browser {
  const pairs = Object.entries(cookies).map(([name, value]) => [name, value.split(';')[0] ?? '']);
  const cookie = pairs.map(([name, value]) => `${name}=${value}`).join('; ');
  const xsrf = pairs.find(([name]) => name === '_xsrf')?.[1] ?? '';
  const page = {
    Cookie: cookie,
    Origin: `${scheme}://127.0.0.1:${app.port}`,
    'Sec-Fetch-Site': 'same-origin',
  };
  return { cookie, xsrf, page };
}

export async function closed(ws: WebSocket): Promise<void> {
  if (ws.readyState !== WebSocket.CLOSED) await once(ws, 'close');
}
