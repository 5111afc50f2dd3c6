/** A small server for tests of kernels: the routers, and the bridge behind upgrades, over a free port. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express from 'express';
import type { NextFunction, Request, Response } from 'express';
import { WebSocketServer } from 'ws';
import { ForeignRuns } from '../../src/documents/foreign-runs.js';
import { HttpError } from '../../src/http-error.js';
import { KernelBridge, KernelManager, KernelspecManager, kernelsRouter } from '../../src/kernels/index.js';
import type {
  BridgeOptions,
  KernelLimits,
  KernelManagerOptions,
  PythonSearchOptions,
} from '../../src/kernels/index.js';
import type { Log } from '../../src/log.js';
import { v1Protocol } from '../../src/protocol/websocket-v1.js';
import { SessionManager, sessionsRouter } from '../../src/sessions/index.js';

const fakeKernel = fileURLToPath(new URL('main.mjs', import.meta.url));

export interface TestServerOptions {
  limits?: Partial<KernelLimits>;
  bridge?: Partial<BridgeOptions>;
  kernels?: Partial<KernelManagerOptions>;
  /** where a Python is looked for, for specs that say only `python` */
  python?: PythonSearchOptions;
  env?: Record<string, string>;
  /** further data directories, for example Debian's `/usr/share/jupyter` */
  dataPath?: string[];
}

/** What was logged, one line each. */
export class LinesLog implements Log {
  readonly lines: string[] = [];
  debug = (line: string) => void this.lines.push(line);
  info = this.debug;
  warn = this.debug;
  error = this.debug;
}

/** Specs `fake` and `fake-MODE` (see main.mjs), `absent` (no such command). */
export async function startKernelServer(options: TestServerOptions = {}) {
  const home = mkdtempSync(join(tmpdir(), 'nbserver-kernels-'));
  const runtimeDirectory = join(home, 'runtime');
  const notebooks = join(home, 'notebooks');
  mkdirSync(join(notebooks, 'folder'), { recursive: true });
  const argv = (...mode: string[]) => [process.execPath, fakeKernel, '{connection_file}', ...mode];
  const writeSpec = (name: string, spec: object) => {
    const folder = join(home, 'data', 'kernels', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'kernel.json'),
      JSON.stringify({ display_name: name, language: 'fake', ...spec }),
    );
    return folder;
  };
  writeSpec('fake', { argv: argv() });
  writeSpec('fake-message', { argv: argv(), interrupt_mode: 'message' });
  for (const mode of ['mute', 'crash', 'brief', 'stubborn', 'taken'])
    writeSpec(`fake-${mode}`, { argv: argv(mode) });
  writeSpec('absent', { argv: ['/nowhere/kernel', '{connection_file}'] });

  const log = new LinesLog();
  const dataPath = [join(home, 'data'), ...(options.dataPath ?? [])];
  const specs = new KernelspecManager({ dataPath, home, defaultName: 'fake', python: options.python, log });
  const kernels = new KernelManager(specs, {
    runtimeDirectory,
    env: { PATH: process.env.PATH, HOME: home, ...options.env },
    home,
    defaultDirectory: notebooks,
    limits: options.limits,
    log,
    ...options.kernels,
  });
  const kernelDirectory = (path: string) => join(notebooks, path, '..');
  const sessions = new SessionManager(kernels, { kernelDirectory, log });
  const bridge = new KernelBridge({ kernels, log, ...options.bridge });
  // It listens to the kernel of every session, as in the real server; nothing here has a file to record into.
  const documents = { open: () => Promise.reject(new Error('there are no documents here')) };
  const foreignRuns = new ForeignRuns({ sessions, documents, log });

  const app = express();
  const parseJson = express.json({ type: () => true });
  app.use((req, res, next) => {
    // As in the real server: an empty body is no body.
    if (req.headers['content-length'] === '0') next();
    else parseJson(req, res, next);
  });
  app.use(kernelsRouter({ kernels, baseUrl: '/', kernelDirectory }));
  app.use(sessionsRouter({ sessions }));
  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    if (error instanceof HttpError) res.status(error.status).json(error.toBody());
    else res.status(500).json({ message: String(error), reason: null });
  });
  // As in the real server: Node's 5 s end a connection just as a slow machine asks on it again.
  const http = createServer({ keepAliveTimeout: 65_000 }, app);
  const websockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has(v1Protocol) ? v1Protocol : false),
  });
  http.on('upgrade', (req, socket, head) => {
    const url = new URL(req.url ?? '/', 'http://localhost');
    const kernelId = /^\/api\/kernels\/([^/]+)\/channels$/.exec(url.pathname)?.[1] ?? '';
    if (!kernels.get(kernelId)) {
      socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
      return;
    }
    websockets.handleUpgrade(req, socket, head, (ws) => {
      const sessionId = url.searchParams.get('session_id');
      const after = url.searchParams.get('after');
      bridge.handleKernelSocket(ws, { kernelId, sessionId, after, socket, protocol: ws.protocol });
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;

  return {
    url,
    wsUrl: `ws://127.0.0.1:${port}/`,
    home,
    notebooks,
    kernels,
    sessions,
    log,
    writeSpec,
    runtimeFiles: () => readdirSync(runtimeDirectory).sort(),
    async api(method: string, path: string, body?: unknown) {
      const response = await fetch(url + path, {
        method,
        headers: { 'Content-Type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const text = await response.text();
      const json: unknown = text === '' ? undefined : JSON.parse(text);
      return { status: response.status, headers: response.headers, body: json };
    },
    async close() {
      await foreignRuns.close();
      bridge.close();
      await kernels.close();
      sessions.close();
      for (const ws of websockets.clients) ws.terminate();
      websockets.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export type KernelServer = Awaited<ReturnType<typeof startKernelServer>>;
