import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binary, freePort, makeHome, run, serve, type Home } from '../command-line.js';
import { hasPythonKernel } from '../parts.js';
import { everything } from '../tier.js';

let home: Home;
beforeAll(() => (home = makeHome()));
afterAll(() => home.remove());

let made = 0;
function notebook(sources: string[], tags: string[] = [], kernel = 'javascript'): string {
  const file = join(home.notebooks, `run-${(made += 1)}.ipynb`);
  const cells = sources.map((source, n) => ({
    id: `c${n}`,
    cell_type: 'code',
    source,
    metadata: n === 0 && tags.length > 0 ? { tags } : {},
    outputs: [],
    execution_count: null,
  }));
  const metadata = { kernelspec: { name: kernel, display_name: kernel, language: kernel } };
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
    const sources = ['throw new Error("meant to be")', 'throw new Error("no")', 'console.log("three")'];
    const file = notebook(sources, ['raises-exception']);
    const failed = await run(['run', file, '--inplace'], home);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('Code cell 2 failed: Error: no.');
    expect(read(file).cells.map(({ outputs }) => outputs.map((one) => one.output_type))).toEqual([
      ['error'],
      ['error'],
      [],
    ]);
    const allowed = await run(['run', file, '--inplace', '--allow-errors', '--kernel=javascript'], home);
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
    const output = join(home.path, 'nowhere', 'result.ipynb');
    expect((await run(['run', file, '--output', output], home)).stderr).toMatch(
      /--output .*cannot be written/,
    );
  });

  it.runIf(everything)(
    'runs as the configuration says, and what ran into the notebook is trusted',
    async () => {
      const file = notebook(['display.html("<b>1</b>")'], []);
      const named = readFileSync(file, 'utf8');
      writeFileSync(file, JSON.stringify({ ...(JSON.parse(named) as object), metadata: {} }));
      const config = join(home.path, 'run-config.json');
      writeFileSync(config, JSON.stringify({ record_timing: true, default_kernel_name: 'javascript' }));
      const { code, stderr } = await run(['run', file, '--inplace', '--config', config], home);
      expect({ code, stderr: stderr.replace(/\d+\.\d s/g, 'T') }).toEqual({ code: 0, stderr: '[1/1] T\n' });
      expect(readFileSync(file, 'utf8')).toContain('shell.execute_reply');
      expect((await run(['trust', file], home)).stdout).toBe(`${file}: was trusted already\n`);
    },
  );

  it.runIf(everything)('refuses a kernel that is not there', async () => {
    const { code, stderr } = await run(['run', notebook(['1']), '--kernel', 'cobol'], home);
    expect({ code, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 1, lines: 1 });
    expect(stderr).toContain('cobol');
  });

  it.runIf(everything && hasPythonKernel)('gives up on a cell that takes no interrupt', async () => {
    const source =
      'import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint("on")\ntime.sleep(600)';
    const file = notebook([source], [], 'python3');
    const { code, stderr } = await run(['run', file, '--inplace', '--timeout', '10'], home);
    expect(code).toBe(1);
    expect(stderr).toContain('It did not end, so its kernel was ended.');
    expect(read(file).cells[0]?.outputs).toMatchObject([{ text: ['on\n'] }]);
  });

  it.runIf(everything).each(['SIGTERM', 'SIGHUP'] as const)(
    'keeps what came, and leaves nothing behind, when it is ended by %s',
    async (signal) => {
      const temporary = join(home.path, `tmp-${signal}`);
      mkdirSync(temporary, { recursive: true });
      const env = { ...home.env, TMPDIR: temporary };
      const file = notebook([
        'console.log("first")',
        'await new Promise((done) => setTimeout(done, 60_000))',
      ]);
      const child = spawn(binary, ['run', file, '--inplace'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (stderr === '') child.kill(signal);
        stderr += text;
      });
      const code = await new Promise((resolve) => child.once('close', resolve));
      expect(code).toBe(1);
      expect(stderr).toContain('The run was interrupted.');
      expect(read(file).cells[0]?.outputs).toMatchObject([{ text: ['first\n'] }]);
      expect(readdirSync(temporary)).toEqual([]);
    },
  );

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
      // The kernel is the person's: it stays, whichever one is asked for.
      const kernels = async () => (await api('kernels')).json() as Promise<{ id: string; name: string }[]>;
      const [kernel, ...others] = await kernels();
      expect([kernel?.name, others]).toEqual(['javascript', []]);
      expect((await run(['run', file, '--inplace', '--kernel', 'javascript'], home)).code).toBe(0);
      const other = await run(['run', file, '--inplace', '--kernel', 'python3'], home);
      expect(other.code).toBe(1);
      expect(other.stderr).toContain('runs on the kernel "javascript" there');
      expect((await kernels()).map(({ id: each }) => each)).toEqual([kernel?.id]);
      // One that was started for the run goes with it.
      await api(`kernels/${kernel?.id}`, { method: 'DELETE' });
      expect((await run(['run', file, '--inplace', '--kernel', 'javascript'], home)).code).toBe(0);
      expect(await kernels()).toEqual([]);
    } finally {
      await server.stop();
    }
  });
});
