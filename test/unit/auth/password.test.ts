import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { limitConcurrency } from '../../../src/limit-concurrency.js';
import { passwd, passwdCheck, passwordHashProblem } from '../../../src/auth/password.js';

const jupyterVector = 'sha1:0e112c3ddfce:a68df677475c2b47b6e86d0467eec97ac5f4b85a';
const salted = (algorithm: string, node: string): string =>
  `${algorithm}:abc:${createHash(node).update('grünabc').digest('hex')}`;

describe('passwd', () => {
  it('makes what the classic passwd() made', async () => {
    const hash = await passwd('mypassword');
    expect(hash).toMatch(/^sha1:[0-9a-f]{12}:[0-9a-f]{40}$/);
    expect(await passwd('mypassword')).not.toBe(hash);
    expect(await passwdCheck(hash, 'mypassword')).toBe(true);
  });

  it('makes argon2 hashes with the parameters of Jupyter', async () => {
    const hash = await passwd('geheim', 'argon2');
    expect(hash).toMatch(/^argon2:\$argon2id\$v=19\$m=10240,t=10,p=8\$/);
    expect(await passwdCheck(hash, 'geheim')).toBe(true);
    expect(await passwdCheck(hash, 'Geheim')).toBe(false);
  });

  it.each([
    ['empty', ''],
    ['longer than 1 kB', 'x'.repeat(1025)],
    ['longer than 1 kB in UTF-8', 'ü'.repeat(513)],
  ])('refuses a passphrase that is %s', async (_what, passphrase) => {
    await expect(passwd(passphrase)).rejects.toThrow(RangeError);
    await expect(passwd(passphrase, 'argon2')).rejects.toThrow(RangeError);
  });
});

describe('passwdCheck', () => {
  it.each([
    ["Jupyter's test vector", jupyterVector, 'mypassword', true],
    ['a wrong passphrase', jupyterVector, 'mypasswor', false],
    ['a longer passphrase', jupyterVector, 'mypassword0', false],
    ['upper-case hex', jupyterVector.toUpperCase().replace('SHA1', 'sha1'), 'mypassword', false],
    ['sha256, not ASCII', salted('sha256', 'sha256'), 'grün', true],
    ['sha512', salted('sha512', 'sha512'), 'grün', true],
    ['md5', salted('md5', 'md5'), 'grün', true],
    ["Python's sha3_256", salted('sha3_256', 'sha3-256'), 'grün', true],
    ["Python's blake2b", salted('blake2b', 'blake2b512'), 'grün', true],
    ['an unknown hash', 'rot13:abc:1234', 'x', false],
    ['no digest', 'sha1:abc:', 'x', false],
    ['a digest that is cut off', jupyterVector.slice(0, -2), 'mypassword', false],
    ['two parts', 'sha1:abc', 'x', false],
    ['nothing', '', '', false],
    ['the passphrase itself', 'mypassword', 'mypassword', false],
    ['a damaged argon2 hash', 'argon2:$argon2id$v=19$m=10240,t=10,p=8$x', 'x', false],
    ['a damaged scrypt hash', 'scrypt:$scrypt$ln=99,r=8,p=1$AAAA$AAAA', 'x', false],
  ])('%s', async (_what, hash, passphrase, right) => {
    expect(await passwdCheck(hash, passphrase)).toBe(right);
  });

  it('takes an empty salt and a short one, as old versions wrote them', async () => {
    for (const salt of ['', '7cf3']) {
      const digest = createHash('sha1').update(`pw${salt}`).digest('hex');
      expect(await passwdCheck(`sha1:${salt}:${digest}`, 'pw')).toBe(true);
    }
  });

  it('reads the scrypt form that stands in where argon2 does not load', async () => {
    // RFC 7914, section 12: scrypt("pleaseletmein", "SodiumChloride", N=16384, r=8, p=1)
    const salt = Buffer.from('SodiumChloride').toString('base64').replace(/=/g, '');
    const key = Buffer.from(
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
        'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
      'hex',
    );
    const hash = `scrypt:$scrypt$ln=14,r=8,p=1$${salt}$${key.toString('base64').replace(/=/g, '')}`;
    expect(await passwdCheck(hash, 'pleaseletmein')).toBe(true);
    expect(await passwdCheck(hash, 'pleaseletmeout')).toBe(false);
    expect(await passwordHashProblem(hash)).toBeUndefined();
  });

  it('refuses a huge passphrase before it computes anything', async () => {
    const huge = 'x'.repeat(5_000_000);
    const digest = createHash('sha1').update(`${huge}abc`).digest('hex');
    expect(await passwdCheck(`sha1:abc:${digest}`, huge)).toBe(false);
  });
});

describe('passwordHashProblem', () => {
  it.each([jupyterVector, salted('sha256', 'sha256')])('is silent about %s', async (hash) => {
    expect(await passwordHashProblem(hash)).toBeUndefined();
  });

  it.each(['secret', 'sha1:abc', 'argon2:x', 'scrypt:x', 'nohash:salt:00'])(
    'says how to make a hash in place of %s',
    async (hash) => {
      expect(await passwordHashProblem(hash)).toContain('nbserver passwd');
    },
  );
});

describe('limitConcurrency', () => {
  it('runs at most so many tasks at once, and all of them in the end', async () => {
    const limited = limitConcurrency(4);
    let running = 0;
    let most = 0;
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        limited(async () => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setImmediate(resolve));
          running--;
          if (i % 5 === 0) throw new Error('one that fails frees its place');
          return i;
        }),
      ),
    );
    expect(most).toBe(4);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(16);
  });
});
