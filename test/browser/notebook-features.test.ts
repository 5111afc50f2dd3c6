/** What else a person finds in the notebook page: kernels, outputs of many kinds, downloads, print, the tour, touch. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hasChromium } from '../parts.js';
import { everything } from '../tier.js';
import { kernelIdle, loggedIn, notebookGroup, writeNotebookFile } from './notebook-page-driver.js';

/** Half a second of silence, 8 kHz. */
function silence(): string {
  const samples = 4000;
  const bytes = Buffer.alloc(44 + samples, 128);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(36 + samples, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(8000, 24);
  bytes.writeUInt32LE(8000, 28);
  bytes.writeUInt16LE(1, 32);
  bytes.writeUInt16LE(8, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(samples, 40);
  return bytes.toString('base64');
}

describe.skipIf(!hasChromium)('the notebook page', () => {
  const group = notebookGroup();

  it('offers the kernels, says what the kernel takes, and has its links under Help', async () => {
    const page = await group.open('kernel.ipynb', [{ source: '1' }]);
    await kernelIdle(page);
    await page.getByRole('button', { name: 'JavaScript (Node.js)' }).click();
    const dialog = page.getByRole('dialog', { name: 'Choose a kernel' });
    await dialog.getByRole('radio', { name: /JavaScript/, checked: true }).waitFor();
    await dialog.getByRole('button', { name: 'Use This Kernel' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.locator('.kernel-memory', { hasText: /^\d.* MB$/ }).waitFor();
    const help = page.getByRole('menubar').getByRole('menuitem', { name: 'Help' });
    await help.hover();
    // the links are asked of the kernel; who opens the menu before they are there opens it again
    const entries = async () => {
      await help.click();
      const texts = await page.getByRole('menu').getByRole('menuitem').allTextContents();
      await page.keyboard.press('Escape');
      return texts;
    };
    await expect.poll(entries).toContain('Node.js');
    await help.click();
    await page.getByRole('menuitem', { name: 'About' }).click();
    await page.locator('.kernel-banner', { hasText: `Node.js ${process.versions.node}` }).waitFor();
  });

  it.runIf(everything)(
    'has every cell of a long notebook, named and in order, also one that is asked for at once',
    async () => {
      const cells = Array.from({ length: 700 }, (_, n) => ({ source: `n = ${n}` }));
      const page = await group.open('long.ipynb', [...cells, { type: 'markdown', source: '# The end' }]);
      const address = page.url();
      await page.goto('about:blank');
      await page.goto(`${address}#The-end`);
      await page.getByRole('heading', { name: 'The end' }).waitFor();
      await page.locator('[aria-label="Markdown cell 701 of 701"]').waitFor();
      const sources = await group.sources(page);
      expect(sources.slice(0, 700)).toEqual(cells.map(({ source }) => source));
      expect(sources).toHaveLength(701);
    },
  );

  it.runIf(everything)('plays sound, folds tracebacks, and numbers equations over cells', async () => {
    const traceback = [
      'Traceback (most recent call last)',
      ...Array.from({ length: 9 }, (_, i) => `  at line ${i}`),
    ];
    const page = await group.open('kinds.ipynb', [
      {
        source: 'sound',
        outputs: [
          {
            output_type: 'display_data',
            metadata: {},
            data: { 'audio/wav': silence(), 'text/plain': '<Audio>' },
          },
        ],
      },
      { source: 'error', outputs: [{ output_type: 'error', ename: 'ValueError', evalue: 'no', traceback }] },
      { type: 'markdown', source: 'See \\eqref{last}, and\n\n$$a = b \\label{first}$$' },
      { type: 'markdown', source: '$$c = d \\label{last}$$ after $\\ref{first}$' },
    ]);
    const sound = group.outputs(0).locator('audio');
    await sound.waitFor();
    await expect
      .poll(() =>
        sound.evaluate((element) => Math.round((element as unknown as { duration: number }).duration * 10)),
      )
      .toBe(5);
    await group.outputs(1).getByText('at line 8').waitFor();
    await group.outputs(1).locator('summary').click();
    await group
      .outputs(1)
      .locator('summary', { hasText: /^ValueError: no$/ })
      .waitFor();
    expect(await group.outputs(1).getByText('at line 8').isVisible()).toBe(false);
    await page.locator('.katex').nth(3).waitFor();
    expect(await group.cell(2).locator('.katex-html').allInnerTexts()).toEqual([
      expect.stringContaining('(2)'),
      expect.stringContaining('(1)'),
    ]);
    expect(await group.cell(3).locator('.katex-html').allInnerTexts()).toEqual([
      expect.stringContaining('(2)'),
      expect.stringContaining('1'),
    ]);
    // an equation in front of them: all that is drawn is numbered anew
    await group.cell(1).locator('.prompt').first().click();
    for (const key of ['b', 'm', 'Enter']) await page.keyboard.press(key);
    await page.locator('.cm-focused').waitFor();
    await page.keyboard.insertText('$$z \\label{new}$$');
    await page.keyboard.press('Control+Enter');
    await expect
      .poll(() => group.cell(3).locator('.katex-html').allInnerTexts())
      .toEqual([expect.stringContaining('(3)'), expect.stringContaining('(2)')]);
  });
});

describe.runIf(hasChromium && everything)('the menus of the notebook page', () => {
  const group = notebookGroup();

  it.each([
    [/^Notebook \(\.ipynb\)$/, /\.ipynb$/, '"cells"'],
    [/^HTML/, /\.html$/, '<h1'],
    [/^Markdown/, /\.md$/, '# Title'],
    [/^Javascript/, /\.js$/, 'const x = 1'],
  ])('download as %s', async (entry, name, content) => {
    const page = await group.open('download.ipynb', [
      { type: 'markdown', source: '# Title' },
      { source: 'const x = 1' },
    ]);
    await kernelIdle(page);
    const download = page.waitForEvent('download');
    await group.menu('File', 'Download as', entry);
    const file = await download;
    expect(file.suggestedFilename()).toMatch(name);
    expect(readFileSync(await file.path(), 'utf8')).toContain(content);
  });

  it('goes to a heading far away, and draws no other text for that; one that is not there is looked for everywhere', async () => {
    const texts = Array.from({ length: 400 }, (_, i) => ({
      type: 'markdown' as const,
      source: i === 300 ? '## Far *away*' : `text ${i}\n\n<b id="place-${i}">here</b>`,
    }));
    const page = await group.open('far.ipynb', texts);
    const drawn = page.locator('[data-markdown]');
    await drawn.first().waitFor();
    await page.evaluate(`location.hash = '#Far-away'`);
    await expect.poll(() => group.cell(300).locator('h2').isVisible()).toBe(true);
    await expect.poll(async () => (await group.cell(300).boundingBox())?.y).toBeLessThan(860);
    expect(await drawn.count()).toBeLessThan(200);
    await page.evaluate(`location.hash = '#not-there'`);
    await expect.poll(() => drawn.count()).toBe(400);
  });

  it('takes in a cell while the others of a large notebook are still to come', async () => {
    const sources = Array.from({ length: 2_000 }, (_, i) => `x = ${i}`);
    writeNotebookFile(
      group.server,
      'growing.ipynb',
      sources.map((source) => ({ source })),
    );
    const page = await group.context.newPage();
    await page.goto(`${group.server.url}notebooks/growing.ipynb`, { waitUntil: 'commit' });
    await page.locator('[data-cell-id]').first().waitFor();
    await page.keyboard.press('b');
    await page.locator('body[data-loaded]').waitFor();
    await expect.poll(() => group.sources(page)).toEqual([...sources.slice(0, 1), '', ...sources.slice(1)]);
    await page.close();
  });

  it('prints every cell, without bars and menus', async () => {
    const cells = Array.from({ length: 60 }, (_, i) => ({ source: `print_${i} = ${i}` }));
    const page = await group.open('print.ipynb', cells);
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.notebook-header').isVisible()).toBe(false);
    const visible = await page.evaluate<number>(
      `[...document.querySelectorAll('[data-cell-id] .source')].filter((each) => each.checkVisibility({ contentVisibilityAuto: true })).length`,
    );
    expect(visible).toBe(60);
    const pdf = await page.pdf();
    expect(pdf.length).toBeGreaterThan(10_000);
  });

  it('prints when all outputs, formulas and pictures are there, dark on white in the dark theme, too', async () => {
    const picture =
      'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg==';
    const output = (data: object) => ({ output_type: 'display_data', metadata: {}, data });
    const filler = Array.from({ length: 150 }, (_, i) => ({ source: `x = ${i}` }));
    const page = await group.open('paper.ipynb', [
      { source: `wide = "${'0123456789 '.repeat(40)}"` },
      ...filler,
      { type: 'markdown', source: '$$\\frac{1}{2}$$\n\n![](picture.png)' },
      {
        source: 'far and large',
        outputs: [
          { output_type: 'stream', name: 'stdout', text: 'a line\n'.repeat(20_000) },
          output({ 'image/png': picture.padEnd(100_000, 'A'), 'text/plain': '<Figure>' }),
          // so large that the page asks before it draws it
          output({ 'text/html': `<b>end</b><!--${'x'.repeat(1_100_000)}-->` }),
        ],
      },
    ]);
    await group.menu('View', 'Dark Theme');
    await group.menu('View', 'Cell Toolbar', 'Tags');
    // what a printer would get, seen when it is asked
    await page.evaluate(`window.print = () => {
      const images = [...document.querySelectorAll('#cells img')];
      globalThis.printed = {
        filled: document.querySelectorAll('#cells .tags').length,
        waiting: document.querySelectorAll('.output-waiting').length,
        formulas: document.querySelectorAll('#cells .katex').length,
        fonts: [...document.fonts].filter((font) => font.status === 'loading').length,
        pictures: images.every((image) => image.complete),
        html: document.querySelector('#cells .output-html b')?.textContent,
      };
    }`);
    await group.menu('File', 'Print…');
    await expect
      .poll(() => page.evaluate('globalThis.printed'))
      .toEqual({ filled: 153, waiting: 0, formulas: 1, fonts: 0, pictures: true, html: 'end' });
    await page.emulateMedia({ media: 'print' });
    const paper = await page.evaluate<object>(`(() => {
      const seen = (selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility()).length;
      const source = document.querySelector('.source-text');
      return {
        colour: getComputedStyle(source).color,
        controls: seen('.notebook-header, .cell-toolbar, .output-more, .notices, .run-cell'),
        cut: source.scrollWidth > source.clientWidth,
      };
    })()`);
    expect(paper).toEqual({ colour: 'rgb(26, 26, 26)', controls: 0, cut: false });
    await page.emulateMedia({ media: 'screen' });
    await group.menu('View', 'Theme of the System');
  });

  it('shows the tour to its end', async () => {
    const page = await group.open('tour.ipynb', [{ source: '1' }]);
    await group.menu('Help', 'User Interface Tour');
    const tour = page.getByRole('dialog', { name: 'Tour of the notebook page' });
    const titles: string[] = [];
    while ((await tour.count()) > 0 && titles.length < 20) {
      titles.push(await tour.locator('h2').innerText());
      await tour.locator('.primary').click();
    }
    expect(titles).toEqual(expect.arrayContaining(['The name', 'Menus', 'The kernel', 'A cell']));
  });

  it('shows how far a run of all cells is, and connects again by the menu', async () => {
    const end = group.file('progress-end');
    const wait = `while (!fs.existsSync(${JSON.stringify(end)})) await new Promise((done) => setTimeout(done, 20))`;
    const page = await group.open('progress.ipynb', [{ source: wait }, { source: '2' }, { source: '3' }]);
    await kernelIdle(page);
    await group.menu('Cell', 'Run All');
    await page.locator('#run-progress').waitFor();
    await page.locator('.kernel-state', { hasText: 'queued' }).waitFor();
    writeFileSync(end, '');
    await page.locator('#run-progress').waitFor({ state: 'hidden' });
    await group.menu('Kernel', 'Reconnect');
    await kernelIdle(page);
  });

  it('notifies when a long run is done while nobody looks', async () => {
    const context = await loggedIn(group.browser, group.server, { permissions: ['notifications'] });
    await context.addInitScript(`
      globalThis.shown = [];
      globalThis.Notification = class extends EventTarget {
        static permission = 'granted';
        static requestPermission() { return Promise.resolve('granted'); }
        constructor(title, { body }) { super(); shown.push(title + ': ' + body); }
        close() {}
      };
    `);
    const wait = 'await new Promise((done) => setTimeout(done, 10_500))';
    const page = await group.open('long.ipynb', [{ source: wait }], context);
    await kernelIdle(page);
    await group.menu('Kernel', 'Notify Me When Done');
    await page.evaluate(`Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })`);
    await page.keyboard.press('Escape');
    await group.cell(0).locator('.prompt').first().click();
    await page.keyboard.press('Control+Enter');
    await expect
      .poll(() => page.evaluate<string[]>('shown'))
      .toEqual([expect.stringMatching(/^long: 1 cell done in \d/)]);
    await context.close();
  });

  it('runs a cell by its button on a touch screen', async () => {
    const context = await loggedIn(group.browser, group.server, {
      viewport: { width: 390, height: 800 },
      hasTouch: true,
      isMobile: true,
    });
    const page = await group.open('touch.ipynb', [{ source: '6 * 7' }], context);
    await kernelIdle(page);
    await group.cell(0).getByRole('button', { name: 'Run this cell' }).tap();
    await group.outputs(0).getByText('42').waitFor();
    await context.close();
  });
});
