/** The notebook page for everybody: without faults that axe-core finds, in both themes, on a phone, by keyboard. */
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { everything } from '../tier.js';
import { kernelIdle, notebookGroup, type loggedIn, type SourceCell } from './notebook-page-driver.js';
import { accessibilityProblems } from './open-browser.js';

const TRACEBACK = [
  '\u001b[31mZeroDivisionError\u001b[39m  \u001b[36mCell\u001b[39m \u001b[32mIn[4]\u001b[39m, line 1',
  '\u001b[32;43m1/0\u001b[39;49m \u001b[33myellow\u001b[39m \u001b[34mblue\u001b[39m \u001b[35mmagenta\u001b[39m \u001b[37mwhite\u001b[39m \u001b[1;31mbold\u001b[0m',
];

const CELLS: SourceCell[] = [
  {
    type: 'markdown',
    source: '# Title\n\nText, `code`, [link](https://example.org) and a table\n\n|a|b|\n|-|-|\n|1|2|',
  },
  {
    source: 'const keyword = "string" + 12; // comment\nfunction name() { return /regexp/ }',
    outputs: [
      { output_type: 'stream', name: 'stderr', text: 'to stderr\n' },
      { output_type: 'error', ename: 'E', evalue: 'v', traceback: TRACEBACK },
      {
        output_type: 'execute_result',
        execution_count: 1,
        metadata: {},
        data: { 'application/json': { a: [1, null, 'text'] }, 'text/plain': 'x' },
      },
    ],
  },
  { type: 'raw', source: 'raw text' },
];

