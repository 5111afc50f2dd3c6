import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  keepDirectoryPrivate,
  makePrivateDirectory,
  writePrivateFile,
} from '../../../src/config/private-file.js';
import { silentLog } from '../../../src/log.js';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'nbserver-private-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('writePrivateFile', () => {
  it('makes a file that only its owner may read, whatever it was before', () => {
    const path = join(dir, 'a.json');
    writePrivateFile(path, 'one');
    expect([readFileSync(path, 'utf8'), mode(path)]).toEqual(['one', '600']);
    chmodSync(path, 0o644);
    writePrivateFile(path, 'two');
    expect([readFileSync(path, 'utf8'), mode(path)]).toEqual(['two', '600']);
    expect(readdirSync(dir)).toEqual(['a.json']);
  });

  it('writes to where a symbolic link leads, and keeps the link', () => {
    mkdirSync(join(dir, 'dotfiles'));
    writeFileSync(join(dir, 'dotfiles', 'a.json'), 'old');
    symlinkSync(join('dotfiles', 'a.json'), join(dir, 'a.json'));
    writePrivateFile(join(dir, 'a.json'), 'new');
    expect(lstatSync(join(dir, 'a.json')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(dir, 'dotfiles', 'a.json'), 'utf8')).toBe('new');
  });

  it('leaves nothing behind when it fails', () => {
    mkdirSync(join(dir, 'taken'));
    expect(() => writePrivateFile(join(dir, 'taken'), 'x')).toThrow();
    expect(readdirSync(dir)).toEqual(['taken']);
    expect(readdirSync(join(dir, 'taken'))).toEqual([]);
  });
});

describe('makePrivateDirectory', () => {
  it('makes a directory of mode 0700 and leaves one that exists', () => {
    makePrivateDirectory(join(dir, 'a', 'b'));
    expect(mode(join(dir, 'a', 'b'))).toBe('700');
    chmodSync(join(dir, 'a', 'b'), 0o750);
    makePrivateDirectory(join(dir, 'a', 'b'));
    expect(mode(join(dir, 'a', 'b'))).toBe('750');
  });
});

it('keepDirectoryPrivate closes one that others may look into, and says so once', () => {
  const path = join(dir, 'state');
  const lines: string[] = [];
  const log = { ...silentLog, warn: (line: string) => void lines.push(line) };
  expect(keepDirectoryPrivate(path, log)).toBe(true);
  expect([mode(path), lines]).toEqual(['700', []]);
  chmodSync(path, 0o755);
  for (let starts = 0; starts < 2; starts += 1) expect(keepDirectoryPrivate(path, log)).toBe(true);
  expect([mode(path), lines]).toEqual(['700', [expect.stringContaining('is private now')]]);
  // Somebody chose it, and shares it.
  chmodSync(path, 0o770);
  expect(keepDirectoryPrivate(path, log, false)).toBe(false);
  expect([mode(path), lines.at(-1)]).toEqual([
    '770',
    expect.stringContaining('If nobody needs to: chmod 700'),
  ]);
  // As /tmp is: for everybody.
  chmodSync(path, 0o1777);
  expect(keepDirectoryPrivate(path, log)).toBe(false);
  expect([mode(path), lines.at(-1)]).toEqual(['777', expect.stringContaining('cannot be changed')]);
});
