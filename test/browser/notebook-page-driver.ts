/** Drives the notebook page in Chromium, for the tests of this folder. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { PATIENCE } from '../patience.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';
import { openBrowser } from './open-browser.js';

export interface NotebookDriver {
  page: Page;
  /** errors of the page's own scripts so far */
  errors: string[];
  /** requests to other hosts than the server so far */
  outside: string[];
}

/**
 * One server and one logged-in browser for a group of tests, and the page that a test has open. To be called in a
 * `describe`: after each test its pages are closed, and had no errors and asked no other server.
 */
export function notebookGroup(options: Parameters<typeof startTestServer>[0] = { onlyOwnKernel: true }) {
  const started: Partial<{ server: TestServer; browser: Browser; context: BrowserContext }> = {};
  const found = { errors: [] as string[], outside: [] as string[] };
  let pages: Page[] = [];
  let profiles: BrowserContext[] = [];
  let current: Page | undefined;

  beforeAll(async () => {
    [started.server, started.browser] = await Promise.all([startTestServer(options), openBrowser()]);
    started.context = await loggedIn(started.browser, started.server);
  });
  afterAll(async () => {
    await started.browser?.close();
    await started.server?.close();
  });
  afterEach(async () => {
    const [open, others] = [pages, profiles];
    [pages, profiles, current] = [[], [], undefined];
    await Promise.all(open.map((page) => page.close()));
    await Promise.all(others.map((context) => context.close()));
    // both first: what one test left must not fail the next one as well
    const [errors, outside] = [found.errors.splice(0), found.outside.splice(0)];
    expect({ errors, outside }).toEqual({ errors: [], outside: [] });
  });

  const there = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('It is there once the tests run, and a notebook is open.');
    return value;
  };
  const group = {
    get server(): TestServer {
      return there(started.server);
    },
    get browser(): Browser {
      return there(started.browser);
    },
    get context(): BrowserContext {
      return there(started.context);
    },
    get page(): Page {
      return there(current);
    },
    /** errors of the scripts of all open pages; a test that wants some takes them out */
    get errors(): string[] {
      return found.errors;
    },
    /** Another browser of the same person, as on another machine; it is closed after the test. @param server  its way there */
    async otherProfile(
      options?: Parameters<typeof loggedIn>[2],
      server?: Pick<TestServer, 'url'>,
    ): Promise<BrowserContext> {
      const context = await loggedIn(group.browser, server ?? group.server, options);
      profiles.push(context);
      return context;
    },
    /** Writes a notebook and opens it. @param cells  undefined: the file is there already */
    async open(name: string, cells?: readonly SourceCell[], within?: BrowserContext): Promise<Page> {
      if (cells !== undefined) writeNotebookFile(group.server, name, cells);
      const page = await group.openBeside(name, within);
      current = page;
      return page;
    },
    /** Opens a notebook in one more tab, or in another browser; `page` stays the one that it is. */
    async openBeside(name: string, within?: BrowserContext, server?: Pick<TestServer, 'url'>): Promise<Page> {
      const path = name.split('/').map(encodeURIComponent).join('/');
      const { page } = await openNotebook(within ?? group.context, server ?? group.server, path, found);
      pages.push(page);
      return page;
    },
    cell: (index: number): Locator => group.page.locator('[data-cell-id]').nth(index),
    outputs: (index: number): Locator => group.cell(index).locator('.outputs'),
    editor: (index: number): Locator => group.cell(index).locator('.cm-content'),
    /** the text in a live editor */
    typed: async (index: number): Promise<string> =>
      (await group.editor(index).locator('.cm-line').allTextContents()).join('\n'),
    /** the text of every cell, also where an editor is open */
    sources: (page?: Page): Promise<string[]> => sourcesOf(page ?? group.page),
    /** where a notebook lies */
    file: (name: string): string => join(group.server.notebooks, name),
    onDisk: (name: string): string => readFileSync(group.file(name), 'utf8'),
    menu: (name: string, ...items: (string | RegExp)[]): Promise<void> =>
      chooseFromMenu(group.page, name, ...items),
  };
  return group;
}

/** A browser that is logged in at the server. */
export async function loggedIn(
  browser: Browser,
  server: Pick<TestServer, 'url'>,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  await page.goto(`${server.url}?token=${TOKEN}`);
  await page.close();
  return context;
}

