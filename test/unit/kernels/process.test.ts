import { ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { KernelProcess } from '../../../src/kernels/process.js';
import { isRunning } from '../../is-running.js';

const env = { PATH: process.env.PATH ?? '' };
const launch = (script: string, cwd = tmpdir()) =>
  KernelProcess.launch({ argv: ['/bin/sh', '-c', script], cwd, env });

describe('KernelProcess', () => {
  it('tells code, signal and output of the end', async () => {
    const one = await launch('echo out; echo err >&2; exit 4');
    expect(await one.exited).toEqual({
      code: 4,
      signal: null,
      output: expect.stringMatching(/out|err/) as string,
      errors: 'err\n',
    });
    expect(one.output).toContain('err');
    const two = await launch('kill -ABRT $$');
    expect(await two.exited).toMatchObject({ code: null, signal: 'SIGABRT' });
  });

  it('says so when the system refuses the command outright', async () => {
    await expect(launch('\0')).rejects.toThrow(/^The command \/bin\/sh could not be started: /);
  });

  it('keeps the last 64 kB of the output', async () => {
    const one = await launch('head -c 500000 /dev/zero | tr "\\0" a; echo end');
    const { output } = await one.exited;
    expect(output.length).toBeLessThan(140_000);
    expect(output.length).toBeGreaterThan(64_000);
    expect(output.endsWith('end\n')).toBe(true);
  });

  it('writes it to a file for its owner alone, which stays small', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nbserver-output-'));
    const outputFile = join(folder, 'runtime', 'kernel-x.log');
    const run = async (script: string) => {
      const one = await KernelProcess.launch({ argv: ['/bin/sh', '-c', script], cwd: '/', env, outputFile });
      await one.exited;
      return readFileSync(outputFile, 'utf8');
    };
    expect(await run('echo out; sleep 0.05; echo err >&2')).toBe('out\nerr\n');
    expect(statSync(outputFile).mode & 0o777).toBe(0o600);
    expect(await run('echo next')).toBe('out\nerr\n\n[the kernel was started again]\nnext\n');
    const flood = await run('head -c 900000 /dev/zero | tr "\\0" a; echo end');
    expect(flood.endsWith('a'.repeat(64_000) + 'end\n')).toBe(true);
    expect(flood.length).toBeLessThan(140_000);
    rmSync(folder, { recursive: true });
  });

  it('starts in the nearest directory that exists, with the given environment and no input', async () => {
    const one = await launch('pwd; env; cat', join(tmpdir(), 'gone', 'deeper'));
    const { code, output } = await one.exited;
    expect(code).toBe(0);
    expect(output.split('\n')[0]).toBe(tmpdir());
    expect(output).not.toContain('HOME=');
  });

  it('explains a command that is not there', async () => {
    const absent = KernelProcess.launch({ argv: ['/nowhere/x'], cwd: '/', env });
    await expect(absent).rejects.toThrow('The command /nowhere/x was not found.');
  });

  it('signals the whole group, and ends what is left of it', async () => {
    const one = await launch('trap "" INT; sleep 100 & echo $!; wait');
    while (!one.output.includes('\n')) await new Promise((resolve) => setTimeout(resolve, 10));
    const child = Number(one.output.trim());
    process.kill(one.pid, 'SIGKILL');
    await one.exited;
    expect(one.alive).toBe(false);
    expect(isRunning(child)).toBe(true);
    await one.endLeftovers();
    for (let i = 0; i < 100 && isRunning(child); i++) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isRunning(child)).toBe(false);
  });

  it('says that a process may not be signalled, as often as it is tried', async () => {
    const one = await launch('sleep 100');
    // What the system says to a process of another user; the tests may run as root, who may signal all.
    const refused = Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
    const group = vi.spyOn(process, 'kill').mockImplementation(() => {
      throw refused;
    });
    const alone = vi.spyOn(ChildProcess.prototype, 'kill').mockImplementation(function (this: ChildProcess) {
      this.emit('error', refused);
      return false;
    });
    try {
      expect([one.signal('SIGINT'), one.signal('SIGINT')]).toEqual([false, false]);
    } finally {
      group.mockRestore();
      alone.mockRestore();
    }
    expect(one.signal('SIGKILL')).toBe(true);
    await one.exited;
    expect(one.signal('SIGKILL')).toBe(true);
  });

  it('gives its child the default action for SIGINT even where the server ignores it', async () => {
    const program = fileURLToPath(new URL('../../../src/kernels/process.ts', import.meta.url));
    const code = `
      import { KernelProcess } from ${JSON.stringify(program)};
      const one = await KernelProcess.launch({ argv: ['/bin/sleep', '100'], cwd: '/', env: {} });
      one.signal('SIGINT');
      const { signal } = await Promise.race([one.exited, new Promise((r) => setTimeout(r, 5000, { signal: 'none' }))]);
      one.signal('SIGKILL');
      console.log(signal);`;
    const script = 'trap "" INT; exec "$0" --import tsx --input-type=module -e "$1"';
    const child = spawn('/bin/sh', ['-c', script, process.execPath, code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (data) => (output += String(data)));
    await new Promise((resolve) => child.once('close', resolve));
    expect(output.trim()).toBe('SIGINT');
  });
});
