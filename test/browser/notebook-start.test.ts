/** What a first visit to the notebook page costs, in requests and bytes; times are for `npm run bench -- browser`. */
import { gzipSync } from 'node:zlib';
import type { Response } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { loggedIn, notebookGroup } from './notebook-page-driver.js';

/** Undo, completion and the journal come when one can type already; colours of other languages than Python are one file more. */
const LATER = /\/(writing|language-support|journal|dist)-/;
const AFTER_THE_FIRST_CELL = /\/(editor|rich|colours|rolldown-runtime)-/;

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
});
