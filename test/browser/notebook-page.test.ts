/** The notebook page in a real browser, on a real server with the package's own kernel. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { startTestServer, TOKEN, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';
import {
  kernelIdle,
  loggedIn,
  openNotebook,
  pressTwice,
  pressUntil,
  writeNotebookFile,
  writingIsThere,
  type NotebookDriver,
} from './notebook-page-driver.js';
import { openBrowser } from './open-browser.js';

/** Width of one character of the first cell's static text, in pixels. */
const CHARACTER_WIDTH = `(() => {
  const range = document.createRange();
  const text = document.querySelector('[data-editor-static]');
  const node = document.createTreeWalker(text, NodeFilter.SHOW_TEXT).nextNode();
  range.setStart(node, 0);
  range.setEnd(node, 1);
  return range.getBoundingClientRect().width;
})()`;

/** Lets a test close every websocket of the page: `dropSockets()`. */
const TRACK_SOCKETS = `
  const sockets = [];
  globalThis.dropSockets = () => sockets.forEach((socket) => socket.close());
  globalThis.WebSocket = class extends WebSocket {
    constructor(...parameters) {
      super(...parameters);
      sockets.push(this);
    }
  };
`;

describe.skipIf(!hasChromium)('the notebook page', () => {
  let server: TestServer;
  let browser: Browser;
  let context: BrowserContext;
  let driver: NotebookDriver;
  let page: Page;

  beforeAll(async () => {
    server = await startTestServer({ onlyOwnKernel: true });
    browser = await openBrowser();
    context = await loggedIn(browser, server);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  afterEach(async () => {
    await page?.close();
    expect(driver.errors).toEqual([]);
    expect(driver.outside).toEqual([]);
  });

  async function open(name: string): Promise<void> {
    driver = await openNotebook(context, server, name);
    page = driver.page;
  }

  const cell = (index: number) => page.locator('[data-cell-id]').nth(index);
  const outputs = (index: number) => cell(index).locator('.outputs');
  const editor = (index: number) => cell(index).locator('.cm-content');
  /** the text in a live editor */
  const typed = async (index: number) =>
    (await editor(index).locator('.cm-line').allTextContents()).join('\n');
  const onDisk = (name: string) => readFileSync(join(server.notebooks, name), 'utf8');
  const activeCell = () =>
    page.evaluate<string | null>('document.activeElement?.closest("[data-cell-id]")?.dataset.cellId ?? null');

  it('shows the notebook, and runs its cells one after the other with Shift-Enter', async () => {
    writeNotebookFile(server, 'run.ipynb', [
      { type: 'markdown', source: '# Title\n\nText with *emphasis*' },
      { source: 'const answer = 6 * 7;\nconsole.log("out");\nanswer' },
      { source: 'throw new Error("on purpose")' },
    ]);
    await open('run.ipynb');
    expect(await cell(0).locator('h1').textContent()).toBe('Title');
    expect(await cell(1).getAttribute('aria-label')).toBe('Code cell 2 of 3');
    expect(await page.title()).toContain('run - nbserver');
    await kernelIdle(page);
    for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+Enter');

    await outputs(1).getByText('out', { exact: true }).waitFor();
    expect(await outputs(1).locator('[data-output-type="execute_result"]').textContent()).toContain('42');
    expect(await cell(1).locator('.input .prompt').textContent()).toBe('In [1]:');
    await outputs(2).getByText('on purpose').first().waitFor();
    expect(await outputs(2).locator('[data-output-type="error"]').count()).toBe(1);
    // after the last cell a new one is ready for writing
    expect(await page.locator('[data-cell-id]').count()).toBe(4);
    await page.keyboard.type('answer + 1');
    await page.keyboard.press('Control+Enter');
    await outputs(3).getByText('43').waitFor();
  });

  it('keeps what was typed and what came out: reload, and the file', async () => {
    writeNotebookFile(server, 'keep.ipynb', [{ source: 'const a = 1' }]);
    await open('keep.ipynb');
    await kernelIdle(page);
    await page.keyboard.press('Enter');
    await editor(0).waitFor();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' + 20; a');
    await page.keyboard.press('Control+Enter');
    await outputs(0).getByText('21').waitFor();
    await page.keyboard.press('Control+s');
    await page.getByText(/^saved \d+ s ago$/).waitFor();
    await page.reload();
    await page.locator('body[data-loaded]').waitFor();
    await outputs(0).getByText('21').waitFor();
    expect(await cell(0).locator('.source').textContent()).toContain('const a = 1 + 20; a');
    expect(onDisk('keep.ipynb')).toContain('const a = 1 + 20; a');
    expect(onDisk('keep.ipynb')).toContain('21');
  });

  it.runIf(everything)('puts the caret where static text was clicked, and moves nothing', async () => {
    writeNotebookFile(server, 'caret.ipynb', [
      { source: 'first line\nsecond line\n\nfourth' },
      { source: 'below' },
    ]);
    await open('caret.ipynb');
    const text = cell(0).locator('[data-editor-static]');
    const box = await text.boundingBox();
    const below = await cell(1).boundingBox();
    if (box === null || below === null) throw new Error('The cells are not visible.');
    const width = await page.evaluate<number>(CHARACTER_WIDTH);
    await page.mouse.click(box.x + 5 + width * 6, box.y + 6 + 17 * 1.5);
    await editor(0).waitFor();
    await page.keyboard.type('|');
    await expect.poll(() => typed(0)).toBe('first line\nsecond| line\n\nfourth');
    expect(await cell(1).boundingBox()).toEqual(below);
    const live = await cell(0).locator('.cm-editor').boundingBox();
    expect(live).toEqual(box);
  });

  it('undoes text in the editor and structure in command mode', async () => {
    writeNotebookFile(server, 'undo.ipynb', [{ source: 'one' }, { source: 'two' }, { source: 'three' }]);
    await open('undo.ipynb');
    await page.keyboard.press('Enter');
    await editor(0).waitFor();
    await writingIsThere(editor(0));
    await page.keyboard.press('Control+End');
    // at once: what is written with a pause is undone in two steps
    await page.keyboard.insertText(' more');
    await page.keyboard.press('Control+z');
    await expect.poll(() => typed(0)).toBe('one');
    await page.keyboard.press('Escape');

    await page.keyboard.press('j');
    await pressTwice(page, 'd');
    await expect.poll(() => page.locator('[data-cell-id]').count()).toBe(2);
    await expect.poll(activeCell).toBe('cell-2');
    await page.keyboard.press('z');
    await expect.poll(() => page.locator('[data-cell-id]').count()).toBe(3);
    await expect.poll(activeCell).toBe('cell-1');
    expect(await cell(1).locator('.source').textContent()).toBe('two');
    // a second undo has nothing left and does no harm
    await page.keyboard.press('z');
    expect(await page.locator('[data-cell-id]').count()).toBe(3);
  });

  it.runIf(everything)(
    'goes on writing in a cell whose type has changed while its editor was there',
    async () => {
      writeNotebookFile(server, 'retyped.ipynb', [{ source: 'text' }]);
      await open('retyped.ipynb');
      await page.keyboard.press('Enter');
      await editor(0).waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('m');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Control+End');
      await page.keyboard.type(' and more');
      await expect.poll(() => typed(0)).toBe('text and more');
    },
  );

  it.runIf(everything)('changes cells by the classic keys', async () => {
    writeNotebookFile(server, 'keys.ipynb', [{ source: 'alpha' }, { source: 'beta' }, { source: 'gamma' }]);
    await open('keys.ipynb');
    const sources = () => page.locator('[data-cell-id] .source').allTextContents();
    await page.keyboard.press('b');
    await expect.poll(sources).toEqual(['alpha', '', 'beta', 'gamma']);
    await page.keyboard.press('x');
    await page.keyboard.press('v');
    await expect.poll(sources).toEqual(['alpha', 'beta', '', 'gamma']);
    await pressTwice(page, 'd');
    await page.keyboard.press('k');
    await page.keyboard.press('k');
    await page.keyboard.press('Shift+J');
    await page.keyboard.press('Shift+M');
    await expect.poll(sources).toEqual(['alpha\n\nbeta', 'gamma']);
    await page.keyboard.press('Enter');
    await editor(0).waitFor();
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('End');
    await page.keyboard.press('Control+Shift+-');
    await expect.poll(sources).toEqual(['alpha', 'beta', 'gamma']);
    await page.keyboard.press('Escape');
    await page.keyboard.press('2');
    await expect.poll(sources).toEqual(['alpha', '## beta', 'gamma']);
    await page.keyboard.press('Control+Enter');
    await cell(1).locator('h2').waitFor();
    await page.keyboard.press('y');
    await expect.poll(() => cell(1).getAttribute('data-cell-type')).toBe('code');
    await page.getByLabel('Type of the selected cells').selectOption('heading');
    await expect.poll(sources).toEqual(['alpha', '# beta', 'gamma']);
    await expect.poll(() => cell(1).getAttribute('data-cell-type')).toBe('markdown');
  });

  it.runIf(everything)('completes with Tab', async () => {
    writeNotebookFile(server, 'complete.ipynb', [{ source: '' }]);
    await open('complete.ipynb');
    await kernelIdle(page);
    await page.keyboard.press('Enter');
    await editor(0).waitFor();
    await page.keyboard.type('1');
    await writingIsThere(editor(0));
    await page.keyboard.press('Backspace');
    // an astral character before the caret: kernels count code points
    await page.keyboard.type('/* 😀 */ Math.ma');
    await pressUntil(page, 'Tab', async () => (await typed(0)) === '/* 😀 */ Math.max');
    const list = page.locator('.cm-tooltip-autocomplete');
    // the second Tab writes what all begin with, and the list stays
    await page.keyboard.type('; Math.SQ');
    await pressUntil(page, 'Tab', () => list.isVisible());
    await page.keyboard.press('Tab');
    await expect.poll(() => typed(0)).toBe('/* 😀 */ Math.max; Math.SQRT');
    expect(await list.innerText()).toContain('SQRT1_2');
    await page.keyboard.press('Escape');
    for (let i = 0; i < '; Math.SQRT'.length; i++) await page.keyboard.press('Backspace');
    await page.keyboard.type('; Math.a');
    await pressUntil(page, 'Tab', () => list.isVisible());
    expect(await list.innerText()).toContain('abs');
    await page.keyboard.type('bs');
    await expect.poll(() => list.locator('[aria-selected=true]').innerText()).toContain('abs');
    // CodeMirror takes no Enter for a list that has only just changed
    for (let [before, now] = ['', 'now']; before !== now; await page.waitForTimeout(150))
      [before, now] = [now, await list.innerText()];
    await page.keyboard.press('Enter');
    await expect.poll(() => typed(0)).toBe('/* 😀 */ Math.max; Math.abs');
    // Esc closed nothing of the notebook's own while the list was open; now it leaves the editor
    await page.keyboard.press('Escape');
    expect(await page.evaluate('document.body.dataset.mode')).toBe('command');
  });

  it('asks for input() in the output and goes on with the answer', async () => {
    writeNotebookFile(server, 'input.ipynb', [{ source: 'const name = prompt("Who?"); `hello ${name}`' }]);
    await open('input.ipynb');
    await kernelIdle(page);
    await page.keyboard.press('Control+Enter');
    const field = cell(0).getByLabel('Who?');
    await field.waitFor();
    await expect.poll(() => page.evaluate('document.activeElement?.tagName')).toBe('INPUT');
    await page.keyboard.type('you');
    await page.keyboard.press('Enter');
    await outputs(0).getByText('hello you').waitFor();
    expect(await field.count()).toBe(0);
    expect(await activeCell()).toBe('cell-0');
  });

  it('interrupts with I,I and keeps the state', async () => {
    writeNotebookFile(server, 'interrupt.ipynb', [
      { source: 'const kept = "still here"' },
      { source: 'console.log("on"); while (true) {}' },
      { source: 'kept' },
    ]);
    await open('interrupt.ipynb');
    await kernelIdle(page);
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.press('Control+Enter');
    // an interrupt that comes before the loop would only meet what is before it
    await outputs(1).getByText('on', { exact: true }).waitFor();
    await page.locator('[data-kernel-status="busy"]').waitFor();
    await expect.poll(() => cell(1).locator('.input .prompt').textContent()).toBe('In [*]:');
    await pressTwice(page, 'i');
    await kernelIdle(page);
    await page.keyboard.press('j');
    await page.keyboard.press('Control+Enter');
    await outputs(2).getByText('still here').waitFor();
  });

  it('shows the same notebook in two tabs', async () => {
    writeNotebookFile(server, 'tabs.ipynb', [{ source: 'shared' }, { source: 'second' }]);
    await open('tabs.ipynb');
    const other = (await openNotebook(context, server, 'tabs.ipynb')).page;
    await page.keyboard.press('Enter');
    await editor(0).waitFor();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' text');
    const there = other.locator('[data-cell-id="cell-0"] .source');
    await expect.poll(() => there.textContent()).toBe('shared text');
    // both have the caret in the same cell
    await other.locator('[data-cell-id="cell-0"] .source').click();
    await other.keyboard.press('Control+Home');
    await other.keyboard.type('our ');
    await expect.poll(() => typed(0)).toBe('our shared text');
    await page.keyboard.type('!');
    await expect.poll(() => there.textContent()).toBe('our shared text!');
    await other.close();
  });

  it('goes on without a connection, and sends what was done when it is back', async () => {
    writeNotebookFile(server, 'lost.ipynb', [{ source: 'start' }]);
    driver = await openNotebook(context, server, 'lost.ipynb');
    page = driver.page;
    await page.addInitScript(TRACK_SOCKETS);
    await page.reload();
    await page.locator('body[data-loaded]').waitFor();
    await kernelIdle(page);
    await page.route('**/api/documents', (route) => route.abort());
    await page.evaluate('dropSockets()');
    await page.locator('[data-kernel-status="disconnected"]').waitFor();
    await page.getByText('The connection to the server is lost').waitFor();
    await page.keyboard.press('Enter');
    await editor(0).waitFor();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' and offline');
    await page.keyboard.press('Escape');
    await page.keyboard.press('b');
    expect(await page.locator('#save-status').textContent()).toBe('unsaved changes');
    await page.unroute('**/api/documents');
    await page.evaluate('void dispatchEvent(new Event("online"))');
    await kernelIdle(page);
    await expect.poll(() => page.getByText('The connection to the server is lost').count()).toBe(0);
    await page.keyboard.press('Control+s');
    await expect.poll(() => onDisk('lost.ipynb')).toContain('start and offline');
    expect(await page.locator('[data-cell-id]').count()).toBe(2);
  });

  it.runIf(everything)('renames the notebook from its name in the header', async () => {
    writeNotebookFile(server, 'old name.ipynb', [{ source: '1' }]);
    await open('old%20name.ipynb');
    await page.locator('#notebook-name').click();
    await page.getByLabel('Enter a new name for the notebook:').fill('a/b');
    await page.keyboard.press('Enter');
    await page.getByText('A name cannot have a slash').waitFor();
    await page.getByLabel('Enter a new name for the notebook:').fill('new name');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#notebook-name').textContent()).toBe('new name');
    expect(page.url()).toBe(`${server.url}notebooks/new%20name.ipynb`);
    expect(onDisk('new name.ipynb')).toContain('"1"');
  });

  it.runIf(everything)('shows the end of a long stream, and all of it on demand', async () => {
    writeNotebookFile(server, 'stream.ipynb', [
      { source: 'for (let i = 1; i <= 20000; i++) console.log(`line ${i}`)' },
    ]);
    await open('stream.ipynb');
    await kernelIdle(page);
    await page.keyboard.press('Control+Enter');
    await outputs(0).getByText('line 20000').waitFor();
    const shown = () =>
      page.evaluate<number>(
        'document.querySelector(".output-text pre").textContent.trim().split("\\n").length',
      );
    expect(await shown()).toBeLessThanOrEqual(5500);
    expect(await outputs(0).getAttribute('class')).toContain('scrolled');
    await outputs(0)
      .getByRole('button', { name: /^Show [\d,.]+ earlier lines$/ })
      .click();
    await expect.poll(shown).toBe(20_000);
    await page.keyboard.press('Shift+O');
    await expect.poll(() => outputs(0).getAttribute('class')).not.toContain('scrolled');
  });

  it.runIf(everything)('warns before leaving only while something is not saved', async () => {
    writeNotebookFile(server, 'leave.ipynb', [{ source: 'x' }]);
    await open('leave.ipynb');
    await kernelIdle(page);
    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.type());
      void dialog.accept();
    });
    await page.keyboard.press('b');
    await page.keyboard.press('Control+s');
    await page.getByText(/^saved \d+ s ago$/).waitFor();
    await page.reload();
    expect(asked).toEqual([]);
    await page.locator('body[data-loaded]').waitFor();
    // once more where the file was written before the page was left
    let made = 0;
    for (; asked.length === 0 && made < 20; made++) {
      await page.keyboard.press('b');
      await page.reload();
      await page.locator('body[data-loaded]').waitFor();
    }
    expect(asked).toEqual(['beforeunload']);
    // nothing was lost by leaving: the server had it
    expect(await page.locator('[data-cell-id]').count()).toBe(2 + made);
  });

  it.runIf(everything)(
    'says when the login has ended, and goes on by itself after a login in another tab',
    async () => {
      writeNotebookFile(server, 'login.ipynb', [{ source: 'start' }]);
      const own = await loggedIn(browser, server);
      driver = await openNotebook(own, server, 'login.ipynb');
      page = driver.page;
      await kernelIdle(page);
      const logout = await own.newPage();
      await logout.goto(`${server.url}logout`);
      const confirm = logout.getByRole('button', { name: /log ?out/i });
      if ((await confirm.count()) > 0) await confirm.click();
      await page.getByRole('dialog').getByText('Your login has ended').waitFor();
      await page.getByRole('button', { name: 'Not now' }).click();
      await page.getByText('You are not logged in any more').waitFor();
      await page.keyboard.press('Enter');
      await editor(0).waitFor();
      await page.keyboard.press('Control+End');
      await page.keyboard.type(' meanwhile');
      await logout.goto(`${server.url}?token=${TOKEN}`);
      await logout.close();
      await page.evaluate('void dispatchEvent(new Event("focus"))');
      await kernelIdle(page);
      await expect.poll(() => page.getByText('You are not logged in any more').count()).toBe(0);
      await page.keyboard.press('Control+s');
      await expect.poll(() => onDisk('login.ipynb')).toContain('start meanwhile');
      await own.close();
    },
  );

  it.runIf(everything)('copies, reverts, changes and shuts down by the menus', async () => {
    writeNotebookFile(server, 'menus.ipynb', [{ source: '"first"' }]);
    await open('menus.ipynb');
    await kernelIdle(page);
    const choose = async (menu: string, ...items: (string | RegExp)[]) => {
      await page.getByRole('menubar').getByRole('menuitem', { name: menu }).click();
      for (const name of items) await page.getByRole('menu').last().getByRole('menuitem', { name }).click();
    };
    await page.keyboard.press('Control+s');
    await page.getByText(/^saved \d+ s ago$/).waitFor();
    await page.keyboard.press('b');
    expect(await page.locator('[data-cell-id]').count()).toBe(2);
    // the list of checkpoints is asked for when the pointer comes near
    const listed = page.waitForResponse(/\/checkpoints$/);
    await page.locator('#menubar').hover();
    await (await listed).finished();
    await choose('File', 'Revert to Checkpoint', /^20\d\d-/);
    await page.getByRole('dialog').getByRole('button', { name: 'Revert' }).click();
    await expect.poll(() => page.locator('[data-cell-id]').count()).toBe(1);

    const copy = context.waitForEvent('page');
    await choose('File', 'Make a Copy…');
    const tab = await copy;
    await tab.locator('body[data-loaded]').waitFor();
    expect(tab.url()).toContain('menus-Copy');
    await tab.close();

    await choose('Kernel', /^Restart 0/);
    await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
    await kernelIdle(page);
    await choose('Kernel', 'Shutdown');
    await page.getByRole('dialog').getByRole('button', { name: 'Shut Down' }).click();
    await page.locator('[data-kernel-status="none"]').waitFor();
    // running a cell starts a kernel again
    await cell(0).locator('.prompt').first().click();
    await page.keyboard.press('Control+Enter');
    await outputs(0).getByText('first').waitFor();
    // the kernel that runs is not started anew
    const kernel = async () =>
      (
        (await (await server.fetch('api/sessions')).json()) as { path: string; kernel: { id: string } }[]
      ).find(({ path }) => path === 'menus.ipynb')?.kernel;
    const before = await kernel();
    await page.locator('#menubar').hover();
    await page.getByRole('menubar').getByRole('menuitem', { name: 'Kernel' }).click();
    await page.getByRole('menuitem', { name: 'Change kernel' }).click();
    await page.getByRole('menuitemcheckbox', { name: /JavaScript/, checked: true }).click();
    await page.locator('#cells .prompt').first().click();
    await page.keyboard.press('Control+Enter');
    await outputs(0).getByText('first').waitFor();
    expect((await kernel())?.id).toBe(before?.id);
  });

  it.runIf(everything)('keeps at most eight live editors, and their undo', async () => {
    const sources = Array.from({ length: 10 }, (_, i) => ({ source: `cell ${i}` }));
    writeNotebookFile(server, 'many.ipynb', sources);
    await open('many.ipynb');
    for (let i = 0; i < 10; i++) {
      await page.keyboard.press('Enter');
      await editor(i).waitFor();
      await writingIsThere(editor(i));
      await page.keyboard.press('Control+End');
      await page.keyboard.type('!');
      await page.keyboard.press('Escape');
      await page.keyboard.press('j');
    }
    expect(await page.locator('.cm-editor').count()).toBe(8);
    expect(await cell(0).locator('[data-editor-static]').textContent()).toBe('cell 0!');
    await cell(0).locator('.source').click();
    await editor(0).waitFor();
    await page.locator('.cm-focused').waitFor();
    await page.keyboard.press('Control+z');
    await expect.poll(() => typed(0)).toBe('cell 0');
  });
});
