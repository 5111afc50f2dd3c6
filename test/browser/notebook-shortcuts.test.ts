/** Every shortcut of the classic notebook, each told by what it does. */
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { everything } from '../tier.js';
import { after, LONG, notebookCases, UNCHANGED, type NotebookCase } from './notebook-cases.js';
import { kernelIdle } from './notebook-page-driver.js';

/** A paragraph that takes several lines of the page, without a line end. */
const PARAGRAPH = 'many words '.repeat(40).trim();

describe.skipIf(!hasChromium)('the shortcuts of the classic notebook', () => {
  const cases = notebookCases('shortcuts.ipynb');
  const { check, press, reset } = cases;

  interface Case extends NotebookCase {
    keys: string;
  }

  const COMMAND: Case[] = [
    { keys: 'Enter', does: 'edits', expect: { mode: 'edit' } },
    {
      keys: 'Shift+Enter',
      does: 'runs, selects below',
      expect: { ran: [1], ...after('c:one', 'c:two', '>c:three', 'c:four') },
    },
    {
      keys: 'Control+Enter',
      does: 'runs, stays',
      expect: { ran: [1], ...after(...UNCHANGED) },
    },
    {
      keys: 'Alt+Enter',
      does: 'runs, inserts below',
      expect: { mode: 'edit', ran: [1], ...after('c:one', 'c:two', '>c:', 'c:three', 'c:four') },
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
      expect: { numbers: 0 },
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
      expect: { mode: 'command', ran: [1], ...after('c:one', 'c:two', '>c:three', 'c:four') },
    },
    {
      keys: 'Control+Enter',
      does: 'runs, leaves',
      expect: { mode: 'command', ran: [1], ...after(...UNCHANGED) },
    },
    {
      keys: 'Alt+Enter',
      does: 'runs, inserts below',
      expect: { mode: 'edit', ran: [1], ...after('c:one', 'c:two', '>c:', 'c:three', 'c:four') },
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
    {
      keys: 'Control+Home ArrowDown x ArrowUp y',
      does: 'moves between the lines of a cell',
      sources: ['one', 'a\nb\nc', 'three', 'four'],
      expect: { mode: 'edit', ...after('c:one', '>c:ay\nxb\nc', 'c:three', 'c:four') },
    },
    {
      keys: 'Control+Home ArrowDown x',
      does: 'stays in a paragraph that goes on below',
      type: 'markdown',
      sources: ['one', PARAGRAPH, 'three', 'four'],
      expect: (s) => s.mode === 'edit' && /^>m:many .*x.* words$/.test(s.cells[1] ?? ''),
    },
    {
      keys: 'Control+End ArrowUp x',
      does: 'stays in a paragraph that goes on above',
      type: 'markdown',
      sources: ['one', PARAGRAPH, 'three', 'four'],
      expect: (s) => s.mode === 'edit' && /^>m:many .*x.* words$/.test(s.cells[1] ?? ''),
    },
    {
      keys: 'Control+End ArrowDown x',
      does: 'leaves a paragraph at its last line',
      type: 'markdown',
      sources: ['one', PARAGRAPH, 'three', 'four'],
      expect: after('c:one', `m:${PARAGRAPH}`, '>c:xthree', 'c:four'),
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

  // The table in full is long; every third row shows that keys reach the commands, also those of the editor.
  const some = (table: readonly Case[]) => table.filter((_, row) => everything || row % 3 === 0);

  it.each(some(COMMAND))('command mode: $keys $does', async (each) => {
    await reset(each);
    await press(each.keys);
    await check(each);
    if (each.keys === 'Shift+l') await press('Shift+l');
  });

  it.each(some(EDIT))('edit mode: $keys $does', async (each) => {
    await reset(each);
    await press('Enter');
    await cases.page.locator('.cell.current .cm-focused').waitFor();
    await press('Control+Home');
    await press(each.keys);
    await check(each);
  });

  it('saves with Ctrl-S and S, in both modes', async () => {
    for (const keys of ['s', 'Control+s', 'Enter Control+s']) {
      await reset({});
      await press('b');
      await press(keys);
      await cases.page.getByText(/^saved \d+ s ago$/).waitFor();
      await press('Escape');
    }
  });

  it('interrupts with I,I', async () => {
    await reset({ sources: ['1', 'while (true) {}', '3', '4'] });
    await press('Control+Enter');
    await cases.page.locator('[data-kernel-status="busy"]').waitFor();
    await press('i i');
    await kernelIdle(cases.page);
  });

  it('shows help with Shift-Tab: larger, then open while one types, then in a pager that can be made taller', async () => {
    await reset({ sources: ['1', 'Math.max', '3', '4'] });
    await press('Enter Control+End Shift+Tab');
    const help = cases.page.locator('.nb-help');
    await help.waitFor();
    await press('Shift+Tab');
    await cases.page.locator('.nb-help.large').waitFor();
    await cases.page.keyboard.type('(');
    await help.waitFor({ state: 'detached' });
    await press('Backspace Shift+Tab');
    await help.waitFor();
    await press('Shift+Tab Shift+Tab');
    await cases.page.locator('.nb-help-note').waitFor();
    await cases.page.keyboard.type('(1');
    await expect.poll(async () => (await cases.see()).cells[1]).toBe('>c:Math.max(1)');
    expect(await cases.page.locator('.nb-help.large').count()).toBe(1);
    await press('Shift+Tab Escape');
    const pager = cases.page.locator('.pager');
    await pager.waitFor();
    const height = async () => (await pager.boundingBox())?.height ?? 0;
    const edge = pager.getByRole('separator', { name: 'Height of the help' });
    const first = await height();
    await edge.press('ArrowUp');
    expect(await height()).toBeGreaterThan(first + 20);
    const box = await edge.boundingBox();
    if (box === null) throw new Error('The edge is not visible.');
    await cases.page.mouse.move(box.x + 300, box.y + 3);
    await cases.page.mouse.down();
    await cases.page.mouse.move(box.x + 300, box.y + 203, { steps: 2 });
    await cases.page.mouse.up();
    expect(await height()).toBeLessThan(first - 50);
    await press('Escape');
    await pager.waitFor({ state: 'hidden' });
  });

  it('closes the pager with Esc and Q', async () => {
    for (const key of ['Escape', 'q']) {
      await reset({ sources: ['1', 'Math.max', '3', '4'] });
      await press('Enter Control+End Shift+Tab');
      await cases.page.locator('.nb-help').waitFor();
      await press('Shift+Tab Shift+Tab Shift+Tab Escape');
      await cases.page.locator('.pager').waitFor();
      await press(key);
      await cases.page.locator('.pager').waitFor({ state: 'hidden' });
    }
  });
});
