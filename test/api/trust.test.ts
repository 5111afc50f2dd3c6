/** Trust from outside: the command, the address, and Jupyter's own command, on a running server. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../command-line.js';
import { startTestServer, type TestServer } from '../test-server.js';
import { everything } from '../tier.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ onlyOwnKernel: true });
});
afterAll(() => server.close());

const env = (): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: server.home,
  JUPYTER_DATA_DIR: join(server.home, 'data'),
  JUPYTER_CONFIG_DIR: join(server.home, 'config'),
  JUPYTER_RUNTIME_DIR: join(server.home, 'runtime'),
});
const put = (name: string): string => {
  const path = join(server.notebooks, name);
  const text = readFileSync(join(process.cwd(), 'test/notebooks/hostile.ipynb'), 'utf8');
  // each test its own outputs: trust is by content
  writeFileSync(path, text.replaceAll('<b>text</b>', `<b>${name}</b>`));
  return path;
};
interface Cell {
  id: string;
  cell_type: string;
  metadata: { trusted?: boolean };
}
const get = async (name: string): Promise<{ cells: Cell[] }> =>
  ((await (await server.fetch(`api/contents/${name}`)).json()) as { content: { cells: Cell[] } }).content;
/** How the cell with the script stands. */
const isTrusted = async (name: string): Promise<boolean | undefined> =>
  (await get(name)).cells.find(({ id }) => id === 'script')?.metadata.trusted;
const save = (name: string, content: unknown) =>
  server.fetch(`api/contents/${name}`, {
    method: 'PUT',
    body: JSON.stringify({ type: 'notebook', format: 'json', content }),
  });

describe('a notebook from elsewhere', () => {
  it('is foreign, whatever its flags say, and trusted by nbserver trust, while the server runs', async () => {
    const path = put('command.ipynb');
    const before = readFileSync(path);
    expect(await isTrusted('command.ipynb')).toBe(false);
    const first = await run(['trust', path], { env: env() });
    expect([first.code, first.stdout]).toEqual([0, `${path}: 11 cells are trusted now\n`]);
    expect(await isTrusted('command.ipynb')).toBe(true);
    expect(readFileSync(path).equals(before)).toBe(true);
    const again = await run(['trust', path], { env: env() });
    expect(again.stdout).toBe(`${path}: was trusted already\n`);
    const missing = await run(['trust', `${path}.gone`], { env: env() });
    expect([missing.code, missing.stderr]).toEqual([1, `nbserver: ${path}.gone: there is no such file\n`]);
  });

  it('is trusted by POST trust, and keeps that over a save', async () => {
    put('post.ipynb');
    const answer = await server.fetch('api/contents/post.ipynb/trust', { method: 'POST' });
    expect([answer.status, await answer.text()]).toEqual([201, '']);
    expect(await isTrusted('post.ipynb')).toBe(true);
    expect((await save('post.ipynb', await get('post.ipynb'))).status).toBe(200);
    expect(await isTrusted('post.ipynb')).toBe(true);
  });

  it('is trusted when a client that may save says so of every cell, and not of some', async () => {
    put('client.ipynb');
    const content = await get('client.ipynb');
    const code = content.cells.filter((cell) => cell.cell_type === 'code');
    for (const cell of code) cell.metadata.trusted = cell.id === 'script';
    await save('client.ipynb', content);
    expect(await isTrusted('client.ipynb')).toBe(false);
    for (const cell of code) cell.metadata.trusted = true;
    await save('client.ipynb', content);
    expect(await isTrusted('client.ipynb')).toBe(true);
    expect(readFileSync(join(server.notebooks, 'client.ipynb'), 'utf8').match(/"trusted"/g)).toHaveLength(1);
  });
});

const PYTHON = '/usr/bin/python3';
const jupyterIsHere = existsSync('/usr/lib/python3/dist-packages/nbformat');
describe.runIf(everything && jupyterIsHere)('jupyter trust', () => {
  const samples = ['numbers', 'pandas', 'matplotlib', 'charts', 'r', 'v4.0', 'hostile'];
  it.each(samples)('of %s is recognised', async (name) => {
    const path = join(server.notebooks, `jupyter-${name}.ipynb`);
    copyFileSync(join(process.cwd(), `test/notebooks/${name}.ipynb`), path);
    const rich = async (): Promise<(boolean | undefined)[]> =>
      (await get(`jupyter-${name}.ipynb`)).cells
        .filter((cell) => cell.cell_type === 'code')
        .map((cell) => cell.metadata.trusted);
    const before = await rich();
    execFileSync(PYTHON, ['-c', 'from nbformat.sign import main; main()', path], { env: env() });
    const after = await rich();
    expect(after.every((flag) => flag === true)).toBe(true);
    expect(before).toContain(false);
  });
});
