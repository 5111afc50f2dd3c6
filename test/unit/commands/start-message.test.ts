import { describe, expect, it } from 'vitest';
import { startMessage, type StartFacts } from '../../../src/commands/start-message.js';

const facts: StartFacts = {
  version: '1.2.3',
  store: 'Serving notebooks from local directory: /home/me',
  links: ['http://localhost:8888/?token=abc'],
  unreachableContainer: false,
  token: 'abc',
  tokenMade: true,
  sock: '',
};
const certificate = {
  fingerprint256: 'AA:BB',
  validFrom: new Date('2026-01-01'),
  validTo: new Date('2027-02-03T04:05:06Z'),
  names: ['localhost'],
  subject: 'CN=localhost',
  selfSigned: true,
  keyType: 'rsa' as const,
  keyBits: 2048,
  warnings: [],
};

describe('startMessage', () => {
  it('names the store, then the link, and how to stop', () => {
    const lines = startMessage(facts).split('\n');
    expect(lines[0]).toBe('nbserver 1.2.3 is running. Serving notebooks from local directory: /home/me');
    expect(lines[2]).toBe('  http://localhost:8888/?token=abc');
    expect(lines.at(-1)).toMatch(/Control-C/);
  });

  it('says https, not http, with expiry and fingerprint', () => {
    const text = startMessage({
      ...facts,
      links: ['https://localhost:9999/'],
      certificate,
      tokenMade: false,
    });
    expect(text).toMatch(/https, not http/);
    expect(text).toMatch(/self-signed, valid until 2027-02-03/);
    expect(text).toContain('AA:BB');
    expect(text).not.toContain('abc');
  });

  it('does not warn of a certificate that somebody vouches for', () => {
    const text = startMessage({ ...facts, certificate: { ...certificate, selfSigned: false } });
    expect(text).not.toMatch(/warn|self-signed/);
  });

  it.each<[string, Partial<StartFacts>, RegExp]>([
    ['the port to open', { firewallPort: 9999 }, /TCP port 9999/],
    ['a container that nobody can reach', { unreachableContainer: true }, /published ports cannot reach it/],
    [
      'a unix socket, with its token',
      { sock: '/run/nb.sock', links: [] },
      /unix socket \/run\/nb\.sock, token abc/,
    ],
  ])('tells of %s', (_what, change, says) => {
    expect(startMessage({ ...facts, ...change })).toMatch(says);
  });
});
