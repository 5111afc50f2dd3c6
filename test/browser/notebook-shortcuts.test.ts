/** Every shortcut of the classic notebook, each told by what it does. One page; the server puts the notebook back each time. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { startTestServer, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';
import { kernelIdle, loggedIn, openNotebook, writeNotebookFile } from './notebook-page-driver.js';
import { openBrowser } from './open-browser.js';

const NAME = 'shortcuts.ipynb';
const CELLS = ['one', 'two', 'three', 'four'];

/** What a person sees of the notebook. */
interface Seen {
  mode: string;
  /** type:source of each cell; a selected one has `*`, the current one `>` in front */
  cells: string[];
  dialog: string;
  pager: boolean;
  numbers: number;
  collapsed: number;
  scrolled: number;
  prompts: string[];
  scroll: number;
}

const SEE = `(() => {
  const cells = [...document.querySelectorAll('[data-cell-id]')];
  const source = (cell) => {
    const lines = [...cell.querySelectorAll('.cm-line')];
    return lines.length > 0 ? lines.map((line) => line.textContent).join('\\n') : cell.querySelector('[data-editor-static]').textContent;
  };
  return {
    mode: document.body.dataset.mode ?? 'command',
    cells: cells.map((cell) =>
      (cell.classList.contains('current') ? '>' : cell.classList.contains('selected') ? '*' : '') +
      cell.dataset.cellType[0] + ':' + source(cell)),
    dialog: document.querySelector('dialog[open]')?.textContent ?? '',
    pager: !document.querySelector('.pager').hidden,
    numbers: document.querySelectorAll('.line-numbers').length,
    collapsed: document.querySelectorAll('.cell.collapsed').length,
    scrolled: document.querySelectorAll('.outputs.scrolled').length,
    prompts: cells.map((cell) => cell.querySelector('.input .prompt').textContent),
    scroll: document.querySelector('[data-notebook-scroller]').scrollTop,
  };
})()`;

