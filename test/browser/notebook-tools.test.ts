/** What the menus of the notebook page open: find and replace, metadata, attachments, contents, dragging, the clipboard. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { startTestServer, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';
import {
  chooseFromMenu,
  kernelIdle,
  loggedIn,
  openNotebook,
  type NotebookDriver,
  pressTwice,
  writeNotebookFile,
} from './notebook-page-driver.js';
import { openBrowser } from './open-browser.js';

const PICTURE =
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg==';

/** Pastes what `globalThis.transfer` of the page holds. */
const PASTE =
  'void document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }))';

describe.skipIf(!hasChromium)('the tools of the notebook page', () => {
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
  const sources = () => page.locator('[data-cell-id] .source').allTextContents();
  const menu = (name: string, ...items: (string | RegExp)[]) => chooseFromMenu(page, name, ...items);
  const saved = async (name: string) => {
    await page.keyboard.press('Control+s');
    await page.getByText(/^saved \d+ s ago$/).waitFor();
    return JSON.parse(readFileSync(join(server.notebooks, name), 'utf8')) as {
      cells: { metadata: Record<string, unknown>; source: string | string[]; attachments?: object }[];
      metadata: Record<string, unknown>;
    };
  };

  it('finds and replaces, in all cells or the selected ones, and undoes it', async () => {
    writeNotebookFile(server, 'find.ipynb', [
      { source: 'alpha = 1\nprint(Alpha)' },
      { type: 'markdown', source: 'alphabet' },
      { source: 'beta' },
    ]);
    await open('find.ipynb');
    // text that is rendered stays so when it is made what it is
    await cell(1).locator('[data-markdown]').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('m');
    expect(await cell(1).locator('[data-markdown]').count()).toBe(1);
    await page.keyboard.press('k');
    await page.keyboard.press('f');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Find', { exact: true }).fill('alpha');
    await dialog.getByText('3 matches in 2 cells.').waitFor();
    await dialog.getByRole('button', { name: 'Match case' }).click();
    await dialog.getByText('2 matches in 2 cells.').waitFor();
    await dialog.getByRole('button', { name: 'Use a regular expression' }).click();
    await dialog.getByLabel('Find', { exact: true }).fill('(al');
    await dialog.getByText('This is not a regular expression').waitFor();
    await dialog.getByLabel('Find', { exact: true }).fill('(al)(pha)');
    await dialog.getByLabel('Replace with').fill('$2-$1');
    await expect
      .poll(() => dialog.locator('.find-preview ins').allTextContents())
      .toEqual(['pha-al', 'pha-al']);
    await dialog.getByRole('button', { name: 'Replace All' }).click();
    await expect.poll(sources).toEqual(['pha-al = 1\nprint(Alpha)', 'pha-albet', 'beta']);
    await page.keyboard.press('z');
    await expect.poll(sources).toEqual(['alpha = 1\nprint(Alpha)', 'alphabet', 'beta']);
    await page.keyboard.press('Shift+J');
    await page.keyboard.press('f');
    await dialog.getByRole('button', { name: 'Search the selected cells only', pressed: true }).waitFor();
    // a click on a line goes to its cell, and the keys that follow act on it
    await dialog.locator('.find-preview button').first().click();
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(() => page.locator('.cell.current').getAttribute('data-cell-id')).toBe('cell-0');
    await page.keyboard.press('b');
    await expect.poll(sources).toEqual(['alpha = 1\nprint(Alpha)', '', 'alphabet', 'beta']);
  });

  it('edits metadata, tags and slide types, and shows the toolbar that the notebook asks for', async () => {
    writeNotebookFile(server, 'tags.ipynb', [{ source: 'x' }, { type: 'raw', source: 'raw' }]);
    await open('tags.ipynb');
    // what is pressed after a choice in the toolbar's list is meant for the cell
    await page.getByLabel('Type of the selected cells').focus();
    await page.getByLabel('Type of the selected cells').selectOption('raw');
    await page.locator('.cell.current[data-cell-type=raw]').waitFor();
    await page.keyboard.press('y');
    await page.locator('.cell.current[data-cell-type=code]').waitFor();
    await menu('View', 'Cell Toolbar', 'Tags');
    await cell(0).getByLabel('New tags').fill('one');
    await page.keyboard.press('Space');
    await page.keyboard.type('two');
    await page.keyboard.press('Enter');
    await cell(0).getByRole('button', { name: 'Remove the tag one' }).click();
    expect(await cell(0).locator('.tags li').allTextContents()).toEqual(['two']);
    await menu('View', 'Cell Toolbar', 'Slideshow');
    await cell(0).getByLabel('Slide type').selectOption('fragment');
    await menu('View', 'Cell Toolbar', 'Raw Cell Format');
    expect(await page.locator('.cell-toolbar').count()).toBe(1);
    await cell(1).getByLabel('Raw NBConvert format').selectOption('text/latex');
    await menu('View', 'Cell Toolbar', 'Edit Metadata');
    await cell(0).getByRole('button', { name: 'Edit Metadata' }).click();
    const json = page.getByRole('dialog').locator('textarea');
    await json.fill('[1]');
    await page.getByRole('dialog').getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Metadata is a JSON object').waitFor();
    await json.fill('{"tags": ["two"], "slideshow": {"slide_type": "fragment"}, "mine": 1}');
    await page.getByRole('dialog').getByRole('button', { name: 'Apply' }).click();
    const { cells, metadata } = await saved('tags.ipynb');
    expect(cells.map((each) => each.metadata)).toEqual([
      { tags: ['two'], slideshow: { slide_type: 'fragment' }, mine: 1 },
      { raw_mimetype: 'text/latex' },
    ]);
    expect(metadata['celltoolbar']).toBe('Edit Metadata');
    await page.reload();
    await cell(0).getByRole('button', { name: 'Edit Metadata' }).waitFor();
  });

  it.runIf(everything)('takes pictures into markdown by pasting and dropping, and lists them', async () => {
    writeNotebookFile(server, 'pictures.ipynb', [{ type: 'markdown', source: 'text ' }, { source: 'code' }]);
    await open('pictures.ipynb');
    const transfer = (name: string) =>
      page.evaluateHandle<object>(`(() => {
        const all = new DataTransfer();
        const bytes = Uint8Array.from(atob('${PICTURE}'), (each) => each.charCodeAt(0));
        all.items.add(new File([bytes], '${name}', { type: 'image/png' }));
        return globalThis.transfer = all;
      })()`);
    await page.keyboard.press('Enter');
    await page.locator('.cm-content').waitFor();
    await page.keyboard.press('Control+End');
    await page.locator('.cm-content').dispatchEvent('drop', { dataTransfer: await transfer('dropped.png') });
    await expect.poll(() => page.locator('.cm-content').textContent()).toContain('(attachment:dropped.png)');
    await page.keyboard.press('Escape');
    await transfer('dropped.png');
    await page.evaluate(PASTE);
    await expect
      .poll(() => page.locator('.cm-content').textContent())
      .toContain('(attachment:dropped-1.png)');
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => cell(0).locator('[data-markdown] img').count()).toBe(2);
    // also where nobody writes; other places say why not, and the browser never goes to the file
    const drop = async (at: Locator) =>
      at.dispatchEvent('drop', { dataTransfer: await transfer('third.png') });
    await drop(cell(0).locator('[data-markdown]'));
    await expect.poll(() => cell(0).locator('[data-markdown] img').count()).toBe(3);
    await drop(cell(1).locator('.source'));
    await page.getByText('Pictures can be dropped into markdown cells').waitFor();
    await page.keyboard.press('z');
    await expect.poll(() => cell(0).locator('[data-markdown] img').count()).toBe(2);
    await menu('View', 'Cell Toolbar', 'Attachments');
    await cell(0).getByRole('button', { name: 'Attachments (2)' }).click();
    await page.getByRole('button', { name: 'Delete dropped.png' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Apply' }).click();
    const { cells } = await saved('pictures.ipynb');
    expect(cells[0]?.attachments).toEqual({ 'dropped-1.png': { 'image/png': PICTURE } });
  });

  it.runIf(everything)('lists the headings, follows them, and goes to them', async () => {
    const filler = Array.from({ length: 40 }, (_, i) => ({ source: `x = ${i}` }));
    writeNotebookFile(server, 'contents.ipynb', [
      { type: 'markdown', source: '# First\n\n```\n# not a heading\n```\n\n## *Second* part' },
      ...filler,
      { type: 'markdown', source: '# Last' },
    ]);
    await open('contents.ipynb');
    await menu('View', 'Table of Contents');
    const contents = page.getByRole('navigation', { name: 'Table of contents' });
    await contents.getByRole('button', { name: 'Last' }).click();
    expect(await contents.locator('li').allTextContents()).toEqual(['First', 'Second part', 'Last']);
    await page.locator('[data-markdown] h1', { hasText: 'Last' }).waitFor();
    expect(await page.locator('.cell.current h1').textContent()).toBe('Last');
    expect(await contents.locator('[aria-current]').textContent()).toBe('Last');
    await page.keyboard.press('Enter');
    await page.locator('.cm-focused').waitFor();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' of all');
    await contents.getByRole('button', { name: 'Last of all' }).waitFor();
    await contents.getByRole('button', { name: 'Close the table of contents' }).click();
    expect(await contents.count()).toBe(0);
  });

  it.runIf(everything)('moves cells that are drawn with the mouse', async () => {
    writeNotebookFile(
      server,
      'drag.ipynb',
      ['a', 'b', 'c', 'd'].map((source) => ({ source })),
    );
    await open('drag.ipynb');
    const from = await cell(0).locator('.prompt').boundingBox();
    const to = await cell(2).boundingBox();
    if (from === null || to === null) throw new Error('The cells are not visible.');
    await page.mouse.move(from.x + 30, from.y + 10);
    await page.mouse.down();
    await page.mouse.move(from.x + 30, from.y + 30);
    await page.mouse.move(from.x + 30, to.y + to.height - 4, { steps: 3 });
    await page.locator('.drop-line').waitFor();
    await page.mouse.up();
    expect(await sources()).toEqual(['b', 'c', 'a', 'd']);
    await page.keyboard.press('z');
    expect(await sources()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('carries cells to another notebook, opened later, and over the system clipboard', async () => {
    writeNotebookFile(server, 'from.ipynb', [{ source: 'carried' }, { type: 'markdown', source: '# Text' }]);
    writeNotebookFile(server, 'to.ipynb', [{ source: 'there' }]);
    await open('from.ipynb');
    await page.keyboard.press('Shift+J');
    await page.keyboard.press('c');
    const other = await openNotebook(context, server, 'to.ipynb');
    await other.page.keyboard.press('v');
    await expect.poll(() => other.page.locator('[data-cell-id]').count()).toBe(3);
    expect(await other.page.locator('[data-cell-id]').nth(2).getAttribute('data-cell-type')).toBe('markdown');
    await other.page.close();

    // what another browser or server gives: only the system clipboard
    const text = await page.evaluate<string>(`(() => {
      globalThis.transfer = new DataTransfer();
      document.dispatchEvent(new ClipboardEvent('copy', { clipboardData: transfer, bubbles: true, cancelable: true }));
      return transfer.getData('text/plain');
    })()`);
    expect(text).toBe('carried\n\n# Text');
    await page.evaluate(PASTE);
    await expect.poll(sources).toEqual(['carried', '# Text', 'carried', '# Text']);
  });

  it.runIf(everything)('puts outputs on the system clipboard that have to be fetched first', async () => {
    const image = PICTURE.padEnd(120_000, 'A');
    const output = { output_type: 'display_data', metadata: {}, data: { 'image/png': image } };
    writeNotebookFile(server, 'copied.ipynb', [{ source: 'plot', outputs: [output] }]);
    const granted = await loggedIn(browser, server, { permissions: ['clipboard-read', 'clipboard-write'] });
    driver = await openNotebook(granted, server, 'copied.ipynb');
    page = driver.page;
    await cell(0).locator('.outputs img').waitFor();
    const copied = () =>
      page.evaluate<string>(`(async () => {
        const [item] = await navigator.clipboard.read();
        return item.types.includes('text/html') ? (await item.getType('text/html')).text() : '';
      })()`);
    for (const keys of ['c', 'Control+c']) {
      await page.evaluate(`navigator.clipboard.writeText('nothing')`);
      await page.keyboard.press(keys);
      await expect.poll(async () => (await copied()).includes(image)).toBe(true);
      expect(await copied()).not.toContain('reference');
    }
    await granted.close();
  });

  it.runIf(everything)('leaves a cell as it is whose metadata says so, from when it says so', async () => {
    writeNotebookFile(server, 'locked.ipynb', [{ source: 'x' }, { source: 'y' }]);
    await open('locked.ipynb');
    const type = async (text: string) => {
      await page.keyboard.press('Enter');
      await page.locator('.cell.current .cm-focused').waitFor();
      await page.keyboard.press('Control+End');
      await page.keyboard.type(text);
      await page.keyboard.press('Escape');
    };
    const shown = () =>
      page.locator('[data-cell-id] :is(.cm-content, [data-editor-static])').allTextContents();
    await type('1');
    await expect.poll(shown).toEqual(['x1', 'y']);
    await menu('View', 'Cell Toolbar', 'Edit Metadata');
    const metadata = async (json: string) => {
      await cell(0).getByRole('button', { name: 'Edit Metadata' }).click();
      await page.getByRole('dialog').locator('textarea').fill(json);
      await page.getByRole('dialog').getByRole('button', { name: 'Apply' }).click();
    };
    await metadata('{"editable": false}');
    await cell(0).locator('.prompt').first().click();
    await type('2');
    for (const keys of ['Shift+M', 'm', '1']) await page.keyboard.press(keys);
    await page.getByText('A cell cannot be changed: the metadata says').waitFor();
    expect(await shown()).toEqual(['x1', 'y']);
    expect(await cell(0).getAttribute('data-cell-type')).toBe('code');
    await metadata('{}');
    await cell(0).locator('.prompt').first().click();
    await type('3');
    await expect.poll(shown).toEqual(['x13', 'y']);
    // a click beside the cells leaves the editor
    await page.keyboard.press('Enter');
    await page.locator('.cell.current .cm-focused').waitFor();
    await page.mouse.click(8, 600);
    await page.locator('body[data-mode=command]').waitFor();
    await page.keyboard.press('m');
    await expect.poll(() => cell(0).getAttribute('data-cell-type')).toBe('markdown');
    await page.locator('[aria-label="Markdown cell 1 of 2"]').waitFor();
  });

  it.runIf(everything)(
    'hides output and source with a way back, and goes back to when it was opened',
    async () => {
      const output = { output_type: 'stream', name: 'stdout', text: 'visible\n' };
      writeNotebookFile(server, 'hide.ipynb', [{ source: 'x', outputs: [output] }, { source: 'y' }]);
      await open('hide.ipynb');
      await page.keyboard.press('o');
      await cell(0).getByRole('button', { name: '1 output is hidden' }).click();
      await cell(0).getByText('visible').waitFor();
      await menu('View', 'Hide or Show Source');
      await cell(0).getByRole('button', { name: 'The source is hidden' }).waitFor();
      expect(await cell(0).locator('.source').isVisible()).toBe(false);
      await cell(0).getByRole('button', { name: 'The source is hidden' }).click();
      await cell(0).locator('.source').waitFor();
      // the way back by keyboard: who wants to write there sees what
      await menu('View', 'Hide or Show Source');
      await cell(0).getByRole('button', { name: 'The source is hidden' }).waitFor();
      await page.keyboard.press('Enter');
      await cell(0).locator('.cm-focused').waitFor();
      await page.keyboard.press('Escape');
      // double click beside the output
      await cell(0).locator('.outputs .prompt').dblclick();
      await cell(0).getByRole('button', { name: '1 output is hidden' }).waitFor();
      await pressTwice(page, 'd');
      await expect.poll(sources).toEqual(['y']);
      await menu('File', 'Revert to Checkpoint', 'When I Opened It');
      await page.getByRole('dialog').getByRole('button', { name: 'Revert' }).click();
      await expect.poll(sources).toEqual(['x', 'y']);
      await cell(0).getByText('visible').waitFor();
    },
  );

  it.runIf(everything)('saves as another notebook, and asks before it replaces one', async () => {
    writeNotebookFile(server, 'first.ipynb', [{ source: 'const kept = 41; kept + 1' }]);
    writeNotebookFile(server, 'taken.ipynb', [{ source: 'old' }]);
    await open('first.ipynb');
    await kernelIdle(page);
    await page.keyboard.press('Control+Enter');
    await cell(0).locator('.outputs').getByText('42').waitFor();
    await menu('File', 'Save as…');
    const field = page.getByLabel('Path of the new notebook');
    await field.fill('taken');
    await page.keyboard.press('Enter');
    await page.getByText('"taken.ipynb" exists already').waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/notebooks/taken.ipynb');
    await page.locator('body[data-loaded]').waitFor();
    await cell(0).locator('.outputs').getByText('42').waitFor();
    await kernelIdle(page);
    await page.keyboard.press('b');
    await page.keyboard.press('Enter');
    await page.locator('.cm-focused').waitFor();
    // the kernel came along
    await page.keyboard.type('kept');
    await page.keyboard.press('Control+Enter');
    await cell(1).locator('.outputs').getByText('41').waitFor();
  });
});
