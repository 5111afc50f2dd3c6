/** `nbserver passwd`, as a process of its own: on a terminal, in a pipe, with the password on the line. */
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { passwdCheck } from '../../src/auth/index.js';
import { parseConfig } from '../../src/config/config-file.js';
import { makeHome, type Home } from '../command-line.js';
import { run as nbserver, onTerminal } from '../command-line.js';
import { hasPython } from '../parts.js';

let home: Home;
beforeEach(() => {
  home = makeHome();
});
afterEach(() => home.remove());

const sha1 = /^sha1:[0-9a-f]{12}:[0-9a-f]{40}$/;
const argon2 = /^argon2:\$argon2id\$v=19\$m=10240,t=10,p=8\$/;
const profileFile = (name: string) =>
  join(home.path, 'config', 'nbserver', `profile_${name}`, 'notebook_config.json');
const settingsIn = (path: string) =>
  parseConfig(readFileSync(path, 'utf8'), path, '/').map(({ written, value }) => [written, value] as const);

describe('--profile and --config', () => {
  it('say where it is written, also without --write', async () => {
    const refused = await nbserver(['passwd', '--profile=wrok', 'secret'], home);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'There is no profile "wrok": make it with "nbserver profile create wrok".',
    );
    await nbserver(['profile', 'create', 'work'], home);
    const { code, stdout } = await nbserver(['passwd', '--profile=work', 'secret'], home);
    expect([code, stdout]).toEqual([0, '']);
    expect(settingsIn(profileFile('work'))).toEqual([
      ['NotebookApp.password', expect.stringMatching(argon2) as string],
    ]);
  });
});

describe.skipIf(!hasPython)('on a terminal', () => {
  const typed = (first: string, second: string): [string, string][] => [
    ['Enter password: ', `${first}\r`],
    ['Verify password: ', `${second}\r`],
  ];

  it('asks twice, shows nothing of it, and prints the hash', async () => {
    const { code, stdout } = await onTerminal(['passwd'], typed('open sesame', 'open sesame'), home);
    expect(code).toBe(0);
    expect(stdout).not.toContain('sesame');
    const hash = stdout.split(/\r?\n/).find((line) => sha1.test(line)) ?? '';
    expect(await passwdCheck(hash, 'open sesame')).toBe(true);
    expect(await passwdCheck(hash, 'open sesami')).toBe(false);
  });

  it('asks again after a mismatch, and gives up after three', async () => {
    const wrong = typed('open sesame', 'open sesami');
    const { code, stdout } = await onTerminal(['passwd'], [...wrong, ...wrong, ...wrong], home);
    expect(code).toBe(1);
    expect(stdout.match(/not the same/g)).toHaveLength(2);
    expect(stdout).toContain('nbserver: No matching passwords found. Giving up.');
    const second = await onTerminal(['passwd'], [...wrong, ...typed('right', 'right')], home);
    expect(second.code).toBe(0);
  });

  it('refuses an empty password', async () => {
    const answers: [string, string][] = [
      ['Enter password: ', '\r'],
      ['The password is empty.', ''],
      ...typed('x', 'x'),
    ];
    const { code, stdout } = await onTerminal(['passwd'], answers, home);
    expect(code).toBe(0);
    expect(stdout.match(/Enter password: /g)).toHaveLength(2);
  });

  it('ends with 130 on Ctrl-C', async () => {
    const { code, stdout } = await onTerminal(['passwd'], [['Enter password: ', 'abc\u0003']], home);
    expect(code).toBe(130);
    expect(stdout).toContain('nbserver: Stopped; nothing was changed.');
    expect(stdout).not.toContain('abc');
  });

  it('writes into the configuration file with --write', async () => {
    const { code, stdout } = await onTerminal(
      ['passwd', '--write'],
      typed('open sesame', 'open sesame'),
      home,
    );
    expect(code).toBe(0);
    expect(stdout).toContain(
      `Wrote hashed password to ~/config/nbserver/profile_default/notebook_config.json`,
    );
    expect(stdout).not.toMatch(/sha1:|argon2:/);
    expect(settingsIn(profileFile('default'))).toEqual([
      ['NotebookApp.password', expect.stringMatching(argon2) as string],
    ]);
  });
});

