/** Others write the notebook that is open: another tab, a script, git, somebody hostile; and files that go away. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hasChromium, hasGit } from '../parts.js';
import { everything } from '../tier.js';
import {
  connectAgain,
  disconnect,
  kernelIdle,
  notebookGroup,
  save,
  write,
  writeNotebookFile,
} from './notebook-page-driver.js';

describe.skipIf(!hasChromium || !hasGit)('a notebook that others write, too', () => {
  const group = notebookGroup();

  const select = (page: Page, id: string) => page.locator(`[data-cell-id="${id}"]`).focus();
  const shot = async (page: Page, name: string) => {
    if (process.env.SHOTS !== undefined)
      await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`) });
  };
  const cellsOf = (name: string) =>
    (JSON.parse(group.onDisk(name)) as { cells: { id: string; source: string | string[] }[] }).cells;
  const sourcesOf = (name: string) => cellsOf(name).map(({ source }) => [source].flat().join(''));
  const bar = (page: Page, id: string) =>
    page.locator(`[data-cell-id="${id}"]`).getByRole('group', { name: 'Two texts of this cell' });

  /** Reads the file, changes it, and writes it again at once, as a careful script does. @returns whether `from` was there */
  function rewrite(file: string, from: string, to: string): boolean {
    const before = readFileSync(file, 'utf8');
    if (!before.includes(from)) return false;
    writeFileSync(`${file}.new`, before.replace(from, to));
    renameSync(`${file}.new`, file);
    return true;
  }

  /** Writes into the selected cell, and then something else into the file, before that is saved: again where it was. */
  async function writeBeforeSave(
    page: Page,
    text: string,
    elsewhere: (before: string) => boolean,
  ): Promise<string> {
    for (let tries = 1; tries <= 20; tries++) {
      const [before = ''] = await group.sources(page);
      await write(page, text);
      if (elsewhere(JSON.stringify(before))) return `${before}${text}`;
      await page.keyboard.press('Escape');
      await save(page);
    }
    throw new Error('The server was always faster.');
  }

  /** Another branch changes one cell; it is checked out as soon as everything here is committed. */
  function checkOut(folder: string, name: string, from: string, to: string): boolean {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=n', '-c', 'user.email=n@localhost', ...args], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        // nothing of who runs the tests: no signatures, hooks or templates
        env: {
          PATH: process.env.PATH,
          HOME: group.server.home,
          GIT_CONFIG_NOSYSTEM: '1',
          GIT_CONFIG_GLOBAL: '/dev/null',
        },
      });
    if (!existsSync(join(folder, '.git'))) git('init', '-q', '-b', 'main');
    git('add', name);
    git('commit', '-q', '--allow-empty', '-m', 'now');
    const elsewhere = join(group.server.home, 'worktree');
    git('worktree', 'add', '-q', '-f', '-B', 'other', elsewhere);
    rewrite(join(elsewhere, name), from, to);
    git('-C', elsewhere, 'commit', '-q', '-a', '-m', 'other');
    git('worktree', 'remove', '--force', elsewhere);
    try {
      git('checkout', '-q', 'other');
      return true;
    } catch {
      return false; // the server has saved meanwhile, so git refuses, as it does for a person, who commits and tries again
    }
  }

  it('ends the same for two browsers, a script and git checkout, and keeps both texts where two collide', async () => {
    const folder = join(group.server.notebooks, 'repository');
    rmSync(folder, { recursive: true, force: true }); // of a try before
    mkdirSync(folder);
    const path = 'repository/together.ipynb';
    writeNotebookFile(
      group.server,
      path,
      ['one', 'two', 'three', 'four', 'five', 'six'].map((source) => ({ source })),
    );
    const here = await group.open(path);
    const there = await group.openBeside(path, await group.otherProfile());
    const asked: string[] = [];
    for (const page of [here, there]) {
      page.on('dialog', (dialog) => {
        asked.push(dialog.message());
        void dialog.dismiss();
      });
    }
    const everywhere = async (wanted: string[]) => {
      for (const page of [here, there]) await expect.poll(() => group.sources(page)).toEqual(wanted);
      await expect.poll(() => sourcesOf(path)).toEqual(wanted);
      for (const page of [here, there]) {
        const ids = await page.evaluate<string[]>(
          "[...document.querySelectorAll('[data-cell-id]')].map((each) => each.dataset.cellId)",
        );
        expect(ids).toEqual(cellsOf(path).map(({ id }) => id));
        expect(await page.locator('dialog[open]').count()).toBe(0);
      }
    };

    /** Until a page shows it, and again where the server wrote the file in the same moment. */
    const scriptWrites = (from: string, to: string) => {
      const sources = () => {
        rewrite(group.file(path), JSON.stringify(from), JSON.stringify(to));
        return group.sources(here);
      };
      return expect.poll(sources).toContain(to);
    };

    // Everybody at once, each in a cell of its own; one makes a cell.
    await Promise.all([
      write(here, ' here'),
      select(there, 'cell-1').then(() => write(there, ' there')),
      expect.poll(() => checkOut(folder, 'together.ipynb', 'three', 'three by git')).toBe(true),
    ]);
    const cellBelow = async () => {
      await here.keyboard.press('Escape');
      await here.keyboard.press('b');
      await write(here, 'new');
    };
    await Promise.all([scriptWrites('four', 'four by a script'), cellBelow()]);
    await everywhere(['one here', 'new', 'two there', 'three by git', 'four by a script', 'five', 'six']);

    // One is away and writes where another writes meanwhile.
    await here.keyboard.press('Escape');
    await kernelIdle(here);
    await disconnect(here);
    await select(here, 'cell-4');
    await write(here, ' away');
    await select(there, 'cell-4');
    await write(there, ' back');
    await save(there);
    await connectAgain(here);
    const above = ['one here', 'new', 'two there', 'three by git', 'four by a script', 'five back away'];
    await everywhere([...above, 'six']);

    // A script writes where one who is away has written.
    await there.keyboard.press('Escape');
    await disconnect(there);
    await select(there, 'cell-5');
    await write(there, ' of a person');
    await scriptWrites('six', 'six of a script');
    await connectAgain(there);
    await everywhere([...above, 'six of a script of a person']);
    expect(asked).toEqual([]);
  });

  it('shows both texts of a cell below it, until a person has chosen', async () => {
    const page = await group.open('two.ipynb', [{ source: 'first' }, { source: 'second' }]);
    const mine = await writeBeforeSave(page, ' mine', (before) =>
      rewrite(group.file('two.ipynb'), before, '"theirs"'),
    );
    await bar(page, 'cell-0').waitFor();
    expect(await bar(page, 'cell-0').locator('pre').innerText()).toBe('theirs');
    expect(await page.locator('dialog[open]').count()).toBe(0);
    await shot(page, 'conflict');
    await bar(page, 'cell-0').getByRole('button', { name: 'Put it into a cell below' }).click();
    await bar(page, 'cell-0').waitFor({ state: 'detached' });
    await expect.poll(() => group.sources()).toEqual([mine, 'theirs', 'second']);
  });

  it('runs and signs nothing of what somebody hostile writes into it', async () => {
    const name = 'hostile-merge.ipynb';
    const own = (text: string) => `display.html('<script>document.body.append("${text}")</' + 'script>')`;
    const page = await group.open(name, [{ source: own('before') }, { source: own('after') }]);
    const runs = (of: Page, cell: string, text: string) =>
      of.frameLocator(`[data-cell-id="${cell}"] iframe`).getByText(text).waitFor();
    await kernelIdle(page);
    await page.keyboard.press('Shift+Enter');
    await runs(page, 'cell-0', 'before');
    await save(page);
    await page.getByRole('button', { name: 'Trusted', exact: true }).waitFor();

    const attack = 'parent.hacked = true; document.title = "hacked"; fetch("/hacked")';
    const bundle = (data: object) => ({ output_type: 'display_data', data, metadata: {} });
    const notebook = JSON.parse(group.onDisk(name)) as {
      cells: { metadata: object; outputs?: unknown[] }[];
    };
    const foreign = {
      cell_type: 'code',
      id: 'foreign',
      metadata: { trusted: true },
      source: 'harmless = 1',
      execution_count: 1,
      outputs: [
        bundle({ 'text/html': `<p>foreign</p><script>${attack}</script><img src=x onerror='${attack}'>` }),
        bundle({ 'application/javascript': attack }),
        bundle({ 'image/svg+xml': `<svg xmlns="http://www.w3.org/2000/svg" onload='${attack}'/>` }),
      ],
    };
    const text = {
      cell_type: 'markdown',
      id: 'text',
      metadata: { trusted: true },
      source: `# words\n\n<script>${attack}</script><img src=x onerror='${attack}'>`,
    };
    notebook.cells.push(foreign, text);
    writeFileSync(group.file(name), JSON.stringify(notebook, null, 1));

    const requests: string[] = [];
    group.context.on('request', (request) => requests.push(request.url()));
    const inert = async (of: Page) => {
      const cell = of.locator('[data-cell-id="foreign"]');
      await cell.getByText('foreign', { exact: true }).waitFor();
      await cell.getByRole('button', { name: 'Trust this notebook…' }).first().waitFor();
      await of.locator('[data-cell-id="text"] h1').waitFor();
      expect(await cell.locator('iframe').count()).toBe(0);
      expect(await of.evaluate('globalThis.hacked')).toBeUndefined();
      expect(await of.title()).not.toContain('hacked');
      expect(requests.filter((url) => url.includes('hacked'))).toEqual([]);
    };
    await inert(page);
    // what runs here goes on, and is signed
    await page.keyboard.press('Control+Enter');
    await runs(page, 'cell-1', 'after');
    await save(page);
    await inert(await group.openBeside(name));
    copyFileSync(group.file(name), group.file('copy.ipynb'));
    const copy = await group.openBeside('copy.ipynb');
    await inert(copy);
    await runs(copy, 'cell-0', 'before');
    await runs(copy, 'cell-1', 'after');
  });

  it.runIf(everything)('does not bring a file back that is gone, until a person saves', async () => {
    const page = await group.open('gone.ipynb', [{ source: 'start' }]);
    await write(page, ' typed');
    await save(page);
    rmSync(group.file('gone.ipynb'));
    await page.getByText('gone.ipynb was deleted or moved by another program.').waitFor();
    await page.keyboard.type(' more');
    await shot(page, 'file-gone');
    // A notebook that is changed later is saved by itself: this one would have been before it.
    writeNotebookFile(group.server, 'clock.ipynb', [{ source: 'tick' }]);
    const clock = await group.openBeside('clock.ipynb');
    await write(clock, ' tock');
    await expect.poll(() => group.onDisk('clock.ipynb')).toContain('tick tock');
    expect(existsSync(group.file('gone.ipynb'))).toBe(false);
    await page.bringToFront();
    await save(page);
    expect(sourcesOf('gone.ipynb')).toEqual(['start typed more']);
  });

  it.runIf(everything)(
    'follows a file that is renamed in the dashboard, and leaves none behind',
    async () => {
      const page = await group.open('before.ipynb', [{ source: 'start' }]);
      await write(page, ' typed');
      const answer = await group.server.fetch('api/contents/before.ipynb', {
        method: 'PATCH',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ path: 'after.ipynb' }),
      });
      expect(answer.status).toBe(200);
      await page.waitForURL(`${group.server.url}notebooks/after.ipynb`);
      expect(await page.locator('#notebook-name').textContent()).toBe('after');
      await page.keyboard.type(' more');
      await expect.poll(() => sourcesOf('after.ipynb')).toEqual(['start typed more']);
      expect(existsSync(group.file('before.ipynb'))).toBe(false);
      await page.reload();
      await page.locator('body[data-loaded]').waitFor();
      expect(await group.sources()).toEqual(['start typed more']);
    },
  );

  it.runIf(everything)('leaves a file alone that another program has moved away', async () => {
    const page = await group.open('moved.ipynb', [{ source: 'start' }]);
    await kernelIdle(page);
    const bytes = group.onDisk('moved.ipynb');
    renameSync(group.file('moved.ipynb'), group.file('elsewhere.ipynb'));
    await page.getByText('moved.ipynb was deleted or moved by another program.').waitFor();
    await write(page, ' typed');
    await save(page);
    expect(sourcesOf('moved.ipynb')).toEqual(['start typed']);
    expect(group.onDisk('elsewhere.ipynb')).toBe(bytes);
  });

  it.runIf(everything)(
    'becomes the notebook that another program puts in its place, without what was typed being lost',
    async () => {
      const page = await group.open('replaced.ipynb', [{ source: 'mine' }, { source: 'untouched' }]);
      const other = {
        cells: [
          { cell_type: 'code', id: 'x', metadata: {}, source: 'other', execution_count: null, outputs: [] },
        ],
        metadata: {},
        nbformat: 4,
        nbformat_minor: 5,
      };
      const mine = await writeBeforeSave(page, ' typed', (before) => {
        if (!group.onDisk('replaced.ipynb').includes(before)) return false;
        writeFileSync(group.file('replaced.ipynb'), JSON.stringify(other));
        return true;
      });
      await page.locator('[data-cell-id="x"]').waitFor();
      await expect.poll(() => group.sources()).toEqual(expect.arrayContaining(['other', mine]));
      expect(await group.sources()).toHaveLength(2);
      await expect.poll(() => sourcesOf('replaced.ipynb').sort()).toEqual([mine, 'other']);
    },
  );

  it.runIf(everything)('does not write over what is no notebook any more, until a person saves', async () => {
    const page = await group.open('ruined.ipynb', [{ source: 'start' }]);
    await write(page, ' typed');
    await save(page);
    writeFileSync(group.file('ruined.ipynb'), '<<<<<<< this is a merge conflict of git');
    await page.getByText('ruined.ipynb was replaced by something that is not a notebook.').waitFor();
    await page.keyboard.type(' more');
    expect(group.onDisk('ruined.ipynb')).toContain('<<<<<<<');
    await save(page);
    expect(sourcesOf('ruined.ipynb')).toEqual(['start typed more']);
  });
});
