import { createPrivateKey, X509Certificate } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import forge from 'node-forge';
import { beforeAll, describe, expect, it } from 'vitest';

import { certificateNames, makeCertificate, maxDays } from '../../../src/tls/self-signed.js';

const now = Date.UTC(2026, 10, 24);
let certificate: X509Certificate;
let pem: string;

beforeAll(async () => {
  const made = await makeCertificate({
    hostnames: ['NB.Example.org', '10.1.2.3', 'fd00::9', '*.example.net'],
    now,
  });
  pem = made.pem;
  certificate = new X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERT')));
  expect(made.fingerprint256).toBe(certificate.fingerprint256);
});

describe('makeCertificate', () => {
  it('has one PEM with a 2048-bit RSA key that belongs to it', () => {
    const key = createPrivateKey(pem);
    expect(key.asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(certificate.checkPrivateKey(key)).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });

  it.each(['localhost', 'nb.example.org', 'printer.example.net'])('is good for the name %s', (name) => {
    expect(certificate.checkHost(name)).toBeDefined();
  });

  it.each(['127.0.0.1', '::1', '10.1.2.3', 'fd00::9'])('is good for the address %s', (address) => {
    expect(certificate.checkIP(address)).toBeDefined();
  });

  it('is good for every address of this machine', () => {
    const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    for (const { address } of all.filter((each) => !each.address.startsWith('fe80:'))) {
      expect(certificate.checkIP(address), address).toBeDefined();
    }
  });

  it('is for nothing else', () => {
    expect(certificate.checkHost('evil.org')).toBeUndefined();
    expect(certificate.checkIP('10.1.2.4')).toBeUndefined();
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  it('calls itself an authority, as phones want it, and may vouch for nobody else', () => {
    const parsed = forge.pki.certificateFromPem(pem.slice(pem.indexOf('-----BEGIN CERT')));
    expect(parsed.getExtension('basicConstraints')).toMatchObject({ cA: true, critical: true });
    expect(parsed.getExtension('keyUsage')).toMatchObject({ digitalSignature: true, keyCertSign: false });
  });

  it('is valid from a little before now for at most 398 days', () => {
    const from = new Date(certificate.validFrom).getTime();
    const to = new Date(certificate.validTo).getTime();
    expect(from).toBeLessThan(now);
    expect(to - from).toBeLessThan(maxDays * 24 * 3_600_000);
    expect(to - now).toBeGreaterThan((maxDays - 1) * 24 * 3_600_000);
  });

  it('has a positive random serial of 128 bits, and a new one each time', async () => {
    expect(certificate.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    const other = await makeCertificate({ now });
    expect(other.pem).not.toContain(certificate.serialNumber);
    expect(other.fingerprint256).not.toBe(certificate.fingerprint256);
  });

  it.each([0, -1, 399, NaN])('refuses %s days', async (days) => {
    await expect(makeCertificate({ days })).rejects.toThrow(RangeError);
  });
});

describe('certificateNames', () => {
  it.each(['https://nb.example.org', 'nb.example.org:8888', 'a b', '', 'x/y', 'a..b', '-a.org', 'bücher.de'])(
    'refuses %j with a sentence',
    (name) => {
      expect(() => certificateNames([name])).toThrow(/neither a host name/);
    },
  );

  it('names each once', () => {
    const names = certificateNames(['localhost', 'LOCALHOST', '[::1]', 'a.b', 'a.b']);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('a.b');
  });
});
