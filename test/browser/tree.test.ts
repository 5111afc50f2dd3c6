import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';
import { unzip } from '../unzip.js';
import { cuttingProxy } from '../cutting-proxy.js';
import { dropFolder } from './drop-folder.js';
import { accessibilityProblems, endVisit, openBrowser, openPage, type WatchedPage } from './open-browser.js';

const notebook = JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [] });
const hostile = [
  '<img src=x onerror="window.pwned=1">.txt',
  'javascript:alert(1)',
  '"><script>pwned=1<',
  '100%25.txt',
];

describe.skipIf(!hasChromium)('the dashboard', () => {
  let browser: Browser;
  let server: TestServer;
  let watched: WatchedPage;
  const file = (...parts: string[]) => join(server.notebooks, ...parts);
  const row = (name: string) => watched.page.locator('[data-tree-item]').filter({ hasText: name });
  const names = () => watched.page.locator('[data-tree-item] bdi').allTextContents();
  const button = (name: string) => watched.page.getByRole('button', { name, exact: true });

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    server = await startTestServer({ base_url: '/x/', onlyOwnKernel: true });
    mkdirSync(file('folder', 'inner #1'), { recursive: true });
    writeFileSync(file('folder', 'deep.txt'), 'deep');
    writeFileSync(file('A.ipynb'), notebook);
    writeFileSync(file('b.txt'), 'Hello <b>you</b>\n');
    writeFileSync(file('c.csv'), 'x'.repeat(1500));
    watched = await openPage(browser, new URL(server.url).origin);
    await watched.page.goto(`${server.url}tree?token=${TOKEN}`);
    await row('b.txt').waitFor();
  });
  afterEach(() => endVisit(watched, server));

  it('lists folders, notebooks and files, with sizes and times', async () => {
    const { page } = watched;
    expect(await names()).toEqual(['folder', 'A.ipynb', 'b.txt', 'c.csv']);
    expect(await row('c.csv').textContent()).toContain('1.5 kB');
    expect(await row('c.csv').textContent()).toContain('seconds ago');
    expect(await page.title()).toBe('Home - nbserver');
    expect(page.url(), 'the token must not stay in the address').not.toContain('token');
    await button('File size').click();
    expect(await names()).toEqual(['c.csv', 'A.ipynb', 'b.txt', 'folder']);
    await page.reload();
    await row('b.txt').waitFor();
    expect((await names())[0], 'the order is kept').toBe('c.csv');
  });

  it.runIf(everything)('opens folders in place and goes back', async () => {
    const { page } = watched;
    await row('folder').getByRole('link').click();
    await row('deep.txt').waitFor();
    await row('inner #1').getByRole('link').click();
    await page.getByText('This folder is empty.').waitFor();
    expect(page.url()).toBe(`${server.url}tree/folder/inner%20%231`);
    expect(await page.title()).toBe('inner #1/ - nbserver');
    await page.goBack();
    await row('deep.txt').waitFor();
    await page.getByRole('navigation', { name: 'Folder' }).getByRole('link', { name: 'Home' }).click();
    await row('b.txt').waitFor();
    await page.goto(`${server.url}tree/folder/inner%20%231`);
    await page.getByText('This folder is empty.').waitFor();
  });

  it('makes a notebook for a kernel in a tab of its own', async () => {
    const { page } = watched;
    await button('New').click();
    const opened = page.context().waitForEvent('page');
    await page.getByRole('menuitem', { name: 'JavaScript (Node.js)' }).click();
    const tab = await opened;
    await tab.waitForURL(/\/x\/notebooks\/Untitled\.ipynb\?kernel_name=/);
    expect(existsSync(file('Untitled.ipynb'))).toBe(true);
    await row('Untitled.ipynb').waitFor();
  });

  it('makes folders and text files, and renames what is new by keyboard', async () => {
    const { page } = watched;
    await button('New').click();
    await page.getByRole('menuitem', { name: 'Folder' }).click();
    await row('Untitled Folder').waitFor();
    await page.locator('[data-tree-item] a:focus').waitFor();
    await page.keyboard.press('F2');
    await page.keyboard.type('results');
    await page.keyboard.press('Enter');
    await row('results').waitFor();
    expect(existsSync(file('results'))).toBe(true);
    await expect.poll(() => page.locator('a:focus').textContent()).toContain('results');
    await button('New').click();
    const opened = page.context().waitForEvent('page');
    await page.getByRole('menuitem', { name: 'Text File' }).click();
    await (await opened).waitForURL(`${server.url}edit/untitled.txt`);
    await row('untitled.txt').waitFor();
  });

  it.runIf(everything)('renames, and says why a name is refused', async () => {
    const { page } = watched;
    await row('b.txt').getByRole('checkbox').click();
    await button('Rename').click();
    const dialog = page.getByRole('dialog', { name: 'Rename file' });
    const field = dialog.getByRole('textbox');
    await field.fill('c.csv');
    await field.press('Enter');
    await dialog.getByRole('alert').waitFor();
    expect(await dialog.getByRole('alert').textContent()).toContain('already exists');
    await field.fill('.hidden');
    await field.press('Enter');
    await dialog.getByText('would be hidden').waitFor();
    await field.fill('new name.txt');
    await field.press('Enter');
    await row('new name.txt').waitFor();
    expect(readFileSync(file('new name.txt'), 'utf8')).toBe('Hello <b>you</b>\n');
    expect(existsSync(file('b.txt'))).toBe(false);
  });

  it.runIf(everything)('deletes after a question, and Esc deletes nothing', async () => {
    const { page } = watched;
    await row('b.txt').getByRole('checkbox').click();
    await row('c.csv').getByRole('checkbox').click();
    await button('Delete').click();
    await page.getByRole('dialog').getByText('c.csv').waitFor();
    await page.keyboard.press('Escape');
    expect(existsSync(file('b.txt'))).toBe(true);
    await button('Delete').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await row('b.txt').waitFor({ state: 'detached' });
    expect(readdirSync(server.notebooks).sort()).toEqual(['A.ipynb', 'folder']);
  });

  it.runIf(everything)('deletes a folder with what is in it', async () => {
    await row('folder').getByRole('checkbox').click();
    await button('Delete').click();
    await watched.page.getByRole('dialog').getByText('with everything in it').waitFor();
    await watched.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await row('folder').waitFor({ state: 'detached' });
    expect(existsSync(file('folder'))).toBe(false);
  });

  it.runIf(everything)('duplicates and moves', async () => {
    const { page } = watched;
    await row('b.txt').getByRole('checkbox').click();
    await button('Duplicate').click();
    await row('b-Copy1.txt').waitFor();
    await row('b.txt').getByRole('checkbox').click();
    await row('folder').getByRole('checkbox').click();
    await button('Duplicate').click();
    await row('folder-Copy1').waitFor();
    expect(readFileSync(file('folder-Copy1', 'deep.txt'), 'utf8')).toBe('deep');
    await row('folder').first().getByRole('checkbox').click();
    await row('b.txt').getByRole('checkbox').click();
    await button('Move').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox').fill('/nowhere');
    await page.keyboard.press('Enter');
    await dialog.getByRole('alert').waitFor();
    await dialog.getByRole('textbox').fill('/folder/');
    await page.keyboard.press('Enter');
    await row('b.txt').waitFor({ state: 'detached' });
    expect(existsSync(file('folder', 'b.txt'))).toBe(true);
  });

  it('uploads, asks before it replaces, and refuses what is no notebook', async () => {
    const { page } = watched;
    const big = Buffer.alloc(9_000_000, 'abc');
    const input = page.locator('input[type=file]');
    await input.setInputFiles([
      { name: 'b.txt', mimeType: 'text/plain', buffer: Buffer.from('replaced') },
      { name: 'big.bin', mimeType: '', buffer: big },
      { name: 'ü.ipynb', mimeType: '', buffer: Buffer.from(notebook) },
      { name: 'no.ipynb', mimeType: '', buffer: Buffer.from('not json') },
    ]);
    await page.getByRole('dialog').getByRole('button', { name: 'Replace' }).click();
    await page.getByText('The file is not a notebook').waitFor();
    await row('big.bin').waitFor();
    await row('ü.ipynb').waitFor();
    expect(readFileSync(file('b.txt'), 'utf8')).toBe('replaced');
    expect(readFileSync(file('big.bin')).equals(big)).toBe(true);
    expect(readFileSync(file('ü.ipynb'), 'utf8'), 'byte for byte').toBe(notebook);
    expect(existsSync(file('no.ipynb'))).toBe(false);
    await button('Dismiss').click();

    await input.setInputFiles([{ name: 'b.txt', mimeType: 'text/plain', buffer: Buffer.from('second') }]);
    await page.getByRole('dialog').getByRole('button', { name: 'Keep both' }).click();
    await row('b-1.txt').waitFor();
    expect(readFileSync(file('b.txt'), 'utf8')).toBe('replaced');
    expect(readFileSync(file('b-1.txt'), 'utf8')).toBe('second');
  });

  it.runIf(everything)('takes files that are dropped on the page', async () => {
    const { page } = watched;
    await page.evaluate(`{
      const data = new DataTransfer();
      data.items.add(new File(['dropped'], 'dropped.txt'));
      document.querySelector('main').dispatchEvent(
        new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    }`);
    await row('dropped.txt').waitFor();
    expect(readFileSync(file('dropped.txt'), 'utf8')).toBe('dropped');
  });

  it('downloads a file as it is, and a selection with folders as one archive', async () => {
    const { page } = watched;
    const download = async () => {
      const started = page.waitForEvent('download');
      await button('Download').click();
      return started;
    };
    await row('b.txt').getByRole('checkbox').click();
    const one = await download();
    expect(one.suggestedFilename()).toBe('b.txt');
    expect(readFileSync(await one.path(), 'utf8')).toBe('Hello <b>you</b>\n');

    await row('folder').getByRole('checkbox').click();
    const archive = await download();
    expect(archive.suggestedFilename()).toBe('notebooks.zip');
    const unpacked = await unzip(readFileSync(await archive.path()));
    expect([...unpacked.keys()].sort()).toEqual(['b.txt', 'folder/', 'folder/deep.txt', 'folder/inner #1/']);
    expect(unpacked.get('folder/deep.txt')).toBe('deep');
  });

  it.runIf(everything)('shows hidden files where the server gives them out', async () => {
    const { page } = watched;
    await button('More').click();
    expect(await page.getByRole('menuitemcheckbox', { name: 'Hidden files' }).isDisabled()).toBe(true);
    const open = await startTestServer({ base_url: '/x/', onlyOwnKernel: true, allow_hidden: true });
    try {
      writeFileSync(join(open.notebooks, '.profile'), 'hidden');
      writeFileSync(join(open.notebooks, 'seen.txt'), 'seen');
      await page.goto(`${open.url}tree?token=${TOKEN}`);
      await row('seen.txt').waitFor();
      expect(await names()).toEqual(['seen.txt']);
      await button('More').click();
      await page.getByRole('menuitemcheckbox', { name: 'Hidden files' }).click();
      await row('.profile').waitFor();
      await page.reload();
      await row('.profile').waitFor();
      await row('.profile').getByRole('checkbox').click();
      await button('Rename').click();
      await page.getByRole('dialog').getByRole('textbox').fill('.gitignore');
      await page.keyboard.press('Enter');
      await row('.gitignore').waitFor();
    } finally {
      await page.goto('about:blank');
      watched.outside.length = 0; // the second server is not the one that the page belongs to
      await open.close();
    }
  });

  it.runIf(everything)('shows hostile names as names, and opens them as files', async () => {
    const { page } = watched;
    for (const name of hostile) writeFileSync(file(name), 'harmless');
    await button('Refresh').click();
    await row('100%25.txt').waitFor();
    expect(await names()).toEqual(expect.arrayContaining(hostile));
    for (const name of hostile) {
      const opened = page.context().waitForEvent('page');
      await row(name).getByRole('link').click();
      const tab = await opened;
      await tab.getByText('harmless').waitFor();
      expect(new URL(tab.url()).pathname).toBe(`/x/edit/${encodeURIComponent(name)}`);
      expect(await tab.evaluate('window.pwned')).toBeUndefined();
      await tab.close();
    }
    for (const name of hostile) await row(name).getByRole('checkbox').click();
    await button('Delete').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await row('100%25.txt').waitFor({ state: 'detached' });
    expect(await page.evaluate('window.pwned')).toBeUndefined();
  });

  it.runIf(everything)('shows running kernels and stops them', async () => {
    const { page } = watched;
    const answer = await server.fetch('api/sessions', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ path: 'A.ipynb', name: '', type: 'notebook', kernel: { name: 'javascript' } }),
    });
    expect(answer.status, await answer.text()).toBe(201);
    await button('Refresh').click();
    await row('A.ipynb').getByText('Running').waitFor();
    await page.getByRole('tab', { name: /Running/ }).click();
    await page.getByText('JavaScript (Node.js)').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await button('Shutdown A.ipynb').click();
    await page.getByText('There are no notebooks running.').waitFor();
    expect(await (await server.fetch('api/sessions')).json()).toEqual([]);
  });

  it('works by keyboard: arrows, Space, letters that filter', async () => {
    const { page } = watched;
    const selected = () => page.locator('[data-tree-item].selected bdi').allTextContents();
    await page.locator('[data-tree-item] a').first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    expect(await selected()).toEqual(['A.ipynb']);
    await page.keyboard.press('Shift+ArrowDown');
    expect(await selected()).toEqual(['A.ipynb', 'b.txt']);
    await page.keyboard.press('Escape');
    expect(await selected()).toEqual([]);
    await page.keyboard.press('Control+a');
    expect(await selected()).toHaveLength(4);
    await page.keyboard.press('Escape');
    await page.keyboard.type('csv');
    expect(await names()).toEqual(['c.csv']);
    expect(await page.locator('#filter').inputValue()).toBe('csv');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Escape');
    expect(await names()).toHaveLength(4);
  });

  it.runIf(everything)('has menus that follow the keyboard, and gives focus back', async () => {
    const { page } = watched;
    const focused = () => page.locator(':focus');
    await button('Select by kind').focus();
    await page.keyboard.press('ArrowDown');
    expect(await focused().textContent()).toBe('Folders');
    await page.keyboard.press('ArrowUp');
    expect(await focused().textContent(), 'from the first to the last').toBe('Files');
    await page.keyboard.press('r');
    expect(await focused().textContent(), 'by its first letter').toBe('Running');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('menu').count()).toBe(0);
    expect(await focused().getAttribute('aria-label')).toBe('Select by kind');
    expect(await focused().getAttribute('aria-expanded')).toBe('false');
    await page.keyboard.press('Enter');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    expect(await page.locator('[data-tree-item].selected bdi').allTextContents()).toEqual(['b.txt', 'c.csv']);

    await button('Delete').focus();
    await page.keyboard.press('Enter');
    // The question says what becomes of the files, which the page asks the server first.
    await page.getByRole('dialog').waitFor();
    expect(await focused().textContent(), 'a dangerous question starts at Cancel').toBe('Cancel');
    await page.keyboard.press('Escape');
    expect(await focused().getAttribute('aria-label')).toBe('Delete');
    await button('New').click();
    await page
      .locator('.hint, .list-header')
      .first()
      .click({ position: { x: 300, y: 5 }, force: true });
    expect(await page.getByRole('menu').count(), 'a click elsewhere closes').toBe(0);
  });

  it.runIf(everything)('remembers the theme before the first paint', async () => {
    const { page } = watched;
    await button('Theme').click();
    await page.getByRole('menuitemcheckbox', { name: 'Dark' }).click();
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    expect(await background()).toBe('rgb(27, 31, 36)');
    await page.reload();
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
    expect(await background()).toBe('rgb(27, 31, 36)');
  });

  it.runIf(everything)('keeps what is selected over a refresh', async () => {
    await row('b.txt').getByRole('checkbox').click();
    writeFileSync(file('another.txt'), '');
    await button('Refresh').click();
    await row('another.txt').waitFor();
    expect(await row('b.txt').getByRole('checkbox').isChecked()).toBe(true);
    expect(await row('another.txt').getByRole('checkbox').isChecked()).toBe(false);
  });

  it.runIf(everything)('stays usable with 10,000 files', async () => {
    const { page } = watched;
    mkdirSync(file('many'));
    for (let index = 0; index < 10_000; index += 1) writeFileSync(file('many', `file-${index}.txt`), '');
    await page.goto(`${server.url}tree/many`);
    await row('file-0.txt').waitFor();
    expect(await page.locator('[data-tree-item]').count()).toBeLessThan(200);
    await page.locator('[data-tree-item] a').first().focus();
    await page.keyboard.press('End');
    await page.locator('a:focus', { hasText: 'file-9999.txt' }).waitFor();
    await page.keyboard.press('Home');
    await page.locator('a:focus', { hasText: 'file-0.txt' }).waitFor();
    await page.mouse.move(300, 300);
    await page.mouse.wheel(0, 100_000);
    await row('file-3110.txt').waitFor();
    expect(await page.locator('a:focus').textContent(), 'out of sight').toBe('file-0.txt');
    await page.keyboard.press('ArrowDown');
    await page.locator('a:focus', { hasText: 'file-1.txt' }).waitFor();
    await page.keyboard.press('End');
    await row('file-9999.txt').waitFor();
    for (let index = 400; index < 10_000; index += 1) rmSync(file('many', `file-${index}.txt`));
    await page.getByRole('list', { name: 'Files, 400 items' }).waitFor();
    await page.locator('a:focus', { hasText: 'file-399.txt' }).waitFor();
    for (let index = 400; index < 10_000; index += 1) writeFileSync(file('many', `file-${index}.txt`), '');
    await page.getByRole('list', { name: 'Files, 10000 items' }).waitFor();
    await page.keyboard.type('file-777');
    await row('file-7779.txt').waitFor();
    expect(await names()).toHaveLength(11);
  });

  it.runIf(everything)('says that a folder is gone, and leads home', async () => {
    const { page } = watched;
    await row('folder').getByRole('link').click();
    await row('deep.txt').waitFor();
    rmSync(file('folder'), { recursive: true });
    await button('Refresh').click();
    await page.getByText('There is no folder named "folder" any more.').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await button('Home').click();
    await row('b.txt').waitFor();
  });

  it.runIf(everything)('says that the server is gone, and goes on when it is back', async () => {
    const { page } = watched;
    await page.context().setOffline(true);
    await button('Refresh').click();
    await page.getByText('The server does not answer.').waitFor();
    expect(await names(), 'the list stays').toHaveLength(4);
    await page.context().setOffline(false);
    await button('Try again').click();
    await page.getByText('The server does not answer.').waitFor({ state: 'hidden' });
  });

  it.runIf(everything)('says that nobody is logged in any more, and leads back', async () => {
    const { page } = watched;
    await page.context().clearCookies();
    await button('Refresh').click();
    await page.getByText('You are logged out.').waitFor();
    const link = page.getByRole('alert').getByRole('link', { name: 'Log in' });
    expect(await link.getAttribute('href')).toBe('/x/login?next=%2Fx%2Ftree');
  });

  it('stops the server after a question', async () => {
    const { page } = watched;
    await button('Quit').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Quit' }).click();
    await page.getByRole('heading', { name: 'Server stopped' }).waitFor();
    await server.server.stopRequested;
  });

  it.runIf(everything)('logs out', async () => {
    const { page } = watched;
    await button('Logout').click();
    await page.getByRole('heading', { name: /^Logged out/ }).waitFor();
    await page.goto(`${server.url}tree`);
    expect(page.url()).toContain('/x/login?next=');
  });

  describe.each(everything ? (['light', 'dark'] as const) : (['light'] as const))('%s', (colorScheme) => {
    it('has no accessibility fault: idle, selected, menu, dialog, message, phone', async () => {
      const { page } = watched;
      await page.emulateMedia({ colorScheme });
      expect(await accessibilityProblems(page)).toEqual([]);
      if (process.env.SHOTS)
        await page.screenshot({ path: `${process.env.SHOTS}/dashboard-${colorScheme}.png` });
      await row('b.txt').getByRole('checkbox').click();
      expect(await accessibilityProblems(page)).toEqual([]);
      await button('New').click();
      await page.getByRole('menu').waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await button('Delete').click();
      await page.getByRole('dialog').waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.setViewportSize({ width: 360, height: 700 });
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth'), 'nothing sticks out').toBe(360);
      await row('folder').getByRole('link').click();
      await row('deep.txt').waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.goto(`${server.url}edit/b.txt`);
      await page.locator('body[data-loaded]').waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.goto(`${server.url}view/b.txt`);
      expect(await accessibilityProblems(page)).toEqual([]);
    });
  });
});

