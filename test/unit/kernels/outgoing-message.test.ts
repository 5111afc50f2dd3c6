import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../../src/kernels/frame-blocks.js';
import { FrameBlocks, frameLength } from '../../../src/kernels/frame-blocks.js';
import { messageBlocks, OutgoingMessage } from '../../../src/kernels/outgoing-message.js';
import type { WireMessage } from '../../../src/protocol/wire-frames.js';
import { decodeLegacyBinary, decodeLegacyText } from '../../../src/protocol/websocket-legacy.js';
import { decodeV1 } from '../../../src/protocol/websocket-v1.js';

const header = { msg_id: '1', msg_type: 'stream' };
const wire = (content: Buffer | string, buffers: Buffer[] = []): WireMessage => ({
  identities: [],
  header: Buffer.from(JSON.stringify(header)),
  parentHeader: Buffer.from('{"msg_id":"0"}'),
  metadata: Buffer.from('{}'),
  content: Buffer.from(content),
  buffers,
});
const piecesOf = (frame: Frame) => [frame, ...frame.more];
const whole = (frame: Frame) =>
  Buffer.concat(piecesOf(frame).map(({ block, start, end }) => block.subarray(start, end)));
/** Payload of a frame, by RFC 6455. */
function payload(frame: Frame): Buffer {
  const bytes = whole(frame);
  expect(bytes.length).toBe(frameLength(frame));
  const short = (bytes[1] ?? 0) & 0x7f;
  if (short < 126) return bytes.subarray(2);
  return bytes.subarray(short === 126 ? 4 : 10);
}

describe('OutgoingMessage', () => {
  it('gives the parts back from what it keeps, whatever their length', () => {
    const lengths = fc.oneof(fc.nat(200), fc.integer({ min: 65_000, max: 66_000 }), fc.constant(200_000));
    fc.assert(
      fc.property(fc.array(lengths, { maxLength: 4 }), lengths, (buffers, content) => {
        const given = wire(
          Buffer.alloc(content, 'c'),
          buffers.map((length, i) => Buffer.alloc(length, i)),
        );
        const message = new OutgoingMessage('iopub', given, header, messageBlocks());
        const { identities: _, ...expected } = given;
        for (const parts of [message.parts, decodeV1(payload(message.frame('v1')))]) {
          expect(parts.channel).toBe('iopub');
          for (const name of ['header', 'parentHeader', 'metadata', 'content'] as const)
            expect(Buffer.compare(parts[name], expected[name])).toBe(0);
          expect(parts.buffers.map((buffer) => buffer.length)).toEqual(buffers);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('lays out neighbours side by side, and copies nothing big', () => {
    const blocks = messageBlocks();
    const [a, b] = [wire('{}'), wire('{"a":1}')].map((one) => {
      return new OutgoingMessage('iopub', one, header, blocks).frame('v1');
    });
    expect(a?.block).toBe(b?.block);
    expect(a?.end).toBe(b?.start);
    const big = Buffer.alloc(1_000_000);
    const message = new OutgoingMessage('iopub', wire('{}', [big]), header, blocks);
    for (const framing of ['v1', 'legacy'] as const)
      expect(piecesOf(message.frame(framing)).map(({ block }) => block)).toContain(big);
  });

  it('keeps nothing else alive once it stands alone', () => {
    const blocks = messageBlocks();
    const message = new OutgoingMessage('iopub', wire('{}'), header, blocks);
    const before = whole(message.frame('v1'));
    message.standAlone();
    expect(whole(message.frame('v1'))).toEqual(before);
    expect(message.frame('v1').block.buffer.byteLength).toBe(before.length);
    expect(String(message.parts.header)).toContain('stream');
  });

  it('keeps neither the block that its small parts were read to nor one of many messages, and counts what it keeps', () => {
    const read = Buffer.alloc(128 * 1024);
    const view = (text: string) => read.subarray(0, read.write(text));
    const buffers = [Buffer.alloc(40_000), view('small'), Buffer.alloc(0)];
    const given = { ...wire('{}', buffers), header: view(JSON.stringify(header)), content: view('{"a":1}') };
    const message = new OutgoingMessage('iopub', given, header, messageBlocks());
    const { parts } = message;
    const memory = new Set<ArrayBufferLike>();
    for (const bytes of [parts.header, parts.parentHeader, parts.metadata, parts.content, ...parts.buffers])
      memory.add(bytes.buffer);
    for (const { block } of piecesOf(message.frame('v1'))) memory.add(block.buffer);
    const kept = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(kept).toBeLessThan(40_000 + 1000);
    expect(message.length).toBeGreaterThanOrEqual(kept);
    read.fill(0);
    expect(String(message.parts.content)).toBe('{"a":1}');
    expect(decodeV1(payload(message.frame('v1'))).buffers.map(({ length }) => length)).toEqual([
      40_000, 5, 0,
    ]);
  });

  it('takes thousands of small buffers, whose offsets alone are big', () => {
    const small = Array.from({ length: 5000 }, () => Buffer.of(7));
    const message = new OutgoingMessage('iopub', wire('{}', small), header);
    expect(decodeV1(payload(message.frame('v1'))).buffers).toHaveLength(5000);
    expect(message.parts.buffers.every((buffer) => buffer.length === 1 && buffer[0] === 7)).toBe(true);
  });

  it('makes text frames that are UTF-8 and JSON of what is neither, and leaves v1 alone', () => {
    const odd = Buffer.from([...Buffer.from('{"nan":NaN,"text":"a'), 0xff, ...Buffer.from('b"}')]);
    const message = new OutgoingMessage('iopub', wire(odd), header);
    const legacy = payload(message.frame('legacy')).toString();
    expect(JSON.parse(legacy)).toMatchObject({ content: { nan: null, text: 'a\ufffdb' }, ...header });
    expect(decodeV1(payload(message.frame('v1'))).content).toEqual(odd);
  });

  it('makes the same legacy frame with the parts at hand and from what it keeps', () => {
    const full = { ...header, session: '', username: '', date: '', version: '' };
    for (const buffers of [[], [Buffer.from('abc')]]) {
      const given = wire('{"x":1.0}', buffers);
      const message = new OutgoingMessage('iopub', given, header);
      const first = whole(message.frame('legacy', undefined, { message: given, header: full }));
      message.forgetLegacy();
      expect(whole(message.frame('legacy'))).toEqual(first);
      const decode = buffers.length > 0 ? decodeLegacyBinary : decodeLegacyText;
      expect(String(decode(payload(message.frame('legacy'))).content)).toBe('{"x":1.0}');
    }
  });
});

describe('FrameBlocks', () => {
  it('writes any frames so that they can be taken apart again', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 1000 }), { maxLength: 50 }), (parts) => {
        const blocks = new FrameBlocks(2000);
        const frames = parts.map((part) => blocks.add({ binary: true, parts: [part] }));
        expect(frames.map((frame) => [...payload(frame)])).toEqual(parts.map((part) => [...part]));
      }),
    );
  });
});
