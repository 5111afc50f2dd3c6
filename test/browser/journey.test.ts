/**
 * The main job, end to end, as a person does it: https with a self-signed certificate, a password, a prefix; log in, open
 * a notebook, run it, close the tab in the middle of a run, come back, find everything there and on disk, log out.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort, makeHome, run, serve, type Home, type RunningCommand } from '../command-line.js';
import { hasChromium, hasPythonKernel } from '../parts.js';
import { PATIENCE } from '../patience.js';
import { everything } from '../tier.js';
import { openBrowser, openPage, type WatchedPage } from './open-browser.js';

const PASSWORD = 'correct horse battery staple';

interface Journey {
  kernel: string;
  displayName: string;
  /** code cells: one with a picture, one with a table, one that prints ten lines in about three seconds */
  cells: string[];
  /** restricts what is found to the package's own kernel */
  onlyOwnKernel: boolean;
}

const javascript: Journey = {
  kernel: 'javascript',
  displayName: 'JavaScript (Node.js)',
  onlyOwnKernel: true,
  cells: [
    `display.svg('<svg xmlns="http://www.w3.org/2000/svg" width="120" height="60"><circle cx="30" cy="30" r="20" fill="teal"/></svg>')`,
    `display.html('<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>')`,
    `for (let i = 0; i < 10; i++) { console.log('line ' + i); await new Promise((done) => setTimeout(done, 300)); }\n'the end'`,
  ],
};

const python: Journey = {
  kernel: 'python3',
  displayName: 'Python 3 (ipykernel)',
  onlyOwnKernel: false,
  cells: [
    `%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()`,
    `import pandas as pd\npd.DataFrame({'a': [1, 2], 'b': [3, 4]})`,
    `import time\nfor i in range(10):\n    print('line', i)\n    time.sleep(0.3)\n'the end'`,
  ],
};

function notebook({ kernel, displayName, cells }: Journey): string {
  const code = cells.map((source, i) => ({
    cell_type: 'code',
    execution_count: null,
    id: `cell-${i}`,
    metadata: {},
    outputs: [],
    source: source.split(/(?<=\n)/),
  }));
  const intro = { cell_type: 'markdown', id: 'intro', metadata: {}, source: ['# A journey'] };
  const metadata = { kernelspec: { display_name: displayName, language: kernel, name: kernel } };
  return `${JSON.stringify({ cells: [intro, ...code], metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`;
}

let browser: Browser;
let home: Home;
let server: RunningCommand;
let origin: string;
let watched: WatchedPage;

beforeAll(async () => {
  if (hasChromium) browser = await openBrowser();
});
afterAll(() => browser?.close());

beforeEach(() => {
  home = makeHome();
});
afterEach(async () => {
  await watched?.close();
  await server?.stop();
  home.remove();
});

async function startServer(journey: Journey): Promise<void> {
  const pem = join(home.path, 'mycert.pem');
  const made = await run(['certificate', `--out=${pem}`], home);
  expect(made.code, made.stderr).toBe(0);
  const hash = (await run(['passwd'], { ...home, input: `${PASSWORD}\n` })).stdout.trim();
  const port = await freePort();
  const config = join(home.path, 'notebook_config.json');
  const settings = { certfile: pem, password: hash, base_url: '/ipython/', open_browser: false, port };
  const only = journey.onlyOwnKernel ? { MappingKernelManager: { allowed_kernelspecs: ['javascript'] } } : {};
  writeFileSync(config, JSON.stringify({ NotebookApp: settings, ...only }), { mode: 0o600 });
  writeFileSync(join(home.notebooks, 'Journey.ipynb'), notebook(journey));
  server = await serve([home.notebooks, `--config=${config}`], home);
  origin = `https://localhost:${port}`;
  watched = await openPage(browser, origin, { ignoreHTTPSErrors: true });
}

async function logIn(page: Page): Promise<void> {
  await page.goto(`${origin}/`);
  await page.waitForURL(/\/ipython\/login\?next=/);
  await page.locator('input[type=password]').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/ipython\/tree/);
}

/** From the dashboard, as a click does it: in a tab of its own. */
async function openNotebook(dashboard: Page): Promise<Page> {
  const [page] = await Promise.all([
    watched.page.context().waitForEvent('page'),
    dashboard.getByRole('link', { name: 'Journey.ipynb' }).click(),
  ]);
  await page.locator('[data-kernel-status="idle"], [data-kernel-status="busy"]').waitFor();
  return page;
}

