/**
 * Notebooks, kernels and pages come and go for minutes: what the server's process holds does not grow with them.
 * `NBSERVER_SOAK_MINUTES` says how long (5).
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DocumentTestPage } from '../api/document-page.js';
import { freePort, makeHome, serve, type Home, type RunningCommand } from '../command-line.js';
import { TOKEN } from '../test-server.js';

const minutes = Number(process.env.NBSERVER_SOAK_MINUTES ?? 5);

let home: Home;
let server: RunningCommand;
let url: string;
beforeEach(async () => {
  home = makeHome();
  const port = await freePort();
  server = await serve([home.notebooks, `--port=${port}`, `--token=${TOKEN}`], home);
  url = `http://localhost:${port}/`;
});
afterEach(async () => {
  await server.stop();
  home.remove();
});

const ask = (path: string, init: RequestInit = {}) =>
  fetch(new URL(path, url), { ...init, headers: { Authorization: `token ${TOKEN}` } });

/** What one person does in a while: opens a notebook, runs it, looks around, shuts it down, throws it away. */
async function round(n: number): Promise<void> {
  const path = `round-${n}.ipynb`;
  const cells = [0, 1].map((i) => ({
    id: `c${i}`,
    cell_type: 'code',
    source: `console.log('x'.repeat(100000)); ${i}`,
    metadata: {},
    outputs: [],
    execution_count: null,
  }));
  const metadata = { kernelspec: { name: 'javascript', display_name: 'JavaScript' } };
  writeFileSync(
    join(home.notebooks, path),
    JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }),
  );
  const page = await DocumentTestPage.open({ url, fetch: ask }, path, { start_kernel: true });
  page.sync.execute(['c0', 'c1']);
  await page.until(() => page.isDone('c1'));
  for (const look of ['tree', `notebooks/${path}`, 'api/contents', 'api/status'])
    expect((await ask(look)).status).toBe(200);
  await page.close();
  const sessions = (await (await ask('api/sessions')).json()) as { id: string }[];
  for (const { id } of sessions) await ask(`api/sessions/${id}`, { method: 'DELETE' });
  expect((await ask(`api/contents/${path}`, { method: 'DELETE' })).status).toBe(204);
}

interface Held {
  files: number;
  children: number;
  residentMb: number;
}

function held(): Held {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  const children = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8');
  return {
    files: readdirSync(`/proc/${server.pid}/fd`).length,
    children: children.split(' ').filter(Boolean).length,
    residentMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
  };
}

/** Connections that are kept alive, and documents that stay open for a while, are let go first. */
async function settled(): Promise<Held> {
  await wait(10_000);
  return held();
}

it(`holds no more after ${minutes} minutes of notebooks than after the first twenty`, async () => {
  let n = 0;
  for (; n < 20; n++) await round(n);
  const early = await settled();
  for (const end = Date.now() + minutes * 60_000; Date.now() < end; n++) await round(n);
  const late = await settled();
  console.log(`${n} rounds`, { early, late });
  expect(late.children).toBe(early.children);
  expect(late.files).toBeLessThanOrEqual(early.files + 3);
  // A leak of 100 kB a round, the output of one cell, would show; the collector's moods do not.
  expect(late.residentMb).toBeLessThan(early.residentMb * 1.3 + 20);
});
