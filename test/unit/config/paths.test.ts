import { describe, expect, it } from 'vitest';
import {
  abbreviateHome,
  expandHome,
  jupyterDirectories,
  profileDirectory,
} from '../../../src/config/paths.js';
import type { Directories, Environment } from '../../../src/config/paths.js';

const directories = (env: Environment = {}, platform: NodeJS.Platform = 'linux'): Directories =>
  jupyterDirectories({ env, home: '/home/ada', platform });

describe('jupyterDirectories', () => {
  it('has the places of jupyter_core when the environment says nothing', () => {
    expect(directories()).toEqual({
      config: '/home/ada/.jupyter',
      configPath: [
        '/home/ada/.jupyter',
        '/home/ada/.local/etc/jupyter',
        '/usr/local/etc/jupyter',
        '/etc/jupyter',
      ],
      data: '/home/ada/.local/share/jupyter',
      dataPath: ['/home/ada/.local/share/jupyter', '/usr/local/share/jupyter', '/usr/share/jupyter'],
      runtime: '/home/ada/.local/share/jupyter/runtime',
      state: '/home/ada/.local/share/jupyter/nbserver',
      profiles: '/home/ada/.jupyter/nbserver',
    });
  });

  const single: [string, Environment, NodeJS.Platform, Partial<Directories>][] = [
    ['JUPYTER_CONFIG_DIR', { JUPYTER_CONFIG_DIR: '/c' }, 'linux', { config: '/c', profiles: '/c/nbserver' }],
    [
      'JUPYTER_DATA_DIR',
      { JUPYTER_DATA_DIR: '/d' },
      'linux',
      { data: '/d', runtime: '/d/runtime', state: '/d/nbserver' },
    ],
    ['JUPYTER_RUNTIME_DIR', { JUPYTER_RUNTIME_DIR: '/r' }, 'linux', { runtime: '/r' }],
    ['XDG_DATA_HOME', { XDG_DATA_HOME: '/x' }, 'linux', { data: '/x/jupyter' }],
    [
      'JUPYTER_DATA_DIR before XDG_DATA_HOME',
      { XDG_DATA_HOME: '/x', JUPYTER_DATA_DIR: '/d' },
      'linux',
      { data: '/d' },
    ],
    [
      'macOS',
      {},
      'darwin',
      { data: '/home/ada/Library/Jupyter', runtime: '/home/ada/Library/Jupyter/runtime' },
    ],
    ['macOS with XDG_DATA_HOME', { XDG_DATA_HOME: '/x' }, 'darwin', { data: '/x/jupyter' }],
    [
      'an empty variable, which is no value',
      { JUPYTER_CONFIG_DIR: '' },
      'linux',
      { config: '/home/ada/.jupyter' },
    ],
  ];
  it.each(single)('follows %s', (_name, env, platform, expected) => {
    expect(directories(env, platform)).toMatchObject(expected);
  });

  it('puts the lists of JUPYTER_PATH and JUPYTER_CONFIG_PATH first', () => {
    const found = directories({ JUPYTER_PATH: '/a:/b', JUPYTER_CONFIG_PATH: '/c::/d' });
    expect(found.dataPath.slice(0, 3)).toEqual(['/a', '/b', '/home/ada/.local/share/jupyter']);
    expect(found.configPath.slice(0, 3)).toEqual(['/c', '/d', '/home/ada/.jupyter']);
  });

  it.each(['VIRTUAL_ENV', 'CONDA_PREFIX'])('searches the environment of %s after the user', (variable) => {
    const found = directories({ [variable]: '/venv' });
    expect(found.configPath).toEqual([
      '/home/ada/.jupyter',
      '/home/ada/.local/etc/jupyter',
      '/venv/etc/jupyter',
      '/usr/local/etc/jupyter',
      '/etc/jupyter',
    ]);
    expect(found.dataPath[1]).toBe('/venv/share/jupyter');
  });

  it.each([
    ['1', true],
    ['yes', true],
    ['0', false],
    ['no', false],
    ['False', false],
    ['off', false],
    ['0.0', false],
    ['', false],
  ])('takes JUPYTER_PREFER_ENV_PATH=%j as %s', (value, first) => {
    const found = directories({ VIRTUAL_ENV: '/venv', JUPYTER_PREFER_ENV_PATH: value });
    expect(found.configPath[0] === '/venv/etc/jupyter').toBe(first);
    expect(found.dataPath[0] === '/venv/share/jupyter').toBe(first);
  });

  it('searches no configuration with JUPYTER_NO_CONFIG', () => {
    expect(directories({ JUPYTER_NO_CONFIG: '1' }).configPath).toEqual([]);
  });

  it('names each directory once', () => {
    expect(
      directories({ JUPYTER_PATH: '/usr/share/jupyter' }).dataPath.filter(
        (dir) => dir === '/usr/share/jupyter',
      ),
    ).toEqual(['/usr/share/jupyter']);
  });

  it.each([
    'JUPYTER_CONFIG_DIR',
    'JUPYTER_PATH',
    'JUPYTER_CONFIG_PATH',
    'XDG_DATA_HOME',
    'JUPYTER_RUNTIME_DIR',
  ])('refuses a relative %s: nothing is looked up in the current directory', (variable) => {
    expect(() => directories({ [variable]: 'here' })).toThrow(
      `${variable} must be an absolute path; it is "here".`,
    );
  });
});

describe('profileDirectory', () => {
  it('lies in the configuration directory', () => {
    expect(profileDirectory(directories(), 'work')).toBe('/home/ada/.jupyter/nbserver/profile_work');
  });

  it.each(['', '.', '..', '../x', 'a/b', '-x', '.hidden', 'a b', 'ä'])('refuses the name %j', (name) => {
    expect(() => profileDirectory(directories(), name)).toThrow(/cannot be the name of a profile/);
  });
});

describe('the home directory in paths', () => {
  it.each([
    ['~', '/home/ada'],
    ['~/x', '/home/ada/x'],
    ['~bob/x', '~bob/x'],
    ['/x/~', '/x/~'],
    ['x', 'x'],
  ])('expands %s to %s', (path, expected) => {
    expect(expandHome(path, '/home/ada')).toBe(expected);
  });

  it.each([
    ['/home/ada/x', '~/x'],
    ['/home/adam/x', '/home/adam/x'],
    ['/etc/x', '/etc/x'],
  ])('shows %s as %s', (path, expected) => {
    expect(abbreviateHome(path, '/home/ada')).toBe(expected);
  });
});
