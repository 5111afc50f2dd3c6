/** The command line as a person meets it: help, mistakes, profiles, and taking over an old configuration. */
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderConfigFile } from '../../src/config/index.js';
import { version } from '../../src/package-files.js';
import { makeHome, type Home } from '../command-line.js';
import { run as nbserver } from '../command-line.js';

let home: Home;
beforeEach(() => {
  home = makeHome();
});
afterEach(() => home.remove());

const run = (...args: string[]) => nbserver(args, home);
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('nbserver', () => {
  it('--version prints the version', async () => {
    expect(await run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('--help prints the help', async () => {
    const { code, stdout, stderr } = await run('--help');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: nbserver \[PATH\] \[flags\]/);
    expect(stdout).toContain('--port PORT');
  });

  it.each([
    [['--prot', '9999'], 'unknown flag --prot. Did you mean --port?'],
    [['--NotebookApp.prot=9999'], 'unknown flag --NotebookApp.prot. Did you mean --NotebookApp.port?'],
    [['--port=x'], '--port must be a whole number from 0 to 65535, not "x".'],
    [['nope'], 'No such file or directory: nope'],
    [['paswd'], 'No such file or directory: paswd. Did you mean the command "nbserver passwd"?'],
    [
      ['--profile', 'x', 'passwd'],
      'the command comes first: nbserver passwd [flags]. (No file or directory is called "passwd".)',
    ],
    [['--config=nope.json'], 'No such file: ~/nope.json (--config).'],
    [['list', '--jsn'], 'Unknown argument: jsn. "nbserver list --help" says more.'],
  ])('%j: one line on standard error, exit code 1', async (args, message) => {
    expect(await run(...args)).toEqual({ code: 1, stdout: '', stderr: `nbserver: ${message}\n` });
  });

  it('says file, line, key and the nearest known key', async () => {
    writeFileSync(join(home.path, 'mine.json'), '{\n  // fixed\n  "prot": 9999,\n}');
    expect((await run('--config=mine.json')).stderr).toBe(
      'nbserver: ~/mine.json:3: unknown option "prot". Did you mean "port"?\n',
    );
  });
});

describe('nbserver profile', () => {
  it('create makes a private directory with a file of all options, and prints its path', async () => {
    const { code, stdout } = await run('profile', 'create', 'nbserver');
    const directory = join(home.path, 'config', 'nbserver', 'profile_nbserver');
    expect([code, stdout]).toEqual([0, `${join(directory, 'notebook_config.json')}\n`]);
    expect(readFileSync(stdout.trim(), 'utf8')).toBe(renderConfigFile());
    expect([mode(directory), mode(stdout.trim())]).toEqual(['700', '600']);
  });

  it('create leaves a profile that exists', async () => {
    const { stdout } = await run('profile', 'create', 'work');
    writeFileSync(stdout.trim(), '{"port": 1}');
    const again = await run('profile', 'create', 'work');
    expect(again).toMatchObject({ code: 0, stdout });
    expect(again.stderr).toMatch(/The profile "work" exists/);
    expect(readFileSync(stdout.trim(), 'utf8')).toBe('{"port": 1}');
  });

  it('list names the profiles', async () => {
    expect(await run('profile', 'list')).toMatchObject({ code: 0, stdout: '' });
    await run('profile', 'create', 'work');
    await run('profile', 'create', 'nbserver');
    expect((await run('profile', 'list')).stdout).toBe(
      'nbserver\t~/config/nbserver/profile_nbserver/notebook_config.json\n' +
        'work\t~/config/nbserver/profile_work/notebook_config.json\n',
    );
  });

  it.each([
    [['profile'], /Say "create NAME" or "list"/],
    [['profile', 'create'], /Not enough non-option arguments/],
    [['profile', 'crate', 'x'], /create/],
    [['profile', 'create', '../x'], /"\.\.\/x" cannot be the name of a profile/],
  ])('%j is refused with one line', async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^nbserver: [^\n]+\n$/);
    expect(readdirSync(home.path)).not.toContain('x');
  });
});

