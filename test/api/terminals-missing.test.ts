/** A server whose optional native parts npm left out, as on a platform without a build of them. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from '../../scripts/setup.mjs';
import { freePort, makeHome, serve, type Home, type RunningCommand } from '../command-line.js';
import { everything } from '../tier.js';

describe.runIf(everything)('without @lydell/node-pty', () => {
  let folder: string;
  let home: Home;
  let server: RunningCommand;
  let url: string;
  const headers = { Authorization: 'token missing-token-0123456789' };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nbserver-missing-'));
    for (const part of ['bin', 'dist', 'templates', 'package.json'])
      cpSync(join(root, part), join(folder, part), { recursive: true });
    mkdirSync(join(folder, 'node_modules'));
    for (const name of readdirSync(join(root, 'node_modules')))
      if (name !== '@lydell')
        symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
    home = makeHome();
    const port = await freePort();
    const args = [home.notebooks, `--port=${port}`, '--token=missing-token-0123456789'];
    server = await serve(args, home, join(folder, 'bin', 'nbserver'));
    url = `http://localhost:${port}`;
  });
  afterEach(async () => {
    await server.stop();
    home.remove();
    rmSync(folder, { recursive: true });
  });

  it('runs kernels, and says what terminals need', async () => {
    const kernel = await fetch(`${url}/api/kernels`, {
      method: 'POST',
      headers,
      body: '{"name":"javascript"}',
    });
    expect(kernel.status).toBe(201);
    expect(await (await fetch(`${url}/api/terminals`, { headers })).json()).toEqual([]);
    const terminal = await fetch(`${url}/api/terminals`, { method: 'POST', headers });
    expect([terminal.status, await terminal.text()]).toEqual([
      501,
      expect.stringContaining('@lydell/node-pty'),
    ]);
    const page = await fetch(`${url}/tree?token=missing-token-0123456789`, { redirect: 'manual' });
    const Cookie = page.headers
      .getSetCookie()
      .map((each) => each.split(';')[0])
      .join('; ');
    expect(await (await fetch(`${url}/tree`, { headers: { Cookie } })).text()).toContain(
      '"terminals":"missing"',
    );
  });
});
