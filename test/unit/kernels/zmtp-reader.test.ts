import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framesOf, ZmtpReader } from '../../../src/kernels/zmtp-reader.js';
import { ZmtpError, zmtpFrameHeader } from '../../../src/protocol/zmtp.js';

/** A reader behind a greeting of three bytes. */
function reader(limit?: number) {
  const messages: Buffer[][] = [];
  const skipped: string[] = [];
  const commands: Buffer[] = [];
  const made = new ZmtpReader(
    {
      onGreeting: (bytes) => (bytes.length < 3 ? undefined : 3),
      onCommand: (body) => commands.push(body),
      onMessage: (message) => messages.push(framesOf(message)),
      onSkipped: (error) => skipped.push(error.message),
    },
    limit,
  );
  return {
    made,
    messages,
    commands,
    skipped,
    /** Hands it bytes as a socket does, at most so many at once. */
    feed(bytes: Buffer, atOnce: number) {
      for (let at = 0; at < bytes.length;) {
        const target = made.nextBuffer();
        const length = bytes.copy(target, 0, at, Math.min(bytes.length, at + atOnce));
        made.received(length);
        at += length;
      }
    },
  };
}

function onTheWire(messages: readonly (readonly Buffer[])[]): Buffer {
  const frames = messages.flatMap((message) =>
    message.flatMap((frame, i) => [zmtpFrameHeader(frame.length, i === message.length - 1), frame]),
  );
  return Buffer.concat([Buffer.from('hi!'), ...frames]);
}

/** Lengths around everything that decides how a frame is read. */
const lengths = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.constantFrom(4094, 4096, 32_767, 32_768, 32_769, 65_536, 300_000),
);

it('gives every message as it was sent, in whatever pieces it comes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(lengths, { minLength: 1, maxLength: 4 }), { maxLength: 12 }),
      fc.integer({ min: 0, max: 18 }),
      (shapes, power) => {
        const sent = shapes.map((shape, i) => shape.map((length) => Buffer.alloc(length, i + 1)));
        const { messages, feed } = reader();
        const bytes = onTheWire(sent);
        // Byte by byte only where that is soon over.
        feed(bytes, bytes.length > 20_000 ? 2 ** power + 97 : 2 ** power);
        expect(messages.length).toBe(sent.length);
        // Compared at the end: what was given out must not have been written to again.
        messages.forEach((message, i) => {
          expect(message.map(({ length }) => length)).toEqual(shapes[i]);
          expect(message.every((frame) => frame.every((byte) => byte === i + 1))).toBe(true);
        });
      },
    ),
    { numRuns: 60 },
  );
});

it('a big frame has memory of its own, so that keeping it keeps nothing else', () => {
  const { messages, feed } = reader();
  feed(onTheWire([[Buffer.alloc(100), Buffer.alloc(40_000)]]), 1_000_000);
  expect(messages[0]?.[1]?.buffer.byteLength).toBe(40_000);
});

it('a command is no part of a message, not even in the middle of one', () => {
  const { messages, commands, feed } = reader();
  feed(Buffer.from('hi!\x04\x08\x04PING\x00\x01a', 'latin1'), 100);
  expect(commands.map(String)).toEqual(['\x04PING\x00\x01a']);
  feed(Buffer.of(1, 1, 0x61, 4, 5, 4, ...Buffer.from('PONG'), 0, 1, 0x62), 1);
  expect(commands).toHaveLength(2);
  expect(messages.map((message) => message.map(String))).toEqual([['a', 'b']]);
});

it.each([
  ['a frame', Buffer.from('hi!\x02\x7f\xff\xff\xff\xff\xff\xff\xff', 'latin1'), /frame of/],
  ['a command', Buffer.from('hi!\x06\0\0\0\0\x40\0\0\0', 'latin1'), /command of/],
])('refuses %s that is longer than can be meant', (_what, bytes, message) => {
  expect(() => reader().feed(bytes, 100_000)).toThrow(message);
  expect(() => reader().feed(bytes, 1)).toThrow(ZmtpError);
});

const tooMany = Array.from({ length: 65_537 }, () => Buffer.of(7));
describe.each([
  ['too many frames', tooMany, /65536 frames/],
  ['too long a frame', [Buffer.alloc(10), Buffer.alloc(1_000_001)], /1000011 bytes/],
  ['too much in frames of middle size', Array.from({ length: 40 }, () => Buffer.alloc(30_000)), /bytes/],
  ['too much in big frames', Array.from({ length: 12 }, () => Buffer.alloc(100_000)), /bytes/],
])('a message of %s is passed over', (_what, frames, why) => {
  it.each([64, 5000, 10_000_000])('and the next one is read (%d bytes at once)', (atOnce) => {
    const { feed, messages, skipped, made } = reader(1_000_000);
    const next = [Buffer.from('next'), Buffer.alloc(50_000, 1)];
    feed(onTheWire([[Buffer.from('before')], frames, next, frames, next]), atOnce);
    expect(messages.map(([first]) => String(first))).toEqual(['before', 'next', 'next']);
    expect(messages[2]?.[1]?.every((byte) => byte === 1)).toBe(true);
    expect(skipped.map((each) => why.test(each))).toEqual([true, true]);
    expect(made.underWay).toBe(0);
  });
});

it('a message that is not at its end is counted, and a long one does not have to be moved', () => {
  const { feed, messages, made } = reader();
  const frames = Array.from({ length: 100 }, (_, i) => Buffer.alloc(20_000, i));
  const bytes = onTheWire([frames]);
  feed(bytes.subarray(0, 1_500_000), 65_536);
  expect(made.underWay).toBeGreaterThan(1_490_000);
  expect(made.underWay).toBeLessThanOrEqual(1_500_000);
  feed(bytes.subarray(1_500_000), 65_536);
  expect(made.underWay).toBe(0);
  expect(messages[0]?.map(({ length, 0: first }) => [length, first])).toEqual(
    frames.map((_, i) => [20_000, i]),
  );
  expect(Math.max(...(messages[0] ?? []).map(({ buffer }) => buffer.byteLength))).toBeLessThanOrEqual(
    131_072,
  );
  expect(made.nextBuffer().buffer.byteLength).toBeLessThanOrEqual(131_072);
});

it('bytes of any kind are read, waited for or refused, and nothing else happens', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 300 }), (bytes, atOnce) => {
      try {
        reader().feed(Buffer.from(bytes), atOnce);
      } catch (error) {
        expect(error).toBeInstanceOf(ZmtpError);
      }
    }),
  );
});