describe('nbserver config show', () => {
  it('shows what is in force and where it comes from, with the flags of the server; secrets are hidden', async () => {
    const directory = join(home.path, 'config', 'nbserver', 'profile_work');
    mkdirSync(directory, { recursive: true });
    const hash = 'sha1:67c9e60bb8b6:9ffede0825894254b2e042ea597d771089e11aed';
    writeFileSync(join(directory, 'notebook_config.json'), `{\n"password": "${hash}"}`, { mode: 0o600 });
    const { code, stdout, stderr } = await nbserver(
      ['config', 'show', '--profile=work', '--no-browser', '--ip', '::1'],
      {
        ...home,
        env: { ...home.env, JUPYTER_PORT: '9999', JUPYTER_TOKEN: 'geheim' },
      },
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^ip = "::1" +# flag --ip$/m);
    expect(stdout).toMatch(/^open_browser = false +# flag --no-browser$/m);
    expect(stdout).toMatch(/^port = 9999 +# env JUPYTER_PORT$/m);
    expect(stdout).toMatch(/^base_url = "\/" +# default$/m);
    expect(stdout).toMatch(
      /^password = "\(hidden\)" +# ~\/config\/nbserver\/profile_work\/notebook_config\.json:2$/m,
    );
    expect(stdout).toMatch(/^token = "\(hidden\)" +# env JUPYTER_TOKEN$/m);
    expect(stdout).not.toMatch(/geheim|67c9e60bb8b6/);
    expect(stdout).toContain('profile: work (~/config/nbserver/profile_work)');
  });

  it('gives JSON for programs, and errors as the server does', async () => {
    const { stdout } = await run('config', 'show', '--json', '--port', '1');
    expect(JSON.parse(stdout)).toMatchObject({
      port: { value: 1, from: 'flag --port' },
      token: { value: null, from: 'default' },
    });
    expect(await run('config', 'show', '--prot')).toMatchObject({
      code: 1,
      stderr: 'nbserver: unknown flag --prot. Did you mean --port?\n',
    });
  });
});

describe('nbserver config import', () => {
  const python = [
    'c = get_config()',
    "c.NotebookApp.ip = '*'",
    'c.NotebookApp.port = 9999',
    "c.NotebookApp.certfile = os.path.expanduser('~/mycert.pem')",
    'c.NotebookApp.frobnicate = 1',
  ].join('\n');
  beforeEach(() => writeFileSync(join(home.path, 'ipython_notebook_config.py'), python));

  it('prints JSON, and names the lines that it cannot take', async () => {
    const { code, stdout, stderr } = await run('config', 'import', 'ipython_notebook_config.py');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ NotebookApp: { ip: '*', port: 9999 } });
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(
        /^ipython_notebook_config\.py, line 4: c\.NotebookApp\.certfile = .* – left out: its value is a name or a call \(os\)/,
      ),
      expect.stringMatching(/^ipython_notebook_config\.py, line 5: .*nbserver has no such option/),
    ]);
  });

  it('writes a profile that the server takes, and never over a file', async () => {
    expect((await run('config', 'import', '~/ipython_notebook_config.py', '--profile=old')).code).toBe(0);
    const shown = await run('config', 'show', '--profile=old');
    expect(shown.stdout).toMatch(
      /^port = 9999 +# ~\/config\/nbserver\/profile_old\/notebook_config\.json:4$/m,
    );
    expect(mode(join(home.path, 'config/nbserver/profile_old/notebook_config.json'))).toBe('600');
    const again = await run('config', 'import', 'ipython_notebook_config.py', '--profile=old');
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toMatch(/notebook_config\.json exists\. Name another file/);
  });

  it('writes to --out', async () => {
    expect((await run('config', 'import', 'ipython_notebook_config.py', '--out', 'new.json')).code).toBe(0);
    expect(JSON.parse(readFileSync(join(home.path, 'new.json'), 'utf8'))).toHaveProperty(
      'NotebookApp.port',
      9999,
    );
  });

  it('says so when the file is not there', async () => {
    expect(await run('config', 'import', 'nope.py')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'nbserver: nope.py cannot be read (ENOENT).\n',
    });
  });
});
