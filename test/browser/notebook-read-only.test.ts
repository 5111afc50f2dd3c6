/** A notebook that cannot be written: it says so, and what is changed goes into a copy, in which the page goes on. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { kernelIdle, notebookGroup, openNotebook, writeNotebookFile } from './notebook-page-driver.js';

describe.skipIf(!hasChromium)('a read-only notebook', () => {
  const group = notebookGroup({
    onlyOwnKernel: true,
    notebook_manager_class: './read-only-store.mjs',
    config_directory: import.meta.dirname,
  });

  it('goes on in a copy, in the nearest folder that can be written, with what was typed first', async () => {
    mkdirSync(join(group.server.notebooks, 'locked'), { recursive: true });
    const cells = [{ source: 'const a = 1' }, { source: 'a + 1' }];
    writeNotebookFile(group.server, 'locked/read.ipynb', cells);
    const before = group.onDisk('locked/read.ipynb');
    const { page, errors } = await openNotebook(group.context, group.server, 'locked/read.ipynb');
    await kernelIdle(page);
    await page.getByText('goes into a copy in the notebook directory').waitFor();
    // how it looks is not worth a copy
    await page.keyboard.press('l');
    await page.keyboard.press('Shift+O');
    expect(page.url()).toContain('/locked/read.ipynb');

    await page.keyboard.press('Enter');
    await page.locator('.cm-focused').waitFor();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('00 // typed without a pause', { delay: 20 });
    await page.waitForURL(/\/notebooks\/read[^/]*\.ipynb$/);
    await expect.poll(() => page.getByText('goes into a copy').count()).toBe(0);
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.press('Control+Enter');
    await page.locator('[data-cell-id="cell-1"] .outputs').getByText('101').waitFor();
    await page.keyboard.press('Control+s');
    const name = decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1) ?? '');
    await expect.poll(() => group.onDisk(name)).toContain('const a = 100 // typed without a pause');
    expect(group.onDisk('locked/read.ipynb')).toBe(before);
    expect(errors).toEqual([]);
    await page.close();
  });
});
