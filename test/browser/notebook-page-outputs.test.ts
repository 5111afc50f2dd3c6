/** What the notebook page shows of outputs, and what it refuses to run. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../src/package-files.js';
import { hasChromium, hasPythonKernel } from '../parts.js';
import { startTestServer, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';
import {
  kernelIdle,
  loggedIn,
  openNotebook,
  pressTwice,
  pressUntil,
  save,
  writeNotebookFile,
} from './notebook-page-driver.js';
import { openBrowser } from './open-browser.js';

/** Scrolls through the whole notebook, so that every cell is drawn. */
async function drawAll(page: Page): Promise<void> {
  for (let [i, done] = [0, false]; i < 40 && !done; i++) {
    done = await page.evaluate<boolean>(`(() => {
      const scroller = document.querySelector('[data-notebook-scroller]');
      scroller.scrollBy(0, scroller.clientHeight);
      return scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 2;
    })()`);
    await drawn(page);
  }
}

/** Cells are filled in frames, one after the other: until some frames and a moment add nothing any more. */
async function drawn(page: Page): Promise<void> {
  let [before, now] = [-1, 0];
  while (before !== now) {
    before = now;
    await page.waitForTimeout(60);
    now = await page.evaluate<number>(`new Promise((done) => {
      const frame = (left) => left > 0 ? requestAnimationFrame(() => frame(left - 1)) : done(document.querySelectorAll('#cells *').length);
      frame(3);
    })`);
  }
}

