/** Uploads of the dashboard when something is in their way: taken names, bad lines, a person who changes their mind. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Download, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';
import { dropFolder } from './drop-folder.js';
import { accessibilityProblems, endVisit, openBrowser, openPage, type WatchedPage } from './open-browser.js';

const MB = 1024 * 1024;
const large = Buffer.alloc(9 * MB, 'some bytes that repeat ');

describe.runIf(everything && hasChromium)('an upload', () => {
  let browser: Browser;
  let server: TestServer;
  let watched: WatchedPage;
  const file = (...parts: string[]) => join(server.notebooks, ...parts);
  const text = (...parts: string[]) => readFileSync(file(...parts), 'utf8');
  const row = (name: string) => watched.page.locator('[data-tree-item]').filter({ hasText: name });
  const upload = (name: string) => watched.page.locator('.upload-row').filter({ hasText: name });
  const button = (name: string) => watched.page.getByRole('button', { name, exact: true });
  const choose = (files: Record<string, string | Buffer>) =>
    watched.page.locator('input[type=file]').setInputFiles(
      Object.entries(files).map(([name, content]) => ({
        name,
        mimeType: '',
        buffer: Buffer.from(content),
      })),
    );

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  const open = async (settings = {}) => {
    server = await startTestServer({ base_url: '/x/', onlyOwnKernel: true, ...settings });
    writeFileSync(file('a.txt'), 'a');
    watched = await openPage(browser, new URL(server.url).origin);

    await watched.page.goto(`${server.url}tree?token=${TOKEN}`);
    await row('a.txt').waitFor();
  };
  const close = () => endVisit(watched, server);
  beforeEach(() => open());
  afterEach(close);

  it('of a folder that is there asks about each file in it, or once for all', async () => {
    const { page } = watched;
    const dialog = page.getByRole('dialog');
    await page.evaluate(dropFolder, [
      ['photos/one.txt', 'one'],
      ['photos/deep/two.txt', 'two'],
    ] as [string, string][]);
    await expect.poll(() => existsSync(file('photos', 'deep', 'two.txt'))).toBe(true);
    await page.locator('.uploads').waitFor({ state: 'detached' });
    writeFileSync(file('photos', 'one.txt'), 'mine');
    writeFileSync(file('photos', 'deep', 'two.txt'), 'mine, too');
    const again = [
      ['photos/one.txt', 'new one'],
      ['photos/deep/two.txt', 'new two'],
      ['photos/three.txt', 'three'],
    ] as [string, string][];

    await page.evaluate(dropFolder, again);
    await dialog.getByText('There is already a file named "photos/').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await dialog.getByRole('checkbox').check();
    await dialog.getByRole('button', { name: 'Skip' }).click();
    await page.locator('.uploads').waitFor({ state: 'detached' });
    expect([text('photos', 'one.txt'), text('photos', 'deep', 'two.txt')]).toEqual(['mine', 'mine, too']);
    expect(text('photos', 'three.txt')).toBe('three');

    await page.evaluate(dropFolder, again);
    await dialog.getByRole('checkbox').check();
    await dialog.getByRole('button', { name: 'Replace' }).click();
    await page.locator('.uploads').waitFor({ state: 'detached' });
    expect([text('photos', 'one.txt'), text('photos', 'deep', 'two.txt')]).toEqual(['new one', 'new two']);
  });

  it('of a name that somebody takes meanwhile takes the place of nothing', async () => {
    const { page } = watched;
    await page.route('**/api/contents/late.bin*', async (route) => {
      const isLast = route.request().url().includes('chunk=-1');
      if (isLast) writeFileSync(file('late.bin'), 'theirs');
      await route.continue();
    });
    await choose({ 'late.bin': large });
    await page.getByRole('dialog').getByRole('button', { name: 'Keep both' }).click();
    await row('late-1.bin').waitFor();
    await page.locator('.uploads').waitFor({ state: 'detached' });
    expect(text('late.bin')).toBe('theirs');
    expect(readFileSync(file('late-1.bin')).equals(large)).toBe(true);
  });

  it('that is cancelled leaves nothing behind, and small ones do not wait for it', async () => {
    const { page } = watched;
    const held: Route[] = [];
    let chunks = 0;
    await page.route('**/api/contents/large.bin*', async (route) => {
      if (route.request().method() === 'PUT' && ++chunks === 2) held.push(route);
      else await route.continue();
    });
    await choose({ 'large.bin': large });
    await expect.poll(() => upload('large.bin').locator('progress').getAttribute('value')).toBe('44');
    await choose({ 'small.txt': 'small' });
    await row('small.txt').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);

    // whoever leaves now is asked first
    const question = page.waitForEvent('dialog');
    await page.locator('h1').first().click({ force: true });
    void page.close({ runBeforeUnload: true });
    expect((await question).type()).toBe('beforeunload');
    await (await question).dismiss();

    await upload('large.bin').getByRole('button', { name: 'Cancel' }).click();
    await page.locator('.uploads').waitFor({ state: 'detached' });
    await held[0]?.abort();
    const kept = join(server.home, 'data', 'nbserver', 'uploads');
    await expect.poll(() => (existsSync(kept) ? readdirSync(kept) : [])).toEqual([]);
    expect(existsSync(file('large.bin'))).toBe(false);
  });

  it('sends a chunk again that arrived damaged, and after a failure what is missing', async () => {
    const { page } = watched;
    const sent: number[] = [];
    let failing = false;
    await page.route('**/api/contents/large.bin*', async (route) => {
      const request = route.request();
      if (request.method() !== 'PUT') return route.continue();
      sent.push(Number(new URL(request.url()).searchParams.get('chunk')));
      if (sent.length === 2) return route.continue({ postData: Buffer.alloc(4 * MB) });
      if (sent.length === 4) failing = true;
      if (failing) return route.fulfill({ status: 500, json: { message: 'The disk is full.' } });
      return route.continue();
    });
    await choose({ 'large.bin': large });
    await upload('large.bin').getByText('The disk is full.').waitFor();
    expect(sent).toEqual([1, 2, 2, -1]);
    failing = false;
    await button('Try again').click();
    await row('large.bin').waitFor();
    expect(sent).toEqual([1, 2, 2, -1, -1]);
    expect(readFileSync(file('large.bin')).equals(large)).toBe(true);
  });

  it('of a folder makes empty ones, leaves hidden names out, says so, and takes them where they are served', async () => {
    const project: [string, string][] = [
      ['project/.git/config', 'hidden'],
      ['project/.DS_Store', 'hidden'],
      ['project/code.py', 'seen'],
      ['project/results/', ''],
    ];
    await watched.page.evaluate(dropFolder, project);
    await watched.page.getByText('2 files were left out').waitFor();
    await expect.poll(() => existsSync(file('project', 'code.py'))).toBe(true);
    // for a moment, what it was written to lies beside it
    await expect.poll(() => readdirSync(file('project')).sort()).toEqual(['code.py', 'results']);
    await close();
    await open({ allow_hidden: true });
    await watched.page.evaluate(dropFolder, project);
    await expect.poll(() => existsSync(file('project', '.git', 'config'))).toBe(true);
    await watched.page.locator('.uploads').waitFor({ state: 'detached' });
    await expect
      .poll(() => readdirSync(file('project')).sort())
      .toEqual(['.DS_Store', '.git', 'code.py', 'results']);
  });
});

