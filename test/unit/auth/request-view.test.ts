import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';

import { requestView, trustedProxies } from '../../../src/auth/request-view.js';

function request(
  remoteAddress: string | undefined,
  headers: Record<string, string>,
  encrypted = false,
): IncomingMessage {
  return { socket: { remoteAddress, encrypted }, headers } as unknown as IncomingMessage;
}

const forwarded = {
  host: '127.0.0.1:8888',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'nb.example.org',
  'x-forwarded-for': '198.51.100.7, 203.0.113.9',
};
const loopback = trustedProxies(['loopback']);

describe('requestView', () => {
  it('believes a trusted proxy', () => {
    expect(requestView(request('127.0.0.1', forwarded), loopback)).toEqual({
      scheme: 'https',
      host: 'nb.example.org',
      origin: 'https://nb.example.org',
      address: '203.0.113.9',
    });
  });

  it.each([
    ['nobody is trusted', '127.0.0.1', trustedProxies([])],
    ['it comes from elsewhere', '10.0.0.1', loopback],
  ])('ignores forwarded headers when %s', (_why, address, trusted) => {
    expect(requestView(request(address, forwarded), trusted)).toEqual({
      scheme: 'http',
      host: '127.0.0.1:8888',
      origin: 'http://127.0.0.1:8888',
      address,
    });
  });

  it.each([
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    [undefined, 'unix'],
  ])('counts %s as loopback', (peer, address) => {
    const view = requestView(request(peer, { host: 'h', 'x-scheme': 'https' }), loopback);
    expect(view.scheme).toBe('https');
    expect(view.address).toBe(address);
  });

  it.each([
    ['1.1.1.1, 127.0.0.1', '1.1.1.1'],
    ['spoofed, 1.1.1.1', '1.1.1.1'],
    ['1.1.1.1, spoofed', '127.0.0.1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['1.2.3.4:5678', '1.2.3.4'],
    ['', '127.0.0.1'],
  ])('reads X-Forwarded-For: %s as %s', (header, address) => {
    const req = request('127.0.0.1', { host: 'h', 'x-forwarded-for': header });
    expect(requestView(req, loopback).address).toBe(address);
  });

  it('reads X-Real-Ip where nothing else names the client', () => {
    const req = request('127.0.0.1', { host: 'h', 'x-real-ip': '1.2.3.4' });
    expect(requestView(req, loopback).address).toBe('1.2.3.4');
  });

  it.each(['a b', 'a/b', 'u@h', ''])('has no origin for the host %j', (host) => {
    expect(requestView(request('10.0.0.1', { host }), loopback).origin).toBe('');
  });

  it('knows TLS of its own', () => {
    expect(requestView(request('10.0.0.1', { host: 'h:443' }, true), loopback).origin).toBe('https://h');
  });
});

describe('trustedProxies', () => {
  it.each([
    ['10.0.0.0/8', '10.200.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['192.168.1.1', '192.168.1.1', true],
    ['192.168.1.1', '192.168.1.2', false],
    ['fd00::/8', 'fd12::1', true],
    ['loopback', '127.8.8.8', true],
    ['loopback', 'unix', true],
    ['10.0.0.0/8', 'unix', false],
  ])('%s holds %s: %s', (entry, address, expected) => {
    expect(trustedProxies([entry])(address)).toBe(expected);
  });

  it.each(['nginx', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', ''])('refuses %j', (entry) => {
    expect(() => trustedProxies([entry])).toThrow('trusted_proxies');
  });
});
