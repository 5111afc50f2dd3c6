/** File ▸ History and Edit ▸ Deleted Cells: what the notebook was, and the way back. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { notebookGroup, pressTwice } from './notebook-page-driver.js';

describe.skipIf(!hasChromium)('the history of a notebook', () => {
  const group = notebookGroup();

  it('shows what differs from an earlier state, and brings back cells', async () => {
    const page = await group.open('past.ipynb', [
      { source: 'first = 1\nsecond = 2\nthird = 3' },
      { source: 'goes away' },
      { source: 'stays' },
    ]);
    await page.keyboard.press('Enter');
    await page.locator('.cm-focused').waitFor();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' + 30');
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await pressTwice(page, 'd');
    await page.keyboard.press('Control+s');
    await page.getByText(/^saved \d+ s ago$/).waitFor();

    await group.menu('File', 'History…');
    const dialog = page.getByRole('dialog', { name: 'History' });
    // a state that is slow to come is not shown below the name of another that was chosen meanwhile
    let goOn: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (goOn = resolve));
    await page.route('**/history/*/diff', async (route) => {
      await slow;
      await route.continue();
    });
    await dialog.getByRole('button', { name: 'as it was opened' }).click();
    await dialog.getByRole('button', { name: 'Deleted cells' }).click();
    const late = page.waitForResponse('**/history/*/diff');
    goOn();
    await (await late).finished();
    await dialog.getByRole('heading', { name: 'Deleted cells' }).waitFor();
    await page.unroute('**/history/*/diff');
    await dialog.getByRole('button', { name: 'as it was opened' }).click();
    const then = dialog.getByRole('region', { name: 'What was there' });
    await then.getByText('2 cells differ from now.').waitFor();
    const changed = then.locator('section', { hasText: 'Cell 1 was changed' });
    expect(await changed.locator('del').allTextContents()).toEqual(['third = 3']);
    expect(await changed.locator('ins').allTextContents()).toEqual(['third = 3 + 30']);
    if (process.env.SHOTS !== undefined)
      await page.screenshot({ path: join(process.env.SHOTS, 'history.png') });
    await changed.getByRole('button', { name: 'Restore This Cell' }).click();
    await expect.poll(group.sources).toEqual(['first = 1\nsecond = 2\nthird = 3', 'stays']);

    await group.menu('Edit', 'Deleted Cells…');
    const gone = dialog.locator('section', { hasText: 'goes away' });
    await gone.getByRole('button', { name: 'Bring It Back' }).click();
    await expect.poll(group.sources).toEqual(['first = 1\nsecond = 2\nthird = 3', 'goes away', 'stays']);
    await expect.poll(() => page.locator('.cell.current').getAttribute('data-cell-id')).toBe('cell-1');
  });
});
