/** The server's process is killed while somebody types, again and again; the page stays, and comes back each time. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort, makeHome, serve, type Home, type RunningCommand } from '../command-line.js';
import { TOKEN } from '../test-server.js';
import { rounds } from '../tier.js';
import { DocumentTestPage } from './document-page.js';

/** From the private use area: one UTF-16 unit each, so that each typed character can be looked for. */
const FIRST = 0xe000;
const TYPED = /[\ue000-\uf8ff]/g;
const IDS = ['a', 'b', 'c'];

let home: Home;
let server: RunningCommand | undefined;
beforeEach(() => {
  home = makeHome();
});
afterEach(async () => {
  await server?.stop();
  home.remove();
});

const file = () => join(home.notebooks, 'typed.ipynb');
const charactersOf = (texts: string[]) => texts.flatMap((text) => text.match(TYPED) ?? []).sort();
const shown = (page: DocumentTestPage) =>
  charactersOf([...page.sync.view.cells()].map(({ cell }) => cell.source));
/** Nobody is asked about their own typing, also where the server was killed between a save and the word of it. */
const asked = (page: DocumentTestPage) =>
  page.last('conflict')?.conflicts ?? page.last('snapshot')?.conflicts ?? [];
const onDisk = () => {
  const { cells } = JSON.parse(readFileSync(file(), 'utf8')) as { cells: { source: string | string[] }[] };
  return charactersOf(cells.map(({ source }) => [source].flat().join('')));
};

it('loses nothing that was saved and nothing that the page still has, has nothing twice, and asks nobody', async () => {
  const cells = IDS.map((id) => ({
    id,
    cell_type: 'code',
    source: `# ${id}\n`,
    metadata: {},
    outputs: [],
    execution_count: null,
  }));
  writeFileSync(file(), JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  const port = await freePort();
  const url = `http://localhost:${port}/`;
  const headers = { Authorization: `token ${TOKEN}` };
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(new URL(path, url), { ...init, headers: { ...init.headers, ...headers } });
  const start = () => serve([home.notebooks, `--port=${port}`, `--token=${TOKEN}`], home);
  const page = new DocumentTestPage({ url, fetch: ask }, 'typed.ipynb');
  const typed: string[] = [];
  let saved: string[] = [];
  for (let round = 1; round <= rounds(2, 50); round += 1) {
    server = await start();
    await page.connect();
    const keys = 20 + ((round * 37) % 60);
    for (let key = 0; key < keys; key += 1) {
      const id = IDS[(round + key) % IDS.length] ?? 'a';
      const length = page.sync.view.cell(id)?.text.length ?? 0;
      const at = (key * 7) % (length + 1);
      const character = String.fromCharCode(FIRST + typed.length);
      const changes = [...(at > 0 ? [at] : []), [0, character], ...(at < length ? [length - at] : [])];
      page.sync.perform([{ op: 'edit-source', id, changes }]);
      typed.push(character);
      if (key % 17 === 11) page.sync.save();
      // Half of the saves are waited for, the others are under way when the server dies or more is typed.
      if (key % 34 === 11) {
        await page.until(() => page.sync.isSaved);
        saved = shown(page);
      }
      await sleep(key % 5);
    }
    server.child.kill('SIGKILL');
    await server.exited;
    const kept = new Set(onDisk());
    expect(
      saved.filter((one) => !kept.has(one)),
      `saved, and gone after round ${round}`,
    ).toEqual([]);
    page.drop();
  }
  server = await start();
  await page.connect();
  page.sync.save();
  await page.until(() => page.sync.isSaved);
  expect(saved.length).toBeGreaterThan(0);
  const kept = onDisk();
  expect(kept).toEqual([...new Set(kept)]);
  expect(shown(page)).toEqual(kept);
  expect(kept).toEqual([...typed].sort());
  expect(asked(page)).toEqual([]);
  await page.close();
});
