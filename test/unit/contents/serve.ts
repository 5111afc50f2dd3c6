/** A server with nothing but the contents router on a fresh directory, as the composition mounts it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import {
  Contents,
  FileNotebookManager,
  contentsRouter,
  type ContentsOptions,
} from '../../../src/contents/index.js';
import { HttpError } from '../../../src/http-error.js';

export interface Served {
  /** without slash at the end */
  url: string;
  root: string;
  /** holds the trash and unfinished uploads */
  home: string;
  contents: Contents;
  close(): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: Record<string, unknown>;
}

export async function serveContents(options: ContentsOptions = {}, base = '/base'): Promise<Served> {
  const root = mkdtempSync(join(tmpdir(), 'nbserver-contents-'));
  const home = mkdtempSync(join(tmpdir(), 'nbserver-contents-home-'));
  const store = new FileNotebookManager({
    notebook_dir: root,
    allow_hidden: options.allowHidden ?? false,
    trash_dir: join(home, 'Trash'),
  });
  // What is deleted is gone, as in Jupyter without a trash; tests of the trash say otherwise.
  const contents = new Contents(store, {
    deleteToTrash: false,
    uploadDirectory: join(home, 'uploads'),
    ...options,
  });
  const app = express();
  const parse = express.json({ type: () => true });
  const json: RequestHandler = (req, res, next) => (req.method === 'PUT' ? next() : parse(req, res, next));
  app.use(`${base}/api`, json);
  app.use(base, contentsRouter(contents));
  const onError: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
    const known = error instanceof HttpError ? error : undefined;
    const status = known?.status ?? (error as { status?: number }).status ?? 500;
    if (res.headersSent) return void res.destroy();
    res.status(status).json(known?.toBody() ?? { message: String(error), reason: null });
  };
  app.use(onError);
  const server = createServer(app);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`,
    root,
    home,
    contents,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await contents.close();
      await store.close();
      for (const folder of [root, home]) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @param body sent as JSON; a string or bytes as they are */
export async function call(url: string, method = 'GET', body?: unknown, headers = {}): Promise<Answer> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const res = await fetch(url, {
    method,
    headers,
    redirect: 'manual',
    ...(body === undefined ? {} : { body: isRaw ? (body as string) : JSON.stringify(body) }),
  });
  const text = await res.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = {};
  }
  return { status: res.status, headers: res.headers, text, json: json as Record<string, unknown> };
}
