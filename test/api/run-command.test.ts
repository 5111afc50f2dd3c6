import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeHome, run, serve, freePort, type Home } from '../command-line.js';
import { everything } from '../tier.js';

let home: Home;
beforeAll(() => (home = makeHome()));
afterAll(() => home.remove());

let made = 0;
function notebook(sources: string[], tags: string[] = []): string {
  const file = join(home.notebooks, `run-${(made += 1)}.ipynb`);
  const cells = sources.map((source, n) => ({
    id: `c${n}`,
    cell_type: 'code',
    source,
    metadata: n === 0 && tags.length > 0 ? { tags } : {},
    outputs: [],
    execution_count: null,
  }));
  const metadata = { kernelspec: { name: 'javascript', display_name: 'JavaScript', language: 'javascript' } };
  writeFileSync(file, `${JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`);
  return file;
}
interface Written {
  cells: { outputs: { output_type: string; text?: string[] }[]; execution_count: number | null }[];
}
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Written;

describe('nbserver run', () => {
  it('runs all cells, writes the result where it is told to, and leaves the notebook alone', async () => {
    const file = notebook(['console.log("1")', 'console.log("2")']);
    const before = readFileSync(file, 'utf8');
    const output = join(home.path, 'result.ipynb');
    const { code, stderr } = await run(['run', file, '--output', output], home);
    expect({ code, stderr: stderr.replace(/\d+\.\d s/g, 'T') }).toEqual({
      code: 0,
      stderr: '[1/2] T\n[2/2] T\n',
    });
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(read(output).cells).toMatchObject([
      { execution_count: 1, outputs: [{ output_type: 'stream', text: ['1\n'] }] },
      { execution_count: 2, outputs: [{ text: ['2\n'] }] },
    ]);
    expect(readFileSync(output, 'utf8')).not.toContain('trusted');
  });

  it('says which cell failed with its exit code, and keeps what ran with --inplace', async () => {
    const file = notebook(['console.log(1)', 'throw new Error("no")', 'console.log("three")']);
    const failed = await run(['run', file, '--inplace'], home);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('Code cell 2 failed: Error: no.');
    expect(read(file).cells.map(({ outputs }) => outputs.map((one) => one.output_type))).toEqual([
      ['stream'],
      ['error'],
      [],
    ]);
    const allowed = await run(['run', file, '--inplace', '--allow-errors'], home);
    expect(allowed.code).toBe(0);
    expect(read(file).cells[2]?.outputs).toMatchObject([{ text: ['three\n'] }]);
    expect(
      readdirSync(home.notebooks).filter((name) => !name.endsWith('.ipynb') && !name.startsWith('.')),
    ).toEqual([]);
  });

  it('ends a cell that takes too long, and says what is wrong in one line', async () => {
    const file = notebook(['await new Promise((done) => setTimeout(done, 60_000))']);
    const late = await run(['run', file, '--timeout', '1'], home);
    expect(late.code).toBe(1);
    expect(late.stderr).toContain('Code cell 1 took longer than 1 s');
    const missing = await run(['run', 'nowhere.ipynb'], home);
    expect(missing).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('No such file: nowhere.ipynb') as string,
    });
  });

  it.runIf(everything)('goes through the server that has the notebook open, without stdin', async () => {
    const port = await freePort();
    mkdirSync(join(home.path, 'runtime'), { recursive: true });
    const server = await serve([home.notebooks, '--no-browser', `--port=${port}`, '--token=secret'], {
      env: home.env,
    });
    try {
      const file = notebook(['console.log("here")']);
      const api = (path: string, init: RequestInit = {}) =>
        fetch(`http://127.0.0.1:${port}/api/${path}`, {
          ...init,
          headers: { Authorization: 'token secret', 'content-type': 'application/json' },
        });
      const path = file.slice(home.notebooks.length + 1);
      const opened = await api('documents', { method: 'POST', body: JSON.stringify({ path }) });
      const { id } = (await opened.json()) as { id: string };
      expect((await run(['run', file, '--inplace'], home)).code).toBe(0);
      const { cells } = (await (await api(`documents/${id}/run`)).json()) as { cells: { status: string }[] };
      expect(cells).toMatchObject([{ status: 'ok', count: 1 }]);
      expect(read(file).cells[0]?.outputs).toMatchObject([{ text: ['here\n'] }]);
    } finally {
      await server.stop();
    }
  });
});
