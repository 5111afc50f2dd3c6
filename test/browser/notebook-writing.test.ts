/** Writing in cells as people do all over the world: input methods, right to left, emoji; and a line without end. */
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { everything } from '../tier.js';
import { notebookGroup } from './notebook-page-driver.js';

describe.runIf(hasChromium && everything)('writing in a cell', () => {
  const group = notebookGroup();

  const edit = async (source: string) => {
    const page = await group.open('write.ipynb', [{ source }, { source: 'below' }]);
    await page.keyboard.press('Enter');
    await page.locator('.cm-focused').waitFor();
    await page.keyboard.press('Control+End');
    return page;
  };
  const saved = async () => {
    await group.page.keyboard.press('Control+s');
    await group.page.getByText(/^saved \d+ s ago$/).waitFor();
    return group.onDisk('write.ipynb');
  };

  it('takes what an input method composes, once, also when it is not there at once', async () => {
    const page = await edit('x = ');
    const session = await page.context().newCDPSession(page);
    for (const text of ['ｎ', 'に', 'にｈ', 'にほ', 'にほん']) {
      await session.send('Input.imeSetComposition', {
        text,
        selectionStart: text.length,
        selectionEnd: text.length,
      });
    }
    await session.send('Input.insertText', { text: '日本' });
    await expect.poll(() => group.typed(0)).toBe('x = 日本');
    await page.keyboard.type('!');
    expect(await saved()).toContain('x = 日本!');
    await page.keyboard.press('Control+z');
    await expect.poll(() => group.typed(0)).not.toContain('!');
  });

  it('writes from right to left, and leaves no half of an emoji', async () => {
    const page = await edit('');
    await page.keyboard.insertText('שלום עולם');
    await page.keyboard.press('Control+Home');
    await page.keyboard.insertText('א');
    await expect.poll(() => group.typed(0)).toBe('אשלום עולם');
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText(' 👩‍👩‍👧‍👦😀');
    await page.keyboard.press('Backspace');
    await expect.poll(() => group.typed(0)).toBe('אשלום עולם 👩‍👩‍👧‍👦');
    await page.keyboard.press('Backspace');
    await expect.poll(() => group.typed(0)).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/);
    const code = (await group.typed(0)).trimEnd();
    expect(await saved()).toContain(code);
  });

  it('opens and edits a line of a megabyte', async () => {
    const line = `data = "${'0123456789'.repeat(100_000)}"`;
    const page = await edit(line);
    await page.keyboard.type(' + 1');
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await expect.poll(() => page.locator('.cell.current').getAttribute('data-cell-id')).toBe('cell-1');
    expect((await saved()).includes(`${line.slice(-12).replaceAll('"', '\\"')} + 1`)).toBe(true);
  });
});
