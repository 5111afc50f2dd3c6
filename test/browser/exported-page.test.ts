/** Exported notebooks in a real browser: what they show, and that a hostile one does nothing. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';
import { openBrowser, openPage, type WatchedPage } from './open-browser.js';

const samples = ['hostile', 'matplotlib', 'pandas', 'r'];
const pictures = process.env.NBSERVER_PICTURES;
let server: TestServer;
let browser: Browser;
beforeAll(async () => {
  server = await startTestServer({ onlyOwnKernel: true });
  for (const name of samples) {
    copyFileSync(
      join(process.cwd(), `test/notebooks/${name}.ipynb`),
      join(server.notebooks, `${name}.ipynb`),
    );
  }
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

const open = async (name: string, options = {}): Promise<WatchedPage> => {
  const watched = await openPage(browser, new URL(server.url).origin, {
    extraHTTPHeaders: { Authorization: `token ${TOKEN}` },
    ...options,
  });
  await watched.page.goto(`${server.url}nbconvert/html/${name}.ipynb`);
  if (pictures !== undefined) {
    mkdirSync(pictures, { recursive: true });
    const kind = 'colorScheme' in options ? String(options.colorScheme) : 'light';
    await watched.page.screenshot({ path: join(pictures, `${name}-${kind}.png`), fullPage: true });
  }
  return watched;
};

describe.skipIf(!hasChromium)('an exported page', () => {
  it('of a hostile notebook runs nothing, asks nobody and covers nothing', async () => {
    const { page, outside, close } = await open('hostile');
    await page.waitForLoadState('load');
    await page.waitForTimeout(500); // what wants to run later has its chance
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(outside).toEqual([]);
    expect(page.url()).toBe(`${server.url}nbconvert/html/hostile.ipynb`);
    // of another origin than the server: no cookie, no storage
    expect(await page.evaluate('window.origin')).toBe('null');
    // what wants to lie over everything lies in its own place
    const first = page.locator('.cell').first();
    expect(await first.isVisible()).toBe(true);
    const top = await page.evaluate(
      "document.elementFromPoint(innerWidth / 2, 8)?.closest('.island') === null",
    );
    expect(top).toBe(true);
    expect(
      await page.locator('form, input, iframe, script, meta[http-equiv=refresh], base, object').count(),
    ).toBe(0);
    for (const link of await page.locator('a[href^="javascript:"], a[href*="script:"]').all()) {
      await link.click({ force: true, noWaitAfter: true, timeout: 2000 }).catch(() => undefined);
    }
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    await close();
  });

  it.runIf(everything)(
    'shows tables, pictures, colours and tracebacks that fold, in light, dark and on a phone',
    async () => {
      for (const options of [
        {},
        { colorScheme: 'dark' as const },
        { viewport: { width: 390, height: 800 } },
      ]) {
        const { page, problems, close } = await open('pandas', options);
        expect(problems).toEqual([]);
        expect(await page.locator('.island td').first().textContent()).toBe('Lagos');
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
        await close();
      }
      const { page, close } = await open('pandas');
      await page.locator('.error summary').click();
      expect(await page.locator('.error pre').isVisible()).toBe(false);
      expect(await page.locator('.tok-keyword').count()).toBeGreaterThan(0);
      await close();
      const plots = await open('matplotlib');
      const widths = await plots.page
        .locator('.output > img')
        .evaluateAll((all) =>
          all.map((image) => (image as unknown as { naturalWidth: number }).naturalWidth),
        );
      expect(widths.every((width) => width > 0)).toBe(true);
      expect(widths).toHaveLength(3);
      await plots.close();
    },
  );
});
