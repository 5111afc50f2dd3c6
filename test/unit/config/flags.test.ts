import { describe, expect, it } from 'vitest';
import { flagOf, parseCommandLine } from '../../../src/config/flags.js';
import { describeOption, optionNames } from '../../../src/config/options.js';

const parse = (...argv: string[]) => parseCommandLine(argv, '/cwd');
const values = (...argv: string[]) => parse(...argv).entries.map(({ written, value }) => [written, value]);

describe('parseCommandLine', () => {
  const flags: [string[], unknown[]][] = [
    [[], []],
    [['--port', '9999'], [['port', 9999]]],
    [['--port=9999'], [['port', 9999]]],
    [['--base-url=/x/'], [['base_url', '/x/']]],
    [['--base_url', '/x/'], [['base_url', '/x/']]],
    [['--NotebookApp.port=9999'], [['NotebookApp.port', 9999]]],
    [['--ServerApp.base_url=/x/'], [['ServerApp.base_url', '/x/']]],
    [['--FileNotebookManager.allow_hidden=True'], [['FileNotebookManager.allow_hidden', true]]],
    [['--IdentityProvider.token=abc'], [['IdentityProvider.token', 'abc']]],
    [['--root-dir', '/d'], [['notebook_dir', '/d']]],
    [['--no-browser'], [['open_browser', false]]],
    [['--no-open-browser'], [['open_browser', false]]],
    [['--open-browser'], [['open_browser', true]]],
    [['--open-browser=False'], [['open_browser', false]]],
    [['--NotebookApp.open_browser=False'], [['NotebookApp.open_browser', false]]],
    [['--NotebookApp.open_browser'], [['NotebookApp.open_browser', true]]],
    [['--browser', 'firefox'], [['browser', 'firefox']]],
    [['--no-quit-button'], [['quit_button', false]]],
    [['--allow-root'], [['allow_root', true]]],
    [['-y'], [['answer_yes', true]]],
    [['--debug'], [['log_level', 'debug']]],
    [['--log-level', 'WARN'], [['log_level', 'WARN']]],
    [['--token='], [['token', '']]],
    [['--token=--x'], [['token', '--x']]],
    [
      ['--hostname', 'a', '--hostname', 'b'],
      [
        ['hostnames', ['a']],
        ['hostnames', ['b']],
      ],
    ],
    [['--hostname=a, b'], [['hostnames', ['a', 'b']]]],
    [['--trusted-proxies=["10.0.0.0/8"]'], [['trusted_proxies', ['10.0.0.0/8']]]],
    [['--webapp-settings={"static_url_prefix": "/x/"}'], [['webapp_settings', { static_url_prefix: '/x/' }]]],
    [
      ["--NotebookApp.webapp_settings={'static_url_prefix':'/x/'}"],
      [['NotebookApp.webapp_settings', { static_url_prefix: '/x/' }]],
    ],
    [['--SwiftNotebookManager.retries=3'], [['SwiftNotebookManager.retries', 3]]],
    [['--SwiftNotebookManager.container=books'], [['SwiftNotebookManager.container', 'books']]],
    [['--ServerApp.autoreload=True'], [['ServerApp.autoreload', 'True']]],
  ];
  it.each(flags)('reads %j', (argv, expected) => {
    expect(values(...argv)).toEqual(expected);
  });

  it('takes a path before, between and after flags, and after --', () => {
    expect(parse('work', '--port', '1').paths).toEqual(['work']);
    expect(parse('--port', '1', 'work', '--allow-root').paths).toEqual(['work']);
    expect(parse('--allow-root', 'work').paths).toEqual(['work']);
    expect(parse('--', '--work').paths).toEqual(['--work']);
  });

  it('keeps --config and --profile apart, the last of each', () => {
    expect(parse('--config', 'a', '--config=b', '--profile', 'work')).toMatchObject({
      config: 'b',
      profile: 'work',
    });
  });

  it.each([
    ['--help', 'help'],
    ['-h', 'help'],
    ['--version', 'version'],
    ['-V', 'version'],
  ] as const)('knows %s', (flag, key) => {
    expect(parse(flag)[key]).toBe(true);
  });

  it('says which flag a value comes from, and that paths are meant from the current directory', () => {
    expect(parse('--certfile=x.pem').entries).toEqual([
      { written: 'certfile', value: 'x.pem', origin: 'flag --certfile', subject: '--certfile', base: '/cwd' },
    ]);
  });

  it.each([
    [['--prot', '9999'], 'unknown flag --prot. Did you mean --port?'],
    [['--ipp=1'], 'unknown flag --ipp. Did you mean --ip?'],
    [['--no-brwser'], 'unknown flag --no-brwser. Did you mean --no-browser?'],
    [['--frobnicate'], 'unknown flag --frobnicate. "nbserver --help" lists all.'],
    [['-x'], 'unknown flag -x. "nbserver --help" lists all.'],
    [['--NotebookApp.prot=1'], 'unknown flag --NotebookApp.prot. Did you mean --NotebookApp.port?'],
    [['--port'], '--port needs a value.'],
    [['--port', '--public'], '--port needs a value.'],
    [['--token', '--public'], '--token needs a value.'],
    [['--config'], '--config needs a value.'],
    [
      ['--NotebookApp.port'],
      '--NotebookApp.port needs a value, with an equals sign: --NotebookApp.port=VALUE.',
    ],
    [['--no-browser=x'], '--no-browser takes no value.'],
    [['--webapp-settings={'], '--webapp-settings must be JSON, not {.'],
  ])('refuses %j', (argv, message) => {
    expect(() => parse(...argv)).toThrow(message);
  });

  it('has a flag of its own for every option', () => {
    expect(new Set(optionNames.map(flagOf)).size).toBe(optionNames.length);
    for (const name of optionNames) {
      const argv = describeOption(name).type === 'boolean' ? [`--${flagOf(name)}`] : [`--${flagOf(name)}={}`];
      expect(values(...argv)[0]?.[0]).toBe(name);
    }
  });
});
