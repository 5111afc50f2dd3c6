/** The tab Server of the dashboard: tokens of programs, and the password. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { passwd, passwdCheck } from '../../src/auth/index.js';
import { hasChromium } from '../parts.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';
import { makePair } from '../unit/tls/make-pair.js';
import { accessibilityProblems, openBrowser, openPage } from './open-browser.js';

describe.skipIf(!hasChromium)('the tab Server', () => {
  let browser: Browser;
  let server: TestServer;
  let kept = '';

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  // Its own for each try: what is changed is the password.
  beforeEach(async () => {
    kept = '';
    server = await startTestServer({
      base_url: '/x/',
      onlyOwnKernel: true,
      password: await passwd('first', 'sha1'),
      password_keeper: { refusal: () => undefined, write: (hash) => void (kept = hash) },
    });
  });
  afterEach(() => server.close());

  it('makes a token that is shown once, revokes it, and changes the password', async () => {
    const { origin } = new URL(server.url);
    const [mine, other] = [await openPage(browser, origin), await openPage(browser, origin)];
    const { page } = mine;
    for (const each of [mine, other]) await each.page.goto(`${server.url}tree?token=${TOKEN}`);
    await page.getByRole('tab', { name: 'Server' }).click();

    await page.getByRole('button', { name: 'New token…' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('nightly');
    await page.keyboard.press('Enter');
    const field = page.getByLabel('The token of "nightly":');
    const token = await field.inputValue();
    expect(token).toMatch(/^nbs_/);
    if (everything) expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByRole('button', { name: 'Close' }).click();
    const row = page.getByRole('list', { name: 'API tokens' }).getByRole('listitem');
    await row.getByText('never used').waitFor();
    expect(await page.content()).not.toContain(token);

    const status = async () =>
      (await fetch(`${server.url}api/status`, { headers: { Authorization: `Bearer ${token}` } })).status;
    expect(await status()).toBe(200);
    await page.getByRole('button', { name: 'Refresh' }).click();
    await row.getByText('from 127.0.0.1').waitFor();
    if (everything) expect(await accessibilityProblems(page)).toEqual([]);
    await row.getByRole('button', { name: 'Revoke nightly' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await row.waitFor({ state: 'detached' });
    expect(await status()).toBe(403);

    await page.getByRole('button', { name: 'Change password…' }).click();
    const dialog = page.getByRole('dialog');
    const change = async (present: string, wanted: string, again: string): Promise<void> => {
      await dialog.getByLabel('Present password:').fill(present);
      await dialog.getByLabel('New password:').fill(wanted);
      await dialog.getByLabel('New password again:').fill(again);
      await page.keyboard.press('Enter');
    };
    await change('first', 'second', 'secund');
    await dialog.getByText('not the same').waitFor();
    await change('furst', 'second', 'second');
    await dialog.getByText('The present password is wrong').waitFor();
    expect(kept).toBe('');
    if (everything) expect(await accessibilityProblems(page)).toEqual([]);
    await Promise.all([page.waitForEvent('load'), change('first', 'second', 'second')]);
    expect(await passwdCheck(kept, 'second')).toBe(true);

    // This browser goes on under a new login; the other one is out.
    await page.getByRole('button', { name: 'Change password…' }).waitFor();
    await other.page.reload();
    expect(other.page.url()).toContain('/x/login?next=');
    await other.page.getByLabel('Password or token:').fill('second');
    await other.page.keyboard.press('Enter');
    await other.page.getByRole('tab', { name: 'Server' }).waitFor();

    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByRole('button', { name: 'End all others' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End all others' }).click();
    await page.getByRole('button', { name: 'End all others' }).waitFor({ state: 'detached' });
    await other.page.reload();
    expect(other.page.url()).toContain('/x/login?next=');

    for (const each of [mine, other]) {
      // A login that has ended is refused its websocket, as it has to be, and the browser says so: that of the other one,
      // and mine between the new password and the new page.
      expect(each.problems.filter((line) => !/WebSocket .* 403/.test(line))).toEqual([]);
      expect(each.outside).toEqual([]);
      await each.close();
    }
  });

  it.runIf(everything)('shows the certificate, and warns when it ends soon', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nbserver-certificate-'));
    const day = 24 * 3_600_000;
    for (const [days, warns] of [
      [13, true],
      [15, false],
    ] as const) {
      const certfile = join(folder, `${days}.pem`);
      const { pem, cert } = makePair({ to: new Date(Date.now() + days * day) });
      writeFileSync(certfile, pem, { mode: 0o600 });
      const secure = await startTestServer({ onlyOwnKernel: true, certfile });
      const { origin } = new URL(secure.url);
      const { page, problems, close } = await openPage(browser, origin, { ignoreHTTPSErrors: true });
      await page.goto(`${secure.url}tree?token=${TOKEN}`);
      await page.getByRole('tab', { name: 'Server' }).click();
      await page.getByText(new X509Certificate(cert).fingerprint256).waitFor();
      expect(await page.getByText('Renew it now').count(), `${days} days ahead`).toBe(warns ? 1 : 0);
      if (warns) expect(await accessibilityProblems(page)).toEqual([]);
      expect(problems).toEqual([]);
      await close();
      await secure.close();
    }
    rmSync(folder, { recursive: true });
  });
});
