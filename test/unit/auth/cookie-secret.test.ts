import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { cookieSecret } from '../../../src/auth/cookie-secret.js';
import { silentLog } from '../../../src/log.js';

let parent: string;
let directory: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'nbserver-secret-'));
  directory = join(parent, 'state');
});
afterEach(() => rmSync(parent, { recursive: true }));

describe('cookieSecret', () => {
  it('is made once, in a private file of a private folder', async () => {
    const secret = await cookieSecret(directory, silentLog);
    expect(Buffer.from(secret, 'base64')).toHaveLength(32);
    expect(await cookieSecret(directory, silentLog)).toBe(secret);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'cookie-secret')).mode & 0o777).toBe(0o600);
  });

  it('is the same for servers that start at once', async () => {
    const secrets = await Promise.all(Array.from({ length: 8 }, () => cookieSecret(directory, silentLog)));
    expect(new Set(secrets).size).toBe(1);
    expect(readdirSync(directory)).toEqual(['cookie-secret']);
  });

  it('is made private again when others could read it, with a word about it', async () => {
    const secret = await cookieSecret(directory, silentLog);
    const file = join(directory, 'cookie-secret');
    chmodSync(file, 0o644);
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
    expect(await cookieSecret(directory, log)).toBe(secret);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(warnings).toHaveLength(1);
  });

  it('refuses a link and a secret that is too short, naming the file', async () => {
    await cookieSecret(directory, silentLog);
    const file = join(directory, 'cookie-secret');
    writeFileSync(file, 'c2hvcnQ=\n');
    await expect(cookieSecret(directory, silentLog)).rejects.toThrow(file);
    rmSync(file);
    symlinkSync(join(parent, 'elsewhere'), file);
    await expect(cookieSecret(directory, silentLog)).rejects.toThrow(file);
  });
});
