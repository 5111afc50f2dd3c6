import { describe, expect, it } from 'vitest';

import { certificateInfo, CertificateError } from '../../../src/tls/certificate-info.js';
import { makePair } from './make-pair.js';

const day = 24 * 3_600_000;
const good = makePair();
const files = { certfile: 'mycert.pem', keyfile: 'mycert.pem' };
const info = (cert: string, key: string, passphrase?: string) =>
  certificateInfo(
    { cert: Buffer.from(cert), key: Buffer.from(key), ...(passphrase ? { passphrase } : {}) },
    files,
  );

describe('certificateInfo', () => {
  it('tells what the certificate is', () => {
    expect(info(good.pem, good.pem)).toMatchObject({
      names: ['localhost'],
      selfSigned: true,
      keyType: 'rsa',
      keyBits: 2048,
      warnings: [],
    });
    expect(info(good.pem, good.pem).fingerprint256).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  });

  it('reads the certificate before or after the key', () => {
    const reversed = good.cert + good.key;
    expect(info(reversed, reversed).fingerprint256).toBe(info(good.pem, good.pem).fingerprint256);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['no certificate', () => info(good.key, good.key), /holds no certificate.*nbserver certificate/],
    ['no key', () => info(good.cert, good.cert), /no private key.*--keyfile/],
    ['an empty file', () => info('', ''), /holds no certificate/],
    ['another key', () => info(good.cert, makePair().key), /does not belong/],
    ['a cut-off certificate', () => info(good.cert.slice(0, 300), good.key), /cut off or damaged/],
    [
      'a damaged key',
      () => info(good.cert, good.key.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA')),
      /key in mycert\.pem cannot be read/,
    ],
  ])('refuses %s with a sentence', (_what, act, sentence) => {
    expect(act).toThrow(CertificateError);
    expect(act).toThrow(sentence);
  });

  it('says what to do about an encrypted key', () => {
    const locked = makePair({ passphrase: 'geheim' });
    expect(() => info(locked.pem, locked.pem)).toThrow(/is encrypted.*openssl pkey/);
    expect(() => info(locked.pem, locked.pem, 'falsch')).toThrow(/password is not the given one/);
    expect(info(locked.pem, locked.pem, 'geheim').keyBits).toBe(2048);
  });

  it.each([
    ['a short key', makePair({ bits: 1024 }), /only 1024 bits.*nbserver certificate/],
    [
      'one that expired',
      makePair({ from: new Date(Date.now() - 90 * day), to: new Date(Date.now() - day) }),
      /expired/,
    ],
    [
      'one that ends soon',
      makePair({ from: new Date(Date.now() - 300 * day), to: new Date(Date.now() + 5 * day) }),
      /expires on/,
    ],
    ['one from the future', makePair({ from: new Date(Date.now() + day) }), /not valid before/],
  ])('warns once of %s', (_what, pair, sentence) => {
    const { warnings } = info(pair.pem, pair.pem);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(sentence);
  });
});
