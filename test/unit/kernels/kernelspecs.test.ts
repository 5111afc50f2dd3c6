import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KernelspecManager } from '../../../src/kernels/index.js';
import type { KernelSpec, KernelspecOptions } from '../../../src/kernels/index.js';
import type { Log } from '../../../src/log.js';

let root: string;
let lines: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nbserver-specs-'));
  lines = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const note = (line: string) => void lines.push(line);
const log: Log = { debug: note, info: note, warn: note, error: note };
const manager = (options: Partial<KernelspecOptions> = {}) =>
  new KernelspecManager({ dataPath: [join(root, 'a'), join(root, 'b')], home: root, log, ...options });

function write(place: string, name: string, spec: object | string): string {
  const folder = join(root, place, name);
  mkdirSync(folder, { recursive: true });
  const text =
    typeof spec === 'string'
      ? spec
      : JSON.stringify({ argv: ['x'], display_name: name, language: 'l', ...spec });
  writeFileSync(join(folder, 'kernel.json'), text);
  return join(folder, 'kernel.json');
}
const names = async (specs: KernelspecManager) => (await specs.list()).map(({ name }) => name);

/** A program that behaves like a Python with or without ipykernel, and counts how often it is asked. */
function fakePython(folder: string, name: string, hasIpykernel: boolean): string {
  mkdirSync(join(root, folder), { recursive: true });
  const file = join(root, folder, name);
  writeFileSync(file, `#!/bin/sh\necho "asked for $3" >> "$0.log"\nexit ${hasIpykernel ? 0 : 1}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** The package's own, as the server adds it. */
const javascript: KernelSpec = {
  name: 'javascript',
  displayName: 'JS',
  language: 'javascript',
  argv: ['node'],
  env: {},
  interruptMode: 'message',
  metadata: {},
};

describe('KernelspecManager.list', () => {
  it('searches the data path in order, ~/.ipython last; the first one wins, names are lower case', async () => {
    write('b/kernels', 'Same', { display_name: 'second' });
    write('a/kernels', 'same', { display_name: 'first' });
    write('b/kernels', 'IR', {});
    write('.ipython/kernels', 'same', { display_name: 'last' });
    write('.ipython/kernels', 'old', {});
    mkdirSync(join(root, 'a', 'kernels', 'empty'));
    write('a/kernels', 'bad name', {});
    const specs = await manager().list();
    expect(specs.map(({ name, displayName }) => `${name}: ${displayName}`)).toEqual([
      'ir: IR',
      'old: old',
      'same: first',
    ]);
    expect(await manager().get('IR')).toMatchObject({
      name: 'ir',
      resourceDir: join(root, 'b', 'kernels', 'IR'),
    });
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '7'],
    ['no argv', '{"display_name": "x", "language": "x"}'],
    ['an argv that is a text', '{"argv": "x", "display_name": "x"}'],
    ['no display_name', '{"argv": ["x"]}'],
  ])('leaves out a kernel.json with %s, and says so once', async (_name, text) => {
    const file = write('a/kernels', 'broken', text);
    write('a/kernels', 'good', {});
    const specs = manager();
    expect(await names(specs)).toEqual(['good']);
    expect(await names(specs)).toEqual(['good']);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(file);
  });

  it('sees what is added, changed and removed meanwhile', async () => {
    const specs = manager();
    expect(await names(specs)).toEqual([]);
    const file = write('a/kernels', 'new', {});
    expect(await names(specs)).toEqual(['new']);
    write('a/kernels', 'new', { display_name: 'changed' });
    utimesSync(file, new Date(), new Date(Date.now() + 5000));
    expect((await specs.get('new'))?.displayName).toBe('changed');
    // A new mode, say, shows in none of the times but the one of the change; neither does this.
    const { atime, mtime } = statSync(file);
    await new Promise((resolve) => setTimeout(resolve, 20));
    write('a/kernels', 'new', { display_name: 'CHANGED' });
    utimesSync(file, atime, mtime);
    expect((await specs.get('new'))?.displayName).toBe('CHANGED');
    rmSync(join(root, 'a', 'kernels', 'new'), { recursive: true });
    expect(await names(specs)).toEqual([]);
  });

  it('shows only what is allowed', async () => {
    write('a/kernels', 'one', {});
    write('a/kernels', 'two', {});
    expect(await names(manager({ allowed: ['two'] }))).toEqual(['two']);
    expect(await names(manager({ allowed: [] }))).toEqual(['one', 'two']);
    expect(await manager({ allowed: ['two'] }).get('one')).toBeUndefined();
    expect(await manager({ allowed: ['two'] }).get('Two')).toMatchObject({ name: 'two' });
  });

  it('adds the built-in ones unless the data path has the name', async () => {
    const builtIn = [javascript];
    expect(await manager({ builtIn }).list()).toMatchObject([
      { name: 'javascript', interruptMode: 'message' },
    ]);
    write('a/kernels', 'javascript', { display_name: 'mine' });
    expect((await manager({ builtIn }).get('javascript'))?.displayName).toBe('mine');
  });
});

it('offers Deno where it is on PATH, unless it is installed as a kernelspec', async () => {
  const deno = fakePython('bin', 'deno', true);
  const path = `relative:${join(root, 'empty')}:${join(root, 'bin')}`;
  expect(await manager({ path }).get('deno')).toMatchObject({
    argv: [deno, 'jupyter', '--kernel', '--conn', '{connection_file}'],
    interruptMode: 'message',
  });
  expect(await names(manager({ path: join(root, 'empty') }))).toEqual([]);
  write('a/kernels', 'deno', { display_name: 'mine' });
  expect((await manager({ path }).get('deno'))?.displayName).toBe('mine');
});

describe('KernelspecManager.defaultName', () => {
  it('is the configured one, else a Python one, else ours', async () => {
    expect(await manager({ builtIn: [javascript] }).defaultName()).toBe('javascript');
    write('a/kernels', 'ir', { language: 'R' });
    expect(await manager({ builtIn: [javascript] }).defaultName()).toBe('javascript');
    write('a/kernels', 'pypy', { language: 'python' });
    expect(await manager({ builtIn: [javascript] }).defaultName()).toBe('pypy');
    write('a/kernels', 'python3', { language: 'python' });
    expect(await manager({ builtIn: [javascript] }).defaultName()).toBe('python3');
    expect(await manager({ builtIn: [javascript], defaultName: 'IR' }).defaultName()).toBe('ir');
    expect(await manager({ builtIn: [javascript], defaultName: 'gone' }).defaultName()).toBe('python3');
  });
});

describe('a Python without a kernelspec', () => {
  it('is found on PATH, the active environment first, and asked once', async () => {
    const without = fakePython('bin1', 'python3', false);
    const on = fakePython('bin2', 'python3', true);
    const path = `${join(root, 'bin1')}:${join(root, 'bin2')}`;
    const specs = manager({ python: { path, env: { PATH: process.env.PATH } } });
    expect(await specs.list()).toMatchObject([
      { name: 'python3', argv: [on, '-m', 'ipykernel_launcher', '-f', '{connection_file}'] },
    ]);
    await specs.list();
    expect(readFileSync(`${without}.log`, 'utf8')).toBe('asked for ipykernel\n');
    expect(readFileSync(`${on}.log`, 'utf8')).toBe('asked for ipykernel\n');

    const active = fakePython('venv/bin', 'python', true);
    const virtual = manager({
      python: { path, virtualEnv: join(root, 'venv'), env: { PATH: process.env.PATH } },
    });
    expect((await virtual.get('python3'))?.argv[0]).toBe(active);
  });

  it('is not looked for when there is a python3 spec', async () => {
    const python = fakePython('bin', 'python3', true);
    write('a/kernels', 'python3', { display_name: 'installed' });
    const specs = manager({ python: { path: join(root, 'bin'), env: { PATH: process.env.PATH } } });
    expect((await specs.get('python3'))?.displayName).toBe('installed');
    expect(existsSync(`${python}.log`)).toBe(false);
  });

  it('runs a spec whose command is a bare python, by one that has the module', async () => {
    const python = fakePython('bin', 'python3', true);
    const specs = manager({ python: { path: join(root, 'bin'), env: { PATH: process.env.PATH } } });
    expect(await specs.resolvePython(['python', '-m', 'octave_kernel', '-f', 'x'])).toBe(python);
    expect(await specs.resolvePython(['python3.11', 'kernel.py'])).toBe(python);
    expect(readFileSync(`${python}.log`, 'utf8')).toBe('asked for octave_kernel\nasked for ipykernel\n');
    expect(await specs.resolvePython(['/opt/python', '-m', 'x'])).toBe('/opt/python');
    expect(await specs.resolvePython(['R'])).toBe('R');
    expect(await manager().resolvePython(['python', '-m', 'x'])).toBe('python');
  });
});
