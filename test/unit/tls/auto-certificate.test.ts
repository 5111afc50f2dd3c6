import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { autoCertificate } from '../../../src/tls/auto-certificate.js';

const day = 24 * 3_600_000;
let parent: string;
let directory: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'nbserver-auto-'));
  directory = join(parent, 'certificate');
});
afterEach(() => rmSync(parent, { recursive: true }));

describe('autoCertificate', () => {
  it('makes a private file once and uses it again', async () => {
    const first = await autoCertificate(directory);
    expect(first.made).toBe('first');
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(first.file).mode & 0o777).toBe(0o600);
    expect(await autoCertificate(directory)).toEqual({ file: first.file });
  });

  it('is renewed 30 days before its end, not earlier', async () => {
    const { file } = await autoCertificate(directory);
    const before = readFileSync(file, 'utf8');
    expect((await autoCertificate(directory, [], Date.now() + 366 * day)).made).toBeUndefined();
    expect((await autoCertificate(directory, [], Date.now() + 369 * day)).made).toBe('expiring');
    expect(readFileSync(file, 'utf8')).not.toBe(before);
  });

  it('is made anew for a name that it lacks', async () => {
    await autoCertificate(directory, ['a.example.org']);
    expect((await autoCertificate(directory, [])).made).toBeUndefined();
    expect((await autoCertificate(directory, ['A.example.org'])).made).toBeUndefined();
    expect((await autoCertificate(directory, ['b.example.org'])).made).toBe('names');
    expect((await autoCertificate(directory, ['b.example.org', '10.7.7.7'])).made).toBe('names');
    expect((await autoCertificate(directory, ['10.7.7.7'])).made).toBeUndefined();
  });

  it('is made anew when its file is damaged', async () => {
    const { file } = await autoCertificate(directory);
    writeFileSync(file, 'damaged');
    expect((await autoCertificate(directory)).made).toBe('damaged');
  });
});