describe.skipIf(!hasChromium)('outputs in the notebook page', () => {
  let server: TestServer;
  let browser: Browser;
  let context: BrowserContext;

  beforeAll(async () => {
    server = await startTestServer();
    browser = await openBrowser();
    context = await loggedIn(browser, server);
    for (const name of ['hostile', 'pandas', 'matplotlib', 'cells-200', 'attachments']) {
      copyFileSync(
        packageFile('test', 'notebooks', `${name}.ipynb`),
        join(server.notebooks, `${name}.ipynb`),
      );
    }
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it.runIf(everything)(
    'puts a table with colours of its own on white paper in the dark theme, and leaves others dark',
    async () => {
      const dark = await loggedIn(browser, server, { colorScheme: 'dark' });
      const { page } = await openNotebook(dark, server, 'pandas.ipynb');
      await drawAll(page);
      const colour = (text: string) =>
        page.evaluate<string>(`getComputedStyle(
        [...document.querySelectorAll('.output-html td')].find((cell) => cell.textContent.includes('${text}')),
      ).color`);
      await expect.poll(() => colour('2672.300000')).toBe('rgb(26, 26, 26)');
      await expect.poll(() => colour('Lagos')).toBe('rgb(230, 230, 230)');
      await dark.close();
    },
  );

  it('fetches large outputs when their cells come near the screen, and undo brings them back whole', async () => {
    const png = /"image\/png": "([^"]+)"/.exec(
      readFileSync(packageFile('test', 'notebooks', 'matplotlib.ipynb'), 'utf8'),
    )?.[1];
    const image = `${(png ?? '').replace(/\\n|=+$/g, '')}`.padEnd(120_000, 'A');
    const filler = Array.from({ length: 150 }, (_, n) => ({ source: `filler = ${n}` }));
    const script = `<script>window.made = true; document.body.append('made by a script')</script>`;
    writeNotebookFile(server, 'large.ipynb', [
      {
        source: 'top',
        outputs: [{ output_type: 'stream', name: 'stdout', text: 'a line\n'.repeat(20_000) }],
      },
      ...filler,
      {
        source: 'picture',
        outputs: [
          {
            output_type: 'execute_result',
            execution_count: 7,
            data: { 'image/png': image, 'text/plain': '<Figure>' },
            metadata: {},
          },
        ],
      },
      {
        source: 'html',
        outputs: [
          {
            output_type: 'display_data',
            data: { 'text/html': `<b>large</b>${script}<!--${'x'.repeat(70_000)}-->` },
            metadata: {},
          },
        ],
      },
      {
        source: 'huge',
        outputs: [
          {
            output_type: 'display_data',
            data: { 'text/html': `<i>huge</i><!--${'x'.repeat(1_200_000)}-->`, 'text/plain': 'instead' },
            metadata: {},
          },
        ],
      },
    ]);
    const before = readFileSync(join(server.notebooks, 'large.ipynb'), 'utf8');
    const page = await context.newPage();
    const fetched: string[] = [];
    page.on('request', (request) => {
      const address = /\/outputs\/(.*)/.exec(request.url())?.[1];
      if (address !== undefined) fetched.push(address.replace(/^[^?]*/, ''));
    });
    await page.goto(`${server.url}notebooks/large.ipynb`);
    await page.locator('[data-cell-id="cell-0"] .output-text').getByText('a line').first().waitFor();
    await page.locator('[data-cell-id="cell-0"] .outputs.scrolled').waitFor();
    expect(fetched).toEqual(['']);
    const picture = page.locator('[data-cell-id="cell-151"]');
    await page.evaluate(`document.querySelector('[data-cell-id="cell-151"]').scrollIntoView()`);
    await picture.locator('img').waitFor();
    expect(await picture.locator('.prompt-out').textContent()).toBe('Out[7]:');
    expect(fetched).toContain('?mime=image%2Fpng');
    await page.locator('[data-cell-id="cell-152"]').getByText('large').waitFor();
    await page.locator('[data-cell-id="cell-152"]').getByText('Trust this notebook').waitFor();
    expect(await page.evaluate('typeof window.made')).toBe('undefined');

    const huge = page.locator('[data-cell-id="cell-153"] .outputs');
    await huge.getByText('instead').waitFor();
    expect(await huge.locator('i').count()).toBe(0);
    await huge.getByRole('button', { name: 'Show this output (1.2 MB)' }).click();
    await huge.locator('i').getByText('huge').waitFor();

    await picture.locator('.input .prompt').click();
    await page.keyboard.press('Escape');
    await pressTwice(page, 'd');
    await picture.waitFor({ state: 'detached' });
    await page.keyboard.press('z');
    await picture.locator('img').waitFor();
    await save(page);
    expect(readFileSync(join(server.notebooks, 'large.ipynb'), 'utf8')).toBe(before);
    await page.close();
  });

  it('executes nothing of a hostile notebook, presses nothing of the page, and asks no other server', async () => {
    const file = join(server.notebooks, 'hostile.ipynb');
    const notebook = JSON.parse(readFileSync(file, 'utf8')) as { cells: object[] };
    const source = [
      '<label for="notebook-name">Read on</label>\n\n',
      '![x](/files/../logout) ![x](%2e%2e/logout)',
    ];
    notebook.cells.push({ cell_type: 'markdown', id: 'presses', metadata: {}, source });
    writeFileSync(file, JSON.stringify(notebook));
    const { page, outside } = await openNotebook(context, server, 'hostile.ipynb');
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    const popups: string[] = [];
    page.on('popup', (popup) => popups.push(popup.url()));
    await drawAll(page);
    await page.locator('[data-markdown] label').click();
    await page.waitForTimeout(500);

    expect(await page.getByRole('dialog').count()).toBe(0);
    expect((await context.request.get(`${server.url}api/me`)).status()).toBe(200);
    expect(await page.evaluate('typeof window.hacked')).toBe('undefined');
    expect(outside).toEqual([]);
    expect(dialogs).toEqual([]);
    expect(popups).toEqual([]);
    const found = await page.evaluate<Record<string, unknown>>(`(() => {
      const all = [...document.querySelectorAll('#cells *')];
      const content = all.filter((element) => element.closest('.rendered-html'));
      return {
        forbidden: content.filter((element) =>
          ['script', 'iframe', 'object', 'embed', 'form', 'input', 'textarea', 'select', 'base', 'meta', 'link', 'style', 'dialog']
            .includes(element.localName)).map((element) => element.outerHTML.slice(0, 120)),
        handlers: all.flatMap((element) => [...element.attributes].filter((each) => each.name.startsWith('on')).map((each) => each.name)),
        schemes: content.flatMap((element) => ['href', 'src', 'xlink:href'].map((name) => element.getAttribute(name) ?? ''))
          .filter((value) => /^\\s*(?:javascript|vbscript|data:text)/i.test(value)),
        commands: content.filter((element) => element.hasAttribute('data-command') && element.closest('.rendered-html')).length,
        clobbered: content.filter((element) => element.id !== '' && !element.id.startsWith('user-content-')).map((element) => element.id),
        targets: content.filter((element) => element.localName === 'a' && element.hasAttribute('href') &&
          !element.getAttribute('href').startsWith('#') && (element.target !== '_blank' || !element.rel.includes('noopener')))
          .map((element) => element.outerHTML.slice(0, 120)),
        header: getComputedStyle(document.querySelector('#toolbar')).display !== 'none' &&
          document.querySelector('#toolbar').getBoundingClientRect().height > 10,
        body: getComputedStyle(document.body).display,
        title: document.title,
      };
    })()`);
    expect(found).toEqual({
      forbidden: [],
      handlers: [],
      schemes: [],
      commands: 0,
      clobbered: [],
      targets: [],
      header: true,
      body: 'flex',
      title: 'hostile - nbserver',
    });
    await page.close();
  });

  it('shows tables, styles that stay in their output, tracebacks and progress bars', async () => {
    const { page, errors } = await openNotebook(context, server, 'pandas.ipynb');
    await drawAll(page);
    await expect.poll(() => page.locator('.output-html table').count()).toBeGreaterThanOrEqual(2);
    await page.locator('[data-output-type="error"] [class*="ansi-"]').first().waitFor();
    await expect.poll(() => page.evaluate('document.adoptedStyleSheets.length')).toBeGreaterThan(0);
    expect(await page.locator('#cells style').count()).toBe(0);
    expect(errors).toEqual([]);
    await page.close();
  });

  it.runIf(everything)('shows plots with their size reserved before they are decoded', async () => {
    const { page, errors } = await openNotebook(context, server, 'matplotlib.ipynb');
    await drawAll(page);
    const images = page.locator('img.output-image');
    await expect.poll(() => images.count()).toBeGreaterThanOrEqual(2);
    const seen = () =>
      page.evaluate<{ shown: boolean; alt: string }[]>(
        `[...document.querySelectorAll('img.output-image')].map((image) => ({ shown: image.naturalWidth > 0, alt: image.alt }))`,
      );
    await expect.poll(async () => (await seen()).filter(({ shown }) => !shown)).toEqual([]);
    for (const { alt } of await seen()) expect(alt).not.toBe('');
    expect(errors).toEqual([]);
    await page.close();
  });

  it.runIf(everything)('has all cells in the document at once, and draws those near the screen', async () => {
    const { page, errors } = await openNotebook(context, server, 'cells-200.ipynb');
    const cells = JSON.parse(readFileSync(join(server.notebooks, 'cells-200.ipynb'), 'utf8')) as {
      cells: { source: string | string[] }[];
    };
    expect(await page.locator('[data-cell-id]').count()).toBe(cells.cells.length);
    const last = cells.cells.at(-1)?.source ?? '';
    const text = (Array.isArray(last) ? last.join('') : last).trim().split('\n')[0] ?? '';
    expect(await page.locator('[data-cell-id]').last().textContent()).toContain(text);
    const drawn = await page.locator('[data-cell-id] .outputs, [data-cell-id] [data-markdown]').count();
    expect(drawn).toBeLessThan(150);
    expect(errors).toEqual([]);
    await page.close();
  });

  it.skipIf(!hasPythonKernel)('runs Python: plot, table, colours, help and completion', async () => {
    writeNotebookFile(
      server,
      'python.ipynb',
      [
        { source: 'import matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);' },
        { source: 'import pandas as pd\npd.DataFrame({"a": [1, 2]})' },
        { source: 'import sys\nprint("to stderr", file=sys.stderr)\n1 / 0' },
        { source: 'name = input("Who? ")\nprint("hello", name)' },
        { source: 'len?' },
        { source: 'name.upp' },
        { source: 'import time\nprint("on", flush=True)\ntime.sleep(100)' },
      ],
      'python3',
    );
    const { page, errors } = await openNotebook(context, server, 'python.ipynb');
    const cell = (index: number) => page.locator('[data-cell-id]').nth(index);
    await kernelIdle(page);
    await page.keyboard.press('Shift+Enter');
    await cell(0).locator('img.output-image').waitFor();
    await page.keyboard.press('Shift+Enter');
    await cell(1).locator('.output-html table').waitFor();
    await page.keyboard.press('Shift+Enter');
    await cell(2).locator('.output.stderr').getByText('to stderr').waitFor();
    await cell(2).getByText('ZeroDivisionError').first().waitFor();
    await page.keyboard.press('Shift+Enter');
    await cell(3).getByLabel('Who?').waitFor();
    await expect.poll(() => page.evaluate('document.activeElement?.tagName')).toBe('INPUT');
    await page.keyboard.type('you');
    await page.keyboard.press('Enter');
    await cell(3).locator('.outputs').getByText('hello you').waitFor();

    await page.keyboard.press('Escape');
    await cell(4).locator('.source').click();
    await page.keyboard.press('Control+Enter');
    await page.locator('.pager').getByText('Return the number of items').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.pager').waitFor({ state: 'hidden' });

    await kernelIdle(page);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+End');
    const completed = async () => (await cell(5).locator('.cm-content').textContent()) === 'name.upper';
    await pressUntil(page, 'Tab', completed);
    const help = page.locator('.nb-help').getByText('Return a copy of the string').first();
    await pressUntil(page, 'Shift+Tab', () => help.isVisible());
    await page.keyboard.press('Escape');
    await page.locator('.nb-help').waitFor({ state: 'hidden' });
    expect(await page.evaluate('document.body.dataset.mode')).toBe('edit');

    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('Control+Enter');
    await cell(6).locator('.outputs').getByText('on', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Interrupt the kernel' }).click();
    await cell(6).getByText('KeyboardInterrupt').first().waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });
});
