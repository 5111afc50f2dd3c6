/**
 * What a first visit to the notebook page costs, in requests and bytes, and what is there before its script; times are for
 * `npm run bench -- browser`.
 */
import { gzipSync } from 'node:zlib';
import type { Page, Response } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { kernelIdle, loggedIn, notebookGroup, writeNotebookFile } from './notebook-page-driver.js';

/** Undo, completion and the journal come when one can type already; colours of other languages than Python are one file more. */
const LATER = /\/(writing|language-support|journal|dist)-/;
const AFTER_THE_FIRST_CELL = /\/(editor|rich|colours|rolldown-runtime)-/;

/** Place, size, text and prompt of each cell. */
async function placesOfCells(page: Page): Promise<unknown[]> {
  return Promise.all(
    (await page.locator('[data-cell-id]').all()).map(async (cell) => {
      return {
        id: await cell.getAttribute('data-cell-id'),
        cell: await cell.boundingBox(),
        box: await cell.locator('.source-text').boundingBox(),
        text: await cell.locator('.source-text').textContent(),
        prompt: await cell.locator('.prompt').first().textContent(),
      };
    }),
  );
}

describe.skipIf(!hasChromium)('a first visit to the notebook page', () => {
  const group = notebookGroup();

  it('takes 8 requests and 230 kB until one can type, 120 kB of them until the first cell is there', async () => {
    // with an empty cache: it has seen the dashboard alone, whose files are its own
    const context = await loggedIn(group.browser, group.server);
    const answers: Response[] = [];
    context.on('response', (response) => answers.push(response));
    const cells = [{ type: 'markdown', source: '# Title\n\n*text*' } as const, { source: 'print("text")' }];
    const page = await group.open('start.ipynb', cells, context);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.locator('.cm-focused').waitFor();
    await page.locator('[data-markdown] h1').waitFor();

    const needed = await Promise.all(
      answers
        .map((response) => ({ response, address: response.url().slice(group.server.url.length) }))
        .filter(({ address }) => !LATER.test(address))
        .map(async ({ response, address }) => ({
          address,
          bytes: gzipSync(await response.body(), { level: 9 }).length,
        })),
    );
    const list = needed.map(({ address, bytes }) => `${address} ${bytes}`);
    const sum = (these: typeof needed) => these.reduce((all, { bytes }) => all + bytes, 0);
    expect(list.length, list.join('\n')).toBeLessThanOrEqual(8);
    expect(sum(needed), list.join('\n')).toBeLessThanOrEqual(230_000);
    const first = needed.filter(({ address }) => !AFTER_THE_FIRST_CELL.test(address));
    expect(sum(first), list.join('\n')).toBeLessThanOrEqual(120_000);
    await context.close();
  });

  /** On a busy machine a page may not wait until a notebook is opened; it has the text of one that is open already. */
  const openOnServer = (name: string) =>
    expect
      .poll(async () => (await group.server.fetch(`notebooks/${name}`)).text())
      .toContain('data-cell-id=');

  it('shows its first cells without a script, where the script will put them, and starts no kernel by that', async () => {
    const sources = ['1', '', '\n\n', 'a\n\tb\n', '<b>&amp;</b>', '日本語 = "\u00e9"', 'x'.repeat(300)];
    const cells = sources.map((source) => ({ source }));
    writeNotebookFile(group.server, 'first.ipynb', cells);
    await openOnServer('first.ipynb');
    const bare = await group.context.newPage();
    await bare.route(/\/notebook-\w+\.js$/, (route) => route.abort());
    await bare.goto(`${group.server.url}notebooks/first.ipynb`);
    const before = await placesOfCells(bare);
    await bare.close();
    expect(await (await group.server.fetch('api/sessions')).text()).not.toContain('first.ipynb');

    const page = await group.open('first.ipynb');
    await kernelIdle(page);
    await page.keyboard.press('Escape');
    await page.evaluate('document.activeElement.blur()');
    expect(before).toHaveLength(sources.length);
    expect(await placesOfCells(page)).toEqual(before);
    expect(await page.locator('#document').count()).toBe(0);
  });

  it('keeps what is pressed and typed before its script has arrived', async () => {
    writeNotebookFile(group.server, 'early.ipynb', [{ source: 'one' }, { source: 'first second' }]);
    await openOnServer('early.ipynb');
    const page = await group.context.newPage();
    let go = () => {};
    const script = new Promise<void>((resolve) => (go = resolve));
    await page.route(/\/notebook-\w+\.js$/, async (route) => {
      await script;
      await route.continue();
    });
    await page.goto(`${group.server.url}notebooks/early.ipynb`, { waitUntil: 'commit' });
    const text = page.locator('[data-cell-id]').nth(1).locator('.source-text');
    const box = await text.boundingBox();
    await page.mouse.click((box?.x ?? 0) + (box?.width ?? 0) - 10, (box?.y ?? 0) + 12);
    await page.keyboard.type('! x');
    await page.keyboard.press('Escape');
    await page.keyboard.press('a');
    go();
    await page.locator('body[data-loaded]').waitFor();
    await expect.poll(() => page.locator('[data-cell-id]').count()).toBe(3);
    await page.locator('.cm-line', { hasText: 'first second! x' }).waitFor();
    expect(await page.locator('[data-cell-id]').nth(1).getAttribute('class')).toContain('selected');
    await page.close();
  });
});
