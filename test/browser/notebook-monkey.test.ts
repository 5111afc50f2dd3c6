/** The notebook page under hands that press anything: a few seconds here, three minutes in test:all, half an hour in soak. */
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { everything, rounds } from '../tier.js';
import { expectSameAsFile, KEYS, monkey } from './notebook-monkey.js';
import { kernelIdle, notebookGroup } from './notebook-page-driver.js';

describe.skipIf(!hasChromium)('the notebook page, pressed at random', () => {
  const group = notebookGroup();

  it('has no error, and the file is what it shows', async () => {
    const seconds = rounds(4, 180);
    const seed = 20_261_126;
    const cells = [
      { type: 'markdown', source: '# Title' } as const,
      { source: 'const a = 1' },
      { source: 'a + 1' },
      { type: 'raw', source: 'raw' } as const,
    ];
    const page = await group.open('monkey.ipynb', cells);
    page.on('dialog', (dialog) => void dialog.accept());
    await kernelIdle(page);
    const { steps, pressed } = await monkey(page, seed, Date.now() + seconds * 1000);
    expect(steps).toBeGreaterThan(5);
    if (everything) expect(KEYS.filter((keys) => !pressed.has(keys))).toEqual([]);
    await expectSameAsFile(page, () => group.onDisk('monkey.ipynb'));
  });
});