/** Opens a notebook and waits until its cells are there. @param found  where errors and requests are written down */
export async function openNotebook(
  context: BrowserContext,
  server: Pick<TestServer, 'url'>,
  path: string,
  { errors, outside }: Omit<NotebookDriver, 'page'> = { errors: [], outside: [] },
): Promise<NotebookDriver> {
  const page = await context.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => {
    const url = request.url();
    if (!/^(data|blob|about):/.test(url) && !url.startsWith(server.url)) outside.push(url);
  });
  await page.goto(`${server.url}notebooks/${path}`);
  await page.locator('body[data-loaded]').waitFor();
  return { page, errors, outside };
}

/** The text of every cell, also where an editor is open. */
export function sourcesOf(page: Page): Promise<string[]> {
  // static text has one more line end where its last line is empty (see source-view.ts)
  return page.evaluate<string[]>(`[...document.querySelectorAll('[data-cell-id] .source')].map((source) => {
    const lines = [...source.querySelectorAll('.cm-line')].map((line) => line.textContent);
    if (lines.length > 0) return lines.join('\\n');
    return source.querySelector('[data-editor-static]').textContent.replace(/\\n$/, '');
  })`);
}

/** Waits until the kernel is idle, so that a test does not measure its start. */
export async function kernelIdle(page: Page): Promise<void> {
  await page.locator('[data-kernel-status="idle"]').waitFor();
}

/** Presses a key twice, for a pair such as `d,d`; and again while the machine was too slow for the page to take it as one. */
export async function pressTwice(page: Page, key: string): Promise<void> {
  await page.evaluate(`(() => {
    if (globalThis.pressedAt === undefined)
      addEventListener('keydown', ({ timeStamp }) => pressedAt.push(timeStamp), true);
    globalThis.pressedAt = [];
  })()`);
  await page.keyboard.press(key);
  for (let isPair = false, tries = 0; !isPair && tries < 50; tries++) {
    await page.keyboard.press(key);
    isPair = await page.evaluate<boolean>('pressedAt.at(-1) - pressedAt.at(-2) <= 800');
  }
}

/** Presses a key that the page asks the kernel for once, for a few seconds; and again, as a person, when nothing came. */
export async function pressUntil(page: Page, key: string, shows: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 12; tries++) {
    await page.keyboard.press(key);
    for (const end = Date.now() + 7_000; Date.now() < end; await page.waitForTimeout(50))
      if (await shows()) return;
  }
  throw new Error(`${key} did not help.`);
}

/** Undo, colours and completion of the open editor have been loaded: what is written before can only be undone with the rest. */
export async function writingIsThere(editor: Locator): Promise<void> {
  await editor.locator('[class*="tok-"]').first().waitFor();
}

/** Writes at the end of the selected cell. */
export async function write(page: Page, text: string): Promise<void> {
  await page.keyboard.press('Enter');
  // the editor that was left before says a moment longer that it has the focus
  await page.locator('.current .cm-focused').waitFor();
  await page.keyboard.press('Control+End');
  await page.keyboard.type(text);
}

/** Saves as a person does, and waits until it is done. */
export async function save(page: Page): Promise<void> {
  await page.keyboard.press('Control+s');
  await page.locator('#save-status', { hasText: /^saved \d+ s ago$/ }).waitFor();
}

/** Ends the connection of a page for as long as the test wants. */
export async function disconnect(page: Page): Promise<void> {
  await page.route('**/api/documents', (route) => route.abort());
  await chooseFromMenu(page, 'Kernel', 'Reconnect');
  await page.locator('[data-kernel-status="disconnected"]').waitFor();
}

/** The network of a page is back, which the browser tells it. */
export async function connectAgain(page: Page): Promise<void> {
  await page.unroute('**/api/documents');
  await page.evaluate('void dispatchEvent(new Event("online"))');
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

/** Opens a menu of the menu bar and goes through its entries; the last one is chosen. */
export async function chooseFromMenu(page: Page, name: string, ...items: (string | RegExp)[]): Promise<void> {
  await page.getByRole('menubar').getByRole('menuitem', { name, exact: true }).click();
  for (const item of items) {
    await page
      .getByRole('menu')
      .last()
      .locator('.menu-item', { has: page.getByText(item, { exact: true }) })
      .click();
  }
  await expect.poll(() => page.getByRole('menu').count()).toBe(0);
}
