/** Results outlive the tab, the network and the connection: long runs, watched from more than one browser. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNetwork, type CutNetwork } from '../cut-network.js';
import { hasChromium, hasPythonKernel, hasTqdm } from '../parts.js';
import { everything, rounds } from '../tier.js';
import { kernelIdle, notebookGroup, writeNotebookFile } from './notebook-page-driver.js';

const LINES = rounds(8, 20);
const SECONDS_A_LINE = rounds(0.3, 1);
/** How far the run is when another browser comes. */
const LATER = Math.round(LINES * 0.6);
const ALL_LINES = Array.from({ length: LINES }, (_, n) => `line ${n}`);

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg==';

describe.skipIf(!hasChromium || !hasPythonKernel)('a long run', () => {
  const group = notebookGroup({});
  let network: CutNetwork;
  let made = 0;
  let name = '';
  beforeAll(async () => {
    network = await startNetwork(group.server.url);
  });
  afterAll(() => network?.close());

  /** How far the kernel is, it says in files beside the served folder: a test need not look at a page for that. */
  const isAt = (line: number) =>
    expect.poll(() => existsSync(join(group.server.home, `${name}-${line}`))).toBe(true);

  /** What the cell waits for: that a page has shown that it runs. */
  const started = () => join(group.server.home, `${name}-started`);

  /** A notebook whose cell takes its time and then shows an image. @param loop  Python with `tick()` in each round */
  function prepare(loop = `for n in range(${LINES}):\n    print('line', n, flush=True)\n    tick()`): void {
    name = `run-${(made += 1)}.ipynb`;
    const source = `
import base64, itertools, pathlib, time
from IPython.display import Image, display
rounds = itertools.count()
def tick():
    pathlib.Path(${JSON.stringify(join(group.server.home, `${name}-`))} + str(next(rounds))).touch()
    time.sleep(${SECONDS_A_LINE})
while not pathlib.Path(${JSON.stringify(started())}).exists():
    time.sleep(0.02)
${loop}
display(Image(data=base64.b64decode('${PNG}')))`;
    writeNotebookFile(group.server, name, [{ source }, { source: 'after' }], 'python3');
  }

  async function run(page: Page): Promise<Page> {
    await kernelIdle(page);
    await page.keyboard.press('Control+Enter');
    await page.locator('[data-cell-id="cell-0"][data-run="running"]').waitFor();
    writeFileSync(started(), '');
    return page;
  }
  const cell = (page: Page) => page.locator('[data-cell-id="cell-0"]');
  const shown = async (page: Page) =>
    (await cell(page).locator('.output-text').allTextContents())
      .join('')
      .split('\n')
      .filter((line) => line !== '');
  const sees = (page: Page, line: number) => cell(page).getByText(`line ${line}\n`).waitFor();

  /** Every line and the image, in order, none twice. */
  async function seesAll(page: Page): Promise<void> {
    await cell(page).locator('img').waitFor();
    await cell(page).locator('.prompt', { hasText: 'In [1]:' }).waitFor();
    await expect.poll(() => shown(page)).toEqual(ALL_LINES);
    expect(await cell(page).locator('img').count()).toBe(1);
  }

  interface SavedOutput {
    text?: string[] | string;
    data?: Record<string, unknown>;
  }
  const saved = (): SavedOutput[] => {
    const { cells } = JSON.parse(readFileSync(group.file(name), 'utf8')) as {
      cells: { outputs: SavedOutput[] }[];
    };
    return cells[0]?.outputs ?? [];
  };
  const savedText = () => [saved()[0]?.text ?? []].flat().join('');
  const allSaved = async () => {
    await expect.poll(() => saved().length).toBe(2);
    expect(savedText()).toBe(`${ALL_LINES.join('\n')}\n`);
    expect(saved()[1]?.data).toHaveProperty('image/png');
  };

  it('goes on without the tab that started it: another browser sees what came, goes on live, and has all of it', async () => {
    prepare();
    const first = await run(await group.openBeside(name));
    await sees(first, 1);
    await first.close();
    await isAt(LATER);
    const other = await group.openBeside(name, await group.otherProfile());
    await expect.poll(async () => (await shown(other)).length).toBeGreaterThan(1);
    const found = await shown(other);
    expect(found).toEqual(ALL_LINES.slice(0, found.length));
    await seesAll(other);
    await allSaved();
  });

  it.runIf(everything)('is on disk before anybody connects again', async () => {
    prepare();
    const first = await run(await group.openBeside(name));
    await sees(first, 2);
    await first.close();
    await allSaved();
    await seesAll(await group.openBeside(name, await group.otherProfile()));
  });

  it.runIf(everything)('is whole in a page that is reloaded again and again', async () => {
    prepare();
    const page = await run(await group.openBeside(name));
    for (let line = 1; line < LINES; line += 3) {
      await sees(page, line);
      await page.reload();
      await page.locator('body[data-loaded]').waitFor();
      const found = await shown(page);
      expect(found).toEqual(ALL_LINES.slice(0, found.length));
    }
    await seesAll(page);
    await allSaved();
  });

  it.runIf(everything)(
    'goes on while the network swallows everything, and the page has all of it afterwards',
    async () => {
      prepare();
      const context = await group.otherProfile({}, network);
      const page = await run(await group.openBeside(name, context, network));
      await sees(page, 2);
      network.cut();
      await context.setOffline(true);
      await page.locator('[data-kernel-status="disconnected"]').waitFor();
      await isAt(LATER);
      network.mend();
      await context.setOffline(false);
      await seesAll(page);
      await allSaved();
    },
  );

  it.runIf(everything)('is whole in a page whose connection breaks every second', async () => {
    prepare();
    const page = await run(await group.openBeside(name, await group.otherProfile({}, network), network));
    await sees(page, 0);
    const timer = setInterval(() => network.drop(), 1_000);
    try {
      await allSaved();
    } finally {
      clearInterval(timer);
    }
    await seesAll(page);
  });

  it.runIf(everything && hasTqdm)('shows its progress bar right in a tab that opens later', async () => {
    prepare(`from tqdm import tqdm\nfor n in tqdm(range(${LINES})):\n    tick()`);
    const first = await run(await group.openBeside(name));
    await cell(first)
      .getByText(new RegExp(`\\b2/${LINES}\\b`))
      .waitFor();
    await first.close();
    await isAt(LATER);
    const page = await group.openBeside(name, await group.otherProfile());
    const bar = async () => (await shown(page)).map((line) => line.trim());
    await expect.poll(bar).toEqual([expect.stringMatching(new RegExp(`^\\d+%\\|.*\\| \\d+/${LINES} \\[`))]);
    await cell(page).locator('img').waitFor();
    await expect
      .poll(bar)
      .toEqual([expect.stringMatching(new RegExp(`^100%\\|.*\\| ${LINES}/${LINES} \\[`))]);
    await expect.poll(() => saved().length).toBe(2);
    expect(savedText()).toContain(`${LINES}/${LINES}`);
  });
});
