/** What ZeroMQ sockets say to each other; the bytes are those of rfc.zeromq.org/spec/23 and 15. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readCommand,
  readGreeting,
  ZmtpError,
  zmtpFrameHeader,
  zmtpLength,
  zmtpOpening,
} from '../../../src/protocol/zmtp.js';

const bytes = (...parts: (string | number)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))));
const signature = Buffer.from('ff00000000000000017f', 'hex');
const greeting3 = (minor = 1, mechanism = 'NULL') =>
  Buffer.concat([signature, Buffer.of(3, minor), Buffer.from(mechanism.padEnd(20, '\0')), Buffer.alloc(32)]);
const greeting2 = (type: number, identity = '') =>
  Buffer.concat([signature, Buffer.of(1, type, 0, identity.length), Buffer.from(identity)]);
const ready = (name: string, type: string) =>
  bytes(5, 'READY', name.length, name, 0, 0, 0, type.length, type, 8, 'Identity', 0, 0, 0, 0);

describe('the greeting', () => {
  it('is answered to a peer of version 3 by the rest of ours and by what we are', () => {
    const peer = greeting3();
    const greeting = readGreeting(peer, 'DEALER', 'me');
    expect(greeting).toMatchObject({ length: 64, isReady: false });
    const whole = Buffer.concat([zmtpOpening, greeting?.answer ?? Buffer.alloc(0)]);
    expect(whole.subarray(0, 64)).toEqual(greeting3(0));
    expect(whole.subarray(64)).toEqual(
      bytes(4, 43, 5, 'READY', 11, 'Socket-Type', 0, 0, 0, 6, 'DEALER', 8, 'Identity', 0, 0, 0, 2, 'me'),
    );
  });

  it('of version 2 ends with the type and the name of both sides', () => {
    expect(readGreeting(Buffer.concat([greeting2(1, 'pub'), Buffer.of(0, 0)]), 'SUB', '')).toEqual({
      length: 17,
      answer: Uint8Array.of(2, 0, 0),
      isReady: true,
    });
    expect(readGreeting(greeting2(6), 'DEALER', 'ab')?.answer).toEqual(Uint8Array.of(5, 0, 2, 97, 98));
  });

  it.each([
    ['version 3', greeting3()],
    ['version 2', greeting2(1, 'name')],
  ])('of %s may come in any pieces', (_version, peer) => {
    for (let length = 0; length < peer.length; length++)
      expect(readGreeting(peer.subarray(0, length), 'SUB', '')).toBeUndefined();
    expect(readGreeting(peer, 'SUB', '')?.length).toBe(peer.length);
  });

  it.each([
    ['a web server', Buffer.from('HTTP/1.1 400 Bad Request\r\n'), /not ZeroMQ/],
    ['version 1', Buffer.of(1, 0), /not ZeroMQ/],
    ['version 1 with a name of 254 bytes', Buffer.concat([Buffer.of(0xff), Buffer.alloc(9)]), /not ZeroMQ/],
    ['a mechanism that Jupyter does not have', greeting3(0, 'CURVE'), /"CURVE"/],
    ['a socket of version 2 that no kernel has', greeting2(3), /REQ socket.*SUB/],
  ])('of %s is refused', (_peer, peer, message) => {
    expect(() => readGreeting(peer, 'SUB', '')).toThrow(message);
  });
});

describe('a command', () => {
  it.each(['Socket-Type', 'socket-type'])('READY with %s says that messages may follow', (name) => {
    expect(readCommand(ready(name, 'PUB'), 'SUB')).toBe('ready');
    expect(readCommand(ready(name, 'ROUTER'), 'DEALER')).toBe('ready');
  });

  it('READY of a socket that does not go with ours is refused: also our own, that we reached by chance', () => {
    expect(() => readCommand(ready('Socket-Type', 'SUB'), 'SUB')).toThrow(/SUB socket.*SUB/);
    expect(() => readCommand(bytes(5, 'READY'), 'SUB')).toThrow(/nameless/);
    expect(() => readCommand(bytes(5, 'READY', 200, 'x'), 'SUB')).toThrow(/cut off/);
    expect(() => readCommand(bytes(5, 'READY', 1, 'x', 255, 0, 0, 0), 'SUB')).toThrow(/cut off/);
  });

  it('ERROR is passed on, PING is answered with what it carries, and others are not for us', () => {
    expect(() => readCommand(bytes(5, 'ERROR', 4, 'busy'), 'SUB')).toThrow(/refuses: busy/);
    expect(readCommand(bytes(4, 'PING', 0, 10, 'abc'), 'SUB')).toEqual(
      Uint8Array.from(bytes(4, 8, 4, 'PONG', 'abc')),
    );
    expect(readCommand(bytes(9, 'SUBSCRIBE'), 'SUB')).toBeUndefined();
  });
});

it('the header of a frame has its length in one byte or in eight', () => {
  expect(zmtpFrameHeader(255, true)).toEqual(Uint8Array.of(0, 255));
  expect(zmtpFrameHeader(0, false)).toEqual(Uint8Array.of(1, 0));
  expect(zmtpFrameHeader(256, false)).toEqual(Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 1, 0));
  expect(zmtpFrameHeader(2 ** 32 + 5, true)).toEqual(Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0, 5));
  expect(zmtpLength([Buffer.alloc(255), Buffer.alloc(256)])).toBe(257 + 265);
});

it('bytes of any kind are read, waited for or refused, and nothing else happens', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (random, isSigned) => {
      const given = isSigned ? Buffer.concat([signature, random]) : random;
      for (const read of [() => readGreeting(given, 'SUB', ''), () => readCommand(random, 'DEALER')]) {
        try {
          read();
        } catch (error) {
          expect(error).toBeInstanceOf(ZmtpError);
        }
      }
    }),
  );
});
