import type { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as ws from 'ws';
import { frameHeaderLength, writeFrameHeader } from '../../../src/protocol/websocket-frame.js';

/** Exported by the library, but not in its types. */
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };

describe('writeFrameHeader', () => {
  it.each([
    [0, true, [0x82, 0]],
    [125, false, [0x81, 125]],
    [126, true, [0x82, 126, 0, 126]],
    [65_535, true, [0x82, 126, 0xff, 0xff]],
    [65_536, true, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
    [2 ** 32 + 5, true, [0x82, 127, 0, 0, 0, 1, 0, 0, 0, 5]],
  ])('writes %i bytes of payload, binary %s', (length, binary, expected) => {
    const header = new Uint8Array(12);
    expect(writeFrameHeader(header, 1, binary, length)).toBe(1 + expected.length);
    expect([...header.subarray(1, 1 + expected.length)]).toEqual(expected);
    expect(frameHeaderLength(length)).toBe(expected.length);
  });

  it('is read by a websocket library', () => {
    const lengths = fc.oneof(fc.nat(300), fc.integer({ min: 65_000, max: 70_000 }));
    fc.assert(
      fc.property(lengths, fc.boolean(), (length, binary) => {
        const frame = Buffer.alloc(frameHeaderLength(length) + length, 'a');
        writeFrameHeader(frame, 0, binary, length);
        const receiver = new Receiver({ isServer: false, allowSynchronousEvents: true });
        const got: [number, boolean][] = [];
        receiver.on('message', (data: Buffer, isBinary: boolean) => got.push([data.length, isBinary]));
        receiver.write(frame);
        expect(got).toEqual([[length, binary]]);
      }),
      { numRuns: 50 },
    );
  });
});
