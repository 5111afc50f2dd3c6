import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';

import {
  hostAllowed,
  hostName,
  hostRules,
  isLoopbackBound,
  ownAddresses,
  type HostSettings,
} from '../../../src/auth/host.js';

const own = (): ReadonlySet<string> => new Set(['192.168.1.5', 'fd00::2']);
const loopback: HostSettings = { ip: 'localhost', tls: false, authOff: false };
const open: HostSettings = { ip: '*', tls: true, authOff: false };

describe('hostAllowed', () => {
  it.each<[string, HostSettings, string, boolean]>([
    ['loopback', loopback, 'localhost:8888', true],
    ['loopback', loopback, 'LOCALHOST', true],
    ['loopback', loopback, 'localhost.', true],
    ['loopback', loopback, '127.0.0.1:8888', true],
    ['loopback', loopback, '127.1.2.3', true],
    ['loopback', loopback, '[::1]:8888', true],
    ['loopback', loopback, '[::ffff:127.0.0.1]', true],
    ['loopback', loopback, '192.168.1.5', true],
    ['loopback', loopback, '[fd00::2]', true],
    ['loopback', loopback, '192.168.1.6', false],
    ['loopback', loopback, '8.8.8.8', false],
    ['loopback', loopback, 'evil.org', false],
    ['loopback', loopback, 'localhost.evil.org', false],
    ['loopback', loopback, '127.0.0.1.evil.org', false],
    ['loopback', loopback, 'evil.org:8888', false],
    ['loopback', loopback, 'localhost@evil.org', false],
    ['loopback', loopback, 'evil.org/localhost', false],
    ['loopback', loopback, 'localhost, evil.org', false],
    ['loopback', loopback, '', false],
    ['loopback', loopback, ':8888', false],
    ['local_hostnames', { ...loopback, localHostnames: ['Nb.Example.org'] }, 'nb.example.org:1', true],
    ['local_hostnames', { ...loopback, localHostnames: ['nb.example.org'] }, 'x.nb.example.org', false],
    ['public_url', { ...loopback, publicUrl: 'https://nb.example.org:444/x/' }, 'nb.example.org', true],
    ['public_url', { ...loopback, publicUrl: 'https://nb.example.org/' }, 'evil.org', false],
    ['public', open, 'anything.example', true],
    ['public', open, 'bad host', false],
    ['public', { ...open, localHostnames: ['nb.example.org'] }, 'evil.org', false],
    ['public', { ...open, localHostnames: ['nb.example.org'] }, 'nb.example.org', true],
    ['public', { ...open, localHostnames: ['nb.example.org'] }, '192.168.1.5', true],
    ['public without TLS', { ...open, tls: false }, 'evil.org', false],
    ['public without TLS', { ...open, tls: false }, 'localhost:8888', true],
    ['public without a password', { ...open, authOff: true }, 'evil.org', false],
    ['bound to a name', { ...loopback, ip: 'box.lan' }, 'box.lan:8888', true],
    ['bound to an address', { ...loopback, ip: '10.9.8.7' }, '10.9.8.7:8888', true],
    ['unix socket', { ...open, sock: '/tmp/s' }, 'evil.org', false],
    ['unix socket', { ...open, sock: '/tmp/s' }, 'localhost', true],
  ])('%s: %j answers to %j: %s', (_what, settings, host, allowed) => {
    expect(hostAllowed(host, hostRules(settings), own)).toBe(allowed);
  });
});

describe('hostName', () => {
  it.each([
    ['[::1]:80', '::1'],
    ['EXAMPLE.org:443', 'example.org'],
    ['bücher.de', 'xn--bcher-kva.de'],
    ['a b', undefined],
    ['a%00b', undefined],
    ['x'.repeat(400), undefined],
  ])('%j → %j', (host, name) => {
    expect(hostName(host)).toBe(name);
  });
});

describe('ownAddresses', () => {
  it('holds every address of this machine', () => {
    const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    for (const { address, family } of all) {
      const plain = address.replace(/%.*$/, '');
      expect(ownAddresses()).toContain(hostName(family === 'IPv6' ? `[${plain}]` : plain));
    }
  });
});

describe('isLoopbackBound', () => {
  it.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['a.localhost', true],
    ['', false],
    ['*', false],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['box.lan', false],
  ])('%j: %s', (ip, expected) => {
    expect(isLoopbackBound({ ip })).toBe(expected);
  });
});