/** An entry of a menu in the menubar. */
async function choose(page: Page, menu: string, entry: string): Promise<void> {
  await page.getByRole('menuitem', { name: menu, exact: true }).click();
  await page
    .getByRole('menuitem', { name: new RegExp(`^${entry}`) })
    .first()
    .click();
}

interface SavedCell {
  source: string[] | string;
  outputs?: { output_type: string; text?: string[] | string; data?: Record<string, unknown> }[];
}
function savedCells(): SavedCell[] {
  const text = readFileSync(join(home.notebooks, 'Journey.ipynb'), 'utf8');
  return (JSON.parse(text) as { cells: SavedCell[] }).cells;
}
const joined = (text: string[] | string | undefined) => (Array.isArray(text) ? text.join('') : (text ?? ''));

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + PATIENCE; !holds(); await wait(100)) {
    if (Date.now() > end) throw new Error(`not within ${PATIENCE / 1000} s: ${what}`);
  }
}

describe
  .skipIf(!hasChromium)
  .each([
    ['with only the JavaScript kernel', javascript],
    ...(everything && hasPythonKernel ? [['with Python', python] as const] : []),
  ] as const)('from the login to the logout, %s', (_name, journey) => {
  it('keeps everything that a run printed while no tab was open', async () => {
    await startServer(journey);
    const dashboard = watched.page;
    await logIn(dashboard);

    const specs = await dashboard.evaluate(
      async () =>
        (await fetch('/ipython/api/kernelspecs')).json() as Promise<{ default: string; kernelspecs: object }>,
    );
    if (journey.onlyOwnKernel) expect(Object.keys(specs.kernelspecs)).toEqual(['javascript']);
    expect(specs.default).toBe(journey.kernel);

    let page = await openNotebook(dashboard);
    await expect.poll(() => page.locator('[data-cell-id="intro"] h1').textContent()).toContain('A journey');
    await choose(page, 'Cell', 'Run All$');
    const cell = (i: number) => page.locator(`[data-cell-id="cell-${i}"]`);
    await cell(0).locator('img').waitFor();
    await cell(1).locator('table').waitFor();
    await cell(2).getByText('line 1').waitFor();

    // An edit, and then the tab closes in the middle of the run.
    await page.locator('[data-cell-id="intro"]').dblclick();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(', edited');
    const onServer = () =>
      dashboard.evaluate(async () => (await fetch('/ipython/api/contents/Journey.ipynb')).text());
    await expect.poll(onServer).toContain('# A journey, edited');
    await page.close();

    await until('the file holds all of it', () => {
      const [intro, plot, table, loop] = savedCells();
      const kinds = (each: SavedCell | undefined) =>
        each?.outputs?.flatMap(({ data }) => Object.keys(data ?? {})) ?? [];
      return (
        joined(intro?.source) === '# A journey, edited' &&
        kinds(plot).some((kind) => kind.startsWith('image/')) &&
        kinds(table).includes('text/html') &&
        joined(loop?.outputs?.[0]?.text).includes('line 9') &&
        kinds(loop).includes('text/plain')
      );
    });

    page = await openNotebook(dashboard);
    for (const line of ['line 0', 'line 9', 'the end']) await cell(2).getByText(line).first().waitFor();
    expect(await cell(2).textContent()).toMatch(/In \[3\]/);
    await expect
      .poll(() => page.locator('[data-cell-id="intro"] h1').textContent())
      .toContain('A journey, edited');

    await dashboard.bringToFront();
    await dashboard.reload();
    await dashboard.getByRole('button', { name: 'Logout' }).click();
    await dashboard.waitForURL(/\/ipython\/(login|logout)/);
    const statuses = await dashboard.evaluate(async () => {
      const ask = async (path: string) => (await fetch(`/ipython/${path}`, { redirect: 'manual' })).type;
      const status = async (path: string) => (await fetch(`/ipython/${path}`, { redirect: 'manual' })).status;
      return [await ask('tree'), await status('api/contents'), await status('api/kernels')];
    });
    expect(statuses).toEqual(['opaqueredirect', 403, 403]);
    // The page that is still open learns of it too: its sockets are closed, and new ones are refused.
    expect(watched.problems.filter((line) => !line.includes('WebSocket'))).toEqual([]);
    expect(watched.outside).toEqual([]);
    expect(await server.stop()).toBe(0);
  });
});
