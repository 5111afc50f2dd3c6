/** Somebody who presses anything, from a seed: what comes must leave the page without errors and the file as it is seen. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const KEYS = [
  ...[
    'j',
    'k',
    'a',
    'b',
    'x',
    'c',
    'v',
    'Shift+V',
    'z',
    'm',
    'y',
    'r',
    '1',
    '3',
    'o',
    'Shift+O',
    'l',
    'Shift+L',
  ],
  ...[
    'd d',
    'Shift+M',
    'Shift+J',
    'Shift+K',
    'ArrowDown',
    'ArrowUp',
    'Space',
    'Shift+Space',
    'Control+s',
    'Escape',
  ],
];
const TEXTS = [
  'x = 1',
  '# title',
  '$$\\frac{1}{2}$$',
  '"😀"',
  '\nconsole.log(1)',
  '(',
  'שלום',
  '<b>bold</b>',
  '**text**',
];

export interface Monkey {
  /** how many things were done */
  steps: number;
}

/** @param until  milliseconds since 1970 */
export async function monkey(page: Page, seed: number, until: number): Promise<Monkey> {
  let state = seed;
  const random = (below: number) => (state = (state * 1103515245 + 12345) & 0x7fffffff) % below;
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const press = async (keys: string) => {
    for (const key of keys.split(' ')) await page.keyboard.press(key);
  };
  const write = async () => {
    await press('Enter');
    await page.keyboard.type(pick(TEXTS));
    if (random(3) === 0)
      await press(pick(['Control+z', 'Control+Home', 'Backspace', 'Tab', 'Shift+Tab', 'Control+Shift+-']));
    await press('Escape Escape');
  };
  const actions: readonly (() => Promise<void>)[] = [
    () => press(pick(KEYS)),
    () => press(pick(KEYS)),
    () => press(pick(KEYS)),
    write,
    write,
    () => press(pick(['Control+Enter', 'Shift+Enter', 'Alt+Enter'])).then(() => press('Escape')),
    async () => {
      await press(pick(['p', 'f', 'h']));
      await page.keyboard.type(pick(['run', 'x', 'cell', '(']));
      await press('Escape Escape');
    },
    async () => {
      const cells = page.locator('[data-cell-id] .source');
      const count = await cells.count();
      if (count > 0)
        await cells
          .nth(random(count))
          .click({ force: true, timeout: 5_000 })
          .catch(() => undefined);
      await press('Escape');
    },
    async () => {
      await page.mouse.move(640, 500);
      await page.mouse.wheel(0, random(2000) - 1000);
    },
  ];
  let steps = 0;
  for (; Date.now() < until; steps++) {
    await pick(actions)();
    // a notebook without end tells nothing more than one of forty cells
    if ((await page.locator('[data-cell-id]').count()) > 40) await press('Control+a d d');
    if (random(150) === 0) {
      await page.reload();
      await page.locator('body[data-loaded]').waitFor();
    }
  }
  await press('Escape Escape');
  return { steps };
}

/** What the page shows is what is on disk. */
export async function expectSameAsFile(page: Page, file: () => string): Promise<void> {
  const shown = () =>
    page.evaluate<string[]>(
      `[...document.querySelectorAll('[data-cell-id]')].map((cell) => cell.dataset.cellId + ' ' + cell.dataset.cellType)`,
    );
  await expect
    .poll(
      async () => {
        await page.keyboard.press('Control+s');
        await page.waitForTimeout(200);
        const { cells } = JSON.parse(file()) as { cells: { id: string; cell_type: string }[] };
        return (
          JSON.stringify(cells.map((cell) => `${cell.id} ${cell.cell_type}`)) ===
          JSON.stringify(await shown())
        );
      },
      { timeout: 30_000 },
    )
    .toBe(true);
  // and the texts: a page that opens it anew has them from the server
  const texts = () =>
    page.evaluate<string[]>(
      `[...document.querySelectorAll('[data-editor-static]')].map((each) => each.textContent)`,
    );
  await page.reload();
  await page.locator('body[data-loaded]').waitFor();
  const { cells } = JSON.parse(file()) as { cells: { source: string | string[]; cell_type: string }[] };
  const code = cells.map(({ source }) => (Array.isArray(source) ? source.join('') : source));
  await expect.poll(async () => (await texts()).length).toBe(code.length);
  expect(await texts()).toEqual(code);
}