describe.runIf(everything && hasChromium)('the list of a folder that changes', () => {
  let browser: Browser;
  let server: TestServer;
  let watched: WatchedPage;
  const file = (...parts: string[]) => join(server.notebooks, ...parts);
  const row = (name: string) => watched.page.locator('[data-tree-item]').filter({ hasText: name });
  const button = (name: string) => watched.page.getByRole('button', { name, exact: true });
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await startTestServer({ base_url: '/x/', onlyOwnKernel: true });
    mkdirSync(file('d'));
    for (let at = 0; at < 400; at += 1)
      writeFileSync(file('d', `a file with quite a long name ${at}.txt`), '');
    watched = await openPage(browser, new URL(server.url).origin);
    await watched.page.goto(`${server.url}tree/d?token=${TOKEN}`);
    await row('long name 0.txt').waitFor();
  });
  afterEach(() => endVisit(watched, server));

  it('stays where it was scrolled to, with what was selected', async () => {
    const { page } = watched;
    await page.evaluate('scrollTo(0, 6000)');
    await row('long name 200.txt').getByRole('checkbox').click();
    const at = await page.evaluate<number>('scrollY');
    writeFileSync(file('d', 'z.txt'), '');
    await page.getByRole('list', { name: 'Files, 401 items' }).waitFor();
    expect(await page.evaluate('scrollY')).toBe(at);
    expect(await row('long name 200.txt').getByRole('checkbox').isChecked()).toBe(true);
  });

  it('is read to its end on a slow line, however often a file changes', async () => {
    const { page } = watched;
    await page.route('**/api/contents/d?type=directory', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await route.continue();
    });
    const writing = setInterval(() => writeFileSync(file('d', 'log.txt'), String(Date.now())), 100);
    try {
      writeFileSync(file('d', '0 new file.txt'), '');
      await row('0 new file.txt').waitFor();
    } finally {
      clearInterval(writing);
      await page.unrouteAll({ behavior: 'ignoreErrors' });
    }
  });

  it('is given as one archive, of more names than an address holds', async () => {
    const { page } = watched;
    await button('Refresh').focus();
    await page.getByRole('checkbox', { name: 'Select all' }).click();
    const download = new Promise<string>((resolve, reject) => {
      const take = (started: Download) => void started.path().then(resolve, reject);
      page.on('download', take);
      // the browser shows it as that of the tab that was opened for it, or of this one
      page.context().on('page', (opened) => opened.on('download', take));
    });
    await button('Download').click();
    expect(
      readFileSync(await download)
        .subarray(0, 2)
        .toString(),
    ).toBe('PK');
  });

  it('acts on no row that a filter hides', async () => {
    const { page } = watched;
    await row('long name 0.txt').getByRole('checkbox').click();
    await page.locator('#filter').fill('name 399');
    await page.getByText('1 selected, hidden by the filter.').waitFor();
    expect(await button('Delete').count()).toBe(0);
    await page.locator('#filter').press('ArrowDown');
    await page.keyboard.press('Delete');
    await page.getByRole('dialog').getByText('long name 399.txt').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await row('long name 399.txt').waitFor({ state: 'detached' });
    expect(existsSync(file('d', 'a file with quite a long name 0.txt'))).toBe(true);
  });
});
