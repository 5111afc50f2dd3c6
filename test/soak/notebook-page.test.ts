/** The notebook page under hands that press anything, for half an hour (`NBSERVER_SOAK_MINUTES` says how long). */
import { describe, expect, it } from 'vitest';
import { expectSameAsFile, monkey } from '../browser/notebook-monkey.js';
import { kernelIdle, notebookGroup } from '../browser/notebook-page-driver.js';
import { hasChromium } from '../parts.js';

const minutes = Number(process.env.NBSERVER_SOAK_MINUTES ?? 30);

describe.skipIf(!hasChromium)('the notebook page, pressed at random', () => {
  const group = notebookGroup();

  it(
    'has no error, and the file is what it shows',
    async () => {
      const seed = Date.now() % 1_000_000;
      const page = await group.open('monkey.ipynb', [
        { source: 'const a = 1' },
        { type: 'markdown', source: '# Title' },
      ]);
      page.on('dialog', (dialog) => void dialog.accept());
      await kernelIdle(page);
      const end = Date.now() + minutes * 60_000;
      for (let round = 0; Date.now() < end; round++) {
        const { steps } = await monkey(page, seed + round, Math.min(end, Date.now() + 120_000));
        console.log(`seed ${seed + round}: ${steps} steps`);
        await expectSameAsFile(page, () => group.onDisk('monkey.ipynb'));
        expect(await page.locator('[data-cell-id]').count()).toBeGreaterThan(0);
      }
    },
    (minutes + 10) * 60_000,
  );
});
