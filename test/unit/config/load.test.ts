import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isGiven, loadSettings, parseCommandLine } from '../../../src/config/index.js';
import type { LoadedSettings } from '../../../src/config/index.js';

let home: string;
let cwd: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nbserver-load-'));
  cwd = join(home, 'work');
  mkdirSync(cwd);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Writes a file under the home directory; objects as JSON. */
function put(path: string, content: unknown, mode = 0o600): string {
  const full = join(home, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, typeof content === 'string' ? content : JSON.stringify(content));
  chmodSync(full, mode);
  return full;
}

/** /etc stays out of it: only the home directory is searched. */
function load(argv: string[] = [], env: Record<string, string> = {}): LoadedSettings {
  const loaded = loadSettings({
    line: parseCommandLine(argv, cwd),
    cwd,
    env,
    home,
    platform: 'linux',
    uid: process.getuid?.(),
  });
  loaded.warnings = loaded.warnings.filter((warning) => !/^\/(usr|etc)\//.test(warning));
  return loaded;
}

const ours = '.jupyter/nbserver/notebook_config.json';
const profileFile = (name: string) => `.jupyter/nbserver/profile_${name}/notebook_config.json`;

describe('where settings come from', () => {
  it('uses the defaults when nobody says anything, and serves the current directory', () => {
    const loaded = load();
    expect(loaded.settings).toMatchObject({ port: 8888, ip: 'localhost', base_url: '/', notebook_dir: cwd });
    expect(loaded.settings.token).toBeUndefined();
    expect(new Set(Object.values(loaded.origins))).toEqual(new Set(['default']));
    expect(loaded).toMatchObject({
      profile: 'default',
      profileDir: join(home, '.jupyter/nbserver/profile_default'),
      configFile: join(home, profileFile('default')),
      storeSections: {},
      warnings: [],
    });
  });

  it('lets each source win over the one before it', () => {
    // One more source with every step; the last must win.
    const steps: [() => string[], number, string][] = [
      [
        () => [put('.local/etc/jupyter/jupyter_notebook_config.json', { NotebookApp: { port: 1001 } })],
        1001,
        '~/.local/etc/jupyter/jupyter_notebook_config.json:1',
      ],
      [
        () => [put('.jupyter/jupyter_config.json', { NotebookApp: { port: 1002 } })],
        1001,
        '~/.local/etc/jupyter/jupyter_notebook_config.json:1',
      ],
      [
        () => [put('.jupyter/jupyter_notebook_config.d/a.json', { NotebookApp: { port: 1003 } })],
        1003,
        '~/.jupyter/jupyter_notebook_config.d/a.json:1',
      ],
      [
        () => [put('.jupyter/jupyter_notebook_config.d/b.json', { NotebookApp: { port: 1004 } })],
        1004,
        '~/.jupyter/jupyter_notebook_config.d/b.json:1',
      ],
      [
        () => [put('.jupyter/jupyter_notebook_config.json', { NotebookApp: { port: 1005 } })],
        1005,
        '~/.jupyter/jupyter_notebook_config.json:1',
      ],
      [
        () => [put('.local/etc/jupyter/jupyter_server_config.json', { ServerApp: { port: 1006 } })],
        1006,
        '~/.local/etc/jupyter/jupyter_server_config.json:1',
      ],
      [
        () => [put('.jupyter/jupyter_server_config.json', '{\n"ServerApp": {\n"port": 1007 }}')],
        1007,
        '~/.jupyter/jupyter_server_config.json:3',
      ],
      [
        () => [put('.local/etc/jupyter/nbserver/notebook_config.json', { port: 1008 })],
        1008,
        '~/.local/etc/jupyter/nbserver/notebook_config.json:1',
      ],
      [() => [put(ours, { port: 1009 })], 1009, `~/${ours}:1`],
      [() => [put(profileFile('default'), { port: 1010 })], 1010, `~/${profileFile('default')}:1`],
    ];
    for (const [step, port, origin] of steps) {
      step();
      const { settings, origins } = load();
      expect([settings.port, origins.port]).toEqual([port, origin]);
    }
    expect(load([], { JUPYTER_PORT: '1011' })).toMatchObject({
      settings: { port: 1011 },
      origins: { port: 'env JUPYTER_PORT' },
    });
    expect(load(['--port=1012'], { JUPYTER_PORT: '1011' })).toMatchObject({
      settings: { port: 1012 },
      origins: { port: 'flag --port' },
    });
    expect(load(['--port=1', '--NotebookApp.port=2']).settings.port).toBe(2);
  });

  it('never reads the current or the notebook directory', () => {
    for (const name of [
      'notebook_config.json',
      'jupyter_config.json',
      'jupyter_server_config.json',
      'jupyter_notebook_config.json',
      '.jupyter/jupyter_config.json',
      'nbserver/notebook_config.json',
    ])
      put(`work/${name}`, { NotebookApp: { port: 1 } });
    const loaded = load([cwd]);
    expect(loaded.settings.port).toBe(8888);
    expect(loaded.files.filter((file) => file.startsWith(cwd))).toEqual([]);
  });

  it('reads the file of --config instead of those that are found', () => {
    put(ours, { port: 1, base_url: '/found/' });
    put('.jupyter/jupyter_server_config.json', { ServerApp: { base_url: '/jupyter/' } });
    const mine = put('work/mine.json', { port: 2 });
    const loaded = load(['--config', 'mine.json']);
    expect(loaded.settings).toMatchObject({ port: 2, base_url: '/' });
    expect(loaded).toMatchObject({ files: [mine], configFile: mine });
  });

  it('reads a profile that is named beside --config as well, and writes there', () => {
    put(profileFile('default'), { base_url: '/profile/' });
    put(profileFile('work'), { port: 3 });
    put('work/mine.json', { port: 2, ip: '::1' });
    const loaded = load(['--config=mine.json', '--profile=work']);
    expect(loaded.settings).toMatchObject({ port: 3, ip: '::1', base_url: '/' });
    expect(loaded.configFile).toBe(join(home, profileFile('work')));
  });

  it('reads the profile that is named, and no other', () => {
    put(profileFile('default'), { base_url: '/default/' });
    put(profileFile('work'), { port: 3 });
    expect(load(['--profile', 'work'])).toMatchObject({
      profile: 'work',
      settings: { port: 3, base_url: '/' },
    });
  });

  it('reads no file at all with JUPYTER_NO_CONFIG', () => {
    put(ours, { port: 1 });
    put(profileFile('default'), { port: 1 });
    expect(load([], { JUPYTER_NO_CONFIG: '1' })).toMatchObject({ settings: { port: 8888 }, files: [] });
  });

  it('follows JUPYTER_CONFIG_DIR', () => {
    put('conf/nbserver/notebook_config.json', { port: 4 });
    expect(load([], { JUPYTER_CONFIG_DIR: join(home, 'conf') }).settings.port).toBe(4);
  });

  it('knows whether somebody set an option, be it to its default', () => {
    expect(isGiven(load(), 'port')).toBe(false);
    expect(isGiven(load(['--port=8888']), 'port')).toBe(true);
    expect(isGiven(load([], { JUPYTER_PORT: '8888' }), 'port')).toBe(true);
  });
});

describe('our own file', () => {
  it('takes options flat, in their section, in Jupyter’s and in both styles', () => {
    put(ours, {
      port: 1,
      NotebookApp: { base_url: 'x' },
      ServerApp: { ip: '::1' },
      IdentityProvider: { token: 't' },
      FileNotebookManager: { allow_hidden: true },
      allowed_kernelspecs: ['python3'],
    });
    expect(load().settings).toMatchObject({
      port: 1,
      base_url: '/x/',
      ip: '::1',
      token: 't',
      allow_hidden: true,
      allowed_kernelspecs: ['python3'],
    });
  });

  const mistakes: [string, string, string][] = [
    ['an unknown key', '{\n"prot": 1}', `~/${ours}:2: unknown option "prot". Did you mean "port"?`],
    [
      'an unknown key in a section',
      '{"NotebookApp": {\n\n"prot": 1}}',
      `~/${ours}:3: unknown option "NotebookApp.prot". Did you mean "NotebookApp.port"?`,
    ],
    [
      'an unknown section',
      '{"NotebokApp": {"port": 1}}',
      `~/${ours}:1: unknown option "NotebokApp.port". Did you mean "NotebookApp.port"?`,
    ],
    ['a key like no other', '{"xyzzy_frob": 1}', `~/${ours}:1: unknown option "xyzzy_frob".`],
    [
      'a wrong type',
      '{\n"port": "9999"}',
      `~/${ours}:2: port must be a whole number from 0 to 65535, not "9999".`,
    ],
    [
      'a plain password',
      '{"NotebookApp": {"password": "hunter2"}}',
      `~/${ours}:1: NotebookApp.password must be a hash, not the password itself; "nbserver passwd" makes one.`,
    ],
    [
      'an option twice',
      '{"port": 1,\n"NotebookApp": {"port": 2}}',
      `~/${ours}:2: NotebookApp.port is set already (~/${ours}:1).`,
    ],
    ['broken JSON', '{"port": 1', `~/${ours}:1: this is not valid JSON (close brace expected).`],
  ];
  it.each(mistakes)('refuses %s and says where', (_name, text, message) => {
    put(ours, text);
    expect(() => load()).toThrow(message);
  });

  it('warns about names that have no effect, with the reason', () => {
    put(ours, { NotebookApp: { trust_xheaders: true } });
    expect(load().warnings).toEqual([
      `~/${ours}:1: NotebookApp.trust_xheaders has no effect: set public_url and trusted_proxies instead.`,
    ]);
  });

  it('warns once about other keys of webapp_settings', () => {
    put(ours, { webapp_settings: { static_url_prefix: '/x/', headers: {}, debug: true } });
    const { settings, warnings } = load();
    expect(settings.webapp_settings).toEqual({ static_url_prefix: '/x/' });
    expect(warnings).toEqual([
      `~/${ours}:1: webapp_settings: only static_url_prefix has an effect, not headers, debug.`,
    ]);
  });

  it('resolves paths against itself, and ~', () => {
    put('x/mine.json', { certfile: 'cert.pem', keyfile: '~/key.pem', notebook_manager_class: './store.mjs' });
    expect(load(['--config', join(home, 'x/mine.json')]).settings).toMatchObject({
      certfile: join(home, 'x/cert.pem'),
      keyfile: join(home, 'key.pem'),
      notebook_manager_class: join(home, 'x/store.mjs'),
    });
  });

  it('hands on the section of another store as it stands, and flags for it', () => {
    put(ours, {
      notebook_manager_class: 'swift',
      SwiftNotebookManager: { container: 'a', deep: { b: [1] } },
      NotebookManager: { x: 1 },
    });
    expect(load(['--SwiftNotebookManager.container=z']).storeSections).toEqual({
      SwiftNotebookManager: { container: 'z', deep: { b: [1] } },
      NotebookManager: { x: 1 },
    });
  });

  it('takes null as "not set" only where that is possible', () => {
    put(ours, { token: null });
    expect(load().settings.token).toBeUndefined();
    put(ours, { port: null });
    expect(() => load()).toThrow('port must be a whole number from 0 to 65535, not null');
  });

  it('warns when others can read a hash in it', () => {
    const hash = 'sha1:67c9e60bb8b6:9ffede0825894254b2e042ea597d771089e11aed';
    put(ours, { password: hash }, 0o644);
    expect(load().warnings).toEqual([
      `~/${ours} holds password, and other users can read it: run "chmod 600 ~/${ours}".`,
    ]);
    put(ours, { password: hash }, 0o600);
    expect(load().warnings).toEqual([]);
  });

  it('is not believed when everybody may write it', () => {
    put(ours, { port: 1 }, 0o666);
    expect(() => load()).toThrow(`~/${ours} can be written by every user of this computer: run "chmod o-w`);
  });

  it.runIf(process.getuid?.() === 0)('is not believed when it belongs to another user', () => {
    chownSync(put(ours, { port: 1 }), 65534, 65534);
    const line = parseCommandLine([], cwd);
    const request = { line, cwd, env: {}, home, platform: 'linux' as const };
    expect(() => loadSettings({ ...request, uid: 1000 })).toThrow('belongs to another user (uid 65534)');
    // Root in a container reads what is mounted there.
    expect(loadSettings({ ...request, uid: 0 }).settings.port).toBe(1);
    expect(loadSettings({ ...request, uid: 65534 }).settings.port).toBe(1);
  });
});

describe('Jupyter’s files', () => {
  it('loads passwords and settings of Notebook 6 and Jupyter Server', () => {
    const hash = 'argon2:$argon2id$v=19$m=10240,t=10,p=8$c2FsdA$aGFzaA';
    put('.jupyter/jupyter_server_config.json', {
      version: 1,
      ServerApp: { ip: '*', root_dir: '~/work', allow_remote_access: true, jpserver_extensions: { x: true } },
      IdentityProvider: { hashed_password: hash },
    });
    put('.jupyter/jupyter_notebook_config.json', { NotebookApp: { port: 9999, log_level: 10 } });
    const { settings, warnings } = load();
    expect(settings).toMatchObject({
      ip: '*',
      notebook_dir: cwd,
      password: hash,
      port: 9999,
      log_level: 'debug',
    });
    expect(warnings).toEqual([
      '~/.jupyter/jupyter_server_config.json: no effect in nbserver: ServerApp.allow_remote_access.',
    ]);
  });

  it('gives one warning a file for what it does not know, and none for lists of extensions', () => {
    put('.jupyter/jupyter_server_config.json', {
      ServerApp: { frob: 1 },
      LabApp: { x: 1 },
      LanguageServerManager: { y: 1 },
    });
    put('.jupyter/jupyter_server_config.d/lab.json', {
      ServerApp: { jpserver_extensions: { jupyterlab: true } },
    });
    put('.jupyter/jupyter_notebook_config.d/ext.json', { NotebookApp: { nbserver_extensions: { x: true } } });
    expect(load().warnings).toEqual([
      '~/.jupyter/jupyter_server_config.json: no effect in nbserver: ServerApp.frob, LabApp.x, LanguageServerManager.y.',
    ]);
  });

  it.each([
    ['broken JSON', '{', ':1: this is not valid JSON'],
    ['a wrong type', '{"ServerApp": {"port": "x"}}', ':1: ServerApp.port must be a whole number'],
    [
      'a wall that we do not have',
      '{"ServerApp": {"client_ca": "ca.pem"}}',
      ':1: ServerApp.client_ca: client certificates are not supported',
    ],
  ])('refuses %s: a password could be in it', (_name, text, message) => {
    put('.jupyter/jupyter_server_config.json', text);
    expect(() => load()).toThrow(`~/.jupyter/jupyter_server_config.json${message}`);
  });

  it('may be given by --config, and stay lenient', () => {
    put('x/jupyter_server_config.json', { ServerApp: { port: 5, frob: 1 } });
    const { settings, warnings } = load(['--config', '~/x/jupyter_server_config.json']);
    expect(settings.port).toBe(5);
    expect(warnings).toHaveLength(1);
  });

  it('names Python files that set something, and does not read them', () => {
    put('.jupyter/jupyter_notebook_config.py', '# comment\nc.NotebookApp.port = 9999\n');
    put('.jupyter/jupyter_server_config.py', '# c.ServerApp.port = 9999\n');
    put('.jupyter/nbserver/profile_default/ipython_notebook_config.py', 'c.NotebookApp.port = 9999');
    const { settings, warnings } = load();
    expect(settings.port).toBe(8888);
    const python = (file: string) =>
      `~/${file} is Python and is not read: "nbserver config import ~/${file}" takes what it can.`;
    expect(warnings).toEqual([
      python('.jupyter/jupyter_notebook_config.py'),
      python('.jupyter/nbserver/profile_default/ipython_notebook_config.py'),
    ]);
  });
});

describe('the environment', () => {
  it('gives port, retries, token and password file', () => {
    const env = {
      JUPYTER_PORT: '1',
      JUPYTER_PORT_RETRIES: '2',
      JUPYTER_TOKEN: 't',
      NBSERVER_PASSWORD_FILE: 'secret',
    };
    expect(load([], env).settings).toMatchObject({
      port: 1,
      port_retries: 2,
      token: 't',
      password_file: join(cwd, 'secret'),
    });
  });

  it('reads a token from JUPYTER_TOKEN_FILE, without the newline at its end', () => {
    const path = put('token', 'from file\n');
    expect(load([], { JUPYTER_TOKEN_FILE: path })).toMatchObject({
      settings: { token: 'from file' },
      origins: { token: 'env JUPYTER_TOKEN_FILE' },
    });
    expect(load([], { JUPYTER_TOKEN: 'direct', JUPYTER_TOKEN_FILE: path }).settings.token).toBe('direct');
  });

  it('never takes an empty token from the environment, which would turn the check off', () => {
    expect(load([], { JUPYTER_TOKEN: '' }).settings.token).toBeUndefined();
    const path = put('token', '\n');
    expect(() => load([], { JUPYTER_TOKEN_FILE: path })).toThrow(
      `JUPYTER_TOKEN_FILE names ${path}, which is empty.`,
    );
    expect(() => load([], { JUPYTER_TOKEN_FILE: '/nope' })).toThrow(
      'JUPYTER_TOKEN_FILE names /nope, which cannot be read (ENOENT).',
    );
  });

  it('refuses a port that is none', () => {
    expect(() => load([], { JUPYTER_PORT: 'x' })).toThrow(
      'JUPYTER_PORT must be a whole number from 0 to 65535, not "x".',
    );
  });

  it('is not misled by Kubernetes, which sets JUPYTER_PORT to the address of a service', () => {
    expect(load([], { JUPYTER_PORT: 'tcp://10.0.0.1:80' }).settings.port).toBe(8888);
  });
});

describe('the command line', () => {
  it('serves a directory, or opens a file in its directory', () => {
    mkdirSync(join(cwd, 'sub'));
    writeFileSync(join(cwd, 'sub', 'a.ipynb'), '');
    expect(load(['sub'])).toMatchObject({
      settings: { notebook_dir: join(cwd, 'sub'), file_to_run: '' },
      origins: { notebook_dir: 'argument sub' },
    });
    expect(load(['sub/a.ipynb']).settings).toMatchObject({
      notebook_dir: join(cwd, 'sub'),
      file_to_run: join(cwd, 'sub/a.ipynb'),
    });
    expect(load(['~/work/sub/a.ipynb']).settings.file_to_run).toBe(join(cwd, 'sub/a.ipynb'));
    // A notebook_dir that holds the file stays.
    expect(load(['--notebook-dir=.', 'sub/a.ipynb']).settings).toMatchObject({
      notebook_dir: cwd,
      file_to_run: join(cwd, 'sub/a.ipynb'),
    });
    expect(load(['--notebook-dir', home, 'sub']).settings.notebook_dir).toBe(join(cwd, 'sub'));
  });

  it('collects lists from repeated flags, which replace those of a file', () => {
    put(ours, { hostnames: ['x'] });
    expect(load(['--hostname', 'a', '--hostname', 'b,c']).settings.hostnames).toEqual(['a', 'b', 'c']);
    expect(load().settings.hostnames).toEqual(['x']);
  });

  it('takes base_url from public_url', () => {
    expect(load(['--public-url=https://nb.example.org/ipython']).settings).toMatchObject({
      public_url: 'https://nb.example.org/ipython/',
      base_url: '/ipython/',
    });
    expect(load(['--public-url=https://x/a', '--base-url=a']).settings.base_url).toBe('/a/');
  });

  it.each<[string[], object]>([
    [['--public'], { ip: '*', certfile: 'auto', open_browser: false }],
    [['--public', '--ip=10.0.0.1', '--certfile=/c.pem'], { ip: '10.0.0.1', certfile: '/c.pem' }],
    [['--public', '--public-url=https://x/'], { ip: 'localhost', certfile: '', open_browser: false }],
    [['--public', '--public-url=https://x/', '--certfile=auto'], { ip: '*', certfile: 'auto' }],
    [['--public', '--sock=/s'], { ip: 'localhost', certfile: 'auto' }],
  ])('concludes from %j what a public server needs', (argv, settings) => {
    const loaded = load(argv);
    expect(loaded.settings).toMatchObject(settings);
    expect(loaded.origins.open_browser).toBe('flag --public');
  });

  const refused: [string[], string][] = [
    [['nope'], 'No such file or directory: nope'],
    [['.', '.'], 'only one directory or file can be given, not also ".".'],
    [['--notebook-dir=nope'], 'notebook_dir is not a directory: '],
    [['--file-to-run=nope'], 'file_to_run is not a file: '],
    [['--config=nope.json'], 'No such file: ~/work/nope.json (--config).'],
    [
      ['--config=x_config.py'],
      '~/work/x_config.py is Python, which is not read: "nbserver config import ~/work/x_config.py" turns it into JSON.',
    ],
    [['--profile=nope'], 'there is no profile "nope": make it with "nbserver profile create nope".'],
    [['--profile=../x'], '"../x" cannot be the name of a profile'],
    [['--sock=/s', '--port=1'], '--sock and --port exclude each other: a unix socket has no port.'],
    [['--sock=/s', '--ip=*'], '--sock and --ip exclude each other'],
    [['--keyfile=k'], 'keyfile is set (flag --keyfile), but certfile names no certificate for it.'],
    [['--keyfile=k', '--certfile=auto'], 'keyfile is set'],
    [
      ['--public-url=https://x/a', '--base-url=b'],
      'public_url ends in /a/ (flag --public-url), but base_url is /b/ (flag --base-url): they must be the same path.',
    ],
    [
      ['--gateway-url', 'http://x'],
      '--gateway-url: a gateway is not supported: kernels run on this computer.',
    ],
    [['--client-ca=ca.pem'], '--client-ca: client certificates are not supported'],
    [['--port=99999'], '--port must be a whole number from 0 to 65535, not 99999.'],
    [['--ServerApp.open_browser=maybe'], '--ServerApp.open_browser must be true or false, not "maybe".'],
  ];
  it.each(refused)('refuses %j', (argv, message) => {
    expect(() => load(argv)).toThrow(message);
  });

  it('refuses a file outside of the notebook_dir of a file', () => {
    put('elsewhere/a.ipynb', '');
    put(ours, { notebook_dir: '~/work', file_to_run: '~/elsewhere/a.ipynb' });
    expect(() => load()).toThrow(/is not inside notebook_dir/);
  });

  it('warns about flags of Jupyter that have no effect', () => {
    expect(load(['--ServerApp.autoreload=True']).warnings).toEqual([
      '--ServerApp.autoreload has no effect: nbserver has no such setting.',
    ]);
    expect(load(['--autoreload']).warnings).toEqual([
      '--autoreload has no effect: nbserver has no such setting.',
    ]);
  });
});
