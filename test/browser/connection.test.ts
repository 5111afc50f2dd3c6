/** The connection test as a page: straight, and through an nginx that drops websockets and large bodies. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { proxySnippet } from '../../src/protocol/proxy-snippets.js';
import { freePort } from '../command-line.js';
import { hasChromium, hasNginx } from '../parts.js';
import { startNginx, stopProxy } from '../start-proxy.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';
import { accessibilityProblems, openBrowser, openPage } from './open-browser.js';

describe.runIf(everything && hasChromium && hasNginx)('the connection test', () => {
  let browser: Browser;
  let server: TestServer;

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await startTestServer({ onlyOwnKernel: true, trusted_proxies: ['loopback'] });
  });
  afterEach(() => server.close());

  it('says that nothing is wrong, in both themes', async () => {
    const { page, problems, close } = await openPage(browser, new URL(server.url).origin);
    await page.goto(`${server.url}connection?token=${TOKEN}`);
    await page.locator('body[data-test="done"]').waitFor();
    expect(await page.locator('#faults').innerText()).toBe(
      'Nothing is wrong between this browser and the server.',
    );
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await accessibilityProblems(page)).toEqual([]);
      if (process.env.SHOTS)
        await page.screenshot({ path: `${process.env.SHOTS}/connection-${colorScheme}.png` });
    }
    const steps = page.locator('#steps li');
    for (const line of await steps.allInnerTexts()) expect(line).toMatch(/: done$/);

    const faultsOnceMore = async () => {
      await page.getByRole('button', { name: 'Test again' }).click();
      await page.locator('body[data-test="done"]').waitFor();
      return page.locator('#faults').innerText();
    };
    await page.route('**/api/connection?*', (route) => route.abort());
    expect(await faultsOnceMore()).toContain('Nothing answers at');
    await page.unroute('**/api/connection?*');
    await page.route('**/api/connection?*', (route) =>
      route.fulfill({ status: 403, json: { message: 'No.' } }),
    );
    expect(await faultsOnceMore()).toContain('Log in in another tab');
    await page.unroute('**/api/connection?*');
    await page.route('**/api/connection?*', (route) => route.fulfill({ body: '<h1>It works!</h1>' }));
    expect(await faultsOnceMore()).toContain('is not this server');
    expect(problems).toEqual([]);
    await close();
  });

  it('names what a proxy does wrong, and shows how it is set up', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nbserver-proxy-'));
    const listen = await freePort();
    const origin = `http://localhost:${listen}`;
    const good = proxySnippet('nginx', { url: `${origin}/`, backend: new URL(server.url).host });
    const wrong = good
      .split('\n')
      .filter((line) => !/upgrade|client_max_body_size/i.test(line))
      .join('\n');
    const proxy = startNginx(folder, `listen 127.0.0.1:${listen}; ${wrong}`);
    const { page, close } = await openPage(browser, origin);
    try {
      await expect
        .poll(() =>
          fetch(`${origin}/api`).then(
            (each) => each.ok,
            () => false,
          ),
        )
        .toBe(true);
      await page.goto(`${origin}/connection?token=${TOKEN}`);
      await page.locator('body[data-test="done"]').waitFor();
      const faults = await page.evaluate<string[]>(
        "[...document.querySelectorAll('[data-fault]')].map((each) => each.dataset.fault)",
      );
      expect(faults).toEqual(['upgrade', 'body']);
      await page.getByText('How nginx is set up').click();
      await page.getByText('proxy_set_header Upgrade $http_upgrade;').waitFor();
      await page.getByText(`proxy_pass http://${new URL(server.url).host};`).waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.setViewportSize({ width: 390, height: 700 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/connection-phone.png` });
    } finally {
      await close();
      await stopProxy(proxy);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