describe('without a terminal', () => {
  it('takes one line from standard input, and prints nothing but the hash on standard output', async () => {
    const { code, stdout, stderr } = await nbserver(['passwd'], { ...home, input: 'open sesame\nmore\n' });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sha1:[0-9a-f]{12}:[0-9a-f]{40}\n$/);
    expect(await passwdCheck(stdout.trim(), 'open sesame')).toBe(true);
    expect(stderr).toMatch(/argon2 hash is much harder to guess/);
    expect(stderr).not.toMatch(/Enter password/);
  });

  it('makes an argon2 hash when asked', async () => {
    const { stdout } = await nbserver(['passwd', '--algorithm', 'argon2'], { ...home, input: 'x\n' });
    expect(stdout).toMatch(argon2);
    expect(await passwdCheck(stdout.trim(), 'x')).toBe(true);
  });

  const refused: [string, string[], string, RegExp][] = [
    ['no input', ['passwd'], '', /^nbserver: There was no password on standard input\.\n$/],
    ['an empty line', ['passwd'], '\n', /^nbserver: The password is empty\. .*\n$/],
    ['an empty argument', ['passwd', ''], '', /\nnbserver: The password is empty\. .*\n$/],
    [
      'a password of 2,000 letters',
      ['passwd'],
      'x'.repeat(2000),
      /^nbserver: The password is longer than 1024 bytes/,
    ],
    ['an unknown algorithm', ['passwd', '--algorithm', 'md5'], 'x\n', /^nbserver: .*"md5".*\n$/],
    ['an unknown flag', ['passwd', '--wirte'], 'x\n', /^nbserver: Unknown argument: wirte/],
    ['two words', ['passwd', 'open', 'sesame'], '', /^nbserver: Unknown argument: sesame/],
    [
      'a profile with a path in its name',
      ['passwd', '--write', '--profile=../x'],
      'x\n',
      /cannot be the name of a profile/,
    ],
    [
      'a Python file',
      ['passwd', '--write', '--config=x_config.py'],
      'x\n',
      /is Python, which nbserver does not write/,
    ],
  ];
  it.each(refused)('refuses %s with one line and exit code 1', async (_name, args, input, message) => {
    const { code, stdout, stderr } = await nbserver(args, { ...home, input });
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([1, '']);
  });

  it('takes TEXT as it stands, with a warning about the history of the shell', async () => {
    const { code, stdout, stderr } = await nbserver(['passwd', '007'], home);
    expect(code).toBe(0);
    expect(await passwdCheck(stdout.trim(), '007')).toBe(true);
    expect(stderr).toMatch(/history of your shell/);
  });
});

describe('--write', () => {
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

  it('makes the file of the profile with all options in it, readable by its owner only', async () => {
    expect((await nbserver(['passwd', '--write', '--profile', 'work'], { ...home, input: 'x\n' })).code).toBe(
      0,
    );
    const file = profileFile('work');
    expect([mode(file), mode(join(file, '..'))]).toEqual(['600', '700']);
    expect(readFileSync(file, 'utf8')).toContain('// "port": 8888,');
    expect(settingsIn(file)).toEqual([['NotebookApp.password', expect.stringMatching(argon2) as string]]);
  });

  it('keeps the comments of a file, replaces the old hash where it stands, and closes the file to others', async () => {
    const file = join(home.path, 'mine.json');
    const text = (hash: string) =>
      `// mine\n{\n  "port": 9999, // fixed\n  "ServerApp": { "password": ${JSON.stringify(hash)}, },\n}\n`;
    writeFileSync(file, text('sha1:a:b'));
    chmodSync(file, 0o644);
    const { code, stderr } = await nbserver(['passwd', '--write', '--config=mine.json'], {
      ...home,
      input: 'x\n',
    });
    expect([code, stderr]).toEqual([0, 'Wrote hashed password to ~/mine.json\n']);
    const [, [, hash] = []] = settingsIn(file);
    expect(await passwdCheck(String(hash), 'x')).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe(text(String(hash)));
    expect(mode(file)).toBe('600');
  });

  it('stores sha1 when that is asked for', async () => {
    await nbserver(['passwd', '--write', '--algorithm=sha1'], { ...home, input: 'x\n' });
    expect(settingsIn(profileFile('default'))).toEqual([
      ['NotebookApp.password', expect.stringMatching(sha1) as string],
    ]);
  });

  it('leaves a broken file alone', async () => {
    const file = profileFile('default');
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, '{"port": 1');
    const { code, stderr } = await nbserver(['passwd', '--write'], { ...home, input: 'x\n' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/notebook_config\.json:1: this is not valid JSON/);
    expect(readFileSync(file, 'utf8')).toBe('{"port": 1');
  });
});
