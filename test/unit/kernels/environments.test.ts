import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findEnvironments, installCommand } from '../../../src/kernels/environments.js';
import { KernelspecManager } from '../../../src/kernels/index.js';
import { silentLog } from '../../../src/log.js';
import { hasPythonKernel } from '../../parts.js';

let home: string;
beforeEach(() => (home = realpathSync(mkdtempSync(join(tmpdir(), 'nbserver-environments-')))));
afterEach(() => rmSync(home, { recursive: true }));

function file(path: string, text = ''): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), text);
}
/** What makes a directory an environment; its Python says so loudly when somebody runs it. */
function environment(
  path: string,
  { settings = '', conda = false, ipykernel = false, version = '3.12' },
): void {
  file(`${path}/bin/python`, `#!/bin/sh\ntouch "${home}/somebody-ran-it"\n`);
  chmodSync(join(home, path, 'bin/python'), 0o755);
  if (settings) file(`${path}/pyvenv.cfg`, settings);
  if (conda) file(`${path}/conda-meta/history`);
  file(`${path}/lib/python${version}/site-packages/pip/__init__.py`);
  if (ipykernel) file(`${path}/lib/python${version}/site-packages/ipykernel/resources/logo-64x64.png`);
}
const places = (env: Record<string, string> = {}) => ({ home, notebookDirectory: join(home, 'work'), env });

describe('findEnvironments', () => {
  it('finds each kind where its tool puts it, and says what it is, without running anything', async () => {
    environment('miniconda3', { conda: true, version: '3.11' });
    environment('miniconda3/envs/data', { conda: true, ipykernel: true });
    environment('elsewhere/deep', { conda: true });
    file('.conda/environments.txt', `${home}/elsewhere/deep\n${home}/gone\n`);
    environment('.virtualenvs/web', {
      settings: 'home = /usr/bin\nvirtualenv = 20.1\nversion_info = 3.9.2.final.0\n',
    });
    environment('work/.venv', { settings: 'home = /usr/bin\nversion = 3.12.1\n', ipykernel: true });
    environment('work/project/.venv', { settings: 'uv = 0.5.1\nversion_info = 3.13.0\n' });
    environment('.pyenv/versions/3.10.4', { version: '3.10' });
    environment('.pyenv/versions/3.10.4/envs/inner', { settings: 'version = 3.10.4\n' });
    environment('.local/share/uv/python/cpython-3.13.1-linux', { version: '3.13' });
    environment('active', { settings: 'version = 3.8.1\n' });
    symlinkSync(join(home, 'active'), join(home, '.virtualenvs', 'same-one'));
    environment('work/no-environment/bin-only', {});
    file('work/venv/bin/python');

    const found = await findEnvironments(places({ VIRTUAL_ENV: join(home, 'active') }));
    const seen = found.map(({ kind, name, version, ipykernel }) => [
      kind,
      name,
      version,
      ipykernel !== undefined,
    ]);
    expect(seen.sort()).toEqual(
      [
        ['conda', 'base', '3.11', false],
        ['conda', 'base', '3.12', false],
        ['conda', 'data', '3.12', true],
        ['virtualenv', 'web', '3.9', false],
        ['venv', 'work', '3.12', true],
        ['uv', 'project', '3.13', false],
        ['pyenv', '3.10.4', '3.10', false],
        ['venv', 'inner', '3.10', false],
        ['uv', 'cpython-3.13.1-linux', '3.13', false],
        ['venv', 'active', '3.8', false],
      ].sort(),
    );
    expect(() => realpathSync(join(home, 'somebody-ran-it'))).toThrow();
  });

  it('tells the command that adds ipykernel', () => {
    const one = { name: 'x', prefix: '/e', python: '/e/bin/python', version: '', ipykernel: undefined };
    expect(installCommand({ ...one, kind: 'conda' })).toBe('conda install --prefix /e ipykernel');
    expect(installCommand({ ...one, kind: 'uv' })).toBe('uv pip install --python /e/bin/python ipykernel');
    expect(installCommand({ ...one, kind: 'venv' })).toBe('/e/bin/python -m pip install ipykernel');
    expect(installCommand({ ...one, kind: 'pyenv', python: "/it's/python" })).toBe(
      `'/it'\\''s/python' -m pip install ipykernel`,
    );
  });

  it.runIf(process.getuid?.() === 0)('leaves out what belongs to somebody else', async () => {
    environment('work/.venv', { settings: 'version = 3.12.1\n', ipykernel: true });
    execFileSync('chown', ['65534', join(home, 'work/.venv')]);
    expect(await findEnvironments(places())).toEqual([]);
  });
});

