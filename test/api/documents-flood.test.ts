/** A cell that prints a gigabyte: the server goes on answering, its memory stays bounded, and the cell says what is cut. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort, makeHome, serve, type Home, type RunningCommand } from '../command-line.js';
import { hasPythonKernel } from '../parts.js';
import { TOKEN } from '../test-server.js';
import { everything } from '../tier.js';
import { DocumentTestPage } from './document-page.js';

const LINE = 100;
const LINES = 10_000_000;
/** of the server, in bytes; a gigabyte that stayed in it would be far above */
const MOST_MEMORY = 600_000_000;

let home: Home;
let server: RunningCommand;
beforeEach(() => {
  home = makeHome();
});
afterEach(async () => {
  await server.stop();
  home.remove();
});

it.runIf(everything && hasPythonKernel)(
  'keeps the beginning and the end of a gigabyte of lines, and answers meanwhile',
  async () => {
    // Lines of the same length that tell their number, a thousand in one write as a busy loop makes them.
    const source = [
      `for first in range(0, ${LINES}, 1000):`,
      `    print("\\n".join(f"{n:0${LINE - 1}d}" for n in range(first, first + 1000)))`,
    ].join('\n');
    const cell = { id: 'c0', cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null };
    const metadata = { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } };
    const file = join(home.notebooks, 'flood.ipynb');
    writeFileSync(file, JSON.stringify({ cells: [cell], metadata, nbformat: 4, nbformat_minor: 5 }));
    const port = await freePort();
    server = await serve([home.notebooks, `--port=${port}`, `--token=${TOKEN}`], home);
    const url = `http://localhost:${port}/`;
    const headers = { Authorization: `token ${TOKEN}` };
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(new URL(path, url), { ...init, headers: { ...init.headers, ...headers } });
    const page = new DocumentTestPage({ url, fetch: ask }, 'flood.ipynb');
    await page.connect({ start_kernel: true });
    page.sync.execute(['c0']);
    const slowest = { ms: 0, memory: 0, asked: 0 };
    const deadline = Date.now() + 10 * 60_000;
    while (!page.isDone('c0')) {
      expect(Date.now(), 'the cell has ended').toBeLessThan(deadline);
      const began = performance.now();
      expect((await ask('api/status')).status).toBe(200);
      slowest.ms = Math.max(slowest.ms, performance.now() - began);
      slowest.memory = Math.max(slowest.memory, residentBytes(server.child.pid));
      slowest.asked += 1;
      await sleep(50);
    }
    console.log(
      `api/status: ${slowest.asked} times, the slowest ${slowest.ms.toFixed(0)} ms; ${(slowest.memory / 1e6).toFixed(0)} MB at most`,
    );
    expect(page.sync.view.cell('c0')?.run.status).toBe('ok');
    expect(slowest.asked).toBeGreaterThan(10);
    expect(slowest.memory).toBeLessThan(MOST_MEMORY);
    await check(page);
    page.sync.save();
    await page.until(() => page.sync.isSaved);
    expect(readFileSync(file).length).toBeLessThan(12_000_000);
    await page.close();
  },
);

async function check(page: DocumentTestPage): Promise<void> {
  const [head, tail, ...rest] = await page.whole('c0');
  expect(rest).toEqual([]);
  if (head?.output_type !== 'stream' || tail?.output_type !== 'stream') throw new Error('no streams');
  const isLine = (line: string | undefined, n: number) => line === String(n).padStart(LINE - 1, '0');
  const first = head.text.split('\n');
  expect(first.slice(0, -1).every((line, n) => isLine(line, n))).toBe(true);
  const [, notice, kept] = /^\n?\[([^\]]+)\]\n([\s\S]*)$/.exec(tail.text) ?? [];
  expect(notice).toMatch(/characters are left out here/);
  const last = (kept ?? '').split('\n').slice(1, -1);
  expect(last.length).toBeGreaterThan(1_000);
  expect(last.every((line, n) => isLine(line, LINES - last.length + n))).toBe(true);
  const [million] = /[\d.]+(?= million)/.exec(notice ?? '') ?? [];
  const left = LINES * LINE - head.text.length - (kept ?? '').length;
  expect(Number(million)).toBeCloseTo(left / 1e6, 0);
}

function residentBytes(pid: number | undefined): number {
  const [pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ').slice(1);
  return Number(pages) * 4096;
}
