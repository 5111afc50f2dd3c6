/** Drives the notebook page in Chromium, for the tests of this folder. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { TOKEN, type TestServer } from '../test-server.js';

export interface NotebookDriver {
  page: Page;
  /** errors of the page's own scripts so far */
  errors: string[];
  /** requests to other hosts than the server so far */
  outside: string[];
}

/** A browser that is logged in at the server. */
export async function loggedIn(
  browser: Browser,
  server: TestServer,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  await page.goto(`${server.url}?token=${TOKEN}`);
  await page.close();
  return context;
}

/** Opens a notebook and waits until its cells are there. */
export async function openNotebook(
  context: BrowserContext,
  server: TestServer,
  path: string,
): Promise<NotebookDriver> {
  const page = await context.newPage();
  const errors: string[] = [];
  const outside: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => {
    const url = request.url();
    if (!/^(data|blob|about):/.test(url) && !url.startsWith(server.url)) outside.push(url);
  });
  await page.goto(`${server.url}notebooks/${path}`);
  await page.locator('body[data-loaded]').waitFor();
  return { page, errors, outside };
}

/** Waits until the kernel is idle, so that a test does not measure its start. */
export async function kernelIdle(page: Page): Promise<void> {
  await page.locator('[data-kernel-status="idle"]').waitFor({ timeout: 60_000 });
}

export interface SourceCell {
  type?: 'code' | 'markdown' | 'raw';
  source: string;
  outputs?: unknown[];
}

/** Writes a notebook into the server's folder. */
export function writeNotebookFile(
  server: TestServer,
  name: string,
  cells: readonly SourceCell[],
  kernel: 'javascript' | 'python3' = 'javascript',
): void {
  const notebook = {
    cells: cells.map(({ type = 'code', source, outputs = [] }, i) => ({
      cell_type: type,
      id: `cell-${i}`,
      metadata: {},
      source,
      ...(type === 'code' ? { execution_count: null, outputs } : {}),
    })),
    metadata: {
      kernelspec:
        kernel === 'python3'
          ? { name: 'python3', display_name: 'Python 3 (ipykernel)', language: 'python' }
          : { name: 'javascript', display_name: 'JavaScript (Node.js)', language: 'javascript' },
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
  writeFileSync(join(server.notebooks, name), `${JSON.stringify(notebook, null, 1)}\n`);
}
