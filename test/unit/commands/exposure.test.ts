import { describe, expect, it } from 'vitest';
import { isLoopback, refusal, warnings, type Exposure } from '../../../src/commands/exposure.js';

const safe: Exposure = {
  ip: 'localhost',
  sock: '',
  hasPassword: false,
  hasToken: false,
  hasTls: false,
  isRoot: false,
  allowRoot: false,
  allowInsecure: false,
};

describe('isLoopback', () => {
  it.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.8.8.8', true],
    ['::1', true],
    ['a.localhost', true],
    ['*', false],
    ['', false],
    ['0.0.0.0', false],
    ['::', false],
    ['192.0.2.1', false],
    ['127.example.org', false],
  ])('%s: %s', (ip, expected) => expect(isLoopback(ip)).toBe(expected));
});

describe('refusal', () => {
  it.each<[string, Partial<Exposure>, RegExp | undefined]>([
    ['loopback needs nothing', {}, undefined],
    ['loopback as root', { isRoot: true }, undefined],
    ['a unix socket is as private as its file', { ip: '*', sock: '/run/x', isRoot: true }, undefined],
    ['everything missing', { ip: '*' }, /a password .* and https .*nbserver --public/],
    ['no TLS', { ip: '*', hasPassword: true }, /wants https/],
    [
      'no password',
      { ip: '*', hasTls: true },
      /wants a password \(set one with: nbserver passwd --write\)\./,
    ],
    ['a configured token does for a password', { ip: '*', hasTls: true, hasToken: true }, undefined],
    ['both', { ip: '192.0.2.1', hasTls: true, hasPassword: true }, undefined],
    ['told to', { ip: '*', allowInsecure: true }, undefined],
    ['root, however safe', { ip: '*', hasTls: true, hasPassword: true, isRoot: true }, /--allow-root/],
    ['root, and told to be insecure', { ip: '*', allowInsecure: true, isRoot: true }, /--allow-root/],
    [
      'root with leave',
      { ip: '*', hasTls: true, hasPassword: true, isRoot: true, allowRoot: true },
      undefined,
    ],
  ])('%s', (_what, change, says) => {
    const sentence = refusal({ ...safe, ...change });
    if (says === undefined) expect(sentence).toBeUndefined();
    else expect(sentence).toMatch(says);
  });
});

describe('warnings', () => {
  it.each<[string, Partial<Exposure>, RegExp[]]>([
    ['nothing to say', {}, []],
    ['root', { isRoot: true }, [/root/]],
    ['bare on the network', { ip: '*' }, [/without encryption/, /no password/]],
    ['a token without TLS', { ip: '0.0.0.0', hasToken: true }, [/without encryption/]],
    ['behind a unix socket', { ip: '*', sock: '/run/x' }, []],
  ])('%s', (_what, change, says) => {
    const lines = warnings({ ...safe, ...change });
    expect(lines).toHaveLength(says.length);
    says.forEach((each, i) => expect(lines[i]).toMatch(each));
  });
});
