/** The classic "Running a notebook server" page, as a test: every command and every config block of it works here. */
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  freePort,
  makeHome,
  onTerminal,
  run,
  serve,
  type Home,
  type RunningCommand,
} from '../command-line.js';
import { hasCurl, hasOpenssl, hasPython } from '../parts.js';

const asRoot = process.getuid?.() === 0 ? ['--allow-root'] : [];
const execute = promisify(execFile);

let home: Home;
let server: RunningCommand | undefined;

beforeEach(() => {
  home = makeHome();
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  home.remove();
});

async function start(...args: string[]): Promise<RunningCommand> {
  return (server = await serve(args, { env: home.env, cwd: home.notebooks }));
}

/** curl as a person would type it; the answer's status on the last line. */
async function curl(...args: string[]): Promise<{ body: string; status: number }> {
  const { stdout } = await execute('curl', [
    '--silent',
    '--show-error',
    '--write-out',
    '\n%{http_code}',
    ...args,
  ]);
  const at = stdout.lastIndexOf('\n');
  return { body: stdout.slice(0, at), status: Number(stdout.slice(at + 1)) };
}

/** The page's certificate, with 1024 bits as it stands there. */
function certificate(bits: number): string {
  const path = join(home.path, 'mycert.pem');
  const line = `req -x509 -nodes -days 365 -newkey rsa:${bits} -keyout ${path} -out ${path} -subj /CN=your.host.com`;
  const made = spawnSync('openssl', line.split(' '), { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);
  return path;
}

/** Takes the comment signs away from one option of a written configuration file, and sets its value. */
function uncomment(text: string, name: string, value: unknown): string {
  const line = new RegExp(`^(\\s*)// "${name}": .*$`, 'm');
  expect(text).toMatch(line);
  return text.replace(line, `$1"${name}": ${JSON.stringify(value)},`);
}

describe('Securing a notebook server', () => {
  it.skipIf(!hasPython)(
    'passwd() asks twice on a terminal, shows nothing of it, and prints the hash',
    async () => {
      const answers: [string, string][] = [
        ['Enter password: ', 'open sesame\r'],
        ['Verify password: ', 'open sesame\r'],
      ];
      const { code, stdout } = await onTerminal(['passwd'], answers, home);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Enter password: \s+Verify password: \s+sha1:[0-9a-f]{12}:[0-9a-f]{40}\s/);
      expect(stdout).not.toContain('open sesame');
    },
  );

  it.skipIf(!hasPython)('passwd() gives up after three mismatches', async () => {
    const mismatch: [string, string][] = [
      ['Enter password: ', 'open sesame\r'],
      ['Verify password: ', 'open sesami\r'],
    ];
    const { code, stdout } = await onTerminal(['passwd'], [...mismatch, ...mismatch, ...mismatch], home);
    expect(code).toBe(1);
    expect(stdout).toContain('Giving up');
  });

  it('takes the password as an argument too, with a warning about the history', async () => {
    const { code, stdout, stderr } = await run(['passwd', 'open sesame'], home);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sha1:[0-9a-f]{12}:[0-9a-f]{40}\n$/);
    expect(stderr).toMatch(/history/);
  });
});

