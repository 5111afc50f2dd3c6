/** What is left of kernels when their server closes, and when it is killed. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { cleanStaleConnectionFiles } from '../../src/kernels/index.js';
import { hasPythonKernel } from '../parts.js';

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

function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
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
  const deadline = Date.now() + 20_000;
  while (pids.some(isRunning) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(pids.map(isRunning)).toEqual(names.map(() => false));
  rmSync(home, { recursive: true });
});
