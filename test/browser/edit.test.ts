import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';
import { accessibilityProblems, endVisit, openBrowser, openPage, type WatchedPage } from './open-browser.js';

/** The texts that the browser keeps; undefined for a record that has none. */
const KEPT = `new Promise((done) => {
  const asked = indexedDB.open('nbserver.edit', 1);
  asked.onupgradeneeded = () => asked.transaction.abort(); // the page is to make it
  asked.onerror = () => done([]);
  asked.onsuccess = () => {
    const all = asked.result.transaction('drafts').objectStore('drafts').getAll();
    all.onsuccess = () => done(all.result.map(({ text }) => text));
    asked.result.close();
  };
})`;

describe.skipIf(!hasChromium)('the editor page', () => {
  let browser: Browser;
  let server: TestServer;
  let watched: WatchedPage;
  let page: Page;
  const disk = (name: string) => join(server.notebooks, name);
  const content = (name: string) => readFileSync(disk(name), 'utf8');

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await startTestServer({ base_url: '/x/', onlyOwnKernel: true });
    watched = await openPage(browser, new URL(server.url).origin);
    page = watched.page;
  });
  afterEach(() => endVisit(watched, server));

  const text = () => page.locator('.cm-content');
  const open = async (name: string) => {
    await page.goto(`${server.url}edit/${name}?token=${TOKEN}`);
    await page.locator('body[data-loaded]').waitFor();
  };
  const state = (name: string) => page.locator(`body[data-file="${name}"]`).waitFor();
  const save = async () => {
    await page.keyboard.press('Control+s');
    await state('saved');
  };
  const menu = async (name: string, ...items: string[]) => {
    await page.getByRole('menuitem', { name, exact: true }).click();
    for (const item of items) {
      const found = page.getByRole('menuitem', { name: item });
      await found.or(page.getByRole('menuitemcheckbox', { name: item })).click();
    }
  };

  it('edits, saves byte for byte, merges what others wrote, and keeps both where they collide', async () => {
    writeFileSync(disk('a.py'), 'one = 1\r\ntwo = 2\r\nthree = 3\r\n');
    await open('a.py');
    await page.locator('#language').getByText('Python').waitFor();
    await page.locator('.tok-number').first().waitFor();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('four = 4');
    expect(await page.title()).toBe('*a.py - nbserver');
    await save();
    expect(content('a.py')).toBe('one = 1\r\ntwo = 2\r\nthree = 3\r\nfour = 4');

    // another program changes another line: both are there, and nobody was asked
    await page.keyboard.type('0');
    writeFileSync(disk('a.py'), content('a.py').replace('one = 1', 'one = 11'));
    await text().getByText('one = 11').waitFor();
    await save();
    expect(content('a.py')).toBe('one = 11\r\ntwo = 2\r\nthree = 3\r\nfour = 40');

    // nothing typed: what others write is shown
    writeFileSync(disk('a.py'), content('a.py').replace('two = 2', 'two = 22'));
    await text().getByText('two = 22').waitFor();
    await state('saved');

    await page.keyboard.type('9');
    writeFileSync(disk('a.py'), content('a.py').replace('four = 40', 'four = 5'));
    await text().getByText('<<<<<<< yours').waitFor();
    await text().getByText('four = 409').waitFor();
    await text().getByText('four = 5', { exact: true }).waitFor();
    await state('changed');
    expect(content('a.py'), 'the marks are not saved by themselves').not.toContain('<<<<<<<');
    await save();
    expect(content('a.py')).toContain('<<<<<<< yours\r\nfour = 409\r\n=======\r\nfour = 5');

    // deleted: the text stays, and saving makes the file again
    rmSync(disk('a.py'));
    const gone = page.getByText('deleted or renamed elsewhere');
    await gone.waitFor();
    await save();
    expect(content('a.py')).toContain('four = 409');
    expect(await gone.count()).toBe(0);

    // deleted and written anew, as compilers and git do: what was typed meanwhile is merged, also by a save that comes first
    writeFileSync(disk('a.py'), 'one\ntwo\nthree\n');
    await text().getByText('three').waitFor();
    await state('saved');
    rmSync(disk('a.py'));
    await gone.waitFor();
    writeFileSync(disk('a.py'), 'ONE\ntwo\nthree\n');
    await text().getByText('ONE').waitFor();
    await state('saved');
    rmSync(disk('a.py'));
    await gone.waitFor();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('typed');
    await page.route('**/api/contents/a.py?*content=0*', (route) => route.abort());
    writeFileSync(disk('a.py'), 'ONE\ntwo, too\nthree\n');
    await save();
    expect(content('a.py')).toBe('ONE\ntwo, too\nthree\ntyped');
    await gone.waitFor({ state: 'detached' });
  });

  it.runIf(everything)('keeps what was not saved in the browser, and offers it', async () => {
    writeFileSync(disk('notes.txt'), 'first\n\nlast\n');
    await open('notes.txt');
    await page.keyboard.type('precious ');
    await expect.poll(() => page.evaluate<unknown[]>(KEPT)).toContain('precious first\n\nlast\n');
    page.on('dialog', (dialog) => void dialog.accept());
    writeFileSync(disk('notes.txt'), 'first\n\nlast\nmore\n');
    await page.goto(`${server.url}tree`);
    await open('notes.txt');
    await page.getByText('was not saved').waitFor();
    await page.getByRole('button', { name: 'Take it' }).click();
    await text().getByText('precious first').waitFor();
    await text().getByText('more').waitFor();
    await save();
    expect(content('notes.txt')).toBe('precious first\n\nlast\nmore\n');
    await page.reload();
    await page.locator('body[data-loaded]').waitFor();
    expect(await page.getByText('was not saved').count()).toBe(0);
  });

  it.runIf(everything)('keeps what each of two pages has, and offers it when they are gone', async () => {
    writeFileSync(disk('notes.txt'), 'end\n');
    await open('notes.txt');
    await page.keyboard.type('one ');
    const second = await page.context().newPage();
    await second.goto(`${server.url}edit/notes.txt`);
    await second.locator('body[data-loaded]').waitFor();
    await second.keyboard.type('two ');
    for (const kept of ['one end\n', 'two end\n'])
      await expect.poll(() => second.evaluate<unknown[]>(KEPT)).toContain(kept);
    expect(await second.getByText('was not saved').count(), 'the other page is open').toBe(0);
    const third = await page.context().newPage();
    await page.close();
    await second.close();
    await third.goto(`${server.url}edit/notes.txt`);
    await third.getByText('was not saved').waitFor();
    await third.getByRole('button', { name: 'Take it' }).click();
    await third.locator('.cm-content').getByText('two end').waitFor();
    await third.getByRole('button', { name: 'Discard' }).click();
    await third.keyboard.press('Control+s');
    await third.locator('body[data-file="saved"]').waitFor();
    expect(content('notes.txt')).toBe('two end\n');
    await third.reload();
    await third.locator('body[data-loaded]').waitFor();
    await third.waitForTimeout(500);
    expect(await third.getByText('was not saved').count()).toBe(0);
  });

  it.runIf(everything)('finds and replaces, goes to a line, renames, and draws Markdown', async () => {
    writeFileSync(disk('doc.md'), '# Title\n\nold old <script>window.pwned = 1</script>\n');
    await open('doc.md');
    await page.locator('#language').getByText('Markdown').waitFor();
    await menu('Edit', 'Find and replace…');
    await page.locator('.cm-search [name=search]').fill('old');
    await page.locator('.cm-search input[name=replace]').fill('new');
    await page.locator('.cm-search [name=replaceAll]').click();
    await text().getByText('new new').waitFor();
    await page.keyboard.press('Escape');
    await menu('Edit', 'Go to line…');
    await page.locator('.cm-panel input').fill('1');
    await page.keyboard.press('Enter');
    await page.keyboard.type('#');
    await menu('View', 'Preview');
    await page.locator('#preview h2').getByText('Title').waitFor();
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    await page.locator('#file-name').click();
    await page.getByRole('dialog').getByRole('textbox').fill('other.md');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}edit/other.md`);
    await text().focus();
    await save();
    expect(content('other.md')).toContain('## Title\n\nnew new');
    await menu('Language', 'Plain text');
    await page.locator('#language').getByText('Plain text').waitFor();
  });

  it.runIf(everything)('wraps, indents, hides its header, remembers that, and makes a new file', async () => {
    mkdirSync(disk('deep'));
    writeFileSync(disk('deep/long.txt'), `${'word '.repeat(1000)}\nlast`);
    await open('deep/long.txt');
    const line = page.locator('.cm-line').first();
    const height = async () => (await line.boundingBox())?.height ?? 0;
    const one = await height();
    await menu('View', 'Wrap long lines');
    await expect.poll(height).toBeGreaterThan(5 * one);
    await menu('View', 'Header');
    await page.locator('#file-name').waitFor({ state: 'hidden' });
    await menu('View', 'Indent with', '2 spaces');
    await page.reload();
    await page.locator('body[data-loaded]').waitFor();
    expect(await height()).toBeGreaterThan(5 * one);
    expect(await page.locator('#file-name').isVisible()).toBe(false);

    await page.keyboard.press('Control+End');
    await page.keyboard.press('Tab');
    await save();
    expect(content('deep/long.txt')).toMatch(/\n {2}last$/);
    await page.keyboard.press('Shift+Tab');
    await menu('View', 'Indent with', 'Tabs');
    await text().focus();
    await page.keyboard.press('Control+End');
    await page.keyboard.press('Tab');
    await save();
    expect(content('deep/long.txt')).toMatch(/\nlast\t$/);

    const opening = page.context().waitForEvent('page');
    await menu('File', 'New');
    await (await opening).waitForURL(`${server.url}edit/deep/untitled.txt`);
    expect(content('deep/untitled.txt')).toBe('');
  });

  it.runIf(everything)('says so when a file is not text, and offers the download', async () => {
    writeFileSync(disk('b.bin'), Buffer.from([0xff, 0xfe, 0, 1]));
    await page.goto(`${server.url}edit/b.bin?token=${TOKEN}`);
    await page.getByRole('alert').getByText('The file cannot be edited here.').waitFor();
    expect(await page.getByRole('link', { name: 'Download' }).isVisible()).toBe(true);
    expect(await page.locator('.cm-editor').count()).toBe(0);
  });

  it.runIf(everything)('gets the notebook that git could not merge, and says what to do', async () => {
    writeFileSync(disk('merge.ipynb'), readFileSync('test/notebooks/broken/merge-conflict.ipynb.txt'));
    await page.goto(`${server.url}notebooks/merge.ipynb?token=${TOKEN}`);
    await page.waitForURL(`${server.url}edit/merge.ipynb`);
    await page.getByText('git could not merge this notebook').waitFor();
    await text().getByText('<<<<<<< ').waitFor();
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/edit-merge.png` });
    // the notebook page asked once, and was told
    watched.problems.splice(0);
  });

  it('opens 5 MB, shows the beginning before the rest is there, and types in it', async () => {
    writeFileSync(disk('big.txt'), 'a line of a rather large text file\n'.repeat(150_000));
    await page.route('**/api/contents/big.txt?*format=text*', async (route) => {
      await text().getByText('a line of a rather large text file').first().waitFor();
      await page.keyboard.type('not yet');
      await route.continue();
    });
    await open('big.txt');
    await page.keyboard.type('start ');
    await save();
    const expected = `start ${'a line of a rather large text file\n'.repeat(150_000)}`;
    expect(content('big.txt') === expected, 'every byte is there').toBe(true);
  });

  it.each(everything ? (['light', 'dark'] as const) : (['dark'] as const))(
    'has no accessibility problem (%s), also on a phone',
    async (colorScheme) => {
      writeFileSync(disk('a.py'), 'def f(x):\n    """Square it."""\n    return x ** 2  # fine\n');
      await page.emulateMedia({ colorScheme });
      await open('a.py');
      await page.locator('.tok-number').first().waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/edit-${colorScheme}.png` });
      await menu('Edit', 'Find and replace…');
      await page.locator('.cm-search').waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.setViewportSize({ width: 390, height: 700 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
      if (process.env.SHOTS)
        await page.screenshot({ path: `${process.env.SHOTS}/edit-phone-${colorScheme}.png` });
    },
  );
});
