import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { WireError } from '../../src/protocol/wire-frames.js';
import type { WireMessage } from '../../src/protocol/wire-frames.js';
import { WireSignature } from '../../src/wire-signature.js';

const message = (content = '{"a":1}'): WireMessage => ({
  identities: [],
  header: Buffer.from('{"msg_id":"1"}'),
  parentHeader: Buffer.from('{}'),
  metadata: Buffer.from('{}'),
  content: Buffer.from(content),
  buffers: [Buffer.from([1, 2])],
});
const encode = (signature: WireSignature, ...args: Parameters<typeof message>) =>
  signature.encode(message(...args)).map((part) => Buffer.from(part));

describe('WireSignature', () => {
  it('signs the four JSON parts in their order, and not the buffers', () => {
    const expected = createHmac('sha256', 'secret').update('{"msg_id":"1"}{}{}{"a":1}').digest('hex');
    expect(String(encode(new WireSignature('secret'))[1])).toBe(expected);
  });

  it.each(['hmac-sha256', 'hmac-sha1', 'hmac-md5', 'hmac-sha512'])(
    'signs as %s, whatever the length',
    (scheme) => {
      const [, hash = ''] = scheme.split('-');
      for (const keyLength of [1, 63, 64, 65, 200]) {
        const key = 'k'.repeat(keyLength);
        for (const length of [2, 100, 4000, 4070, 4096, 100_000]) {
          const content = '"'.padEnd(length - 1, 'é') + '"';
          const expected = createHmac(hash, key).update(`{"msg_id":"1"}{}{}${content}`).digest('hex');
          expect(String(encode(new WireSignature(key, scheme), content)[1])).toBe(expected);
        }
      }
    },
  );

  it('takes what was signed with the same key', () => {
    const decoded = new WireSignature('secret').decode(encode(new WireSignature('secret')));
    expect(String(decoded.content)).toBe('{"a":1}');
    expect(decoded.buffers).toEqual([Buffer.from([1, 2])]);
  });

  it.each<[string, (frames: Buffer[]) => Buffer[]]>([
    ['another key', () => encode(new WireSignature('other'))],
    ['no signature', ([delimiter, , ...rest]) => [delimiter ?? Buffer.alloc(0), Buffer.alloc(0), ...rest]],
    ['a signature that is cut short', (all) => all.map((part, i) => (i === 1 ? part.subarray(0, 63) : part))],
    ['a changed content', (all) => all.map((part, i) => (i === 5 ? Buffer.from('{"a":2}') : part))],
  ])('refuses %s', (_name, change) => {
    expect(() => new WireSignature('secret').decode(change(encode(new WireSignature('secret'))))).toThrow(
      WireError,
    );
  });

  it('refuses what is played back', () => {
    const receiver = new WireSignature('secret');
    const frames = encode(new WireSignature('secret'));
    receiver.decode(frames);
    expect(() => receiver.decode(frames)).toThrow(/played back/);
  });

  it('remembers as many signatures as it was told, and forgets the oldest first', () => {
    const receiver = new WireSignature('secret', 'hmac-sha256', 10);
    const sender = new WireSignature('secret');
    const sent = Array.from({ length: 20 }, (_, i) => encode(sender, `{"n":${i}}`));
    for (const frames of sent) receiver.decode(frames);
    for (const frames of sent.slice(10)) expect(() => receiver.decode(frames)).toThrow(/played back/);
    expect(() => receiver.decode(sent[0] ?? [])).not.toThrow();
  });

  it('neither signs nor checks with an empty key', () => {
    const off = new WireSignature('');
    const frames = encode(off);
    expect(frames[1]).toHaveLength(0);
    expect(() => off.decode(frames)).not.toThrow();
    expect(() => off.decode(encode(new WireSignature('any')))).not.toThrow();
  });

  it('knows other hashes by the name of the scheme, and refuses unknown schemes', () => {
    const frames = encode(new WireSignature('secret', 'hmac-sha512'));
    expect(frames[1]).toHaveLength(128);
    expect(() => new WireSignature('secret', 'hmac-sha512').decode(frames)).not.toThrow();
    expect(() => new WireSignature('secret', 'rsa')).toThrow(WireError);
  });
});
