/** The notebook page when something is in the way: the login ends, no websocket opens, the page dies, files change. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { TOKEN } from '../test-server.js';
import { everything } from '../tier.js';
import {
  connectAgain,
  disconnect,
  kernelIdle,
  notebookGroup,
  save,
  write,
  writeNotebookFile,
} from './notebook-page-driver.js';

describe.skipIf(!hasChromium)('the notebook page and its connection', () => {
  const group = notebookGroup();

  it('asks for the password over the page when the login ends, and sends and runs what was written', async () => {
    const own = await group.otherProfile();
    const page = await group.open('password.ipynb', [{ source: 'const start = 40' }], own);
    await kernelIdle(page);
    await page.keyboard.press('Shift+Enter');
    await group.cell(0).locator('.prompt', { hasText: 'In [1]:' }).waitFor();
    // the network is away, and the login ends meanwhile
    await disconnect(page);
    await page.keyboard.press('Escape');
    await page.keyboard.press('k');
    await write(page, ' // typed');
    await page.keyboard.press('Escape');
    await page.keyboard.press('b');
    await write(page, 'start + 2');
    await page.keyboard.press('Control+Enter');
    await own.clearCookies();
    await connectAgain(page);
    const box = page.getByRole('dialog', { name: 'Your login has ended' });
    await box.getByLabel('Password or token:').fill('wrong');
    if (process.env.SHOTS !== undefined)
      await page.screenshot({ path: `${process.env.SHOTS}/login-box.png` });
    await page.keyboard.press('Enter');
    await box.getByRole('alert').filter({ hasText: /\S/ }).waitFor();
    expect(await group.sources()).toEqual(['const start = 40 // typed', 'start + 2', '']);
    await box.getByLabel('Password or token:').fill(TOKEN);
    await page.keyboard.press('Enter');
    await box.waitFor({ state: 'hidden' });
    await group.outputs(1).getByText('42').waitFor();
    await save(page);
    expect(await group.sources()).toEqual(['const start = 40 // typed', 'start + 2', '']);
    expect(group.onDisk('password.ipynb')).toContain('const start = 40 // typed');
    expect(group.onDisk('password.ipynb')).toContain('42');
  });

  it.runIf(everything)('goes on by itself after a login in another tab', async () => {
    const own = await group.otherProfile();
    const page = await group.open('login.ipynb', [{ source: 'start' }], own);
    await kernelIdle(page);
    await write(page, ' before');
    const logout = await own.newPage();
    await logout.goto(`${group.server.url}logout`);
    await logout.getByRole('heading', { name: /^Logged out/ }).waitFor();
    await page.getByRole('dialog').getByText('Your login has ended').waitFor();
    await page.getByRole('button', { name: 'Not now' }).click();
    await page.getByText('You are not logged in any more').waitFor();
    await group.cell(0).focus();
    await write(page, ' meanwhile');
    await logout.goto(`${group.server.url}?token=${TOKEN}`);
    await logout.close();
    await page.evaluate('void dispatchEvent(new Event("focus"))');
    await kernelIdle(page);
    await expect.poll(() => page.getByText('You are not logged in any more').count()).toBe(0);
    await save(page);
    expect(group.onDisk('login.ipynb')).toContain('start before meanwhile');
  });

  it.runIf(everything)('leaves nothing in the browser after a logout', async () => {
    const own = await group.otherProfile();
    const page = await group.open('private.ipynb', [{ source: 'start' }], own);
    await kernelIdle(page);
    await disconnect(page);
    await write(page, ' secret');
    // a text file that is open in another tab, and not saved
    const edit = await own.newPage();
    await edit.goto(`${group.server.url}edit/private.ipynb`);
    await edit.locator('body[data-loaded]').waitFor();
    await edit.keyboard.type(' secret');
    const kept = (of: Page) =>
      of.evaluate<string[]>(`indexedDB.databases().then(
      (all) => all.map(({ name }) => name).sort())`);
    await expect.poll(() => kept(page)).toEqual(['nbserver', 'nbserver.edit']);
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByRole('link', { name: 'Logout' }).click();
    await page.getByRole('heading', { name: /^Logged out/ }).waitFor();
    await expect.poll(() => kept(page)).toEqual([]);
    expect(
      await page.evaluate<string>('JSON.stringify({ ...localStorage, ...sessionStorage })'),
    ).not.toContain('secret');
  });

  it.runIf(everything)('says what is the matter when the server answers but no websocket opens', async () => {
    const page = await group.open('blocked.ipynb', [{ source: 'x' }]);
    // a proxy that takes the connection and never says a word
    await page.addInitScript(
      'globalThis.WebSocket = class extends EventTarget { readyState = 0; close() {} send() {} }',
    );
    await page.reload();
    await page.getByText('no websocket opens').waitFor();
    await page.getByText(/^How to let 127\.0\.0\.1 past the proxy$/).click();
    await page.getByText('add 127.0.0.1 to "No proxy for"').waitFor();
  });

  it('puts back what a page without a connection had when it was closed', async () => {
    writeNotebookFile(group.server, 'journal.ipynb', [{ source: 'start' }, { source: 'other' }]);
    const first = await group.openBeside('journal.ipynb');
    await kernelIdle(first);
    await disconnect(first);
    await write(first, ' and more');
    await first.keyboard.press('Escape');
    await first.keyboard.press('b');
    await write(first, 'a new cell');
    await expect.poll(async () => JSON.stringify(await keptIn(first))).toContain('a new cell');
    // What a notebook of that name had in another folder, which was served at this address, too.
    await first.evaluate(`new Promise((resolve) => {
      const opened = indexedDB.open('nbserver');
      opened.onsuccess = () => {
        const entries = opened.result.transaction('journal', 'readwrite').objectStore('journal');
        const cells = [{ id: 'foreign', type: 'code', base: null, text: 'of another folder', after: null }];
        const entry = { page: 'foreign', place: '/ elsewhere', path: 'journal.ipynb', at: 1, cells };
        entries.put(entry).onsuccess = () => { opened.result.close(); resolve(); };
      };
    })`);
    await first.close({ runBeforeUnload: false });

    const page = await group.open('journal.ipynb');
    await page.getByText('were put back that an earlier page could not save').waitFor();
    expect(await group.sources()).toEqual(['start and more', 'a new cell', 'other']);
    await save(page);
    expect(group.onDisk('journal.ipynb')).toContain('a new cell');
    await expect.poll(async () => (await keptIn(page)).map(({ place }) => place)).toEqual(['/ elsewhere']);
  });

  it.runIf(everything)(
    'shows what others did to the order of the cells while it was away and did so, too',
    async () => {
      const here = await group.open('both.ipynb', [{ source: 'first' }, { source: 'last' }]);
      const other = await group.openBeside('both.ipynb');
      const insertBelow = async (page: Page, after: string, text: string) => {
        await page.locator('[data-cell-id]', { hasText: after }).focus();
        await page.keyboard.press('b');
        await write(page, text);
        await page.keyboard.press('Escape');
      };
      const shown = async (...sources: string[]) => {
        for (const page of [here, other]) await expect.poll(() => group.sources(page)).toEqual(sources);
      };
      await kernelIdle(here);
      await disconnect(here);
      await insertBelow(here, 'first', 'here');
      await insertBelow(other, 'last', 'afar');
      await connectAgain(here);
      await shown('first', 'here', 'last', 'afar');
      await insertBelow(other, 'here', 'later');
      await shown('first', 'here', 'later', 'last', 'afar');
    },
  );

  it.runIf(everything)(
    'leaves to a page that is alive what it still sends itself, also without locks',
    async () => {
      const own = await group.otherProfile();
      // As over plain http from another machine.
      await own.addInitScript('delete Navigator.prototype.locks');
      const first = await group.open('alive.ipynb', [{ source: 'start' }], own);
      await kernelIdle(first);
      await disconnect(first);
      await write(first, ' and more');
      const kept = (page: Page) => async () => JSON.stringify(await keptIn(page));
      await expect.poll(kept(first)).toContain('and more');
      const note = (page: Page) => page.getByText('that an earlier page could not save');
      const other = await group.openBeside('alive.ipynb', own);
      await kernelIdle(other);
      // Longer than a page is asked for.
      await other.waitForTimeout(5_000);
      expect(await note(other).count()).toBe(0);
      expect(await kept(other)()).toContain('and more');
      await first.close({ runBeforeUnload: false });
      await other.reload();
      await note(other).waitFor();
      expect(await group.sources(other)).toEqual(['start and more']);
      await save(other);
      await expect.poll(kept(other)).toBe('[]');
    },
  );
});

/** What pages have left in the browser. */
function keptIn(page: Page): Promise<{ page: string; place: string; cells: { text: string }[] }[]> {
  return page.evaluate(`new Promise((resolve) => {
    const opened = indexedDB.open('nbserver');
    opened.onsuccess = () => {
      const all = opened.result.transaction('journal').objectStore('journal').getAll();
      all.onsuccess = () => { opened.result.close(); resolve(all.result); };
    };
  })`);
}