describe.skipIf(!hasOpenssl || !hasCurl)('SSL', () => {
  it('nbserver --certfile=mycert.pem --port N, with the page’s own rsa:1024 line', async () => {
    const pem = certificate(1024);
    const port = await freePort();
    const { stdout, stderr } = await start(`--certfile=${pem}`, '--port', String(port));
    expect(stdout).toMatch(new RegExp(`https://\\S+:${port}/`));
    expect(stdout).not.toMatch(/http:\/\//);
    expect(stdout).toMatch(/https, not http/);
    expect(stderr).toMatch(/1024/);
    expect(stderr).toMatch(/nbserver certificate/);
    const insecure = ['--insecure', `https://localhost:${port}/api`];
    // OpenSSL's own default level refuses 1024 bits for curl as well: the person has been warned.
    expect((await curl('--ciphers', 'DEFAULT@SECLEVEL=0', ...insecure)).status).toBe(200);
    const redirected = await curl('--head', `http://localhost:${port}/tree`);
    expect(redirected.status).toBe(308);
    expect(redirected.body).toMatch(new RegExp(`location: https://localhost:${port}/tree`, 'i'));
  });

  it.each([
    ['by our flag', {}, ['--tls-cipher-list=DEFAULT@SECLEVEL=2']],
    ['by Node’s', { NODE_OPTIONS: '--tls-cipher-list=DEFAULT@SECLEVEL=2' }, []],
  ])(
    'ends with a sentence where OpenSSL is told to refuse such a key, %s',
    async (_how, variables, flags) => {
      const pem = certificate(1024);
      const { code, stderr } = await run([`--certfile=${pem}`, `--port=${await freePort()}`, ...flags], {
        env: { ...home.env, ...variables },
        cwd: home.notebooks,
      });
      expect(code).toBe(1);
      expect(stderr).toMatch(/1024|too small|too short/);
      expect(stderr).toMatch(/nbserver certificate/);
      expect(stderr).not.toMatch(/\n\s+at /);
    },
  );

  it('a given port is exact: taken means the end, with a sentence', async () => {
    const port = await freePort();
    await start(`--port=${port}`);
    const second = await run([`--port=${port}`], { env: home.env, cwd: home.notebooks });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(String(port));
  });
});

describe.skipIf(!hasOpenssl || !hasCurl)('Running a public notebook server', () => {
  it('a profile with exactly the five lines of the page', async () => {
    const created = await run(['profile', 'create', 'nbserver'], home);
    expect(created.code, created.stderr).toBe(0);
    const path = join(
      home.env.JUPYTER_CONFIG_DIR ?? '',
      'nbserver',
      'profile_nbserver',
      'notebook_config.json',
    );
    expect(created.stdout).toContain(path);
    const hash = (await run(['passwd', 'open sesame'], home)).stdout.trim();
    const port = await freePort(); // the page says 9999, which another program of this machine may hold
    const five = { certfile: certificate(2048), ip: '*', open_browser: false, password: hash, port };
    let text = readFileSync(path, 'utf8');
    for (const [name, value] of Object.entries(five)) text = uncomment(text, name, value);
    writeFileSync(path, text);

    const { stdout } = await start('--profile=nbserver', ...asRoot);
    expect(stdout).toMatch(new RegExp(`https://\\S+:${port}/`));
    expect(stdout).toMatch(new RegExp(`TCP port ${port}`));
    expect(stdout).not.toContain('token=');
    const site = ['--insecure', '--resolve', `your.host.com:${port}:127.0.0.1`];
    const login = await curl(...site, `https://your.host.com:${port}/login`);
    expect(login.status).toBe(200);
    expect(login.body).toContain('your.host.com');
    expect((await curl(...site, `https://your.host.com:${port}/tree`)).status).toBe(302);
    expect((await curl(...site, `https://your.host.com:${port}/api/contents`)).status).toBe(403);

    const jar = join(home.path, 'cookies');
    const cookies = ['--cookie', jar, '--cookie-jar', jar];
    const form = await curl(...site, ...cookies, `https://your.host.com:${port}/login`);
    const xsrf = /name="_xsrf" value="([^"]+)"/.exec(form.body)?.[1] ?? '';
    const fields = ['--data-urlencode', `_xsrf=${xsrf}`, '--data-urlencode', 'password=open sesame'];
    expect((await curl(...site, ...cookies, ...fields, `https://your.host.com:${port}/login`)).status).toBe(
      302,
    );
    expect((await curl(...site, ...cookies, `https://your.host.com:${port}/tree`)).status).toBe(200);
  });

  it.each([
    ['without a password', ['--certfile=auto'], /nbserver passwd --write/],
    ['without a certificate', ['--token=configured-token-0123456789'], /--certfile/],
    ['without both', [], /nbserver --public/],
  ])('is refused beyond loopback %s', async (_what, args, says) => {
    const all = ['--ip=*', `--port=${await freePort()}`, ...asRoot, ...args];
    const { code, stderr } = await run(all, { env: home.env, cwd: home.notebooks });
    expect(code).toBe(1);
    expect(stderr).toMatch(says);
  });

  it('--public wants a password; without a terminal it says how to give it one', async () => {
    const { code, stderr } = await run(['--public', ...asRoot], { env: home.env, cwd: home.notebooks });
    expect(code).toBe(1);
    expect(stderr).toMatch(/NBSERVER_PASSWORD_FILE/);
  });

  it.skipIf(!hasPython)(
    '--public on a terminal asks for a password, keeps its hash, makes a certificate and says all that is needed',
    async () => {
      const port = await freePort();
      const answers: [string, string][] = [
        ['Enter password: ', 'open sesame\r'],
        ['Verify password: ', 'open sesame\r'],
        ['Stop it with', '\x03'],
        ['(y/[n])?', 'y\r'],
      ];
      const args = ['--public', '--hostname=nb.example.org', `--port=${port}`, ...asRoot];
      const { code, stdout } = await onTerminal(args, answers, home);
      expect(code).toBe(0);
      expect(stdout).not.toContain('sesame');
      expect(stdout).toContain(`https://nb.example.org:${port}/`);
      expect(stdout).toMatch(/([0-9A-F]{2}:){31}[0-9A-F]{2}/);
      expect(stdout).toMatch(new RegExp(`TCP port ${port}`));
      const config = join(home.env.JUPYTER_CONFIG_DIR ?? '', 'nbserver/profile_default/notebook_config.json');
      expect(statSync(config).mode & 0o777).toBe(0o600);
      expect(readFileSync(config, 'utf8')).toContain('"password": "argon2:$argon2id$');
    },
  );

  it('--public with a password file: certificate, every address, fingerprint and firewall port', async () => {
    const secret = join(home.path, 'password');
    writeFileSync(secret, 'open sesame\n', { mode: 0o600 });
    home.env.NBSERVER_PASSWORD_FILE = secret;
    const port = await freePort();
    const { stdout } = await start('--public', '--hostname=nb.example.org', `--port=${port}`, ...asRoot);
    expect(stdout).toContain(`https://nb.example.org:${port}/`);
    expect(stdout).toMatch(/([0-9A-F]{2}:){31}[0-9A-F]{2}/);
    expect(stdout).toMatch(new RegExp(`TCP port ${port}`));
    const site = ['--insecure', '--resolve', `nb.example.org:${port}:127.0.0.1`];
    expect((await curl(...site, `https://nb.example.org:${port}/api`)).status).toBe(200);
  });
});

