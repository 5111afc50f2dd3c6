import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { findOpenNotebook } from '../../../src/commands/find-open-notebook.js';
import { writeRuntimeFile } from '../../../src/server/runtime-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nbserver-open-'));
  vi.stubEnv('JUPYTER_RUNTIME_DIR', join(folder, 'runtime'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it('finds a notebook that a server on a socket has open, and asks there', async () => {
  const sock = join(folder, 'server.sock');
  const server = createServer((req, res) => {
    const isOurs = req.headers.authorization === 'token secret' && req.url === '/nb/api/documents';
    res.statusCode = isOurs ? 200 : 403;
    res.end(JSON.stringify(isOurs ? [{ id: 'd', path: 'open.ipynb' }] : { message: 'no' }));
  });
  await new Promise<void>((resolve) => server.listen(sock, resolve));
  try {
    writeRuntimeFile(join(folder, 'runtime'), {
      base_url: '/nb/',
      hostname: '',
      password: false,
      pid: process.pid,
      port: 0,
      root_dir: folder,
      secure: false,
      sock,
      token: 'secret',
      url: `http+unix://${encodeURIComponent(sock)}/nb/`,
      version: '1',
    });
    for (const name of ['open.ipynb', 'closed.ipynb']) writeFileSync(join(folder, name), '{}');
    expect(await findOpenNotebook(join(folder, 'open.ipynb'))).toMatchObject({
      path: 'open.ipynb',
      server: { sock, token: 'secret', base_url: '/nb/' },
    });
    expect(await findOpenNotebook(join(folder, 'closed.ipynb'))).toBeUndefined();
  } finally {
    server.close();
  }
});
