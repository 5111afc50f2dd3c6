import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page, WebSocketRoute } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { eventually } from '../patience.js';
import { everything } from '../tier.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';
import { accessibilityProblems, endVisit, openBrowser, openPage, type WatchedPage } from './open-browser.js';

const bash = ['/bin/bash', '--norc', '--noprofile', '--noediting'];

describe.skipIf(!hasChromium)('the terminal page', () => {
  let browser: Browser;
  let server: TestServer;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await startTestServer({
      base_url: '/x/',
      onlyOwnKernel: true,
      terminado_settings: { shell_command: ['/usr/bin/env', 'PS1=$ ', ...bash] },
    });
    mkdirSync(join(server.notebooks, 'work'));
    watched = await openPage(browser, new URL(server.url).origin, {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    page = watched.page;
  });
  afterEach(() => endVisit(watched, server));

  const screen = (of = page) => of.locator('.xterm-rows');
  const sees = (text: string | RegExp, of = page) => screen(of).getByText(text).first().waitFor();
  const ready = (of = page) => of.locator('body[data-terminal="open"][data-ready]').waitFor();
  const type = async (text: string, of = page) => {
    await of.locator('.xterm-helper-textarea').focus();
    await of.keyboard.type(text);
  };
  const choose = async (...labels: string[]) => {
    await page.getByRole('button', { name: 'Terminal' }).click();
    for (const label of labels)
      await page
        .getByRole('menuitem', { name: label })
        .or(page.getByRole('menuitemcheckbox', { name: label }))
        .click();
  };

  it('opens from the dashboard in the folder that is shown, and two tabs share one shell', async () => {
    await page.goto(`${server.url}tree/work?token=${TOKEN}`);
    await page.getByRole('button', { name: 'New', exact: true }).click();
    const opening = page.context().waitForEvent('page');
    await page.getByRole('menuitem', { name: 'Terminal' }).click();
    const one = await opening;
    await ready(one);
    expect(one.url()).toBe(`${server.url}terminals/1`);
    await type('pwd; echo sum_$((40+2))\n', one);
    await sees('sum_42', one);
    await sees('/notebooks/work', one);

    await page.goto(`${server.url}terminals/1`);
    await sees('sum_42');
    await type('echo both_$((1+1))\n');
    await Promise.all([sees('both_2'), sees('both_2', one)]);
    await type("printf '\\033]0;make\\007'\n", one);
    await expect.poll(() => page.title()).toBe('make - Terminal 1');

    await one.goto(`${server.url}tree#running`);
    const row = one.getByRole('list', { name: 'Running terminals' }).getByRole('listitem');
    await row.getByRole('link', { name: 'terminals/1' }).waitFor();
    await row.getByRole('button', { name: 'Shutdown terminals/1' }).click();
    await one.getByText('There are no terminals running.').waitFor();
    await page.getByText('The shell has ended.').waitFor();
    await page.getByRole('button', { name: 'Start a new one' }).click();
    await ready();
    await type('echo new_$((2+3))\n');
    await sees('new_5');
    expect(await screen().textContent()).not.toContain('both_2');
  });

  it.runIf(everything)('comes back after a lost connection with what was printed meanwhile', async () => {
    const sockets: WebSocketRoute[] = [];
    const file = (name: string) => join(server.notebooks, name);
    await page.routeWebSocket(/terminals\/websocket/, async (ws) => {
      // the second one gets through when something was printed that the first one cannot have had
      if (sockets.length > 0) await eventually(() => existsSync(file('printed')));
      ws.connectToServer();
      sockets.push(ws);
    });
    await page.goto(`${server.url}terminals/new?token=${TOKEN}`);
    await ready();
    await type(
      'echo before_$((1+1)); until [ -e go ]; do sleep 0.1; done; echo after_$((1+2)); touch printed\n',
    );
    await sees('before_2');
    await sockets[0]?.close({ code: 1001 });
    writeFileSync(file('go'), '');
    await sees('after_3');
    expect((await screen().textContent())?.split('before_2').length, 'nothing is doubled').toBe(2);
    expect(sockets.length).toBe(2);
  });

  it('finds, copies and pastes, opens links, and lets the focus go', async () => {
    await page.goto(`${server.url}terminals/new?token=${TOKEN}`);
    await ready();
    await type('echo needle_one needle_two http://localhost:1/$((6*7))\n');
    await sees('localhost:1/42');
    await page.keyboard.press('Control+Shift+F');
    await page.getByRole('searchbox', { name: 'Find in the terminal' }).fill('needle_two');
    await page
      .locator('.search-count')
      .getByText(/^\d of 2$/)
      .waitFor();
    await page.keyboard.press('Escape');
    // the match is selected: Ctrl-C copies it, and does not interrupt
    await page.keyboard.press('Control+c');
    await expect.poll(() => page.evaluate('navigator.clipboard.readText()')).toBe('needle_two');
    await page.evaluate("navigator.clipboard.writeText('echo pasted_$((3*3))')");
    await choose('Paste');
    await page.keyboard.press('Enter');
    await sees('pasted_9');
    await type('sleep 1000\n');
    await page.keyboard.press('Control+c');
    await sees('^C');

    // Tab is the shell's; the way out is a key of its own
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').getAttribute('class')).toContain('xterm-helper-textarea');
    await page.keyboard.press('Control+Shift+L');
    expect(await page.locator(':focus').getAttribute('id')).toBe('terminal-menu');
  });

  it.runIf(everything)('follows the window, keeps its look, and reads aloud', async () => {
    await page.goto(`${server.url}terminals/new?token=${TOKEN}`);
    await ready();
    let asked = 0;
    const columns = async () => {
      asked += 1;
      await type(`echo ${asked}:$(tput cols):\n`);
      const answer = new RegExp(`\\b${asked}:(\\d+):`);
      await sees(answer);
      return Number(answer.exec((await screen().textContent()) ?? '')?.[1]);
    };
    const wide = await columns();
    expect(wide).toBeGreaterThan(120);
    await page.setViewportSize({ width: 700, height: 600 });
    await expect.poll(() => page.evaluate('document.body.scrollWidth')).toBeLessThanOrEqual(700);
    await expect.poll(columns).toBeLessThan(wide);
    await choose('Screen reader mode');
    await page.locator('.xterm-accessibility').waitFor();
    await choose('Larger text');
    await page.reload();
    await ready();
    await page.locator('.xterm-accessibility').waitFor();
    expect(await page.evaluate("localStorage.getItem('nbserver.terminal')")).toContain('"fontSize":15');
  });

  it.runIf(everything)('draws a flood and stops it at once', async () => {
    await page.goto(`${server.url}terminals/new?token=${TOKEN}`);
    await ready();
    await type('yes flood\n');
    await sees('flood');
    await page.keyboard.press('Control+c');
    await sees('^C');
    await type('echo quiet_$((1+1))\n');
    await sees('quiet_2');
  });

  it.each(everything ? (['light', 'dark'] as const) : (['light'] as const))(
    'has no accessibility problem (%s), also on a phone',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      await page.goto(`${server.url}terminals/new?token=${TOKEN}`);
      await ready();
      await choose('Colours', 'As the page');
      await type('ls --color=always /; printf "\\033[33myellow \\033[36mcyan\\033[0m\\n"\n');
      await sees('cyan');
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.getByRole('button', { name: 'Terminal' }).click();
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.locator('.menu').waitFor({ state: 'detached' });
      if (process.env.SHOTS)
        await page.screenshot({ path: `${process.env.SHOTS}/terminal-${colorScheme}.png` });
      await page.setViewportSize({ width: 390, height: 700 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
      if (process.env.SHOTS)
        await page.screenshot({ path: `${process.env.SHOTS}/terminal-phone-${colorScheme}.png` });
    },
  );
});
