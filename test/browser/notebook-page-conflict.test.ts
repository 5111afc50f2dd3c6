/** Two texts of one cell in a real browser: both are shown, and a person chooses. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { startTestServer, type TestServer } from '../test-server.js';
import { loggedIn, openNotebook, writeNotebookFile } from './notebook-page-driver.js';
import { openBrowser } from './open-browser.js';

describe.skipIf(!hasChromium)('two texts of one cell', () => {
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

  it('are both shown below the cell, until a person has chosen', async () => {
    writeNotebookFile(server, 'two.ipynb', [{ source: 'first' }, { source: 'second' }]);
    const file = join(server.notebooks, 'two.ipynb');
    const { page, errors } = await openNotebook(context, server, 'two.ipynb');
    const cell = page.locator('.cell').first();
    await cell.locator('[data-editor-static], .cm-content').first().click();
    await page.keyboard.press('End');
    await page.keyboard.type(' mine');
    writeFileSync(file, readFileSync(file, 'utf8').replace('first', 'theirs').replace('second', 'changed'));
    // What only the other program changed is simply there.
    await page.locator('.cell').nth(1).getByText('changed').waitFor();
    const bar = cell.getByRole('group', { name: 'Two texts of this cell' });
    await bar.waitFor();
    expect(await bar.locator('pre').innerText()).toBe('theirs');
    expect(await page.locator('dialog[open]').count()).toBe(0);
    if (process.env.SHOTS !== undefined)
      await page.screenshot({ path: join(process.env.SHOTS, 'conflict.png') });
    await bar.getByRole('button', { name: 'Put it into a cell below' }).click();
    await bar.waitFor({ state: 'detached' });
    await page.locator('.cell').nth(1).getByText('theirs').waitFor();
    expect(await cell.innerText()).toContain('first mine');
    expect(errors).toEqual([]);
    await page.close();
  });
});