describe('KernelspecManager with environments', () => {
  const manager = (dataPath: string[] = []) =>
    new KernelspecManager({ dataPath, home, environments: places(), log: silentLog });

  it('offers those with ipykernel by name, and lists the others with the command', async () => {
    environment('work/.venv', { settings: 'version = 3.12.1\n', ipykernel: true });
    environment('miniconda3/envs/Data Science', { conda: true, ipykernel: true });
    environment('work/empty/venv', { settings: 'version = 3.12.1\n' });
    const specs = manager();
    expect(await specs.list()).toMatchObject([
      {
        name: 'conda-data-science',
        displayName: 'Python 3.12 (conda: Data Science)',
        argv: [
          join(home, 'miniconda3/envs/Data Science/bin/python'),
          '-m',
          'ipykernel_launcher',
          '-f',
          '{connection_file}',
        ],
        env: {
          PATH: `${join(home, 'miniconda3/envs/Data Science/bin')}:\${PATH}`,
          CONDA_PREFIX: join(home, 'miniconda3/envs/Data Science'),
        },
      },
      {
        name: 'venv-work',
        displayName: 'Python 3.12 (work)',
        env: { VIRTUAL_ENV: join(home, 'work/.venv') },
      },
    ]);
    expect((await specs.model('venv-work', '/')).resources).toEqual({
      'logo-64x64': '/kernelspecs/venv-work/logo-64x64.png',
    });
    expect(await specs.environments()).toMatchObject([
      { kernel_name: 'conda-data-science', install_command: null },
      { kernel_name: 'venv-work', install_command: null },
      {
        name: 'empty',
        kind: 'venv',
        kernel_name: null,
        install_command: `${join(home, 'work/empty/venv/bin/python')} -m pip install ipykernel`,
      },
    ]);
    // ipykernel was installed meanwhile: who asks for the environments, or later for the kernels, sees it.
    file('work/empty/venv/lib/python3.12/site-packages/ipykernel/__init__.py');
    expect((await specs.environments()).map(({ kernel_name }) => kernel_name)).toContain('venv-empty');
    expect(await specs.get('venv-empty')).toBeDefined();
  });

  it('leaves out an environment that an installed kernelspec starts, and keeps names apart', async () => {
    environment('work/.venv', { settings: 'version = 3.12.1\n', ipykernel: true });
    environment('work/other/.venv', { settings: 'version = 3.12.1\n', ipykernel: true });
    environment('.virtualenvs/other', { settings: 'version = 3.12.1\n', ipykernel: true });
    file(
      'data/kernels/mine/kernel.json',
      JSON.stringify({
        argv: [join(home, 'work/.venv/bin/python3'), '-m', 'ipykernel_launcher'],
        display_name: 'Mine',
      }),
    );
    const names = (await manager([join(home, 'data')]).list()).map(({ name }) => name);
    expect(names).toEqual(['mine', 'venv-other', expect.stringMatching(/^venv-other-[0-9a-f]{6}$/)]);
  });

  it.skipIf(!hasPythonKernel)('knows a real venv that uses the packages of the system', async () => {
    mkdirSync(join(home, 'work'));
    execFileSync('/usr/bin/python3', [
      '-m',
      'venv',
      '--without-pip',
      '--system-site-packages',
      join(home, 'work/.venv'),
    ]);
    execFileSync('/usr/bin/python3', ['-m', 'venv', '--without-pip', join(home, 'work/bare')]);
    const [spec, ...others] = await manager().list();
    expect(others).toEqual([]);
    expect(spec).toMatchObject({
      name: 'venv-work',
      displayName: expect.stringMatching(/^Python 3\.\d+ \(work\)$/) as string,
    });
    const [python = '', ...rest] = spec?.argv.slice(0, 3) ?? [];
    expect(execFileSync(python, [...rest, '--version']).toString()).toMatch(/^\d+\.\d+/);
  });
});
