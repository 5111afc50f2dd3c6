/**
 * Tables of what a person does to a notebook, each row told by what it does. One page for all of them: the server puts the
 * notebook back each time.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { startTestServer, type TestServer } from '../test-server.js';
import { kernelIdle, loggedIn, openNotebook, pressTwice, writeNotebookFile } from './notebook-page-driver.js';
import { openBrowser } from './open-browser.js';

const CELLS = ['one', 'two', 'three', 'four'];

/** What a person sees of the notebook. */
export interface Seen {
  mode: string;
  /** type:source of each cell; a selected one has `*`, the current one `>` in front */
  cells: string[];
  dialog: string;
  pager: boolean;
  numbers: number;
  collapsed: number;
  /** outputs of all cells */
  outputs: number;
  scrolled: number;
  prompts: string[];
  /** the places of the cells that ran, counted from 0 */
  ran: number[];
  scroll: number;
}

const SEE = `(() => {
  const cells = [...document.querySelectorAll('[data-cell-id]')];
  const source = (cell) => {
    const lines = [...cell.querySelectorAll('.cm-line')];
    return lines.length > 0 ? lines.map((line) => line.textContent).join('\\n') : cell.querySelector('[data-editor-static]').textContent;
  };
  const prompts = cells.map((cell) => cell.querySelector('.input .prompt').textContent);
  return {
    mode: document.body.dataset.mode ?? 'command',
    cells: cells.map((cell) =>
      (cell.classList.contains('current') ? '>' : cell.classList.contains('selected') ? '*' : '') +
      cell.dataset.cellType[0] + ':' + source(cell)),
    dialog: document.querySelector('dialog[open]')?.textContent ?? '',
    pager: !document.querySelector('.pager').hidden,
    numbers: document.querySelectorAll('.line-numbers').length,
    outputs: document.querySelectorAll('.output').length,
    collapsed: document.querySelectorAll('.cell.collapsed').length,
    scrolled: document.querySelectorAll('.outputs.scrolled').length,
    prompts,
    ran: prompts.flatMap((prompt, at) => (/\\d/.test(prompt) ? [at] : [])),
    scroll: document.querySelector('[data-notebook-scroller]').scrollTop,
  };
})()`;

export interface NotebookCase {
  does: string;
  /** what must become true of what is seen */
  expect: Partial<Seen> | ((seen: Seen) => boolean);
  /** default: one, two, three, four */
  sources?: string[];
  /** of the second cell, which is selected */
  outputs?: unknown[];
  type?: 'code' | 'markdown' | 'raw';
}

/** These cells: type:source, a selected one with `*`, the current one with `>` in front. */
export const after = (...cells: string[]) => ({ cells });
export const UNCHANGED = ['c:one', '>c:two', 'c:three', 'c:four'];
export const LONG = { output_type: 'stream', name: 'stdout', text: 'line\n'.repeat(60) };

/** To be called in a `describe`. @param name  of the notebook */
export function notebookCases(name: string) {
  let server: TestServer;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let errors: string[];
  let round = 0;

  beforeAll(async () => {
    server = await startTestServer({ onlyOwnKernel: true });
    browser = await openBrowser();
    context = await loggedIn(browser, server);
    writeNotebookFile(server, name, [{ source: 'start' }]);
    await open();
  });

  // What a failed test leaves behind is not the next one's business.
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    await page.close({ runBeforeUnload: false });
    await open();
  });

  afterAll(async () => {
    expect(errors).toEqual([]);
    await browser?.close();
    await server?.close();
  });

  async function open(): Promise<void> {
    ({ page, errors } = await openNotebook(context, server, name));
    await kernelIdle(page);
    // the editor is there before the first key needs it
    await page.locator('[data-cell-id]').first().focus();
    await page.keyboard.press('Enter');
    await page.locator('.cm-content').waitFor();
    await page.keyboard.press('Escape');
  }

  /** The page's policy allows no `eval`, which `page.waitForFunction` needs. */
  const until = (expression: string) =>
    expect.poll(() => page.evaluate<boolean>(expression), { interval: 15 }).toBe(true);
  const see = () => page.evaluate<Seen>(SEE);

  /** These cells, the second selected, in command mode. */
  async function reset({
    sources = CELLS,
    outputs = [],
    type = 'code',
  }: Partial<NotebookCase>): Promise<void> {
    await page.evaluate(`document.querySelector('dialog[open]')?.close()`);
    // What the last test typed may reach the server between the reading and the writing, and is kept then, as it must.
    for (let tries = 3; ; tries--) {
      try {
        await replaceCells(sources, outputs, type);
        break;
      } catch (error) {
        if (tries === 1) throw new Error(`not put back: ${JSON.stringify(await see())}`, { cause: error });
      }
    }
    await page.evaluate(`(() => {
      document.querySelector('[data-notebook-scroller]').scrollTop = 0;
      document.querySelector('[data-cell-id="r${round}-1"]').focus();
    })()`);
    await until(`document.querySelector('[data-cell-id="r${round}-1"]').classList.contains('current')`);
  }

  async function replaceCells(sources: readonly string[], outputs: unknown[], type: string): Promise<void> {
    round++;
    const content = {
      cells: sources.map((source, i) => ({
        cell_type: i === 1 ? type : 'code',
        id: `r${round}-${i}`,
        metadata: {},
        source,
        ...(i === 1 && type !== 'code' ? {} : { execution_count: null, outputs: i === 1 ? outputs : [] }),
      })),
      metadata: {
        kernelspec: { name: 'javascript', display_name: 'JavaScript (Node.js)', language: 'javascript' },
      },
      nbformat: 4,
      nbformat_minor: 5,
    };
    // A client that has read what it replaces: what it never saw would stay.
    await server.fetch(`api/contents/${name}`);
    const answer = await server.fetch(`api/contents/${name}`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ type: 'notebook', content }),
    });
    expect(answer.status).toBe(200);
    await until(
      `document.querySelectorAll('[data-cell-id^="r${round}-"]').length === ${sources.length} && document.querySelectorAll('[data-cell-id]').length === ${sources.length}`,
    );
  }

  async function press(keys: string): Promise<void> {
    for (const [, pair, key = ''] of keys.matchAll(/(?:([di0]) \1|(\S+))(?: |$)/g)) {
      if (pair !== undefined) await pressTwice(page, pair);
      else await page.keyboard.press(key);
    }
  }

  async function check({ expect: wanted }: NotebookCase): Promise<void> {
    if (typeof wanted === 'function') {
      await expect.poll(see, { interval: 15 }).toSatisfy(wanted);
    } else {
      await expect.poll(async () => ({ ...(await see()) }), { interval: 15 }).toMatchObject(wanted);
    }
  }

  return {
    get page(): Page {
      return page;
    },
    get server(): TestServer {
      return server;
    },
    until,
    see,
    reset,
    press,
    check,
  };
}