describe.skipIf(!hasChromium)('the shortcuts of the classic notebook', () => {
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
    writeNotebookFile(server, NAME, [{ source: 'start' }]);
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
    ({ page, errors } = await openNotebook(context, server, NAME));
    await kernelIdle(page);
    // the editor is there before the first key needs it
    await page.locator('[data-cell-id]').first().focus();
    await page.keyboard.press('Enter');
    await page.locator('.cm-content').waitFor();
    await page.keyboard.press('Escape');
  }

  /** The page's policy allows no `eval`, which `page.waitForFunction` needs. */
  const until = (expression: string, timeout?: number) =>
    expect
      .poll(() => page.evaluate<boolean>(expression), { interval: 15, ...(timeout && { timeout }) })
      .toBe(true);
  const see = () => page.evaluate<Seen>(SEE);

  /** These cells, the second selected, in command mode. */
  async function reset(sources: readonly string[], outputs: unknown[] = []): Promise<void> {
    await page.evaluate(`document.querySelector('dialog[open]')?.close()`);
    // What the last test typed may reach the server between the reading and the writing, and is kept then, as it must.
    for (let tries = 3; ; tries--) {
      try {
        await replaceCells(sources, outputs);
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

  async function replaceCells(sources: readonly string[], outputs: unknown[]): Promise<void> {
    round++;
    const content = {
      cells: sources.map((source, i) => ({
        cell_type: 'code',
        id: `r${round}-${i}`,
        metadata: {},
        source,
        execution_count: null,
        outputs: i === 1 ? outputs : [],
      })),
      metadata: {
        kernelspec: { name: 'javascript', display_name: 'JavaScript (Node.js)', language: 'javascript' },
      },
      nbformat: 4,
      nbformat_minor: 5,
    };
    // A client that has read what it replaces: what it never saw would stay.
    await server.fetch(`api/contents/${NAME}`);
    const answer = await server.fetch(`api/contents/${NAME}`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ type: 'notebook', content }),
    });
    expect(answer.status).toBe(200);
    await until(
      `document.querySelectorAll('[data-cell-id^="r${round}-"]').length === ${sources.length} && document.querySelectorAll('[data-cell-id]').length === ${sources.length}`,
      10_000,
    );
  }

  async function press(keys: string): Promise<void> {
    for (const key of keys.split(' ')) await page.keyboard.press(key);
  }

  interface Case {
    keys: string;
    does: string;
    /** what must become true of what is seen */
    expect: Partial<Seen> | ((seen: Seen) => boolean);
    sources?: string[];
    outputs?: unknown[];
  }

  const after = (...cells: string[]) => ({ cells });
  const LONG = { output_type: 'stream', name: 'stdout', text: 'line\n'.repeat(60) };
  const UNCHANGED = ['c:one', '>c:two', 'c:three', 'c:four'];

  const COMMAND: Case[] = [
    { keys: 'Enter', does: 'edits', expect: { mode: 'edit' } },
    {
      keys: 'Shift+Enter',
      does: 'runs, selects below',
      expect: after('c:one', 'c:two', '>c:three', 'c:four'),
    },
    {
      keys: 'Control+Enter',
      does: 'runs, stays',
      expect: (s) => /\d/.test(s.prompts[1] ?? '') && s.cells[1] === '>c:2',
      sources: ['1', '2', '3', '4'],
    },
    {
      keys: 'Alt+Enter',
      does: 'runs, inserts below',
      expect: { mode: 'edit', ...after('c:one', 'c:two', '>c:', 'c:three', 'c:four') },
    },
    { keys: 'm y', does: 'makes code', expect: after(...UNCHANGED) },
    { keys: 'm', does: 'makes markdown', expect: after('c:one', '>m:two', 'c:three', 'c:four') },
    { keys: 'r', does: 'makes raw', expect: after('c:one', '>r:two', 'c:three', 'c:four') },
    ...[1, 2, 3, 4, 5, 6].map((level): Case => ({
      keys: String(level),
      does: `makes a heading of level ${level}`,
      expect: after('c:one', `>m:${'#'.repeat(level)} two`, 'c:three', 'c:four'),
    })),
    { keys: 'ArrowUp', does: 'selects above', expect: after('>c:one', 'c:two', 'c:three', 'c:four') },
    { keys: 'k', does: 'selects above', expect: after('>c:one', 'c:two', 'c:three', 'c:four') },
    { keys: 'ArrowDown', does: 'selects below', expect: after('c:one', 'c:two', '>c:three', 'c:four') },
    { keys: 'j', does: 'selects below', expect: after('c:one', 'c:two', '>c:three', 'c:four') },
    { keys: 'Shift+k', does: 'extends above', expect: after('>c:one', '*c:two', 'c:three', 'c:four') },
    { keys: 'Shift+ArrowUp', does: 'extends above', expect: after('>c:one', '*c:two', 'c:three', 'c:four') },
    { keys: 'Shift+j', does: 'extends below', expect: after('c:one', '*c:two', '>c:three', 'c:four') },
    {
      keys: 'Shift+ArrowDown',
      does: 'extends below',
      expect: after('c:one', '*c:two', '>c:three', 'c:four'),
    },
    { keys: 'Control+a', does: 'selects all', expect: after('*c:one', '*c:two', '*c:three', '>c:four') },
    { keys: 'a', does: 'inserts above', expect: after('c:one', '>c:', 'c:two', 'c:three', 'c:four') },
    { keys: 'b', does: 'inserts below', expect: after('c:one', 'c:two', '>c:', 'c:three', 'c:four') },
    { keys: 'x', does: 'cuts', expect: after('c:one', '>c:three', 'c:four') },
    {
      keys: 'c v',
      does: 'copies, pastes below',
      expect: after('c:one', 'c:two', '>c:two', 'c:three', 'c:four'),
    },
    {
      keys: 'c Shift+v',
      does: 'pastes above',
      expect: after('c:one', '>c:two', 'c:two', 'c:three', 'c:four'),
    },
    { keys: 'd d', does: 'deletes', expect: after('c:one', '>c:three', 'c:four') },
    { keys: 'd d z', does: 'undoes deleting', expect: after(...UNCHANGED) },
    {
      keys: 'Shift+m',
      does: 'merges with the cell below',
      expect: after('c:one', '>c:two\n\nthree', 'c:four'),
    },
    {
      keys: 'Shift+j Shift+j Shift+m',
      does: 'merges the selected cells',
      expect: after('c:one', '>c:two\n\nthree\n\nfour'),
    },
    { keys: 'l', does: 'shows line numbers of the cell', expect: { numbers: 1 } },
    { keys: 'Shift+l', does: 'shows all line numbers', expect: { numbers: 4 } },
    {
      keys: 'Shift+l Shift+l',
      does: 'hides all line numbers',
      expect: (s) => s.numbers === 0 || s.numbers === 4,
    },
    { keys: 'o', does: 'hides output', expect: { collapsed: 1 }, outputs: [LONG] },
    { keys: 'o o', does: 'shows output again', expect: { collapsed: 0 }, outputs: [LONG] },
    { keys: 'Shift+o', does: 'scrolls output', expect: { scrolled: 1 }, outputs: [LONG] },
    { keys: 'h', does: 'lists the shortcuts', expect: (s) => s.dialog.includes('Keyboard shortcuts') },
    { keys: '0 0', does: 'asks to restart', expect: (s) => s.dialog.includes('Restart the kernel?') },
    { keys: 'f', does: 'finds and replaces', expect: (s) => s.dialog.includes('Find and Replace') },
    {
      keys: 'p',
      does: 'opens the palette',
      expect: (s) => s.dialog.includes('Run Cells') || s.dialog.includes('Run the'),
    },
    { keys: 'Control+Shift+p', does: 'opens the palette', expect: (s) => s.dialog.length > 200 },
    { keys: 'Control+Shift+f', does: 'opens the palette', expect: (s) => s.dialog.length > 200 },
    { keys: 'Space', does: 'scrolls down', expect: (s) => s.scroll > 100, outputs: [LONG] },
    { keys: 'Space Shift+Space', does: 'scrolls up', expect: (s) => s.scroll < 100, outputs: [LONG] },
    { keys: 'Shift', does: 'nothing', expect: { mode: 'command', ...after(...UNCHANGED) } },
  ];

  const EDIT: Case[] = [
    { keys: 'Escape', does: 'leaves', expect: { mode: 'command', ...after(...UNCHANGED) } },
    { keys: 'Control+m', does: 'leaves', expect: { mode: 'command', ...after(...UNCHANGED) } },
    {
      keys: 'Shift+Enter',
      does: 'runs, selects below',
      expect: { mode: 'command', ...after('c:one', 'c:two', '>c:three', 'c:four') },
    },
    { keys: 'Control+Enter', does: 'runs, leaves', expect: { mode: 'command', ...after(...UNCHANGED) } },
    {
      keys: 'Alt+Enter',
      does: 'runs, inserts below',
      expect: { mode: 'edit', ...after('c:one', 'c:two', '>c:', 'c:three', 'c:four') },
    },
    {
      keys: 'Control+Home ArrowRight Control+Shift+-',
      does: 'splits',
      expect: after('c:one', 'c:t', '>c:wo', 'c:three', 'c:four'),
    },
    {
      keys: 'Control+Home ArrowUp x',
      does: 'goes to the cell above',
      expect: after('>c:onex', 'c:two', 'c:three', 'c:four'),
    },
    {
      keys: 'Control+End ArrowDown x',
      does: 'goes to the cell below',
      expect: after('c:one', 'c:two', '>c:xthree', 'c:four'),
    },
    { keys: 'Control+Shift+p', does: 'opens the palette', expect: (s) => s.dialog.length > 200 },
    { keys: 'Control+Shift+f', does: 'opens the palette', expect: (s) => s.dialog.length > 200 },
    { keys: 'Shift', does: 'nothing', expect: { mode: 'edit', ...after(...UNCHANGED) } },
    {
      keys: 'Control+a x',
      does: 'selects all the text',
      expect: after('c:one', '>c:x', 'c:three', 'c:four'),
    },
    { keys: 'x Control+z', does: 'undoes', expect: after(...UNCHANGED) },
    {
      keys: 'Control+End x Control+z Control+y',
      does: 'redoes',
      expect: after('c:one', '>c:twox', 'c:three', 'c:four'),
    },
    {
      keys: 'Control+End x Control+z Control+Shift+z',
      does: 'redoes',
      expect: after('c:one', '>c:twox', 'c:three', 'c:four'),
    },
    { keys: 'Control+/', does: 'comments', expect: after('c:one', '>c:// two', 'c:three', 'c:four') },
    { keys: 'Control+]', does: 'indents', expect: after('c:one', '>c:    two', 'c:three', 'c:four') },
    { keys: 'Control+] Control+[', does: 'dedents', expect: after(...UNCHANGED) },
    {
      keys: 'Control+d',
      does: 'deletes the line',
      expect: after('c:one', '>c:b', 'c:three', 'c:four'),
      sources: ['one', 'a\nb', 'three', 'four'],
    },
    {
      keys: 'Control+ArrowDown x',
      does: 'goes to the end',
      expect: after('c:one', '>c:a\nbx', 'c:three', 'c:four'),
      sources: ['one', 'a\nb', 'three', 'four'],
    },
    {
      keys: 'Control+End Control+ArrowUp x',
      does: 'goes to the start',
      expect: after('c:one', '>c:xa\nb', 'c:three', 'c:four'),
      sources: ['one', 'a\nb', 'three', 'four'],
    },
    {
      keys: 'Control+Home Control+ArrowRight x',
      does: 'goes on by a word',
      expect: after('c:one', '>c:twox', 'c:three', 'c:four'),
    },
    {
      keys: 'Control+End Control+ArrowLeft x',
      does: 'goes back by a word',
      expect: after('c:one', '>c:xtwo', 'c:three', 'c:four'),
    },
    {
      keys: 'Control+End Control+Backspace',
      does: 'deletes the word before',
      expect: after('c:one', '>c:', 'c:three', 'c:four'),
    },
    {
      keys: 'Control+Home Control+Delete',
      does: 'deletes the word behind',
      expect: after('c:one', '>c:', 'c:three', 'c:four'),
    },
    {
      keys: 'Control+Home Insert x Insert y',
      does: 'overwrites',
      expect: after('c:one', '>c:xywo', 'c:three', 'c:four'),
    },
    {
      keys: 'Tab',
      does: 'indents at the beginning of a line',
      expect: after('c:one', '>c:    two', 'c:three', 'c:four'),
    },
    {
      keys: 'Control+Home Shift+End Control+u x',
      does: 'undoes a selection',
      expect: after('c:one', '>c:xtwo', 'c:three', 'c:four'),
    },
    {
      keys: 'Control+Home Shift+End Control+u Alt+u x',
      does: 'redoes a selection',
      expect: after('c:one', '>c:x', 'c:three', 'c:four'),
    },
  ];

  async function check({ expect: wanted }: Case): Promise<void> {
    if (typeof wanted === 'function') {
      await expect.poll(async () => wanted(await see()), { interval: 15 }).toBe(true);
    } else {
      await expect.poll(async () => ({ ...(await see()) }), { interval: 15 }).toMatchObject(wanted);
    }
  }

  // The table in full is long; every third row shows that keys reach the commands, also those of the editor.
  const some = (table: readonly Case[]) => table.filter((_, row) => everything || row % 3 === 0);

  it.each(some(COMMAND))('command mode: $keys $does', async (each) => {
    await reset(each.sources ?? CELLS, each.outputs);
    await press(each.keys);
    await check(each);
    if (each.keys === 'Shift+l') await press('Shift+l');
  });

  it.each(some(EDIT))('edit mode: $keys $does', async (each) => {
    await reset(each.sources ?? CELLS, each.outputs);
    await press('Enter');
    await page.locator('.cell.current .cm-focused').waitFor();
    await press('Control+Home');
    await press(each.keys);
    await check(each);
  });

  it('saves with Ctrl-S and S, in both modes', async () => {
    for (const keys of ['s', 'Control+s', 'Enter Control+s']) {
      await reset(CELLS);
      await press('b');
      await press(keys);
      await page.getByText(/^saved \d+ s ago$/).waitFor();
      await press('Escape');
    }
  });

  it('interrupts with I,I', async () => {
    await reset(['1', 'while (true) {}', '3', '4']);
    await press('Control+Enter');
    await page.locator('[data-kernel-status="busy"]').waitFor();
    await press('i i');
    await kernelIdle(page);
  });

  it('closes the pager with Esc and Q', async () => {
    for (const key of ['Escape', 'q']) {
      await reset(['1', 'Math.max', '3', '4']);
      await press('Enter Control+End Shift+Tab');
      await page.locator('.nb-help').waitFor();
      await press('Shift+Tab Shift+Tab Shift+Tab Escape');
      await page.locator('.pager').waitFor();
      await press(key);
      await page.locator('.pager').waitFor({ state: 'hidden' });
    }
  });
});
