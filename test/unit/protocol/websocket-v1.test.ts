import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameError, joinBytes } from '../../../src/protocol/websocket-frame.js';
import type { ChannelMessage } from '../../../src/protocol/websocket-frame.js';
import { decodeV1, encodeV1, encodeV1Parts } from '../../../src/protocol/websocket-v1.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const message = (buffers: Uint8Array[] = []): ChannelMessage => ({
  channel: 'iopub',
  header: bytes('{"msg_id":"1"}'),
  parentHeader: bytes('{}'),
  metadata: bytes('{ }'),
  content: bytes('{"one": 1.0, "big": 12345678901234567890}'),
  buffers,
});
/** u64 little-endian numbers, then zeros up to `length`. */
function frameOf(numbers: number[], length: number): Uint8Array {
  const frame = new Uint8Array(length);
  const view = new DataView(frame.buffer);
  numbers.forEach((number, i) => view.setBigUint64(8 * i, BigInt(number), true));
  return frame;
}

describe('encodeV1', () => {
  it('writes little-endian offsets: channel start to end of the last part', () => {
    const frame = encodeV1(message());
    const view = new DataView(frame.buffer, frame.byteOffset);
    const number = (i: number) => Number(view.getBigUint64(8 * i, true));
    expect(number(0)).toBe(6);
    expect(number(1)).toBe(56);
    expect(number(2)).toBe(61);
    expect(number(6)).toBe(frame.length);
    expect(new TextDecoder().decode(frame.subarray(56, 61))).toBe('iopub');
  });

  it('gives big parts as they are, without a copy', () => {
    const big = new Uint8Array(100_000).fill(7);
    const { binary, parts } = encodeV1Parts(message([big, bytes('tail')]));
    expect(binary).toBe(true);
    expect(parts).toContain(big);
    expect(joinBytes(parts)).toEqual(encodeV1(message([big, bytes('tail')])));
  });
});

describe('decodeV1', () => {
  it.each([
    ['without buffers', []],
    ['with buffers, an empty one among them', [bytes('abc'), new Uint8Array(0), bytes('d')]],
  ])('gives back what was encoded, byte for byte, %s', (_name, buffers) => {
    const given = message(buffers);
    expect(decodeV1(encodeV1(given))).toEqual(given);
  });

  it('gives back any message byte for byte', () => {
    const part = fc.uint8Array({ maxLength: 300 });
    const any = fc.record({
      channel: fc.constantFrom('shell', 'iopub', 'stdin', 'control', 'ü'),
      header: part,
      parentHeader: part,
      metadata: part,
      content: part,
      buffers: fc.array(part, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(any, (given) => {
        expect(decodeV1(encodeV1(given))).toEqual(given);
      }),
    );
  });

  it('answers any bytes, and any frame with a changed byte, with a message or a FrameError', () => {
    const tryIt = (frame: Uint8Array) => {
      try {
        const { buffers, content } = decodeV1(frame);
        expect(content.length + buffers.length).toBeLessThanOrEqual(frame.length);
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), tryIt));
    const good = encodeV1(message([bytes('abc'), bytes('d')]));
    const change = fc.record({ at: fc.nat(good.length - 1), to: fc.nat(255), cut: fc.nat(good.length) });
    fc.assert(
      fc.property(change, ({ at, to, cut }) => {
        const frame = good.slice();
        frame[at] = to;
        tryIt(frame);
        tryIt(frame.subarray(0, cut));
      }),
    );
  });

  it('refuses more parts than any program sends before it makes an object for each', () => {
    const count = 70_000;
    const length = 8 * (count + 1);
    const numbers = [count, ...Array.from({ length: count }, () => length)];
    expect(() => decodeV1(frameOf(numbers, length))).toThrow(/at most 65536/);
  });

  it('works on a view that does not start at the beginning of its memory', () => {
    const frame = encodeV1(message());
    const shifted = new Uint8Array(frame.length + 3);
    shifted.set(frame, 3);
    expect(decodeV1(shifted.subarray(3))).toEqual(message());
  });

  it.each([
    ['a frame of 34 bytes that announces 2^31 offsets', frameOf([2 ** 31, 0, 0, 0], 34)],
    ['a count beyond 4 GiB', frameOf([2 ** 40], 34)],
    ['an empty frame', new Uint8Array(0)],
    ['half a number', new Uint8Array(5)],
    ['too few offsets', frameOf([2, 24, 24], 24)],
    ['offsets that end before the last one', frameOf([6, 56, 56, 56], 32)],
    ['a first part that overlaps the offsets', frameOf([6, 8, 56, 56, 56, 56, 56], 56)],
    ['an offset beyond the end', frameOf([6, 56, 56, 56, 56, 56, 57], 56)],
    ['offsets that go back', frameOf([6, 56, 60, 58, 60, 60, 60], 60)],
  ])('refuses %s', (_name, frame) => {
    expect(() => decodeV1(frame)).toThrow(FrameError);
  });
});