describe.skipIf(!hasCurl)('Running with a different URL prefix', () => {
  it.each([
    ['without static_url_prefix', undefined, '/ipython/static/'],
    ['with the page’s static_url_prefix', '/ipython/static/', '/ipython/static/'],
    ['with static files elsewhere', '/assets/', '/assets/'],
  ])('base_url /ipython/ %s', async (_what, prefix, served) => {
    const settings = {
      base_url: '/ipython/',
      ...(prefix ? { webapp_settings: { static_url_prefix: prefix } } : {}),
    };
    const config = join(home.path, 'notebook_config.json');
    writeFileSync(config, JSON.stringify({ NotebookApp: settings }));
    const port = await freePort();
    await start(`--config=${config}`, `--port=${port}`, '--token=prefix-token-0123456789');
    const origin = `http://localhost:${port}`;
    const header = ['--header', 'Authorization: token prefix-token-0123456789'];
    const root = await curl('--head', `${origin}/`);
    expect([root.status, /location: (\S+)/i.exec(root.body)?.[1]]).toEqual([302, '/ipython/']);
    const page = await curl(...header, `${origin}/ipython/tree`);
    expect(page.status).toBe(200);
    const assets = [...page.body.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)].map(
      (found) => found[1] ?? '',
    );
    expect(assets.length).toBeGreaterThan(0);
    for (const asset of assets) {
      expect(asset.startsWith(served)).toBe(true);
      expect((await curl(`${origin}${asset}`)).status).toBe(200);
    }
    expect((await curl(...header, `${origin}/api/contents`)).status).toBe(404);
    expect((await curl(...header, `${origin}/ipython/api/contents`)).status).toBe(200);
  });

  it('an absolute static_url_prefix is refused with a sentence', async () => {
    const config = join(home.path, 'notebook_config.json');
    writeFileSync(config, '{ "webapp_settings": { "static_url_prefix": "https://cdn.example/x/" } }');
    const { code, stderr } = await run([`--config=${config}`], { env: home.env, cwd: home.notebooks });
    expect(code).toBe(1);
    expect(stderr).toMatch(/static_url_prefix/);
  });
});

describe.skipIf(!hasCurl)('Using a different notebook store', () => {
  it('another notebook manager by module path', async () => {
    writeFileSync(
      join(home.path, 'my-store.mjs'),
      `export default ({ FileNotebookManager }, options) =>
        new (class extends FileNotebookManager {
          infoString() { return 'Serving notebooks from the test store ' + options.label; }
        })({ notebook_dir: options.notebook_dir });`,
    );
    const config = join(home.path, 'notebook_config.json');
    writeFileSync(
      config,
      `{ "NotebookApp": { "notebook_manager_class": "./my-store.mjs" }, "NotebookManager": { "label": "with a label" } }`,
    );
    const port = await freePort();
    const token = 'store-token-0123456789';
    const { stdout } = await start(`--config=${config}`, `--port=${port}`, `--token=${token}`);
    expect(stdout).toContain('Serving notebooks from the test store with a label');
    writeFileSync(join(home.notebooks, 'a.txt'), 'text');
    const answer = await curl(
      '--header',
      `Authorization: token ${token}`,
      `http://localhost:${port}/api/contents`,
    );
    expect(answer.body).toContain('"a.txt"');
  });

  it('a store that does not exist is one clear line', async () => {
    const { code, stderr } = await run(['--NotebookApp.notebook_manager_class=./nowhere.mjs'], {
      env: home.env,
      cwd: home.notebooks,
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/nowhere\.mjs/);
    expect(stderr.split('\n').filter((line) => line.startsWith('nbserver: '))).toHaveLength(1);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
