/** Somebody who presses anything, from a seed: what comes must leave the page without errors and the file as it is seen. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { everything } from '../tier.js';
import { Random } from '../unit/notebook/random-operations.js';
import { sourcesOf } from './notebook-page-driver.js';

export const KEYS: readonly string[] = [
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
  /** those of `KEYS` that were pressed */
  pressed: ReadonlySet<string>;
}

/**
 * At a desk the time says how much is done; on a slow machine it goes on until enough is, but not for ever.
 *
 * @param until  milliseconds since 1970
 */
export async function monkey(page: Page, seed: number, until: number): Promise<Monkey> {
  const choice = new Random(seed);
  const random = (below: number) => choice.below(below);
  const pick = <T>(list: readonly T[]): T => choice.pick(list);
  const pressed = new Set<string>();
  const press = async (keys: string) => {
    for (const key of keys.split(' ')) await page.keyboard.press(key);
  };
  const pressOne = async () => {
    const keys = pick(KEYS);
    pressed.add(keys);
    await press(keys);
  };
  const write = async () => {
    await press('Enter');
    await page.keyboard.type(pick(TEXTS));
    if (random(3) === 0)
      await press(pick(['Control+z', 'Control+Home', 'Backspace', 'Tab', 'Shift+Tab', 'Control+Shift+-']));
    await press('Escape Escape');
  };
  const actions: readonly (() => Promise<void>)[] = [
    pressOne,
    pressOne,
    pressOne,
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
  const isEnough = () => steps >= 20 && (!everything || pressed.size === KEYS.length);
  const latest = until + 10 * 60_000;
  for (; Date.now() < until || (!isEnough() && Date.now() < latest); steps++) {
    await pick(actions)();
    // a notebook without end tells nothing more than one of forty cells
    if ((await page.locator('[data-cell-id]').count()) > 40) await press('Control+a d d');
    if (random(150) === 0) {
      await page.reload();
      await page.locator('body[data-loaded]').waitFor();
    }
  }
  await press('Escape Escape');
  return { steps, pressed };
}

/** What the page shows is what is on disk. */
export async function expectSameAsFile(page: Page, file: () => string): Promise<void> {
  const shown = async () => {
    const names = await page.evaluate<string[]>(
      `[...document.querySelectorAll('[data-cell-id]')].map((cell) => cell.dataset.cellId + ' ' + cell.dataset.cellType)`,
    );
    const texts = await sourcesOf(page);
    return names.map((name, at) => `${name} ${texts[at]}`);
  };
  const saved = () => {
    const { cells } = JSON.parse(file()) as SavedNotebook;
    return cells.map(({ id, cell_type, source }) => {
      const text = Array.isArray(source) ? source.join('') : source;
      return `${id} ${cell_type} ${text}`;
    });
  };
  await page.keyboard.press('Control+s');
  // the page that it was done in, and one that has everything from the server
  await expect.poll(async () => ({ differ: differences(await shown(), saved()) })).toEqual({ differ: [] });
  await page.reload();
  await page.locator('body[data-loaded]').waitFor();
  await expect.poll(async () => ({ differ: differences(await shown(), saved()) })).toEqual({ differ: [] });
}

interface SavedNotebook {
  cells: { id: string; cell_type: string; source: string | string[] }[];
}

/** The cells that are not the same, as they are seen and as they are on disk. */
function differences(seen: readonly string[], saved: readonly string[]): [seen: string, saved: string][] {
  const most = Math.max(seen.length, saved.length);
  return Array.from({ length: most }, (_, at): [string, string] => [
    seen[at] ?? 'nothing',
    saved[at] ?? 'nothing',
  ]).filter(([one, other]) => one !== other);
}
