import { describe, expect, it } from 'vitest';
import type { KernelSpec } from '../../../src/kernels/index.js';
import { launchArguments, launchEnvironment } from '../../../src/kernels/launch-command.js';

const spec = (extra: Partial<KernelSpec> = {}): KernelSpec => ({
  name: 'x',
  displayName: 'X',
  language: 'x',
  argv: ['x'],
  env: {},
  interruptMode: 'signal',
  metadata: {},
  ...extra,
});
const context = { connectionFile: '/run/kernel-1.json', homeDir: '/home/ada', baseEnv: {}, parentPid: 42 };

describe('launchArguments', () => {
  it.each([
    ['{connection_file}', '/run/kernel-1.json'],
    ['--file={connection_file}', '--file=/run/kernel-1.json'],
    ['{resource_dir}/run.R', '/usr/share/jupyter/kernels/x/run.R'],
    ['{prefix}/bin/x', '/usr/bin/x'],
    ['{unknown}', '{unknown}'],
    ['~/bin/x', '/home/ada/bin/x'],
    ['~other', '~other'],
    ['{"a": 1}', '{"a": 1}'],
  ])('%s becomes %s', (argument, expected) => {
    const given = spec({ argv: [argument], resourceDir: '/usr/share/jupyter/kernels/x' });
    expect(launchArguments(given, context)).toEqual([expected]);
  });

  it('leaves {prefix} alone where there is none', () => {
    expect(launchArguments(spec({ argv: ['{prefix}'], resourceDir: '/odd/place' }), context)).toEqual([
      '{prefix}',
    ]);
  });
});

describe('launchEnvironment', () => {
  it('passes the environment on, without credentials of the server', () => {
    const baseEnv = {
      PATH: '/bin',
      EMPTY: undefined,
      JUPYTER_TOKEN: 's',
      NBSERVER_PASSWORD_FILE: 's',
      NBSERVER_ANYTHING: 's',
      MORE: 's',
    };
    expect(launchEnvironment(spec(), { ...context, baseEnv, secrets: ['MORE'] })).toEqual({
      PATH: '/bin',
      JPY_PARENT_PID: '42',
    });
  });

  it('fills templates of the spec from the inherited environment, and adds what the caller wants', () => {
    const env = { A: '${PATH}:/x', B: '$PATH', C: '$$5 ${MISSING} $', D: 'plain' };
    const result = launchEnvironment(spec({ env }), {
      ...context,
      baseEnv: { PATH: '/bin', D: 'inherited' },
      env: { E: '${PATH}' },
      sessionName: '/n/a.ipynb',
    });
    expect(result).toEqual({
      PATH: '/bin',
      A: '/bin:/x',
      B: '/bin',
      C: '$5 ${MISSING} $',
      D: 'plain',
      E: '${PATH}',
      JPY_PARENT_PID: '42',
      JPY_SESSION_NAME: '/n/a.ipynb',
    });
  });

  it('cannot smuggle a secret out by a template', () => {
    const env = { A: '${JUPYTER_TOKEN}' };
    expect(launchEnvironment(spec({ env }), { ...context, baseEnv: { JUPYTER_TOKEN: 's' } }).A).toBe(
      '${JUPYTER_TOKEN}',
    );
  });
});
