/** The notebook page when something is in the way: the login ends, no websocket opens, the page dies, files change. */
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';
import { kernelIdle, loggedIn, openNotebook, writeNotebookFile } from './notebook-page-driver.js';
import { openBrowser } from './open-browser.js';

describe.skipIf(!hasChromium)('the notebook page and its connection', () => {
  let server: TestServer;
  let browser: Browser;
  let context: BrowserContext;

  beforeAll(async () => {
    server = await startTestServer({ onlyOwnKernel: true });
    browser = await openBrowser();
    context = await loggedIn(browser, server);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const onDisk = (name: string) => readFileSync(join(server.notebooks, name), 'utf8');
  const write = async (page: Page, text: string) => {
    await page.keyboard.press('Enter');
    await page.locator('.cm-focused').waitFor();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(text);
  };

  it('asks for the password over the page when the login has ended, and sends what was written', async () => {
    writeNotebookFile(server, 'password.ipynb', [{ source: 'start' }]);
    const own = await loggedIn(browser, server);
    const { page, errors } = await openNotebook(own, server, 'password.ipynb');
    await kernelIdle(page);
    await page.route('**/api/documents', (route) => route.abort());
    await page.getByRole('menubar').getByRole('menuitem', { name: 'Kernel' }).click();
    await page.getByRole('menuitem', { name: 'Reconnect' }).click();
    await page.locator('[data-kernel-status="disconnected"]').waitFor();
    await write(page, ' typed');
    await own.clearCookies();
    await page.unroute('**/api/documents');
    const box = page.getByRole('dialog');
    await box.getByLabel('Password or token:').fill('wrong');
    await page.keyboard.press('Enter');
    await box.getByRole('alert').filter({ hasText: /\S/ }).waitFor();
    await box.getByLabel('Password or token:').fill(TOKEN);
    await page.keyboard.press('Enter');
    await box.waitFor({ state: 'hidden' });
    await kernelIdle(page);
    await page.keyboard.press('Control+s');
    await expect.poll(() => onDisk('password.ipynb'), { timeout: 10_000 }).toContain('start typed');
    expect(errors).toEqual([]);
    await own.close();
  });

  it('says what is the matter when the server answers but no websocket opens', async () => {
    writeNotebookFile(server, 'blocked.ipynb', [{ source: 'x' }]);
    const { page } = await openNotebook(context, server, 'blocked.ipynb');
    // a proxy that takes the connection and never says a word
    await page.routeWebSocket(/\/socket$/, () => undefined);
    await page.addInitScript(
      'globalThis.WebSocket = class extends EventTarget { readyState = 0; close() {} send() {} }',
    );
    await page.reload();
    await page.getByText('no websocket opens').waitFor({ timeout: 20_000 });
    await page.getByText(/^How to let 127\.0\.0\.1 past the proxy$/).click();
    await page.getByText('add 127.0.0.1 to "No proxy for"').waitFor();
    await page.close();
  });

  it('puts back what a page without a connection had when it was closed', async () => {
    writeNotebookFile(server, 'journal.ipynb', [{ source: 'start' }, { source: 'other' }]);
    const first = await openNotebook(context, server, 'journal.ipynb');
    await kernelIdle(first.page);
    await first.page.route('**/api/documents', (route) => route.abort());
    await first.page.evaluate('void 0');
    await first.page.getByRole('menubar').getByRole('menuitem', { name: 'Kernel' }).click();
    await first.page.getByRole('menuitem', { name: 'Reconnect' }).click();
    await first.page.locator('[data-kernel-status="disconnected"]').waitFor();
    await write(first.page, ' and more');
    await first.page.keyboard.press('Escape');
    await first.page.keyboard.press('b');
    await write(first.page, 'a new cell');
    await first.page.waitForTimeout(1000); // the journal is written a moment after the last key
    await first.page.close({ runBeforeUnload: false });

    const second = await openNotebook(context, server, 'journal.ipynb');
    await second.page.getByText('were put back that an earlier page could not save').waitFor();
    expect(await second.page.locator('[data-cell-id] .source').allTextContents()).toEqual([
      'start and more',
      'a new cell',
      'other',
    ]);
    await second.page.keyboard.press('Control+s');
    await expect.poll(() => onDisk('journal.ipynb'), { timeout: 10_000 }).toContain('a new cell');
    expect(second.errors).toEqual([]);
    await second.page.close();
  });

  it('shows what others did to the order of the cells while it was away and did so, too', async () => {
    writeNotebookFile(server, 'both.ipynb', [{ source: 'first' }, { source: 'last' }]);
    const here = await openNotebook(context, server, 'both.ipynb');
    const other = await openNotebook(context, server, 'both.ipynb');
    const reconnect = async () => {
      await here.page.getByRole('menubar').getByRole('menuitem', { name: 'Kernel' }).click();
      await here.page.getByRole('menuitem', { name: 'Reconnect' }).click();
    };
    const insertBelow = async ({ page }: typeof here, after: string, text: string) => {
      await page.locator('[data-cell-id]', { hasText: after }).focus();
      await page.keyboard.press('b');
      await write(page, text);
      await page.keyboard.press('Escape');
    };
    const shown = ({ page }: typeof here) =>
      expect.poll(() => page.locator('[data-cell-id] .source').allTextContents());
    await kernelIdle(here.page);
    await here.page.route('**/api/documents', (route) => route.abort());
    await reconnect();
    await here.page.locator('[data-kernel-status="disconnected"]').waitFor();
    await insertBelow(here, 'first', 'here');
    await insertBelow(other, 'last', 'afar');
    await here.page.unroute('**/api/documents');
    await reconnect();
    for (const page of [here, other]) await shown(page).toEqual(['first', 'here', 'last', 'afar']);
    await insertBelow(other, 'here', 'later');
    for (const page of [here, other]) await shown(page).toEqual(['first', 'here', 'later', 'last', 'afar']);
    expect([...here.errors, ...other.errors]).toEqual([]);
    await here.page.close();
    await other.page.close();
  });

  // root may write everything
  it.skipIf(process.getuid?.() === 0)('says that a notebook is read-only, and offers a copy', async () => {
    writeNotebookFile(server, 'locked.ipynb', [{ source: 'locked' }]);
    chmodSync(join(server.notebooks, 'locked.ipynb'), 0o444);
    const { page } = await openNotebook(context, server, 'locked.ipynb');
    await page.getByText('This notebook is read-only').waitFor();
    const copy = context.waitForEvent('page');
    await page.getByRole('button', { name: 'Edit a Copy' }).click();
    const tab = await copy;
    await tab.locator('body[data-loaded]').waitFor();
    await write(tab, ' no more');
    await tab.close();
    await page.close();
  });
});
