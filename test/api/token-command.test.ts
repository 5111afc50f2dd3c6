/** `nbserver token`: makes, lists and revokes what running servers accept. */
import { once } from 'node:events';
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { freePort, makeHome, run, serve, type Home } from '../command-line.js';

let home: Home;
beforeEach(() => {
  home = makeHome();
});
afterEach(() => home.remove());

it('lets a program into a server that runs, and out of it again', async () => {
  const port = await freePort();
  const running = await serve([home.notebooks, `--port=${port}`], home);
  try {
    const created = await run(['token', 'create', 'ci'], home);
    const token = created.stdout.trim();
    expect([created.code, token]).toEqual([0, expect.stringMatching(/^nbs_[\w-]{43}$/)]);
    expect(created.stderr).not.toContain(token);
    expect((await run(['token', 'create', 'ci'], home)).stderr).toContain('There is a token named "ci"');

    const headers = { Authorization: `token ${token}` };
    const status = async () => (await fetch(`http://127.0.0.1:${port}/api/status`, { headers })).status;
    expect(await status()).toBe(200);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/events/subscribe`, { headers });
    await once(socket, 'open');
    const list = await run(['token', 'list'], home);
    expect(list.stdout).toMatch(/^ci\tmade .*, last used .* from 127\.0\.0\.1\n$/);

    // A second one of that name, as two processes may make it in the same moment.
    const folder = join(home.path, 'data', 'nbserver', 'api-tokens');
    const file = readdirSync(folder).find((name) => name.endsWith('.json')) ?? '';
    copyFileSync(join(folder, file), join(folder, `${'a'.repeat(64)}.json`));
    const end = once(socket, 'close');
    expect((await run(['token', 'revoke', 'ci'], home)).code).toBe(0);
    expect(await status()).toBe(403);
    expect((await end)[0]).toBe(4401);
    const again = await run(['token', 'revoke', 'ci'], home);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('nbserver token list')]);
  } finally {
    await running.stop();
  }
});
