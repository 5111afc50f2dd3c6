/** The entries of the menus, each told by what it does. What has a shortcut, too, is in notebook-shortcuts.test.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { everything } from '../tier.js';
import { after, LONG, notebookCases, UNCHANGED, type NotebookCase } from './notebook-cases.js';
import { chooseFromMenu, kernelIdle, save } from './notebook-page-driver.js';

const NAME = 'menus.ipynb';

describe.runIf(hasChromium && everything)('the menus of the notebook page', () => {
  const cases = notebookCases(NAME);
  const { check, reset } = cases;
  const choose = (path: string) => {
    const [menu = '', ...entries] = path.split(' > ');
    return chooseFromMenu(cases.page, menu, ...entries);
  };
  const confirm = (button: string) =>
    cases.page.getByRole('dialog').getByRole('button', { name: button, exact: true }).click();

  interface Case extends NotebookCase {
    /** chosen one after the other */
    menus: string[];
  }

  const RUNS = ['1', '2', '3', '4'];
  const TABLE: Case[] = [
    { menus: ['Edit > Cut Cells'], does: 'cuts', expect: after('c:one', '>c:three', 'c:four') },
    {
      menus: ['Edit > Copy Cells', 'Edit > Paste Cells Above'],
      does: 'pastes above',
      expect: after('c:one', '>c:two', 'c:two', 'c:three', 'c:four'),
    },
    {
      menus: ['Edit > Copy Cells', 'Edit > Paste Cells Below'],
      does: 'pastes below',
      expect: after('c:one', 'c:two', '>c:two', 'c:three', 'c:four'),
    },
    {
      menus: ['Edit > Cut Cells', 'Edit > Paste Cells & Replace'],
      does: 'pastes in the place of the next cell',
      expect: after('c:one', '>c:two', 'c:four'),
    },
    { menus: ['Edit > Delete Cells'], does: 'deletes', expect: after('c:one', '>c:three', 'c:four') },
    {
      menus: ['Edit > Delete Cells', 'Edit > Undo Cell Operation'],
      does: 'brings it back',
      expect: after(...UNCHANGED),
    },
    {
      menus: ['Edit > Delete Cells', 'Edit > Undo Cell Operation', 'Edit > Redo Cell Operation'],
      does: 'deletes it again',
      expect: (s) => s.cells.length === 3 && !s.cells.some((cell) => cell.endsWith('two')),
    },
    {
      menus: ['Edit > Merge Cell Above'],
      does: 'merges with the cell above',
      expect: after('>c:one\n\ntwo', 'c:three', 'c:four'),
    },
    {
      menus: ['Edit > Merge Cell Below'],
      does: 'merges with the cell below',
      expect: after('c:one', '>c:two\n\nthree', 'c:four'),
    },
    {
      menus: ['Edit > Move Cell Up'],
      does: 'moves it up',
      expect: after('>c:two', 'c:one', 'c:three', 'c:four'),
    },
    {
      menus: ['Edit > Move Cell Down'],
      does: 'moves it down',
      expect: after('c:one', 'c:three', '>c:two', 'c:four'),
    },
    {
      menus: ['Edit > Edit Notebook Metadata'],
      does: 'shows the metadata',
      expect: (s) => s.dialog.includes('Edit the metadata of the notebook'),
    },
    {
      menus: ['Edit > Deleted Cells…'],
      does: 'shows what is gone',
      expect: (s) => s.dialog.includes('Deleted'),
    },
    {
      menus: ['Edit > Find and Replace'],
      does: 'finds',
      expect: (s) => s.dialog.includes('Find and Replace'),
    },
    {
      menus: ['Insert > Insert Cell Above'],
      does: 'inserts above',
      expect: after('c:one', '>c:', 'c:two', 'c:three', 'c:four'),
    },
    {
      menus: ['Insert > Insert Cell Below'],
      does: 'inserts below',
      expect: after('c:one', 'c:two', '>c:', 'c:three', 'c:four'),
    },
    {
      menus: ['Cell > Run Cells'],
      does: 'runs, stays',
      expect: { ran: [1], ...after(...UNCHANGED) },
    },
    {
      menus: ['Cell > Run Cells and Select Below'],
      does: 'runs, selects below',
      expect: { ran: [1], ...after('c:one', 'c:two', '>c:three', 'c:four') },
    },
    {
      menus: ['Cell > Run Cells and Insert Below'],
      does: 'runs, inserts below',
      expect: { mode: 'edit', ran: [1], ...after('c:one', 'c:two', '>c:', 'c:three', 'c:four') },
    },
    { menus: ['Cell > Run All'], does: 'runs all', sources: RUNS, expect: { ran: [0, 1, 2, 3] } },
    { menus: ['Cell > Run All Above'], does: 'runs those above', sources: RUNS, expect: { ran: [0] } },
    {
      menus: ['Cell > Run All Below'],
      does: 'runs it and those below',
      sources: RUNS,
      expect: { ran: [1, 2, 3] },
    },
    {
      menus: ['Cell > Cell Type > Markdown'],
      does: 'makes markdown',
      expect: after('c:one', '>m:two', 'c:three', 'c:four'),
    },
    {
      menus: ['Cell > Cell Type > Raw NBConvert'],
      does: 'makes raw',
      expect: after('c:one', '>r:two', 'c:three', 'c:four'),
    },
    {
      menus: ['Cell > Cell Type > Code'],
      does: 'makes code',
      type: 'raw',
      expect: after('c:one', '>c:two', 'c:three', 'c:four'),
    },
    {
      menus: ['Cell > Current Outputs > Toggle'],
      does: 'hides output',
      outputs: [LONG],
      expect: { collapsed: 1 },
    },
    {
      menus: ['Cell > Current Outputs > Toggle Scrolling'],
      does: 'scrolls output',
      outputs: [LONG],
      expect: { scrolled: 1 },
    },
    {
      menus: ['Cell > Current Outputs > Clear'],
      does: 'clears output',
      outputs: [LONG],
      expect: { outputs: 0 },
    },
    {
      menus: ['Cell > All Output > Toggle'],
      does: 'hides all output',
      outputs: [LONG],
      expect: { collapsed: 1 },
    },
    {
      menus: ['Cell > All Output > Toggle Scrolling'],
      does: 'scrolls all output',
      outputs: [LONG],
      expect: { scrolled: 1 },
    },
    {
      menus: ['Cell > All Output > Clear'],
      does: 'clears all output',
      outputs: [LONG],
      expect: { outputs: 0 },
    },
    { menus: ['Help > About'], does: 'says what it is', expect: (s) => /nbserver \d/.test(s.dialog) },
    {
      menus: ['Help > Keyboard Shortcuts'],
      does: 'lists the keys',
      expect: (s) => s.dialog.includes('Keyboard shortcuts'),
    },
    {
      menus: ['Help > Command Palette'],
      does: 'opens the palette',
      expect: (s) => s.dialog.includes('Run All') && !s.dialog.includes('Revert to Checkpoint'),
    },
    {
      menus: ['File > Save as…'],
      does: 'asks for the path',
      expect: (s) => s.dialog.includes('Path of the new notebook'),
    },
    {
      menus: ['File > Rename…'],
      does: 'asks for the name',
      expect: (s) => s.dialog.includes('Rename the notebook'),
    },
    { menus: ['File > History…'], does: 'shows the history', expect: (s) => s.dialog.includes('History') },
  ];

  it.each(TABLE)('$menus $does', async (each) => {
    await reset(each);
    for (const path of each.menus) await choose(path);
    await check(each);
    if (each.outputs !== undefined) await choose('Cell > All Output > Clear');
  });

  it('shows an output as another of its types', async () => {
    const data = { 'text/html': '<b>rich</b>', 'text/plain': 'plain words' };
    await reset({ outputs: [{ output_type: 'display_data', metadata: {}, data }] });
    const outputs = cases.page.locator('.cell.current .outputs');
    await outputs.locator('b').getByText('rich').waitFor();
    await choose('Cell > Current Outputs > Show as > text/plain');
    await outputs.getByText('plain words').waitFor();
    expect(await outputs.locator('b').count()).toBe(0);
    await choose('Cell > Current Outputs > Show as > text/html');
    await outputs.locator('b').getByText('rich').waitFor();
    await choose('Cell > Current Outputs > Clear');
  });

  it('shows and hides parts of the page, and changes its colours', async () => {
    await reset({});
    const { page } = cases;
    for (const [entry, part] of [
      ['Toggle Header', '#header-row'],
      ['Toggle Toolbar', '#toolbar'],
    ] as const) {
      await choose(`View > ${entry}`);
      await page.locator(part).waitFor({ state: 'hidden' });
      await choose(`View > ${entry}`);
      await page.locator(part).waitFor();
    }
    await choose('View > Toggle Line Numbers');
    await expect.poll(async () => (await cases.see()).numbers).toBe(4);
    await choose('View > Toggle Line Numbers');
    await expect.poll(async () => (await cases.see()).numbers).toBe(0);
    const paper = () =>
      page.evaluate<string>(`getComputedStyle(document.querySelector('.notebook-paper')).backgroundColor`);
    await choose('View > Dark Theme');
    await expect.poll(paper).toBe('rgb(27, 31, 36)');
    await choose('View > Light Theme');
    await expect.poll(paper).toBe('rgb(255, 255, 255)');
    await choose('View > Theme of the System');
  });

  it('takes attachments from one cell to another, and asks for pictures', async () => {
    await reset({ type: 'markdown' });
    const { page } = cases;
    const chosen = page.waitForEvent('filechooser');
    await choose('Edit > Insert Image');
    const picture = Buffer.from('iVBORw0KGgo=', 'base64');
    await (await chosen).setFiles({ name: 'p.png', mimeType: 'image/png', buffer: picture });
    await expect.poll(async () => (await cases.see()).cells[1]).toBe('>m:two![p.png](attachment:p.png)');
    const attachments = async () => {
      await save(page);
      const text = readFileSync(join(cases.server.notebooks, NAME), 'utf8');
      const { cells } = JSON.parse(text) as { cells: { attachments?: object }[] };
      return cells.map((cell) => Object.keys(cell.attachments ?? {}).length);
    };
    expect(await attachments()).toEqual([0, 1, 0, 0]);
    await choose('Edit > Copy Cell Attachments');
    await page.keyboard.press('Escape');
    for (const key of ['j', 'm', 'Escape']) await page.keyboard.press(key);
    await choose('Edit > Paste Cell Attachments');
    await expect.poll(attachments).toEqual([0, 1, 1, 0]);
    await choose('Edit > Cut Cell Attachments');
    await expect.poll(attachments).toEqual([0, 1, 0, 0]);
  });

  it('restarts the kernel, and clears or runs all', async () => {
    await reset({ sources: RUNS, outputs: [LONG] });
    await choose('Kernel > Restart & Clear Output');
    await confirm('Restart & Clear');
    await expect.poll(async () => (await cases.see()).outputs).toBe(0);
    await kernelIdle(cases.page);
    await choose('Kernel > Restart & Run All');
    await confirm('Restart & Run All');
    await check({ does: '', expect: { ran: [0, 1, 2, 3] } });
  });

  it('opens other pages in tabs of their own', async () => {
    await reset({});
    const { page } = cases;
    for (const [path, address] of [
      ['File > Open…', /\/tree$/],
      ['File > Make a Copy…', /\/notebooks\/menus-Copy1\.ipynb$/],
      ['File > Print Preview', /\/nbconvert\/html\/menus\.ipynb/],
      ['File > New Notebook > JavaScript (Node.js)', /\/notebooks\/Untitled\.ipynb\?kernel_name=javascript$/],
    ] as const) {
      const opened = page.context().waitForEvent('page');
      await choose(path);
      const tab = await opened;
      await tab.waitForURL(address);
      await tab.close();
    }
  });

  it('shuts the kernel down, and with Close and Halt leaves', async () => {
    await reset({});
    const { page, server } = cases;
    const sessions = async () =>
      ((await (await server.fetch('api/sessions')).json()) as { path: string }[]).map(({ path }) => path);
    await choose('Kernel > Shutdown');
    await confirm('Shut Down');
    await page.locator('[data-kernel-status="none"]').waitFor();
    expect(await sessions()).not.toContain(NAME);
    // a run starts another one
    await choose('Cell > Run Cells');
    await kernelIdle(page);
    expect(await sessions()).toContain(NAME);
    await choose('File > Close and Halt').catch(() => undefined); // the menu goes with its page
    await page.waitForURL(/\/tree$/);
    await expect.poll(sessions).not.toContain(NAME);
    await page.goto(`${server.url}notebooks/${NAME}`);
    await page.locator('body[data-loaded]').waitFor();
  });
});
