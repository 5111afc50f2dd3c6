import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { passwd } from '../../src/auth/index.js';
import { hasChromium } from '../parts.js';
import { startTestServer, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';
import { accessibilityProblems, endVisit, openBrowser, openPage, type WatchedPage } from './open-browser.js';

describe.skipIf(!hasChromium)('the login page', () => {
  let browser: Browser;
  let server: TestServer;
  let watched: WatchedPage;

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await startTestServer({
      base_url: '/x/',
      token: '',
      password: await passwd('secret', 'sha1'),
      onlyOwnKernel: true,
    });
  });
  afterEach(() => endVisit(watched, server));

  describe.each([true, false])('with scripts: %s', (javaScriptEnabled) => {
    it('asks before any page, tells what is wrong, and leads to where one wanted to go', async () => {
      watched = await openPage(browser, new URL(server.url).origin, { javaScriptEnabled });
      const { page } = watched;
      await page.goto(`${server.url}tree?sort=1`);
      expect(page.url()).toContain('/x/login?next=');
      expect(await page.locator('h1').textContent()).toContain(new URL(server.url).host);
      const field = page.getByLabel('Password:', { exact: true });
      expect(await page.locator(':focus').getAttribute('id'), 'the field has focus').toBe('password_input');

      await field.fill('wrong');
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('alert').waitFor();
      expect(await page.getByRole('alert').textContent()).toContain('Invalid password');
      expect(await field.getAttribute('aria-describedby')).toBe('login-error');
      expect(await field.inputValue()).toBe('');

      await field.fill('secret');
      await field.press('Enter');
      await page.waitForURL(`${server.url}tree?sort=1`);
    });
  });

  it.runIf(everything)('tells how long to wait after many wrong tries, and counts down', async () => {
    watched = await openPage(browser, new URL(server.url).origin);
    const { page } = watched;
    // the page's clock stands still until the test moves it: a slow machine must not see the wait pass by
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    await page.goto(`${server.url}login`);
    const wait = page.locator('[data-retry-after]');
    for (let tries = 0; tries < 15 && (await wait.count()) === 0; tries += 1) {
      await page.locator('#password_input').fill(`wrong ${tries}`);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('alert').waitFor();
    }
    expect(await page.getByRole('alert').textContent()).toMatch(
      /Too many wrong tries\.\s+Try again in \d+ seconds?\./,
    );
    expect(await page.getByRole('button', { name: 'Log in' }).isDisabled()).toBe(true);
    await page.clock.runFor(70_000);
    await page.getByText('Try again now.').waitFor();
    expect(await page.getByRole('button', { name: 'Log in' }).isEnabled()).toBe(true);
  });

  it.runIf(everything)('warns of Caps Lock', async () => {
    watched = await openPage(browser, new URL(server.url).origin);
    const { page } = watched;
    await page.goto(`${server.url}login`);
    const press = (on: boolean) =>
      page.evaluate(`document.querySelector('#password_input').dispatchEvent(
        new KeyboardEvent('keydown', { key: 'A', modifierCapsLock: ${on} }))`);
    await press(true);
    await page.getByText('Caps Lock is on.').waitFor();
    await press(false);
    await page.getByText('Caps Lock is on.').waitFor({ state: 'hidden' });
  });

  it.each(everything ? (['light', 'dark'] as const) : (['dark'] as const))(
    'has no accessibility fault in the %s theme',
    async (colorScheme) => {
      watched = await openPage(browser, new URL(server.url).origin, { colorScheme });
      const { page } = watched;
      await page.goto(`${server.url}login`);
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.locator('#password_input').fill('wrong');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/login-${colorScheme}.png` });
      await page.setViewportSize({ width: 320, height: 600 });
      expect(await page.evaluate('document.documentElement.scrollWidth'), 'nothing sticks out').toBe(320);
      await page.goto(`${server.url}nothing`);
      expect(await accessibilityProblems(page)).toEqual([]);
    },
  );
});
