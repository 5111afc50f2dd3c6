/** `nbserver certificate`, run as the command line runs it. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import yargs from 'yargs';

import { CommandError } from '../../src/commands/command.js';
import { certificateCommand } from '../../src/commands/certificate.js';
import { autoCertificate, autoDirectory, autoFile } from '../../src/tls/index.js';
import { newFolder, removeFolders } from './auth-app.js';

let printed = '';
let out: string;

beforeEach(() => {
  printed = '';
  out = join(newFolder(), 'my cert.pem');
  vi.spyOn(console, 'log').mockImplementation((text: string) => void (printed += text));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});
afterAll(removeFolders);

async function run(...args: string[]): Promise<void> {
  await yargs(['certificate', ...args])
    .command(certificateCommand)
    .exitProcess(false)
    .fail(false)
    .parseAsync();
}

describe('nbserver certificate', () => {
  it('writes one private file and says how to use and trust it', async () => {
    await run('--hostname', 'nb.example.org', '--hostname=10.1.2.3', '--out', out);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const pem = readFileSync(out, 'utf8');
    const certificate = new X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERT')));
    expect(certificate.checkPrivateKey(createPrivateKey(pem))).toBe(true);
    expect(certificate.checkHost('nb.example.org')).toBeDefined();
    expect(certificate.checkIP('10.1.2.3')).toBeDefined();
    expect(printed).toContain(certificate.fingerprint256);
    expect(printed).toContain(new Date(certificate.validTo).toISOString().slice(0, 10));
    expect(printed).toContain(`--certfile='${out}'`);
    for (const system of ['Linux', 'macOS', 'Windows', 'iOS', 'Android', 'Firefox']) {
      expect(printed).toContain(system);
    }
  });

  it('replaces a file only when told to', async () => {
    writeFileSync(out, 'mine', { mode: 0o644 });
    await expect(run('--out', out)).rejects.toThrow(/exists.*--force/);
    expect(readFileSync(out, 'utf8')).toBe('mine');
    await run('--out', out, '--force');
    expect(readFileSync(out, 'utf8')).toContain('BEGIN CERTIFICATE');
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(out, '..'))).toEqual(['my cert.pem']);
  });

  it('shows how to trust the one that the server made for itself, and leaves it as it is', async () => {
    const data = newFolder();
    vi.stubEnv('JUPYTER_DATA_DIR', data);
    vi.stubEnv('JUPYTER_CONFIG_DIR', newFolder());
    const directory = autoDirectory(join(data, 'nbserver'));
    await expect(run('--show')).rejects.toThrow(/no certificate yet.*--public/);
    await autoCertificate(directory, ['nb.example.org']);
    const pem = readFileSync(autoFile(directory), 'utf8');
    await run('--show');
    const certificate = new X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERT')));
    expect(printed).toContain(certificate.fingerprint256);
    expect(printed).toContain(`openssl x509 -in ${autoFile(directory)} -out auto.crt`);
    expect(printed).not.toContain('Wrote');
    expect(readFileSync(autoFile(directory), 'utf8')).toBe(pem);
  });

  it.each([
    [['--hostname', 'https://nb.example.org'], /neither a host name/],
    [['--days', '1000'], /398/],
    [['--days', 'x'], /398/],
    [['--out', '/nowhere/at/all.pem'], /cannot be written/],
  ])('refuses %j with a sentence', async (args, sentence) => {
    const attempt = run(...(args.includes('--out') ? args : ['--out', out, ...args]));
    await expect(attempt).rejects.toThrow(CommandError);
    await expect(attempt).rejects.toThrow(sentence);
    expect(existsSync(out)).toBe(false);
  });
});