describe.skipIf(!hasChromium)('access to the notebook page', () => {
  const group = notebookGroup();

  /** Opens the notebook in a window of its own kind. */
  const open = async (options: Parameters<typeof loggedIn>[2] = {}) =>
    group.open('access.ipynb', CELLS, await group.otherProfile(options));

  it.each(everything ? (['light', 'dark'] as const) : (['dark'] as const))(
    'has no violations in the %s theme, whatever is open',
    async (theme) => {
      const page = await open({ colorScheme: theme });
      await kernelIdle(page);
      await page.locator('[data-markdown]').waitFor();
      await page.locator('.json-tree').waitFor();
      const found: Record<string, string[]> = {};
      const look = async (name: string) => (found[name] = await accessibilityProblems(page));
      await look('idle');
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.locator('.cm-content [class*="tok-"]').first().waitFor();
      await look('editing');
      await page.keyboard.press('Control+Home');
      await page.keyboard.type('Math.max');
      await page.keyboard.press('Shift+Tab');
      await page.locator('.nb-help').waitFor();
      await look('tooltip');
      for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+Tab');
      await page.locator('.pager').waitFor();
      await look('pager');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await group.menu('View', 'Table of Contents');
      await page.locator('.contents-panel').waitFor();
      await look('contents');
      await page.getByRole('menuitem', { name: 'Cell' }).click();
      await page.getByRole('menu').waitFor();
      await look('menu');
      await page.keyboard.press('Escape');
      const dialogs: [name: string, open: () => Promise<void>][] = [
        ['shortcuts', () => page.keyboard.press('h')],
        ['find', () => page.keyboard.press('f')],
        ['palette', () => page.keyboard.press('p')],
        ['history', () => group.menu('File', 'History…')],
        ['kernel', () => group.menu('Kernel', 'Choose Kernel…')],
      ];
      for (const [name, show] of dialogs) {
        await show();
        await page.getByRole('dialog').waitFor();
        await look(name);
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }
      expect(Object.values(found).flat()).toEqual([]);
      expect(Object.keys(found)).toHaveLength(11);
    },
  );

  it('fits a phone: nothing is cut off, prompts stand above the input, targets are large enough', async () => {
    const page = await open({
      viewport: { width: 360, height: 700 },
      hasTouch: true,
      isMobile: true,
    });
    await page.locator('.json-tree').waitFor();
    const wide = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(wide).toBe(0);
    const prompt = await page.locator('[data-cell-type="code"] .input .prompt').boundingBox();
    const source = await page.locator('[data-cell-type="code"] .source').boundingBox();
    expect((prompt?.y ?? 0) + (prompt?.height ?? 0)).toBeLessThanOrEqual((source?.y ?? 0) + 1);
    const small: Record<string, string[]> = {};
    const measure = async (name: string) => {
      small[name] = await page.evaluate<string[]>(`[...document.querySelectorAll(
          'button, select, summary, input:not([type=radio]), [role=menuitem], [role=menuitemcheckbox], [role=option], .kernel-list label')]
        .filter((element) => element.checkVisibility() && element.closest('.visually-hidden') === null)
        .filter((element) => { const box = element.getBoundingClientRect(); return box.width < 44 || box.height < 43.9; })
        .map((element) => element.outerHTML.slice(0, 100))`);
    };
    await measure('idle');
    await page.getByRole('menuitem', { name: 'Cell' }).tap();
    await page.getByRole('menu').waitFor();
    await measure('menu');
    await page.keyboard.press('Escape');
    for (const [name, show] of [
      ['find', () => page.keyboard.press('f')],
      ['palette', () => page.keyboard.press('p')],
      ['kernel', () => group.menu('Kernel', 'Choose Kernel…')],
      ['history', () => group.menu('File', 'History…')],
    ] as const) {
      await show();
      await page.getByRole('dialog').waitFor();
      await measure(name);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    expect(Object.values(small).flat()).toEqual([]);
    // scrolling with a finger on the text opens no editor; a tap puts the caret where it is
    const code = page.locator('[data-cell-type="code"] .source');
    await code.scrollIntoViewIfNeeded();
    for (const type of ['pointerdown', 'pointercancel'])
      await code.dispatchEvent(type, { pointerType: 'touch', button: 0, bubbles: true });
    await code.tap({ position: { x: 1, y: 12 } });
    await page.locator('.cm-focused').waitFor();
    await page.keyboard.type('!');
    await expect.poll(() => page.locator('.cm-line').first().textContent()).toMatch(/^!const/);
  });

  it.runIf(everything)(
    'can be worked in at a zoom of 400 %: half of the window is the notebook, and nothing is cut off',
    async () => {
      const page = await open({ viewport: { width: 320, height: 256 } });
      await page.locator('.json-tree').waitFor({ state: 'attached' });
      const wide = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(wide).toBe(0);
      const header = await page.locator('.notebook-header').boundingBox();
      expect(header?.height).toBeLessThanOrEqual(128);
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.locator('.cm-focused').waitFor();
      await page.keyboard.type('6');
      // what is typed is in view, not below the header or the window
      const caret = async () => (await page.locator('.cm-cursor-primary').boundingBox())?.y;
      await expect.poll(caret).toBeGreaterThanOrEqual(header?.height ?? 0);
      await expect.poll(caret).toBeLessThan(256);
      await page.keyboard.press('Escape');
      await group.menu('Kernel', 'Choose Kernel…');
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    },
  );

  it.runIf(everything)(
    'is usable by keyboard alone: Tab reaches menus, toolbar and the selected cell',
    async () => {
      const page = await open();
      await page.evaluate('document.querySelector(".skip-link").focus()');
      const stops: string[] = [];
      for (let i = 0; i < 10; i++) {
        await page.keyboard.press('Tab');
        stops.push(
          await page.evaluate<string>(
            `document.activeElement.id || document.activeElement.getAttribute('role') || document.activeElement.dataset.command || document.activeElement.className`,
          ),
        );
      }
      expect(stops).toContain('notebook-name');
      expect(stops.filter((stop) => stop === 'menuitem')).toHaveLength(1);
      expect(stops.filter((stop) => stop.startsWith('jupyter-notebook:'))).toHaveLength(1);
      expect(stops).toContain('group');
    },
  );

  it('takes a whole session by keyboard alone: write, run, menus, a kernel, find, a new name', async () => {
    const page = await group.open('keyboard.ipynb', [{ source: 'const a = 6' }]);
    await kernelIdle(page);
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    /** Tabs back until this has the focus. */
    const tabTo = async (selector: string) => {
      for (let i = 0; i < 20; i++) {
        if (await page.evaluate<boolean>(`document.activeElement.matches(${JSON.stringify(selector)})`))
          return;
        await press('Shift+Tab');
      }
      throw new Error(`No Tab leads to ${selector}.`);
    };
    await press('Shift+Enter');
    await page.locator('.cm-focused').waitFor();
    await page.keyboard.type('a * 7');
    await press('Control+Enter');
    await group.outputs(1).getByText('42').waitFor();

    await tabTo('.menubar-item');
    await press('ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowDown');
    await page.getByRole('menu', { name: 'Kernel' }).waitFor();
    // letters with a long pause between them are the first letters of other entries
    const typedAhead = async () => {
      await page.keyboard.type('choose');
      return page.locator(':focus').textContent();
    };
    await expect.poll(typedAhead, { interval: 1_500 }).toContain('Choose');
    await press('Enter');
    await page.getByRole('dialog', { name: 'Choose a kernel' }).waitFor();
    await press('Escape');

    await tabTo('#notebook-name');
    await press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('by keyboard');
    await press('Enter');
    await expect.poll(() => page.locator('#notebook-name').textContent()).toBe('by keyboard');

    for (let i = 0; i < 20 && !(await page.evaluate('document.activeElement.matches(".cell")')); i++)
      await press('Tab');
    await press('f');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('a * 7');
    await page.getByText('1 match in 1 cell').waitFor();
    await press('Escape', 'k', 'd', 'd');
    await expect.poll(group.sources).toEqual(['a * 7']);
    await press('z');
    await expect.poll(group.sources).toEqual(['const a = 6', 'a * 7']);
  });
});
