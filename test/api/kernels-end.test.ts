/** What is left of kernels when their server closes, and when it is killed. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { cleanStaleConnectionFiles } from '../../src/kernels/index.js';
import { isRunning } from '../is-running.js';
import { hasPythonKernel } from '../parts.js';
import { rounds } from '../tier.js';

const program = fileURLToPath(new URL('../fake-kernel/serve.ts', import.meta.url));
const names = hasPythonKernel ? ['fake', 'python3'] : ['fake'];

interface Serving {
  child: ChildProcess;
  home: string;
  runtime: string;
  pids: number[];
}

async function serve(): Promise<Serving> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...names], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  while (!output.includes('\n')) {
    const data: unknown = await new Promise((resolve) => child.stdout.once('data', resolve));
    output += String(data);
  }
  return { child, ...(JSON.parse(output) as Omit<Serving, 'child'>) };
}

it('a server that closed its kernels ends by itself: no process, socket, timer or file is left', async () => {
  const { child, home, pids } = await serve();
  expect(pids.map(isRunning)).toEqual(names.map(() => true));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.write('close\n');
  expect(await ended).toBe(0);
  expect(pids.map(isRunning)).toEqual(names.map(() => false));
  expect(existsSync(home)).toBe(false);
});

it('after kill -9 of the server its kernels end, and the next start removes their files', async () => {
  const { child, home, runtime, pids } = await serve();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  // A connection file and the output of each, and the record of the server.
  expect(readdirSync(runtime)).toHaveLength(2 * names.length + 1);
  expect(await cleanStaleConnectionFiles(runtime)).toBe(names.length);
  expect(readdirSync(runtime)).toEqual([]);
  await expect.poll(() => pids.map(isRunning)).toEqual(names.map(() => false));
  rmSync(home, { recursive: true });
});

it('a server that is killed at any moment leaves no process behind, and no file after the next start', async () => {
  for (let i = 0; i < rounds(1, 20); i++) {
    const folder = mkdtempSync(join(tmpdir(), 'nbserver-killed-'));
    const child = spawn(process.execPath, ['--import', 'tsx', program, ...names], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: folder },
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    // Its kernels start one after the other: before, while and after.
    const isServing = () => readdirSync(folder).length > 0;
    while (!isServing()) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 2500));
    child.kill('SIGKILL');
    await ended;
    await expect.poll(() => processesWith(folder)).toEqual([]);
    const [home = ''] = readdirSync(folder).filter((name) => name.startsWith('nbserver-kernels-'));
    const runtime = join(folder, home, 'runtime');
    await cleanStaleConnectionFiles(runtime);
    expect(existsSync(runtime) ? readdirSync(runtime) : []).toEqual([]);
    rmSync(folder, { recursive: true, maxRetries: 5 });
  }
});

/** Command lines of running processes that name a folder. */
function processesWith(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        // It ended just now.
        return '';
      }
    })
    .filter((command) => command.includes(folder));
}
