import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Log } from '../../../src/log.js';
import { loadTls } from '../../../src/tls/secure-context.js';
import type { TlsOptions, TlsSource } from '../../../src/tls/types.js';
import { makePair } from './make-pair.js';

let directory: string;
let lines: string[] = [];
const open: TlsSource[] = [];
const log: Log = {
  debug: () => {},
  info: (text) => void lines.push(text),
  warn: (text) => void lines.push(text),
  error: (text) => void lines.push(text),
};

async function load(options: Partial<TlsOptions> & { certfile: string }): Promise<TlsSource> {
  const source = await loadTls({ log, ...options });
  open.push(source);
  return source;
}

function file(name: string, text: string): string {
  const path = join(directory, name);
  // As certificate tools do it: written beside, then moved into place.
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
  return path;
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nbserver-tls-'));
  lines = [];
});
afterEach(() => {
  for (const source of open.splice(0)) source.close();
  rmSync(directory, { recursive: true });
});

describe('loadTls', () => {
  it('takes one PEM for both, or two files', async () => {
    const pair = makePair();
    const one = await load({ certfile: file('one.pem', pair.pem) });
    const two = await load({ certfile: file('cert.pem', pair.cert), keyfile: file('key.pem', pair.key) });
    expect(one.info.fingerprint256).toBe(two.info.fingerprint256);
    expect(one.options).toMatchObject({ minVersion: 'TLSv1.2', honorCipherOrder: true });
  });

  it('works with 1024 bits, with one line about it', async () => {
    await load({ certfile: file('short.pem', makePair({ bits: 1024 }).pem) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/1024 bits.*nbserver certificate/);
  });

  it.each<[string, () => Partial<TlsOptions> & { certfile: string }, RegExp]>([
    [
      'a file that is not there',
      () => ({ certfile: '/nowhere/c.pem' }),
      /no file \/nowhere.*nbserver certificate/,
    ],
    [
      'a key file that is not there',
      () => ({ certfile: file('c.pem', makePair().pem), keyfile: '/nowhere/k.pem' }),
      /no file \/nowhere\/k\.pem/,
    ],
    ['a folder', () => ({ certfile: directory }), /cannot be read/],
    [
      'a short key where the cipher list forbids it',
      () => ({ certfile: file('s.pem', makePair({ bits: 1024 }).pem), ciphers: 'DEFAULT@SECLEVEL=2' }),
      /key of 1024 bits.*too weak.*nbserver certificate/,
    ],
    [
      'a cipher list without ciphers',
      () => ({ certfile: file('g.pem', makePair().pem), ciphers: 'NOPE' }),
      /names no cipher/,
    ],
    ['auto without a folder', () => ({ certfile: 'auto' }), /certfile=auto/],
  ])('refuses %s with a sentence', async (_what, options, sentence) => {
    await expect(load(options())).rejects.toThrow(sentence);
  });

  it('obeys node --tls-cipher-list', { timeout: 120_000 }, () => {
    const short = file('short.pem', makePair({ bits: 1024 }).pem);
    const module = new URL('../../../src/tls/secure-context.ts', import.meta.url).href;
    const script = `
      const { loadTls } = await import(${JSON.stringify(module)});
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      try { (await loadTls({ certfile: process.argv[1], log })).close(); console.log('works'); }
      catch (error) { console.log(error.message); }`;
    const run = (...flags: string[]): string =>
      execFileSync(
        process.execPath,
        [...flags, '--import', 'tsx', '--input-type=module', '-e', script, short],
        {
          encoding: 'utf8',
        },
      );
    expect(run()).toBe('works\n');
    expect(run('--tls-cipher-list=DEFAULT@SECLEVEL=2')).toMatch(/1024 bits.*too weak/);
  });

  it('makes and keeps a certificate for auto', async () => {
    const first = await load({ certfile: 'auto', autoDirectory: directory, hostnames: ['nb.lan'] });
    expect(first.info.names).toContain('nb.lan');
    expect(lines.join()).toContain('Made a self-signed certificate');
    const again = await load({ certfile: 'auto', autoDirectory: directory, hostnames: ['nb.lan'] });
    expect(again.info.fingerprint256).toBe(first.info.fingerprint256);
  });
});

describe('reload', () => {
  it('takes over a replaced certificate and tells', async () => {
    const certfile = file('c.pem', makePair().pem);
    const source = await load({ certfile });
    const before = source.info.fingerprint256;
    let changes = 0;
    source.onChange(() => changes++);
    await source.reload();
    expect(changes).toBe(0);
    file('c.pem', makePair().pem);
    await source.reload();
    expect(source.info.fingerprint256).not.toBe(before);
    expect(changes).toBe(1);
    expect(lines.at(-1)).toContain(source.info.fingerprint256);
  });

  it.each([
    ['garbage', 'garbage'],
    ['a key that does not fit', makePair().cert + makePair().key],
    ['an encrypted key', makePair({ passphrase: 'x' }).pem],
  ])('keeps the old pair over %s, says so once, and goes on with a good one', async (_what, bad) => {
    const source = await load({ certfile: file('c.pem', makePair().pem) });
    const before = source.info.fingerprint256;
    file('c.pem', bad);
    await source.reload();
    await source.reload();
    expect(source.info.fingerprint256).toBe(before);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('the old one stays in force');
    file('c.pem', makePair().pem);
    await source.reload();
    expect(source.info.fingerprint256).not.toBe(before);
  });

  it('keeps the old pair while its file is gone, and says so once', async () => {
    const source = await load({ certfile: file('c.pem', makePair().pem) });
    rmSync(join(directory, 'c.pem'));
    await source.reload();
    await source.reload();
    expect(lines).toHaveLength(1);
  });

  it('manages a pair that is replaced file by file', async () => {
    const old = makePair();
    const fresh = makePair();
    const source = await load({ certfile: file('c.pem', old.cert), keyfile: file('k.pem', old.key) });
    const before = source.info.fingerprint256;
    file('c.pem', fresh.cert);
    await source.reload();
    expect(source.info.fingerprint256).toBe(before);
    file('k.pem', fresh.key);
    await source.reload();
    expect(source.info.fingerprint256).not.toBe(before);
  });
});