describe.skipIf(!hasChromium)('the dashboard, live', () => {
  let browser: Browser;
  let server: TestServer;
  let watched: WatchedPage;
  const file = (...parts: string[]) => join(server.notebooks, ...parts);
  const row = (name: string) => watched.page.locator('[data-tree-item]').filter({ hasText: name });

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await startTestServer({ base_url: '/x/', onlyOwnKernel: true });
    writeFileSync(file('a.txt'), 'a');
    watched = await openPage(browser, new URL(server.url).origin);
    await watched.page.goto(`${server.url}tree?token=${TOKEN}`);
    await row('a.txt').waitFor();
  });
  afterEach(() => endVisit(watched, server));

  it('shows what other programs write, and keeps the focus and the selection', async () => {
    const { page } = watched;
    await row('a.txt').getByRole('link').focus();
    writeFileSync(file('0.txt'), '0');
    await row('0.txt').waitFor();
    await page.keyboard.press('F2');
    expect(await page.getByRole('dialog').getByRole('textbox').inputValue()).toBe('a.txt');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Space');
    expect(await row('0.txt').getByRole('checkbox').isChecked()).toBe(false);
    writeFileSync(file('b.txt'), 'b');
    await row('b.txt').waitFor();
    expect(await row('a.txt').getByRole('checkbox').isChecked()).toBe(true);
    rmSync(file('a.txt'));
    await row('a.txt').waitFor({ state: 'detached' });
    writeFileSync(
      file('README.md'),
      '# About\n\n<script>window.pwned=1</script><img src="x.png" alt="x" onerror="window.pwned=1"> these files',
    );
    const text = watched.page.getByRole('region', { name: 'About this folder' });
    await text.getByRole('heading', { name: 'About' }).waitFor();
    expect(await watched.page.evaluate('window.pwned')).toBeUndefined();
    expect(await text.locator('img').getAttribute('onerror')).toBeNull();
    expect(await accessibilityProblems(watched.page)).toEqual([]);
    // Chromium refuses the handler already while the sanitiser parses the text, and says so
    const refused = watched.problems.findIndex((line) => line.startsWith('Executing inline event handler'));
    if (refused !== -1) watched.problems.splice(refused, 1);
  });

  it.runIf(everything)('takes a deletion back', async () => {
    const { page } = watched;
    mkdirSync(file('full'));
    writeFileSync(file('full', 'inside.txt'), 'inside');
    await row('full').getByRole('checkbox').click();
    await row('a.txt').getByRole('checkbox').click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('move to the trash these 2 items').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('2 items are in the trash.').waitFor();
    expect(readdirSync(server.notebooks).filter((name) => !name.startsWith('.'))).toEqual([]);
    await page.getByRole('button', { name: 'Undo' }).click();
    await row('a.txt').waitFor();
    await row('full').waitFor();
    expect(readFileSync(file('full', 'inside.txt'), 'utf8')).toBe('inside');

    // later, the trash itself has it
    await row('full').getByRole('checkbox').click();
    await page.keyboard.press('Delete');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await row('full').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Trash…' }).click();
    const trash = page.getByRole('dialog', { name: 'Trash' });
    await trash.getByRole('button', { name: 'Put back' }).click();
    await trash.getByText('Select what is meant first.').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await trash.getByRole('checkbox', { name: /^full from Home/ }).click();
    await trash.getByRole('button', { name: 'Put back' }).click();
    await row('full').waitFor();
    expect(readFileSync(file('full', 'inside.txt'), 'utf8')).toBe('inside');
  });

  it('uploads a folder with all that is in it', async () => {
    const source = file('..', 'source', 'photos');
    mkdirSync(join(source, 'deep'), { recursive: true });
    for (let at = 0; at < 20; at += 1) writeFileSync(join(source, 'deep', `${at}.txt`), `file ${at}`);
    writeFileSync(join(source, 'top.txt'), 'top');
    const chooser = watched.page.waitForEvent('filechooser');
    await watched.page.getByRole('button', { name: 'Upload a folder' }).click();
    await (await chooser).setFiles(source);
    await row('photos').waitFor();
    await expect.poll(() => existsSync(file('photos', 'top.txt'))).toBe(true);
    await watched.page.locator('.uploads').waitFor({ state: 'detached' });
    expect(readFileSync(file('photos', 'top.txt'), 'utf8')).toBe('top');
    expect(readFileSync(file('photos', 'deep', '19.txt'), 'utf8')).toBe('file 19');
    expect(readdirSync(file('photos', 'deep')).length).toBe(20);
  });

  it.runIf(everything)('takes a dropped folder of 500 files, and gives it back as an archive', async () => {
    const { page } = watched;
    const sent = new Map<string, string>();
    for (let at = 0; at < 500; at += 1) sent.set(`photos/${at % 3}/${at}.txt`, `file ${at}`);
    await page.evaluate(dropFolder, [...sent]);
    await row('photos').waitFor();
    const uploads = page.locator('.uploads');
    await uploads.waitFor();
    await uploads.waitFor({ state: 'detached', timeout: 600_000 });
    expect(await page.locator('.upload-row.failed').count()).toBe(0);

    await row('photos').getByRole('checkbox').click();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download', exact: true }).click();
    const unpacked = await unzip(readFileSync(await (await download).path()));
    const files = [...unpacked].filter(([path]) => !path.endsWith('/')).sort();
    expect(files).toEqual([...sent].sort());
  });

  it('goes on with an upload after broken connections, and the file appears only when it is whole', async () => {
    const size = 64 * 1024 * 1024;
    const bytes = Buffer.alloc(size, 'some bytes that repeat ');
    writeFileSync(file('..', 'big.bin'), bytes);
    const chunks: string[] = [];
    const early: string[] = [];
    // cut twice in the middle of a chunk, and once when the server has taken one
    const proxy = await cuttingProxy(Number(new URL(server.url).port), {
      every: 21 * 1024 * 1024,
      most: 3,
      losesAnswerTo: /chunk=9&/,
      onRequest: (line) => {
        const chunk = /^PUT .*[?&]chunk=(-?\d+)/.exec(line)?.[1];
        if (chunk === undefined) return;
        chunks.push(chunk);
        if (existsSync(file('big.bin'))) early.push(chunk);
      },
    });
    const visit = await openPage(browser, new URL(proxy.url).origin);
    try {
      const { page } = visit;
      await page.goto(`${proxy.url}x/tree?token=${TOKEN}`);
      const chooser = page.waitForEvent('filechooser');
      await page.getByRole('button', { name: 'Upload', exact: true }).click();
      await (await chooser).setFiles(file('..', 'big.bin'));
      const failed = page.locator('.upload-row.failed');
      const arrived = page.locator('[data-tree-item]').filter({ hasText: 'big.bin' });
      await arrived.or(failed).first().waitFor({ timeout: 300_000 });
      expect(await failed.allTextContents()).toEqual([]);
      expect(visit.problems).toEqual([]);
    } finally {
      await visit.close();
      proxy.close();
    }
    expect(readFileSync(file('big.bin')).equals(bytes)).toBe(true);
    expect({ cuts: proxy.cuts(), early }).toEqual({ cuts: 3, early: [] });
    // each in its turn, and after a cut the same one again: never from the beginning
    const numbers = chunks.map(Number).map((n) => (n === -1 ? 16 : n));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(new Set(numbers).size).toBe(16);
    expect(numbers.length).toBeLessThanOrEqual(16 + 2 * proxy.cuts());
  });

  it.runIf(everything).each(['light', 'dark'] as const)(
    'says who is logged in and what the settings are, and ends sessions (%s)',
    async (colorScheme) => {
      const { page } = watched;
      await page.emulateMedia({ colorScheme });
      const other = await openPage(browser, new URL(server.url).origin);
      await other.page.goto(`${server.url}tree?token=${TOKEN}`);
      await page.getByRole('tab', { name: 'Server' }).click();
      const logins = page.getByRole('list', { name: 'Who is logged in' }).getByRole('listitem');
      await logins.filter({ hasText: '(this browser)' }).waitFor();
      expect(await logins.count()).toBe(2);
      await page.getByText('Settings in force').click();
      const token = page
        .getByRole('row')
        .filter({ has: page.getByRole('rowheader', { name: 'token', exact: true }) });
      expect(await token.textContent()).toContain('(hidden)');
      expect(await page.content()).not.toContain(TOKEN);
      expect(await accessibilityProblems(page)).toEqual([]);
      if (process.env.SHOTS)
        await page.screenshot({ path: `${process.env.SHOTS}/server-${colorScheme}.png` });
      await page.setViewportSize({ width: 360, height: 700 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
      await page.getByRole('button', { name: /^End session/ }).click();
      await expect.poll(() => logins.count()).toBe(1);
      await other.page.reload();
      expect(other.page.url()).toContain('/login?next=');
      await other.close();
    },
  );

  it('tells what a kernel is at, and shuts down all at once', async () => {
    const { page } = watched;
    writeFileSync(
      file('work.ipynb'),
      JSON.stringify({
        nbformat: 4,
        nbformat_minor: 5,
        metadata: {},
        cells: ['one', 'two'].map((id) => ({
          cell_type: 'code',
          id,
          metadata: {},
          outputs: [],
          execution_count: null,
          source: id === 'one' ? '1' : 'await new Promise(() => {})',
        })),
      }),
    );
    const post = async (path: string, body: object) =>
      (await (await server.fetch(path, { method: 'POST', body: JSON.stringify(body) })).json()) as {
        id: string;
      };
    const { id } = await post('api/documents', { path: 'work.ipynb', start_kernel: true });
    await post(`api/documents/${id}/run`, {});
    await post('api/terminals', {});
    await post('api/kernels', { name: 'javascript' });
    writeFileSync(file('looked-at.ipynb'), notebook);
    await post('api/documents', { path: 'looked-at.ipynb' });
    await page.getByRole('tab', { name: 'Running' }).click();
    const running = page.getByRole('list', { name: 'Running notebooks' }).getByRole('listitem');
    await running.getByText(/busy for \d+ s, cell 2 of 2/).waitFor();
    await running.getByText(/MB/).waitFor();
    await running.filter({ hasText: 'looked-at.ipynb' }).getByText('open, no kernel').waitFor();
    const list = (name: string) => page.getByRole('list', { name }).getByRole('listitem');
    await list('Running kernels without a notebook').getByText(/MB/).waitFor();
    await list('Running terminals').filter({ hasText: '(idle)' }).getByText(/MB/).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/running.png` });
    await page.getByRole('button', { name: 'Shut Down All' }).click();
    await page.getByText('2 kernels and 1 terminal will stop').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Shut Down All' }).click();
    await running.getByText(/busy/).waitFor({ state: 'detached' });
    await page.getByText('There are no terminals running.').waitFor();
    await page.getByText('Kernels without a notebook').waitFor({ state: 'detached' });
    expect(await (await server.fetch('api/kernels')).json()).toEqual([]);
  });

  it.runIf(everything)('says why a kernel ended', async () => {
    const { page } = watched;
    const other = await startTestServer({ base_url: '/x/', onlyOwnKernel: true, autorestart: false });
    try {
      writeFileSync(
        join(other.notebooks, 'dies.ipynb'),
        JSON.stringify({
          nbformat: 4,
          nbformat_minor: 5,
          metadata: {},
          cells: [
            {
              cell_type: 'code',
              id: 'one',
              metadata: {},
              outputs: [],
              execution_count: null,
              source: "process.kill(process.pid, 'SIGKILL')",
            },
          ],
        }),
      );
      const post = async (path: string, body: object) =>
        (await (await other.fetch(path, { method: 'POST', body: JSON.stringify(body) })).json()) as {
          id: string;
        };
      const { id } = await post('api/documents', { path: 'dies.ipynb', start_kernel: true });
      await page.goto(`${other.url}tree?token=${TOKEN}#running`);
      await page.getByRole('listitem').filter({ hasText: 'dies.ipynb' }).waitFor();
      await post(`api/documents/${id}/run`, {});
      await page
        .getByRole('listitem')
        .filter({ hasText: 'dies.ipynb' })
        .getByText(/SIGKILL|killed/i)
        .waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
    } finally {
      await page.goto('about:blank');
      watched.outside.length = 0; // the second server is not the one that the page belongs to
      await other.close();
    }
  });
});
