/** nbserver as process 1, as in a container without an init: it reaps what kernels leave behind, and ends when it is told. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { binary, freePort, makeHome, type Home } from '../command-line.js';
import { canBeProcessOne } from '../parts.js';
import { TOKEN } from '../test-server.js';
import { DocumentTestPage } from './document-page.js';

let home: Home;
let child: ChildProcess;
beforeEach(() => {
  home = makeHome();
});
afterEach(() => {
  child.kill('SIGKILL'); // --kill-child takes the rest along
  home.remove();
});

/** Name and state of the children of a process, as this side of the namespace sees them. */
function childrenOf(pid: number): { pid: number; name: string; state: string }[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return list.flatMap((each) => {
    try {
      const [, name = '', state = ''] =
        /^\d+ \((.*)\) (\w)/s.exec(readFileSync(`/proc/${each}/stat`, 'utf8')) ?? [];
      return [{ pid: Number(each), name, state }];
    } catch {
      return []; // it is gone
    }
  });
}

describe.skipIf(!canBeProcessOne)('nbserver as process 1', () => {
  it('reaps orphans, and ends with 0 on SIGTERM', async () => {
    const port = await freePort();
    const args = ['--pid', '--fork', '--mount-proc', '--kill-child', binary, home.notebooks];
    child = spawn('unshare', [...args, `--port=${port}`, `--token=${TOKEN}`], {
      env: home.env,
      cwd: home.path,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    let output = '';
    child.stdout?.on('data', (data: Buffer) => (output += data.toString()));
    await expect.poll(() => output).toContain('is running');
    const [shell] = childrenOf(child.pid ?? 0);
    if (!shell) throw new Error('no process 1');

    const source =
      `const { spawnSync } = await import('node:child_process');\n` +
      `spawnSync('sh', ['-c', '(until [ -e end ]; do sleep 0.1; done) >/dev/null 2>&1 &']).status`;
    const cell = { id: 'c0', cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null };
    const metadata = { kernelspec: { name: 'javascript', display_name: 'JavaScript' } };
    const content = { cells: [cell], metadata, nbformat: 4, nbformat_minor: 5 };
    writeFileSync(join(home.notebooks, 'a.ipynb'), JSON.stringify(content));
    const url = `http://localhost:${port}/`;
    const headers = { Authorization: `token ${TOKEN}` };
    const page = await DocumentTestPage.open(
      { url, fetch: (path, init) => fetch(new URL(path, url), { ...init, headers }) },
      'a.ipynb',
      { start_kernel: true },
    );
    page.sync.execute(['c0']);
    await page.until(() => page.isDone('c0'));
    const orphans = () => childrenOf(shell.pid).filter(({ name }) => name !== 'node');
    await expect.poll(orphans).toMatchObject([{ name: 'sh' }]);
    writeFileSync(join(home.notebooks, 'end'), '');
    // It ends, and not even a zombie of it stays.
    await expect.poll(orphans).toEqual([]);
    await page.close();

    process.kill(shell.pid, 'SIGTERM');
    expect(await exited).toBe(0);
  });
});
